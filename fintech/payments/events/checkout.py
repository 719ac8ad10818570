"""Facts about pages made for one sale. Amounts are minor units of `currency`."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from fintech.kernel.events import Code, Event


@dataclass(frozen=True, kw_only=True)
class CheckoutSessionFact(Event):
    """What every fact of a checkout session's stream says."""

    stream_of: ClassVar = "session_id"

    session_id: UUID
    merchant_id: UUID
    from_state: Code
    to_state: Code


@dataclass(frozen=True, kw_only=True)
class CheckoutSessionOpened(CheckoutSessionFact):
    """A merchant has a page for one sale."""

    name: ClassVar = "payments.checkout_session_opened.v1"

    amount_minor: int
    currency: Code
    customer_id: UUID | None
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class CheckoutSessionBegun(CheckoutSessionFact):
    """Somebody has begun to pay there."""

    name: ClassVar = "payments.checkout_session_begun.v1"

    payment_id: UUID


@dataclass(frozen=True, kw_only=True)
class CheckoutSessionCompleted(CheckoutSessionFact):
    """Its payer is done. Not `paid` yet where the money is reserved and not taken."""

    name: ClassVar = "payments.checkout_session_completed.v1"

    payment_id: UUID
    paid: bool


@dataclass(frozen=True, kw_only=True)
class CheckoutSessionPaid(CheckoutSessionFact):
    """What was reserved when it was completed has been taken."""

    name: ClassVar = "payments.checkout_session_paid.v1"

    payment_id: UUID


@dataclass(frozen=True, kw_only=True)
class CheckoutSessionFailed(CheckoutSessionFact):
    """What was reserved when it was completed has been let go."""

    name: ClassVar = "payments.checkout_session_failed.v1"

    payment_id: UUID


@dataclass(frozen=True, kw_only=True)
class CheckoutSessionExpired(CheckoutSessionFact):
    """Nobody paid in time, or nobody is to pay there any more."""

    name: ClassVar = "payments.checkout_session_expired.v1"

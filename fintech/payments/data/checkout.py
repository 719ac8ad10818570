"""A page made for one sale: what is sold on it, and where its payer comes from and goes to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from fintech.kernel import frozen
from fintech.kernel.money import Money
from fintech.payments.data.catalog import LineItem, NewPrice
from fintech.payments.data.states import CaptureMethod, SessionOutcome, SessionState


@frozen.shape("payments.checkout_session.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutSession:
    """A page made for one sale. It has a payment once its payer has begun to pay."""

    id: UUID
    merchant_id: UUID
    token: str
    state: SessionState
    outcome: SessionOutcome
    amount: Money
    items: tuple[LineItem, ...]
    success_url: str
    cancel_url: str
    customer_id: UUID | None
    customer_email: str
    payer_email: str
    payer_name: str
    client_reference_id: str
    metadata: dict[str, str]
    payment_id: UUID | None
    expires_at: datetime
    created_at: datetime
    version: int

    def is_open(self, *, at: datetime) -> bool:
        """Whether somebody may begin to pay here now."""
        return self.state == SessionState.OPEN and at < self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLine:
    """So many pieces at a price that exists, or at one that is made for this once."""

    price_id: UUID | None = None
    price: NewPrice | None = None
    quantity: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """How the payment of a session is to be made, once somebody pays."""

    capture_method: CaptureMethod = CaptureMethod.AUTOMATIC
    description: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    statement_descriptor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """A checkout session to be made."""

    lines: tuple[NewLine, ...]
    success_url: str
    cancel_url: str = ""
    customer_id: UUID | None = None
    customer_email: str = ""
    client_reference_id: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    sale: Sale = field(default_factory=Sale)
    expires_at: datetime | None = None

"""What is asked of payments and of providers, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from fintech.kernel.actor import Actor
from fintech.kernel.errors import Refusal
from fintech.kernel.keys import Key
from fintech.kernel.money import Money
from fintech.payments.data.states import AnswerStatus, CaptureMethod, Operation, Purpose
from fintech.payments.data.things import Payment


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPayment:
    """A payment to be made by `begin` or `create`."""

    amount: Money
    capture_method: CaptureMethod = CaptureMethod.AUTOMATIC
    customer_id: UUID | None = None
    description: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    receipt_email: str = ""
    return_url: str = ""
    statement_descriptor: str = ""
    purpose: Purpose = Purpose.SALE
    wallet_id: UUID | None = None
    link_id: UUID | None = None
    session_id: UUID | None = None
    id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """
    One confirmation to be decided: of a payment that exists, or of a new one.

    What is charged is a stored payment method, or one that is made in the same
    transaction: from the neutral code of a sandbox card (`token`), or of a wallet.
    """

    merchant_id: UUID
    at: datetime
    payment_id: UUID | None = None
    new: NewPayment | None = None
    payment_method_id: UUID | None = None
    token: str = ""
    wallet_id: UUID | None = None
    return_url: str = ""
    ip: str = ""
    device: str = ""  # what names the payer's browser or phone; only its hash is kept
    payer_is_there: bool = True  # to prove who he is, if fraud asks
    key: Key | None = None
    by: Actor | None = None  # Who asks, where a batch holds the orders of several.


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a provider is to be asked once the decision is committed."""

    payment_id: UUID
    attempt_id: UUID
    provider: str
    amount: Money
    card: str
    capture: bool
    at: datetime
    authenticated: bool = False
    others: tuple[str, ...] = ()  # Providers to go to next, if this one does nothing.
    by: Actor | None = None
    # The rows as the decision left them: who records need not read them unless they changed.
    known: Any = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """
    How a decision came out: something to ask, a payment that is done, or a refusal.

    `failure` is what the database said of one order of a batch; the others stand.
    """

    payment: Payment | None = None
    ask: Ask | None = None
    refusal: Refusal | None = None
    failure: Exception | None = None
    replayed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a provider said about one operation."""

    status: AnswerStatus
    amount: Money | None = None
    provider_reference: str = ""
    decline_code: str = ""
    asked: bool = True  # False: nobody was, for the provider's circuit is open.


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementFile:
    """
    What a provider settled on a day in one currency, in the provider's own format.

    `SUCCEEDED` has the content; `ABSENT` says that there is none (yet), `UNKNOWN` that
    nobody knows: it is asked for again later.
    """

    status: AnswerStatus
    content: bytes = b""
    asked: bool = True  # As in `Answer`.


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A provider's answer, to be recorded."""

    attempt_id: UUID
    answer: Answer
    at: datetime
    by: Actor | None = None  # Who asked, where a batch holds the answers of several.
    known: Any = field(default=None, compare=False, repr=False)  # As in `Ask`.


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What a provider is to be asked about money that it has reserved already."""

    operation: Operation
    reference: UUID
    payment_id: UUID
    provider: str
    subject: str  # What the provider calls the authorization or the capture.
    amount: Money
    final: bool = False  # Of a capture: what is left is let go.
    at: datetime
    then: tuple["Errand", ...] = ()  # What is asked next, whatever came of this.


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A verified callback of a provider."""

    event_id: str
    kind: str
    reference: str
    answer: Answer
    occurred_at: datetime


class Hearing(StrEnum):
    """What came of a callback."""

    HEARD = "heard"
    DUPLICATE = "duplicate"  # heard before: nothing was done
    UNMATCHED = "unmatched"  # about nothing that we know of: kept for people


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A provider's callback, and what came of it."""

    provider: str
    event_id: str
    outcome: Hearing
    payment_id: UUID | None = None

"""
The values that go in and out of payments: frozen, typed, free of Django.

Money is always `Money` (minor units and a currency). Values that an idempotent replay
must give again carry a stored shape.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from fintech.kernel import frozen
from fintech.kernel.actor import Actor
from fintech.kernel.errors import Refusal
from fintech.kernel.keys import Key
from fintech.kernel.money import Money

# Stands where a provider's name stands: a wallet of ours, asked inside the transaction.
WALLET = "wallet"


class PaymentState(StrEnum):
    """Where a payment stands."""

    CREATED = "created"
    AWAITING_PAYER = "awaiting_payer"
    PROCESSING = "processing"
    IN_REVIEW = "in_review"
    AUTHORIZED = "authorized"
    PARTIALLY_CAPTURED = "partially_captured"
    CAPTURED = "captured"
    CANCELED = "canceled"
    CONFLICTED = "conflicted"


class AttemptState(StrEnum):
    """Where one try to authorize a card stands."""

    CREATED = "created"
    AUTHORIZING = "authorizing"
    AUTHORIZED = "authorized"
    DECLINED = "declined"
    ERRORED = "errored"
    UNKNOWN = "unknown"


class CaptureState(StrEnum):
    """Where one taking of authorized money stands."""

    CREATED = "created"
    SUBMITTED = "submitted"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    REVERSED = "reversed"  # It had not happened after all: two people have said so.


class RefundState(StrEnum):
    """Where one giving back of captured money stands."""

    CREATED = "created"
    SUBMITTED = "submitted"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    UNKNOWN = "unknown"


class Purpose(StrEnum):
    """What the money is for."""

    SALE = "sale"
    TOP_UP = "top_up"


class CaptureMethod(StrEnum):
    """Whether the money is taken with the authorization or on the merchant's word."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"


class Operation(StrEnum):
    """What a provider can be asked to do."""

    AUTHORIZATION = "authorization"
    CAPTURE = "capture"
    VOID = "void"
    ADJUSTMENT = "adjustment"
    REFUND = "refund"


class Verdict(StrEnum):
    """What a person decides of a payment in review."""

    APPROVE = "approve"
    DECLINE = "decline"


class RouteOrder(StrEnum):
    """In which order a route's providers are asked."""

    LISTED = "listed"
    CHEAPEST = "cheapest"
    MOST_SUCCESSFUL = "most_successful"


class AnswerStatus(StrEnum):
    """What a provider said, in one word for every operation."""

    APPROVED = "approved"  # authorized
    DECLINED = "declined"  # refused for good
    CHALLENGE = "challenge"  # the payer must prove who they are
    SUCCEEDED = "succeeded"  # captured, voided or refunded
    FAILED = "failed"  # not captured, voided or refunded, for good
    PENDING = "pending"  # taken on; the outcome comes later
    ABSENT = "absent"  # the provider has never heard of it: nothing happened
    UNKNOWN = "unknown"  # no answer that could be understood


@frozen.shape("payments.card.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """
    What may be shown of a card, never its number.

    Where a payer pays from a wallet, that wallet stands in the card's place and all
    but `brand` and `fingerprint` is empty.
    """

    brand: str
    last4: str
    exp_month: int
    exp_year: int
    country: str
    funding: str
    fingerprint: str
    wallet_id: UUID | None = None


@frozen.shape("payments.customer.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Somebody who pays a merchant."""

    id: UUID
    merchant_id: UUID
    email: str
    name: str
    phone: str
    description: str
    metadata: dict[str, str]
    created_at: datetime
    deleted: bool = False
    version: int = 1


@frozen.shape("payments.payment_method.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentMethod:
    """A card that can be charged, held as a token."""

    id: UUID
    merchant_id: UUID
    customer_id: UUID | None
    card: Card
    created_at: datetime
    billing_name: str = ""
    billing_email: str = ""
    billing_phone: str = ""
    metadata: dict[str, str] = field(default_factory=dict)


@frozen.shape("payments.declined.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class Declined:
    """Why the last attempt came to nothing."""

    code: str
    decline_code: str
    message: str
    attempt_id: UUID


@frozen.shape("payments.attempt.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to authorize a card for a payment (on the wire: a charge)."""

    id: UUID
    payment_id: UUID
    merchant_id: UUID
    state: AttemptState
    amount: Money
    captured: Money
    refunded: Money
    assessment_id: UUID | None
    score: int | None
    risk_level: str
    decision: str
    provider: str
    provider_reference: str
    decline_code: str
    card: Card
    payment_method_id: UUID
    created_at: datetime
    expires_at: datetime | None = None
    entry_id: UUID | None = None
    capture_entry_id: UUID | None = None  # Of the first capture: the movement of the balance.
    authenticated: bool = False  # The payer proved who they are: the issuer is liable.


@frozen.shape("payments.payment.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """What a payer owes a merchant for one sale, or puts into a wallet."""

    id: UUID
    merchant_id: UUID
    purpose: Purpose
    wallet_id: UUID | None
    state: PaymentState
    amount: Money
    authorized: Money
    captured: Money
    refunded: Money
    refund_pending: Money
    fee: Money
    capture_method: CaptureMethod
    customer_id: UUID | None
    payment_method_id: UUID | None
    card: Card | None
    description: str
    metadata: dict[str, str]
    receipt_email: str
    return_url: str
    statement_descriptor: str
    cancellation_reason: str | None
    last_error: Declined | None
    latest_attempt: Attempt | None
    next_action_url: str | None
    review_id: UUID | None
    created_at: datetime
    canceled_at: datetime | None
    version: int
    link_id: UUID | None
    actions: tuple[str, ...]
    conflicted_from: PaymentState | None = None

    @property
    def capturable(self) -> Money:
        """Return what is authorized, not yet captured, and not given back."""
        if self.state in {PaymentState.AUTHORIZED, PaymentState.PARTIALLY_CAPTURED}:
            return self.authorized - self.captured
        return Money.zero(self.amount.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """One taking of authorized money."""

    id: UUID
    merchant_id: UUID
    payment_id: UUID
    attempt_id: UUID
    amount: Money
    fee: Money
    refunded: Money  # given back, or on its way back
    state: CaptureState
    final: bool
    reference: UUID  # what the provider knows it by
    failure_reason: str | None
    entry_id: UUID | None
    created_at: datetime
    succeeded_at: datetime | None


@frozen.shape("payments.refund.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """Captured money on its way back to the payer."""

    id: UUID
    merchant_id: UUID
    payment_id: UUID
    attempt_id: UUID
    amount: Money
    state: RefundState
    reason: str
    metadata: dict[str, str]
    failure_reason: str | None
    provider_reference: str
    created_at: datetime
    version: int
    entry_id: UUID | None = None


@frozen.shape("payments.link.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A page where anyone who has its address may pay. No amount: the payer chooses it."""

    id: UUID
    merchant_id: UUID
    token: str
    title: str
    amount: Money | None
    currency: str
    active: bool
    uses: int
    max_uses: int | None
    expires_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceTransaction:
    """One movement of a merchant's balance, pointing at its journal entry."""

    id: UUID
    merchant_id: UUID
    kind: str  # "charge", "refund", "refund_failure" (it came back), or "adjustment"
    amount: Money
    fee: Money
    net: Money
    source_id: UUID
    attempt_id: UUID
    payment_id: UUID
    entry_id: UUID
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """A journal entry as it would be posted: address, signed minor units (debit +), currency."""

    template: str
    pending: bool
    lines: tuple[tuple[str, int, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What a command would do, were it meant."""

    result: Payment | Refund | None
    refusal: Refusal | None
    postings: tuple[Posting, ...]
    fee: Money | None
    breaches: tuple[str, ...]
    score: int | None
    decision: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldOf:
    """Payments that somebody is told of, and what is shown with them."""

    payments: list[Payment]
    methods: list[PaymentMethod]
    refunds: dict[UUID, list[Refund]]  # Of each payment's newest attempt, newest first.


@dataclass(frozen=True, slots=True)
class Page[T]:
    """A stretch of a list, newest first."""

    items: tuple[T, ...]
    has_more: bool

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What the platform owes a merchant, per currency."""

    merchant_id: UUID
    pending: tuple[Money, ...]
    available: tuple[Money, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderHealth:
    """How a provider is, for people. `held` is staff's word: "open", "closed" or ""."""

    name: str
    state: str  # "closed" (asked), "half_open" (probed) or "open" (left alone)
    held: str
    failures: tuple[tuple[datetime, str], ...]  # The last, latest first: when, and what failed.
    shared: bool  # False: Valkey is away, and this is what one process knows.


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """
    A rule of routing: what it is for, and to which providers that goes.

    Amounts are minor units of `currency`, both ends included. What is empty fits everything.
    """

    id: UUID
    merchant_id: UUID | None
    position: int
    name: str
    currency: str
    least_minor: int | None
    most_minor: int | None
    brands: tuple[str, ...]
    countries: tuple[str, ...]
    providers: tuple[str, ...]
    order: RouteOrder
    active: bool

    def fits(self, *, merchant_id: UUID, amount: Money, brand: str, country: str) -> bool:
        """Whether the route is for such a payment."""
        return (
            self.merchant_id in {None, merchant_id}
            and self.currency in {"", amount.currency}
            and (self.least_minor is None or amount.minor >= self.least_minor)
            and (self.most_minor is None or amount.minor <= self.most_minor)
            and (not self.brands or brand in self.brands)
            and (not self.countries or country in self.countries)
        )

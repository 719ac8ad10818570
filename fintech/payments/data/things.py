"""What there is: payments and their parts, people and cards, links, what moved a balance."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from fintech.kernel import frozen
from fintech.kernel.errors import Refusal
from fintech.kernel.money import Money
from fintech.payments.data.states import (
    AttemptState,
    Authentication,
    CaptureMethod,
    CaptureState,
    Liability,
    PaymentState,
    Purpose,
    RefundState,
)
from fintech.wallets import data as wallet_data


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
    billing_country: str = ""
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
    authenticated: bool = False  # The payer proved who they are.
    authentication: Authentication = Authentication.NOT_ASKED
    liability: Liability = Liability.UNDECIDED


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
    session_id: UUID | None = None

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


@frozen.shape("payments.refund_part.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class RefundPart:
    """What of a refund goes back to one capture, for providers refund per capture."""

    id: UUID  # What the provider knows it by.
    amount: Money
    state: RefundState
    failure_reason: str | None
    entry_id: UUID | None


@frozen.shape("payments.refund.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """
    Captured money on its way back to the payer.

    `parts` is empty unless it spans several captures. Then `amount` is what has gone or
    may still go back: a part that fails is taken out of it, unless all have failed.
    """

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
    parts: tuple[RefundPart, ...] = ()


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
    price_id: UUID | None = None
    quantity: int = 1


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
    available_on: datetime
    is_available: bool


def available_on(at: datetime) -> datetime:
    """Return when money taken at a moment may be paid out: the second midnight (UTC) after it."""
    day = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day + timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Becoming:
    """What of a merchant's money becomes available on a day (UTC)."""

    on: date
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """A journal entry as it would be posted: address, signed minor units (debit +), currency."""

    template: str
    pending: bool
    lines: tuple[tuple[str, int, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What a command would do, were it meant."""

    result: object  # What it would have made, as the room that makes it says it.
    refusal: Refusal | None
    postings: tuple[Posting, ...]
    fee: Money | None
    breaches: tuple[str, ...]
    score: int | None
    decision: str
    reasons: tuple[str, ...]
    balances: tuple[tuple[UUID, wallet_data.Balances], ...] = ()  # Of wallets, afterwards.


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
class Balance:
    """
    What the platform owes a merchant, per currency.

    `available` is less than nothing where the merchant owes us.
    """

    merchant_id: UUID
    pending: tuple[Money, ...]
    available: tuple[Money, ...]

"""
The values that go in and out of fraud: frozen, typed, free of Django.

Nothing personal is in them: hashes, codes, counts and minor units. A snapshot of
features is kept with its decision, so that the decision can be made again bit for bit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from fintech.fraud.data.features import SCHEMA as SCHEMA
from fintech.fraud.data.features import Features as Features
from fintech.fraud.data.transfers import TransferFeatures as TransferFeatures
from fintech.fraud.data.transfers import TransferQuestion as TransferQuestion
from fintech.fraud.data.watching import Alert as Alert
from fintech.fraud.data.watching import AlertKind as AlertKind
from fintech.fraud.data.watching import Figures as Figures
from fintech.kernel import frozen
from fintech.kernel.money import Money


class Decision(StrEnum):
    """What is done with a payment; the more severe one wins."""

    ALLOW = "allow"
    CHALLENGE = "challenge"
    REVIEW = "review"
    BLOCK = "block"


class ListKind(StrEnum):
    """What a list item names."""

    CARD = "card"
    CUSTOMER = "customer"
    EMAIL = "email"
    IP = "ip"
    COUNTRY = "country"


class ListAction(StrEnum):
    """What a list item asks for."""

    BLOCK = "block"
    REVIEW = "review"
    ALLOW = "allow"


class CaseState(StrEnum):
    """Where a person's look at a payment stands."""

    PENDING = "pending"
    INVESTIGATING = "investigating"
    CLOSED = "closed"


class Disposition(StrEnum):
    """What a person found."""

    CONFIRMED_FRAUD = "confirmed_fraud"
    SUSPICIOUS = "suspicious"
    FALSE_POSITIVE = "false_positive"


class OutcomeKind(StrEnum):
    """What became of a payment that was assessed."""

    DECLINED = "declined"
    FRAUD = "fraud"
    DISPUTED = "disputed"
    LEGITIMATE = "legitimate"


class Counted(StrEnum):
    """Whose attempts a velocity limit counts."""

    CARD = "card"
    CUSTOMER = "customer"
    EMAIL = "email"
    IP = "ip"


class ModelStage(StrEnum):
    """How far a trained model has come."""

    CANDIDATE = "candidate"
    SHADOW = "shadow"  # The challenger: its points are kept and decide nothing.
    CHAMPION = "champion"
    RETIRED = "retired"


class Mode(StrEnum):
    """What fraud's decisions do to a merchant's payments."""

    OFF = "off"  # Nothing is looked at.
    ADVISORY = "advisory"  # Everything is, and told; nothing is stopped.
    ENFORCE = "enforce"


class Fails(StrEnum):
    """What happens when not all that should be known is known in time."""

    OPEN = "open"  # Decided by what is known, up to the ceiling; above it, looked at.
    REVIEW = "review"
    CLOSED = "closed"


class RuleState(StrEnum):
    """How far a written rule has come."""

    DRAFT = "draft"
    SHADOW = "shadow"  # It watches: its hits are kept and decide nothing.
    ACTIVE = "active"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One attempt to pay that is to be assessed."""

    attempt_id: UUID
    payment_id: UUID
    merchant_id: UUID
    customer_id: UUID | None
    amount: Money
    card_fingerprint: str
    card_country: str
    email_hash: str | None
    ip_hash: str | None
    at: datetime
    sandbox_risk: str = "normal"
    ip_country: str = ""  # of the address, which itself stays outside
    email_thrown_away: bool = False  # a mailbox that anybody opens and that is soon gone
    device_hash: str | None = None
    card_bin: str | None = None  # the first digits of the number: whose card it is, not which
    billing_country: str = ""
    customer_since: datetime | None = None  # when the merchant first knew the customer
    name_match: int = -1  # percent, of names that stay outside; -1: not both are known
    mail_match: int = -1
    can_challenge: bool = True  # The payer is there to prove who he is.


_SENTENCES = {
    "velocity_limit": "Attempt {count} within {seconds} seconds; {limit} lets {maximum} pass.",
    "rule": "Rule {rule}, version {version}.",
    "list_block": "Blocked by a list ({on}).",
    "list_review": "On a list of what a person looks at ({on}).",
    "list_allow": "On a list of what is trusted ({on}).",
    "sandbox_blocked": "This sandbox card is always blocked.",
    "sandbox_elevated": "This sandbox card is always reviewed.",
    "customer_amount": "The amount is {z_tenths} tenths of a deviation above what this"
    " customer usually pays ({mean_minor} minor units over {payments} payments).",
    "merchant_amount": "The amount is {z_tenths} tenths of a deviation above what this"
    " merchant usually takes ({mean_minor} minor units over {payments} payments).",
    "velocity_card_1h": "{count} payments with this card within an hour; {usual} is usual.",
    "velocity_card_24h": "{count} payments with this card within a day; {usual} is usual.",
    "velocity_customer_1h": "{count} payments by this customer within an hour; {usual} is usual.",
    "velocity_customer_24h": "{count} payments by this customer within a day; {usual} is usual.",
    "velocity_email_24h": "{count} payments with this e-mail within a day; {usual} is usual.",
    "velocity_ip_1h": "{count} payments from this address within an hour; {usual} is usual.",
    "velocity_email_cards": "{count} cards with this e-mail within a day; {usual} is usual.",
    "velocity_ip_cards": "{count} cards from this address within a day; {usual} is usual.",
    "card_declines": "This card was declined {count} times within a day.",
    "card_first_seen": "This card has never been seen before.",
    "customer_new_card": "This customer has paid before, never with this card.",
    "customer_new_country": "This customer has paid before, never with a card of {country}.",
    "model_base": "Where model {model} begins with every payment.",
    "model": "Model {model} on {feature}.",
    "model_rest": "Model {model} on everything else.",
    "strange": "Unlike all other payments that model {model} knows; nobody has said what such are.",
    "challenger": "Model {model}, which only watches, would give so many points.",
    "degraded": "Not everything was known in time ({why}); this merchant asks for {decision}.",
    "advisory": "Fraud only advises here; it would have said {would}.",
    "challenge_unavailable": "The payer is not there to prove who he is: a person looks instead.",
    "explored": "Looked at instead of blocked, to learn whether blocks are right.",
    "moved": "This customer paid from another country within {minutes} minutes.",
    "moved_too_fast": "This customer paid {km} km away {minutes} minutes before: {kmh} km/h.",
    "velocity_device_cards": "{count} cards on this device within a day; {usual} is usual.",
    "past_disputes": "Payments of this card or customer that were disputed or fraud: {count}.",
    "billing_abroad": "The bill goes to {billing}, the card is of {card}.",
    "email_thrown_away": "The e-mail is a mailbox to throw away.",
    "transfer_amount": "The amount is {times} times what this wallet usually sends"
    " ({mean_minor} minor units).",
    "transfer_velocity_1h": "{count} transfers from this wallet within an hour.",
    "transfer_velocity_24h": "{count} transfers from this wallet within a day.",
    "transfer_new_destination": "A large amount to a wallet that this one has never paid.",
    "transfer_young_wallet": "A large amount from a wallet that is {minutes} minutes old.",
    "transfer_passed_on": "What came into this wallet within the hour, {percent} percent of the"
    " amount, goes on to a wallet that it has never paid.",
    "transfer_gathered": "{senders} wallets have paid into the destination within an hour.",
    "clamp": "A score is at least 0 and at most 100.",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """
    One line of a score: which rule, how many points, and the figures it saw.

    The weights of an assessment's reasons sum to its score exactly.
    """

    code: str
    weight: int
    detail: tuple[tuple[str, int | str], ...] = ()

    def __str__(self) -> str:
        return _SENTENCES.get(self.code, self.code).format_map(dict(self.detail))

    def stored(self) -> dict[str, Any]:
        """Return the reason as it is kept with the decision."""
        return {"code": self.code, "weight": self.weight, "detail": dict(self.detail)}

    @classmethod
    def restored(cls, stored: Mapping[str, Any]) -> Self:
        """Return a reason as it was when it was kept."""
        return cls(stored["code"], stored["weight"], tuple(stored["detail"].items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgment:
    """What the rules make of a snapshot."""

    score: int
    decision: Decision
    reasons: tuple[Reason, ...]
    shadow: tuple[Reason, ...] = ()  # What rules that only watch would have said.


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """The decision about one attempt, with what it was decided from."""

    id: UUID
    payment_id: UUID
    attempt_id: UUID
    merchant_id: UUID
    score: int
    decision: Decision
    reasons: tuple[Reason, ...]
    case_id: UUID | None
    created_at: datetime
    model_version: str
    amount: Money
    features: Features
    shadow: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferAssessment:
    """The decision about one transfer between wallets; one that was blocked has no transfer."""

    id: UUID
    transfer_id: UUID | None
    merchant_id: UUID
    source_wallet_id: UUID
    destination_wallet_id: UUID
    amount: Money
    score: int
    decision: Decision
    reasons: tuple[Reason, ...]
    features: TransferFeatures
    model_version: str
    created_at: datetime


@frozen.shape("fraud.case.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """
    A payment that a person is to look at.

    Cases of one group belong together; the pivot says by what this one came into it.
    """

    id: UUID
    merchant_id: UUID
    payment_id: UUID
    assessment_id: UUID
    state: CaseState
    disposition: Disposition | None
    score: int
    pivot_kind: str
    pivot_value: str
    assignee: str
    opened_at: datetime
    closed_at: datetime | None
    version: int
    due_at: datetime | None = None  # Until then somebody should have looked.
    snoozed_until: datetime | None = None
    escalated: bool = False
    group_id: UUID | None = None  # the id of the group's first case


@frozen.shape("fraud.list_item.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class ListItem:
    """A card, customer, e-mail, address or country that is treated specially."""

    id: UUID
    merchant_id: UUID | None  # None: for every merchant.
    kind: ListKind
    value: str
    action: ListAction
    reason: str
    expires_at: datetime | None
    created_at: datetime
    removed_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of an assessed payment, as somebody above has told us."""

    id: UUID
    assessment_id: UUID
    payment_id: UUID
    kind: OutcomeKind
    at: datetime


@frozen.shape("fraud.rule.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule that people have written, in its newest version."""

    id: UUID
    merchant_id: UUID | None  # None: for every merchant.
    name: str
    state: RuleState
    number: int  # of the newest version of its text
    condition: str
    points: int
    decision: Decision | None  # What a hit decides by itself; None: its points only.
    author: str
    created_at: datetime
    version: int
    priority: int = 0  # What is higher is evaluated, and told, first.
    snoozed_until: datetime | None = None  # It is live, and does nothing until then.


@frozen.shape("fraud.velocity_limit.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class VelocityLimit:
    """
    How many attempts within a time; what comes on top is decided by the limit.

    Windows are fixed: they begin at multiples of their length.
    """

    id: UUID
    merchant_id: UUID | None  # None: for every merchant.
    name: str
    of: Counted
    seconds: int
    maximum: int
    decision: Decision
    active: bool
    created_at: datetime
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One row of a rule that is built, such as: and, amount, >, 3 * customer_mean."""

    join: str  # With the rows before: and, or; the first row's says nothing.
    feature: str
    operator: str
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A rule that is only tried."""

    condition: str
    points: int = 0
    decision: str = ""  # empty: its points only


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedModel:
    """A model that was trained, and what it is worth."""

    id: UUID
    number: int
    schema: str  # Which features it sees.
    stage: ModelStage
    source: str
    metrics: Mapping[str, Any]
    gates: Mapping[str, bool]  # What it must pass before it may decide.
    card: str
    data_hash: str
    files: Mapping[str, str]  # trees, paths, kept: each by hash.
    slope: float
    offset: float
    signed_by: str  # The name of the key.
    signature: str
    trained_by: str
    created_at: datetime
    version: int


@frozen.shape("fraud.posture.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class Posture:
    """What a merchant wants of fraud."""

    merchant_id: UUID | None  # None: whoever has none of his own.
    mode: Mode
    fails: Fails
    ceiling_minor: int
    challenge_at: int
    review_at: int
    block_at: int
    explore: int  # of 10,000 would-be blocks
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListDraft:
    """A list item that is only tried."""

    kind: ListKind
    value: str
    action: ListAction = ListAction.BLOCK


@frozen.shape("fraud.back_test.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class BackTest:
    """
    What rules, lists, bands or a model would have done with payments decided without them.

    Hits are of rules and lists. What is stopped is blocked or sent to a person.
    """

    assessments: int
    hits: int
    changed: tuple[tuple[Decision, Decision, int], ...]  # From, to, how many.
    fraud: int  # Those of which people or banks said so later.
    fraud_hit: int
    good: int
    good_hit: int
    stopped: tuple[tuple[Money, Money], ...]  # Per currency: of fraud, and of good payments.
    released: tuple[tuple[Money, Money], ...] = ()  # What was stopped and would pass now.
    fraud_stopped_then: int = 0
    fraud_stopped: int = 0
    good_stopped_then: int = 0
    good_stopped: int = 0

    @property
    def precision_percent(self) -> int | None:
        """Return how many of the labeled hits were fraud."""
        labeled = self.fraud_hit + self.good_hit
        return 100 * self.fraud_hit // labeled if labeled else None

    @property
    def recall_percent(self) -> int | None:
        """Return how much of the known fraud was hit."""
        return 100 * self.fraud_hit // self.fraud if self.fraud else None


@dataclass(frozen=True, slots=True, kw_only=True)
class MaturityWeek:
    """What is known by now of the decisions of one week."""

    weeks_ago: int
    decisions: int
    fraud: int
    said_good: int  # by a person; of the others nobody has said anything
    is_mature: bool  # Who has not complained by now was good.


@dataclass(frozen=True, slots=True, kw_only=True)
class Maturity:
    """How long labels take, and of which weeks they are known."""

    weeks: tuple[MaturityWeek, ...]  # the newest first
    half_after_days: int | None  # When half of what is known as fraud was known; None: nothing is.
    most_after_days: int | None  # nine of ten

"""
The values that go in and out of notifications: frozen, typed, free of Django.

What the outside sees of them is declared by `wire`; here they carry what the room and
the dashboard need besides.
"""

from dataclasses import dataclass, field
from datetime import datetime, time
from enum import StrEnum
from uuid import UUID

from fintech.kernel import frozen
from fintech.wire import events, message_preferences, webhook_endpoints


class Channel(StrEnum):
    """By which way a message goes."""

    WEBHOOK = "webhook"
    MAIL = "mail"
    SMS = "sms"


class Failure(StrEnum):
    """Why a message did not get through, as far as trying another time or way matters."""

    TEMPORARY = "temporary"  # the receiver could not take it now
    PERMANENT = "permanent"  # it never will: no such address, refused for good
    TECHNICAL = "technical"  # it is not the receiver's fault, but a provider's or ours


class DeliveryState(StrEnum):
    """Where a message stands."""

    PENDING = "pending"  # due, or waiting for its next attempt
    SENT = "sent"  # a provider took it, and will tell what became of it
    DELIVERED = "delivered"
    FAILED = "failed"  # refused for good: trying again cannot help
    ABANDONED = "abandoned"  # tried as often as we try, or its endpoint went away


class Stage(StrEnum):
    """Where a mail or a text stands, as people know it from providers."""

    CREATED = "created"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    TEMPORARY_FAILURE = "temporary_failure"
    PERMANENT_FAILURE = "permanent_failure"
    TECHNICAL_FAILURE = "technical_failure"


class Template(StrEnum):
    """What a mail is about."""

    PAYMENT_RECEIPT = "payment_receipt"  # to the payer
    REFUND_RECEIPT = "refund_receipt"  # to the payer
    REVIEW_OPENED = "review_opened"  # to the merchant's owners
    REVIEWS_OPENED = "reviews_opened"  # several of them, in one message
    ENDPOINT_PAUSED = "endpoint_paused"
    ENDPOINT_DISABLED = "endpoint_disabled"
    API_KEY_CHANGED = "api_key_changed"  # a security notice, to the merchant's owners


TO_PAYERS = frozenset({Template.PAYMENT_RECEIPT, Template.REFUND_RECEIPT})
# Nobody is spared these, at no hour: somebody may be at their money.
ALWAYS = frozenset({Template.API_KEY_CHANGED, Template.ENDPOINT_DISABLED, Template.ENDPOINT_PAUSED})
OPENS = "opens"  # What a recipient agrees to who lets us see that a mail was opened.
# Kinds that tell several things in one message, and the kind that tells each alone.
TOLD_ONE_BY_ONE = {Template.REVIEWS_OPENED: Template.REVIEW_OPENED}


@frozen.shape("notifications.endpoint.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint(webhook_endpoints.Endpoint):
    """An address that listens. `secret` is there when it was just made, else empty."""

    secret: str = field(default="", repr=False)
    disabled_reason: str = ""
    paused_until: datetime | None = None  # It keeps failing and is left alone until then.
    version: int = 1


@frozen.shape("notifications.event.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class Event(events.MerchantEvent):
    """What a merchant was told, and the fact it was told of."""

    source: str
    position: int
    subject_id: UUID | None
    object_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to deliver a message."""

    number: int
    started_at: datetime
    duration_ms: int
    outcome: str
    status: int | None
    excerpt: str
    provider: str = ""


@frozen.shape("notifications.delivery.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery(webhook_endpoints.Delivery):
    """One message on its way to one address."""

    merchant_id: UUID
    channel: Channel
    template: str
    event_type: str
    subject_id: UUID | None
    url: str = (
        ""  # The webhook's, as it is now; a mail's address is nowhere but in its owner's row.
    )
    tried: tuple[Attempt, ...] = ()
    provider: str = ""  # Who carried it last; of mails and texts.
    failure: str = ""  # Of what was given up.

    @property
    def stage(self) -> Stage:
        """Return where it stands between created and delivered, or how it failed."""
        match self.state:
            case DeliveryState.PENDING:
                return Stage.SENDING if self.attempts else Stage.CREATED
            case DeliveryState.SENT:
                return Stage.SENT
            case DeliveryState.DELIVERED:
                return Stage.DELIVERED
            case _:
                return Stage(f"{self.failure}_failure")


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """What one kind of mail says in one language. A row without its value is left out."""

    subject: str
    lead: str
    figure: str = ""
    rows: tuple[tuple[str, str], ...] = ()
    closing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A text of one kind and language, saved or not."""

    kind: Template
    channel: Channel
    language: str
    text: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording(Draft):
    """A text of one kind and language, in one version."""

    id: UUID
    number: int
    is_current: bool
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Something that really happened, with which a wording can be looked at."""

    event_id: UUID
    merchant_id: UUID
    object_id: str
    subject_id: UUID | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A message as it would be sent, and to nobody. A text has no subject and no HTML."""

    subject: str
    text: str
    html: str
    parts: int = 1  # Of a text: what it is billed as.


@frozen.shape("notifications.preference.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class Preference(message_preferences.Preference):
    """Whether a merchant's customer gets its messages of a kind by one way, and who said so."""

    channel: Channel
    kind: Template


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One thing that a recipient can want or not."""

    channel: Channel
    kind: Template
    is_wanted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """Hours at which a recipient is left in peace, by their own clock."""

    time_zone: str
    begins: time
    ends: time


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """All that a recipient has chosen, as their page shows it."""

    choices: tuple[Choice, ...]
    quiet: Quiet | None
    may_count_opens: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Resent:
    """What sending a range again has led to: that many are due, or somebody has to agree."""

    count: int
    approval_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How telling went, by one way: to one endpoint, or with one kind of mail."""

    channel: Channel
    endpoint_id: UUID | None  # Of webhooks; mails are told apart by `template`.
    url: str
    template: str
    provider: str  # Of mails and texts: who carried them last.
    total: int
    delivered: int
    pending: int
    failed: int
    abandoned: int
    attempts: int
    opened: int  # Of mails whose readers let us see that.
    median_ms: int | None  # From the fact to the acknowledgement; None if nothing arrived.
    p95_ms: int | None

    @property
    def by_state(self) -> dict[str, int]:
        """Return how many stand where; a provider that has a message will tell of it later."""
        known = {
            DeliveryState.DELIVERED: self.delivered,
            DeliveryState.PENDING: self.pending,
            DeliveryState.FAILED: self.failed,
            DeliveryState.ABANDONED: self.abandoned,
        }
        known[DeliveryState.SENT] = self.total - sum(known.values())
        return {state.value: count for state, count in known.items() if count}

    @property
    def delivered_per_mille(self) -> int:
        """Return how many of a thousand settled messages arrived; all of none."""
        settled = self.total - self.pending
        return self.delivered * 1000 // settled if settled else 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What waits now, for gauges and alarms."""

    due: int
    oldest_due_s: int
    retrying: int
    dead: int
    paused_endpoints: int


@dataclass(frozen=True, slots=True)
class Page[T]:
    """A stretch of a list, newest first."""

    items: tuple[T, ...]
    has_more: bool

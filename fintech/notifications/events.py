"""Facts about telling, in the past tense. Ids and codes only: never an address or a URL."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from fintech.kernel.events import Code, Event


@dataclass(frozen=True, kw_only=True)
class EndpointFact(Event):
    """What every fact of an endpoint's stream says."""

    stream_of: ClassVar = "endpoint_id"

    endpoint_id: UUID
    merchant_id: UUID


@dataclass(frozen=True, kw_only=True)
class EndpointCreated(EndpointFact):
    """A merchant's program listens."""

    name: ClassVar = "notifications.endpoint_created.v1"


@dataclass(frozen=True, kw_only=True)
class EndpointUpdated(EndpointFact):
    """An endpoint has another address, other events, or is switched on or off."""

    name: ClassVar = "notifications.endpoint_updated.v1"

    is_enabled: bool


@dataclass(frozen=True, kw_only=True)
class EndpointSecretRolled(EndpointFact):
    """An endpoint has a new secret; the old one signs as well for a while."""

    name: ClassVar = "notifications.endpoint_secret_rolled.v1"

    overlap_until: datetime


@dataclass(frozen=True, kw_only=True)
class EndpointDisabled(EndpointFact):
    """We stopped telling an endpoint; `reason` says why."""

    name: ClassVar = "notifications.endpoint_disabled.v1"

    reason: Code


@dataclass(frozen=True, kw_only=True)
class EndpointPaused(EndpointFact):
    """An endpoint keeps failing; we leave it alone for a while, then try one message."""

    name: ClassVar = "notifications.endpoint_paused.v1"

    failures: int
    paused_until: datetime


@dataclass(frozen=True, kw_only=True)
class EndpointRecovered(EndpointFact):
    """An endpoint that was paused answers again."""

    name: ClassVar = "notifications.endpoint_recovered.v1"


@dataclass(frozen=True, kw_only=True)
class EndpointDeleted(EndpointFact):
    """An endpoint listens no more."""

    name: ClassVar = "notifications.endpoint_deleted.v1"


@dataclass(frozen=True, kw_only=True)
class DeliveryFact(Event):
    """What every fact of a delivery's stream says. That a webhook arrived is none."""

    stream_of: ClassVar = "delivery_id"

    delivery_id: UUID
    merchant_event_id: UUID
    endpoint_id: UUID | None
    merchant_id: UUID
    channel: Code


@dataclass(frozen=True, kw_only=True)
class DeliveryGivenUp(DeliveryFact):
    """A message did not get through and is a dead letter; `cause` says why."""

    name: ClassVar = "notifications.delivery_given_up.v1"

    cause: Code
    attempts: int
    template: Code | None = None  # The kind of a mail or a text.


@dataclass(frozen=True, kw_only=True)
class DeliveryArrived(DeliveryFact):
    """A mail or a text has reached its reader's provider."""

    name: ClassVar = "notifications.delivery_arrived.v1"

    template: Code


@dataclass(frozen=True, kw_only=True)
class DeliveryResent(DeliveryFact):
    """Somebody asked for a message to be sent again."""

    name: ClassVar = "notifications.delivery_resent.v1"


@dataclass(frozen=True, kw_only=True)
class WordingSaved(Event):
    """A kind of mail says something else from now on."""

    name: ClassVar = "notifications.wording_saved.v1"
    stream_of: ClassVar = "wording_id"

    wording_id: UUID
    template: Code
    language: Code
    number: int

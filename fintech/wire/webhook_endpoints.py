"""An address to which a merchant wants events delivered, and what became of deliveries."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from fintech.kernel import ids
from fintech.wire.events import API_VERSION
from fintech.wire.scalars import Json, head, text, unix_or_null


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An address that listens."""

    id: UUID
    merchant_id: UUID
    url: str
    enabled_events: tuple[str, ...]
    is_enabled: bool
    created_at: datetime
    description: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    is_ordered: bool = False  # Events of one object come one after the other.


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event on its way to one address."""

    id: UUID
    event_id: UUID
    endpoint_id: UUID | None
    state: str  # "pending", "delivered", "failed" or "abandoned"
    attempts: int
    created_at: datetime
    next_attempt_at: datetime | None = None
    delivered_at: datetime | None = None
    last_status: int | None = None
    last_error: str = ""


def render(endpoint: Endpoint, *, secret: str | None = None) -> Json:
    """Return an endpoint; its secret is shown once, in the answer to its creation."""
    shown = {
        **head(
            "webhook_endpoint",
            ids.public("we", endpoint.id),
            endpoint.created_at,
            endpoint.metadata,
        ),
        "api_version": API_VERSION,
        "application": None,
        "description": text(endpoint.description),
        "enabled_events": list(endpoint.enabled_events),
        "strict_order": endpoint.is_ordered,
        "status": "enabled" if endpoint.is_enabled else "disabled",
        "url": endpoint.url,
    }
    if secret is not None:
        shown["secret"] = secret
    return shown


def render_delivery(delivery: Delivery) -> Json:
    """Return what became of one delivery."""
    return {
        **head("webhook_delivery", ids.public("wd", delivery.id), delivery.created_at, None),
        "attempts": delivery.attempts,
        "delivered_at": unix_or_null(delivery.delivered_at),
        "endpoint": ids.public("we", delivery.endpoint_id) if delivery.endpoint_id else None,
        "event": ids.public("evt", delivery.event_id),
        "last_error": text(delivery.last_error),
        "last_status": delivery.last_status,
        "next_attempt_at": unix_or_null(delivery.next_attempt_at),
        "status": delivery.state,
    }

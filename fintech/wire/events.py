"""
What merchants are told: an event with the object as it was then.

`notifications` keeps one `MerchantEvent` per event and renders it here, so that the
webhook's body and `/v1/events` are the same bytes.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from fintech.kernel import ids
from fintech.wire.scalars import Json, head

API_VERSION = "2026-11-01"


@dataclass(frozen=True, slots=True, kw_only=True)
class MerchantEvent:
    """Something a merchant is told, once, whoever listens."""

    id: UUID
    merchant_id: UUID
    type: str
    object: dict[str, Any]
    created_at: datetime
    previous_attributes: dict[str, Any] | None = None
    request_id: str = ""
    idempotency_key: str = ""
    sequence: int = 1  # Of what was told of this object; a receiver sees gaps by it.
    previous_event_id: UUID | None = None  # What was told of this object before.


def render(event: MerchantEvent, *, pending_webhooks: int = 0) -> Json:
    """Return an event, with all its documented fields."""
    told: Json = {"object": event.object}
    if event.previous_attributes is not None:
        told["previous_attributes"] = event.previous_attributes
    shown = head("event", ids.public("evt", event.id), event.created_at, None)
    del shown["metadata"]
    return {
        **shown,
        "account": ids.public("acct", event.merchant_id),
        "api_version": API_VERSION,
        "data": told,
        "pending_webhooks": pending_webhooks,
        "previous_event_id": ids.public("evt", event.previous_event_id)
        if event.previous_event_id
        else None,
        "request": {
            "id": event.request_id or None,
            "idempotency_key": event.idempotency_key or None,
        },
        "sequence": event.sequence,
        "type": event.type,
    }

"""
Trying an endpoint out: a test event, or in a sandbox a copy of a real one, changed at will.

Neither is a fact. Both go to one endpoint, once, and are counted as the endpoint's own, so that
no receiver sees a gap in what it is told of anything else.
"""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django_subatomic import db

from fintech.kernel import ids
from fintech.kernel.actor import Actor
from fintech.notifications import data, errors
from fintech.notifications.models import Delivery, MerchantEvent
from fintech.notifications.services import endpoints
from fintech.wire import merchant_events, webhook_endpoints
from fintech.wire.events import API_VERSION
from fintech.wire.scalars import Json

_TEST = "test"
_BIGINT = 2**62 - 1


def send_test_event(*, endpoint_id: UUID, merchant_id: UUID, by: Actor, at: datetime) -> data.Event:
    """
    Tell one endpoint something that says nothing but that it listens.

    Raises:
        EndpointNotFound: this merchant has no such endpoint.
        EndpointDisabled: nothing goes to it.
    """
    return _sent(endpoint_id, merchant_id, None, by=by, at=at)


def send_copy(
    *,
    event_id: UUID,
    endpoint_id: UUID,
    merchant_id: UUID,
    changed: Json | None = None,
    by: Actor,
    at: datetime,
) -> data.Event:
    """
    Tell one endpoint of a sandbox again what happened, with another object if one is given.

    Args:
        event_id: what is copied; the copy is an event of its own.
        endpoint_id: who is told.
        merchant_id: whose both are.
        changed: the object as it is shown instead.
        by: who asks for it.
        at: when.

    Raises:
        EventNotFound, EndpointNotFound: this merchant has no such.
        EndpointDisabled: nothing goes to it.
        SandboxOnly: live endpoints are told what happened and nothing else.
    """
    if settings.MODE == "live":
        raise errors.SandboxOnly
    found = MerchantEvent.objects.filter(id=event_id, merchant_id=merchant_id).first()
    if found is None:
        raise errors.EventNotFound(event_id)
    shown = found.object if changed is None else changed
    return _sent(endpoint_id, merchant_id, (found.type, shown), by=by, at=at)


def _sent(
    endpoint_id: UUID, merchant_id: UUID, told: tuple[str, Json] | None, *, by: Actor, at: datetime
) -> data.Event:
    with db.transaction_if_not_already():
        endpoint = endpoints.locked(endpoint_id, merchant_id)
        if not endpoint.is_enabled:
            raise errors.EndpointDisabled(endpoint_id)
        own = webhook_endpoints.render(endpoint.as_data())
        type_, shown = told or (merchant_events.TEST, own)
        before = (
            MerchantEvent.objects.filter(merchant_id=merchant_id, object_id=own["id"])
            .order_by("-sequence")
            .first()
        )
        event_id = ids.new()
        event = MerchantEvent.objects.create(
            id=event_id,
            merchant_id=merchant_id,
            type=type_,
            object=shown,
            object_id=own["id"],
            sequence=before.sequence + 1 if before else 1,
            previous=before,
            api_version=API_VERSION,
            source=_TEST,
            position=event_id.int & _BIGINT,  # There is no fact of it: a number of its own.
            request_id=by.request_id[:64],
            addressees=1,
            created_at=at,
        )
        Delivery.objects.create(
            event=event,
            merchant_id=merchant_id,
            channel=data.Channel.WEBHOOK.value,
            endpoint=endpoint,
            tries_left=1,  # Whoever tries it out looks at once.
            created_at=at,
            next_attempt_at=at,
        )
        return event.as_data()

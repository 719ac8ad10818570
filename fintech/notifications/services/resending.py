"""Sending again: one message, or all of an endpoint that did not get through."""

from datetime import datetime
from uuid import UUID

from django_subatomic import db

from fintech.kernel import event_log
from fintech.kernel.actor import Actor
from fintech.kernel.events import Code
from fintech.notifications import data, errors, events
from fintech.notifications.data import DeliveryState
from fintech.notifications.models import Delivery, Endpoint
from fintech.notifications.services.schedule import TRIES

_DEAD = (DeliveryState.FAILED.value, DeliveryState.ABANDONED.value)


def resend(
    *, delivery_id: UUID, merchant_id: UUID | None = None, by: Actor, at: datetime
) -> data.Delivery:
    """
    Send a message again from its first try on, delivered ones included.

    Raises:
        DeliveryNotFound: there is none, or it is another merchant's.
        StillUnderWay: it is being tried as it is.
        EndpointDisabled: nothing goes to its endpoint.
    """
    with db.transaction_if_not_already():
        endpoint_id = (
            Delivery.objects.filter(id=delivery_id).values_list("endpoint_id", flat=True).first()
        )
        endpoint = _held(endpoint_id) if endpoint_id else None
        found = Delivery.objects.select_for_update(of=("self",)).select_related("event", "endpoint")
        if merchant_id is not None:
            found = found.filter(merchant_id=merchant_id)
        delivery = found.filter(id=delivery_id).first()
        if delivery is None:
            raise errors.DeliveryNotFound(delivery_id)
        if delivery.state == DeliveryState.PENDING.value:
            raise errors.StillUnderWay(delivery_id)
        if endpoint is not None and not endpoint.is_enabled:
            raise errors.EndpointDisabled(endpoint.id)
        event_log.append([_again(delivery, at)], by=by)
        return delivery.as_data()


def resend_failed(
    *, endpoint_id: UUID, merchant_id: UUID, since: datetime, by: Actor, at: datetime
) -> int:
    """
    Send again all that an endpoint did not get since a moment; return how many.

    Raises:
        EndpointNotFound: this merchant has no such endpoint.
        EndpointDisabled: nothing goes to it.
    """
    with db.transaction_if_not_already():
        endpoint = (
            Endpoint.objects.select_for_update(no_key=True)
            .filter(id=endpoint_id, merchant_id=merchant_id, deleted_at=None)
            .first()
        )
        if endpoint is None:
            raise errors.EndpointNotFound(endpoint_id)
        if not endpoint.is_enabled:
            raise errors.EndpointDisabled(endpoint_id)
        dead = list(
            Delivery.objects.select_for_update()
            .filter(endpoint=endpoint, state__in=_DEAD, created_at__gte=since)
            .order_by("id")
        )
        event_log.append([_again(delivery, at) for delivery in dead], by=by)
        return len(dead)


def _held(endpoint_id: UUID) -> Endpoint:
    return Endpoint.objects.select_for_update(no_key=True).get(id=endpoint_id)


def _again(delivery: Delivery, at: datetime) -> events.DeliveryResent:
    delivery.state, delivery.next_attempt_at = DeliveryState.PENDING.value, at
    delivery.tries_left, delivery.delivered_at = TRIES, None
    delivery.leased_until = delivery.lease = None
    delivery.failure = delivery.reference = ""
    delivery.version += 1
    delivery.save()
    return events.DeliveryResent(
        delivery_id=delivery.id,
        merchant_event_id=delivery.event_id,
        endpoint_id=delivery.endpoint_id,
        merchant_id=delivery.merchant_id,
        channel=Code(delivery.channel),
        version=delivery.version,
        at=at,
    )

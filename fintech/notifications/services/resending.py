"""Sending again: one message, all that an endpoint did not get, or a range of dead letters."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django_subatomic import db

from fintech.kernel import approvals, event_log
from fintech.kernel.actor import Actor
from fintech.kernel.events import Code
from fintech.notifications import data, errors, events
from fintech.notifications.data import DeliveryState
from fintech.notifications.models import Delivery, Endpoint
from fintech.notifications.services.schedule import TRIES

APPROVAL = "notifications.resend_range"
_ALONE = 100  # As many may one person send again.
_MOST = 10_000
_DEAD_OF_RANGE = """
SELECT d.id FROM notifications_delivery d
LEFT JOIN notifications_endpoint e ON e.id = d.endpoint_id AND d.channel = 'webhook'
WHERE d.state IN ('failed', 'abandoned') AND d.created_at >= %(since)s
  AND d.created_at < %(until)s AND coalesce(e.is_enabled, true)
  AND (%(endpoint_id)s::uuid IS NULL OR d.endpoint_id = %(endpoint_id)s::uuid)
  AND (%(cause)s = '' OR d.last_error = %(cause)s)
  AND (%(channel)s = '' OR d.channel = %(channel)s)
ORDER BY d.id LIMIT %(most)s
"""
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


def resend_range(
    *,
    since: datetime,
    until: datetime,
    endpoint_id: UUID | None = None,
    cause: str = "",
    channel: data.Channel | None = None,
    by: Actor,
    at: datetime,
) -> data.Resent:
    """
    Send again all dead letters of a range; over 100 of them only if a second person agrees.

    Nothing goes to an endpoint that is off. At most 10,000 go at once, the oldest first.

    Args:
        since: when the first of them was made.
        until: before this the last was made.
        endpoint_id: of this endpoint only.
        cause: that ended with this only, such as `timeout`.
        channel: of this channel only.
    """
    wanted = {
        "since": since.isoformat(),
        "until": until.isoformat(),
        "endpoint_id": str(endpoint_id) if endpoint_id else "",
        "cause": cause,
        "channel": channel.value if channel else "",
    }
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({_DEAD_OF_RANGE}) AS dead", _of_range(wanted))
        count = int(cursor.fetchone()[0])
    if count > _ALONE:
        proposal = approvals.propose(kind=APPROVAL, payload=wanted, by=by, at=at)
        return data.Resent(count=count, approval_id=proposal)
    return data.Resent(count=resend_agreed(wanted, version_seen=0, by=by, at=at))


def resend_agreed(
    payload: Mapping[str, Any],
    *,
    version_seen: int,  # noqa: ARG001 - what is dead by now is what is sent again.
    by: Actor,
    at: datetime,
) -> int:
    """Send again what a range holds by now; what `kernel.approvals` runs. Returns how many."""
    with db.transaction_if_not_already(), connection.cursor() as cursor:
        cursor.execute(
            f"WITH held AS ({_DEAD_OF_RANGE} FOR UPDATE OF d) "
            "UPDATE notifications_delivery d SET state = 'pending', next_attempt_at = %(at)s, "
            "tries_left = %(tries)s, delivered_at = NULL, lease = NULL, leased_until = NULL, "
            "failure = '', reference = '', version = d.version + 1 "
            "FROM held WHERE held.id = d.id "
            "RETURNING d.id, d.event_id, d.endpoint_id, d.merchant_id, d.channel, d.version",
            {**_of_range(payload), "at": at, "tries": TRIES},
        )
        facts = [
            events.DeliveryResent(
                delivery_id=row[0],
                merchant_event_id=row[1],
                endpoint_id=row[2],
                merchant_id=row[3],
                channel=Code(row[4]),
                version=row[5],
                at=at,
            )
            for row in sorted(cursor.fetchall())
        ]
        event_log.append(facts, by=by)
        return len(facts)


def _of_range(wanted: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "since": datetime.fromisoformat(wanted["since"]),
        "until": datetime.fromisoformat(wanted["until"]),
        "endpoint_id": wanted["endpoint_id"] or None,
        "cause": wanted["cause"],
        "channel": wanted["channel"],
        "most": _MOST,
    }


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

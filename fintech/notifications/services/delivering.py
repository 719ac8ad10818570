"""
Delivering: claim what is due, send with no transaction open, record what came of it.

The row is the truth. A claim is a lease in real time; whoever dies with it is replaced
when it runs out, so a message is sent at least once and carries the same id each time.
Several processes may deliver at once: they skip what another holds. One endpoint gets
a few slots only, so a slow one does not hold up the others.
"""

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django_subatomic import db

from fintech.kernel import actor, event_log, ids
from fintech.notifications.channels import mail, webhook
from fintech.notifications.channels.mail import Mail
from fintech.notifications.channels.outcome import Outcome, Verdict
from fintech.notifications.channels.webhook import Webhook
from fintech.notifications.data import Channel, DeliveryState, Template
from fintech.notifications.models import Attempt, Delivery, Endpoint
from fintech.notifications.services import composing, endpoints, schedule
from fintech.wire import events as wire_events
from fintech.wire import json

SLOTS = 16  # Messages under way at once in one run.
PER_ENDPOINT = 4  # Of them to one endpoint, over all runs.
_LEASE = timedelta(seconds=45)  # Longer than any channel's own deadline.
_RUN_S = 30.0  # Afterwards the next run takes over.
_BY = actor.system("deliveries")
_OUR_OWN = frozenset({"not_composed", "not_sent", "endpoint_disabled"})  # Not the receiver's.
_log = structlog.get_logger(__name__)

# Due rows by endpoint, as many as it has free slots, and one to try it where it was
# paused; then those of them that nobody holds.
_CLAIM = """
WITH waiting AS (
  SELECT due.id, next_attempt_at, paused_until, channel,
    row_number() OVER (PARTITION BY channel, endpoint_id ORDER BY next_attempt_at, due.id) AS place,
    (SELECT count(*) FROM notifications_delivery busy
      WHERE busy.state = 'pending' AND busy.channel = 'webhook'
        AND busy.endpoint_id = due.endpoint_id
        AND busy.leased_until >= clock_timestamp()) AS busy
  FROM notifications_delivery due LEFT JOIN notifications_endpoint e ON e.id = due.endpoint_id
  WHERE state = 'pending' AND next_attempt_at <= %(at)s
    AND (leased_until IS NULL OR leased_until < clock_timestamp())
    AND (%(only)s::uuid IS NULL OR due.id = %(only)s)
    AND (channel = 'mail' OR paused_until IS NULL OR paused_until <= %(at)s)
), chosen AS (
  SELECT id FROM waiting
  WHERE channel = 'mail'
    OR place + busy <= CASE WHEN paused_until IS NULL THEN %(per_endpoint)s ELSE 1 END
  ORDER BY next_attempt_at, id LIMIT %(limit)s
), held AS (
  SELECT id FROM notifications_delivery
  WHERE id IN (SELECT id FROM chosen) AND state = 'pending'
    AND (leased_until IS NULL OR leased_until < clock_timestamp())
  ORDER BY id FOR UPDATE SKIP LOCKED
)
UPDATE notifications_delivery
SET leased_until = clock_timestamp() + make_interval(secs => %(lease)s), lease = %(token)s
FROM held WHERE notifications_delivery.id = held.id RETURNING notifications_delivery.id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """A claimed delivery, ready to be sent."""

    delivery_id: UUID
    message: Webhook | Mail | Outcome  # An outcome: it is decided already.
    began_at: datetime
    endpoint_was_failing: bool


def deliver_due(at: datetime, *, slots: int = SLOTS, run_s: float = _RUN_S) -> int:
    """Send what is due, and return how many attempts that was. Opens its own transactions."""
    return _run(at, only=None, slots=slots, run_s=run_s)


def deliver(delivery_id: UUID, *, at: datetime) -> bool:
    """Send one message if it is due and nobody is at it; whether it was tried."""
    return _run(at, only=delivery_id, slots=1, run_s=0.0) == 1


def _run(at: datetime, *, only: UUID | None, slots: int, run_s: float) -> int:
    began, attempts = time.monotonic(), 0
    under_way: dict[Future[Outcome], _Job] = {}
    with _sending() as submit:
        while True:
            late = attempts > 0 and time.monotonic() - began >= run_s
            free = 0 if late else slots - len(under_way)
            now = at + timedelta(seconds=time.monotonic() - began)
            for job in _claimed(now, only=only, limit=free) if free else ():
                attempts += 1
                under_way[submit(job.message)] = job
            if not under_way:
                return attempts
            ended, _ = wait(under_way, return_when=FIRST_COMPLETED)
            for future in ended:
                job = under_way.pop(future)
                now = at + timedelta(seconds=time.monotonic() - began)
                _record(job, future.result(), at=now)


def _claimed(at: datetime, *, only: UUID | None, limit: int) -> list[_Job]:
    with db.transaction_if_not_already(), connection.cursor() as cursor:
        cursor.execute(
            _CLAIM,
            {
                "at": at,
                "only": only,
                "per_endpoint": PER_ENDPOINT,
                "limit": limit,
                "lease": _LEASE.total_seconds(),
                "token": ids.new(),
            },
        )
        claimed = [row[0] for row in cursor.fetchall()]
        rows = (
            Delivery.objects.select_related("event", "endpoint")
            .filter(id__in=claimed)
            .order_by("next_attempt_at", "id")
        )
        return [_job(row, at) for row in rows] if claimed else []


def _job(delivery: Delivery, at: datetime) -> _Job:
    message: Webhook | Mail | Outcome
    try:
        if delivery.channel == Channel.MAIL:
            message = composing.mail_of(delivery)
        else:
            message = _webhook_of(delivery, at)
    except DatabaseError:
        raise
    except Exception:  # noqa: BLE001 - whatever it is.
        # Our own mistake about one message must not hold up all others.
        _log.exception("delivery.not_composed", delivery=str(delivery.id))
        message = Outcome(verdict=Verdict.RETRY, code="not_composed")
    return _Job(
        delivery_id=delivery.id,
        message=message,
        began_at=datetime.now(UTC),
        endpoint_was_failing=delivery.endpoint is not None and delivery.endpoint.failures > 0,
    )


def _webhook_of(delivery: Delivery, at: datetime) -> Webhook | Outcome:
    endpoint = delivery.endpoint
    if endpoint is None or not endpoint.is_enabled:
        return Outcome(verdict=Verdict.GIVE_UP, code="endpoint_disabled")
    body = json.dumps(wire_events.render(delivery.event.as_data(), pending_webhooks=1))
    return Webhook(
        url=endpoint.url,
        event_id=ids.public("evt", delivery.event_id),
        body=body,
        secrets=endpoint.secrets(at),
        loopback_allowed=settings.WEBHOOK_ALLOW_LOOPBACK,
    )


def _record(job: _Job, outcome: Outcome, *, at: datetime) -> None:
    with db.transaction_if_not_already():
        endpoint = None
        if isinstance(job.message, Webhook) and (
            outcome.verdict != Verdict.DELIVERED or job.endpoint_was_failing
        ):
            # The endpoint's row before the delivery's, as everywhere.
            endpoint = (
                Endpoint.objects.select_for_update().filter(deliveries__id=job.delivery_id).first()
            )
        delivery = Delivery.objects.select_for_update().get(id=job.delivery_id)
        delivery.attempts += 1
        Attempt.objects.create(
            delivery=delivery,
            number=delivery.attempts,
            started_at=job.began_at,
            duration_ms=outcome.duration_ms,
            outcome=outcome.code,
            status=outcome.status,
            excerpt=outcome.excerpt,
        )
        if delivery.state == DeliveryState.PENDING.value:
            _settle(delivery, outcome, at)
        delivery.save()
        if endpoint is not None and endpoint.is_enabled:
            _learn(endpoint, delivery, outcome, at)


def _learn(endpoint: Endpoint, delivery: Delivery, outcome: Outcome, at: datetime) -> None:
    """Let what came of one message tell something about its endpoint."""
    if outcome.verdict == Verdict.DELIVERED:
        endpoints.note_success(endpoint, by=_BY, at=at)
    elif outcome.is_gone:
        endpoints.disable(endpoint, reason="gone", by=_BY, at=at)
        endpoints.tell_owners(delivery, endpoint, Template.ENDPOINT_DISABLED, at)
    elif outcome.code not in _OUR_OWN:
        endpoints.note_failure(endpoint, cause=delivery, by=_BY, at=at)


def _settle(delivery: Delivery, outcome: Outcome, at: datetime) -> None:
    delivery.leased_until = delivery.lease = None
    delivery.last_status = outcome.status
    if outcome.verdict == Verdict.DELIVERED:
        delivery.state, delivery.delivered_at = DeliveryState.DELIVERED.value, at
        delivery.next_attempt_at, delivery.last_error = None, ""
        return
    delivery.last_error = outcome.code
    delivery.tries_left = max(0, delivery.tries_left - 1)
    if outcome.verdict == Verdict.RETRY and delivery.tries_left:
        waiting = schedule.wait(delivery.tries_left)
        delivery.next_attempt_at = at + max(waiting, outcome.retry_after or waiting)
        return
    is_final = outcome.verdict == Verdict.GIVE_UP and outcome.code != "endpoint_disabled"
    delivery.state = (DeliveryState.FAILED if is_final else DeliveryState.ABANDONED).value
    delivery.next_attempt_at = None
    delivery.version += 1
    event_log.append([endpoints.given_up(delivery, at)], by=_BY)


class _Submit:
    """Sends on a loop of its own, in a thread beside the one that holds the database."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def __call__(self, message: Webhook | Mail | Outcome) -> Future[Outcome]:
        return asyncio.run_coroutine_threadsafe(_sent(message), self._loop)


async def _sent(message: Webhook | Mail | Outcome) -> Outcome:
    if isinstance(message, Outcome):
        return message
    try:
        if isinstance(message, Webhook):
            return await webhook.send(message)
        return await asyncio.to_thread(mail.send, message)
    except Exception as unforeseen:  # noqa: BLE001 - it would stop the whole run.
        _log.exception("delivery.not_sent")
        return Outcome(verdict=Verdict.RETRY, code="not_sent", excerpt=type(unforeseen).__name__)


@contextmanager
def _sending() -> Iterator[_Submit]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="deliveries", daemon=True)
    thread.start()
    try:
        yield _Submit(loop)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

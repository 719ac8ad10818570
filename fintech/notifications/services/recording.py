"""
Recording what came of attempts: successes all at once, whatever else one by one.

An ordinary success is two sets of rows in one statement. A failure may teach something
about its endpoint, so its endpoint's row is locked first, as everywhere.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django_subatomic import db

from fintech.kernel import actor, ids
from fintech.notifications.channels.outcome import Outcome, Verdict
from fintech.notifications.data import DeliveryState, Template
from fintech.notifications.models import Attempt, Delivery, Endpoint
from fintech.notifications.services import endpoints, providing

_A_WHILE = timedelta(minutes=15)
_BY = actor.system("deliveries")
_OUR_OWN = frozenset({"not_composed", "not_sent", "endpoint_disabled"})  # Not the receiver's.

_ARRIVED = """
WITH told AS (
  SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::timestamptz[], %s::int[],
    %s::text[], %s::smallint[], %s::text[], %s::timestamptz[])
  AS t (id, lease, attempt_id, started_at, duration_ms, outcome, status, excerpt, at)
), held AS (
  SELECT d.id FROM notifications_delivery d JOIN told ON told.id = d.id AND told.lease = d.lease
  WHERE d.state = 'pending' ORDER BY d.id FOR UPDATE OF d
), arrived AS (
  UPDATE notifications_delivery d SET state = 'delivered', delivered_at = told.at,
    attempts = d.attempts + 1, next_attempt_at = NULL, last_error = '',
    last_status = told.status, leased_until = NULL, lease = NULL
  FROM held JOIN told ON told.id = held.id WHERE d.id = held.id RETURNING d.id, d.attempts
)
INSERT INTO notifications_attempt
  (id, delivery_id, number, started_at, duration_ms, outcome, status, excerpt, provider)
SELECT told.attempt_id, told.id, arrived.attempts, told.started_at, told.duration_ms,
  told.outcome, told.status, told.excerpt, ''
FROM arrived JOIN told ON told.id = arrived.id RETURNING delivery_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """One attempt, as it ended."""

    delivery_id: UUID
    lease: UUID
    endpoint_id: UUID | None  # None for what is no webhook.
    began_at: datetime
    ended_at: datetime  # The business clock.
    outcome: Outcome
    provider: str = ""  # Of a mail or a text.
    attempt_id: UUID = field(default_factory=ids.new)  # So that it is written down once.

    @property
    def has_arrived(self) -> bool:
        """Whether it got through."""
        return self.outcome.verdict == Verdict.DELIVERED


def record(ended: Sequence[Ended]) -> None:
    """Write down how attempts ended. Opens its own transactions; twice is as good as once."""
    arrived = [one for one in ended if one.has_arrived and one.endpoint_id is not None]
    written = _arrived(arrived) if arrived else set()
    well = {one.endpoint_id for one in arrived if one.endpoint_id is not None}
    if well:
        _recover(well, max(one.ended_at for one in arrived))
    for one in ended:
        if one.delivery_id not in written:
            _one(one)


def release(held: Collection[tuple[UUID, UUID]]) -> None:
    """Give back leases under which nothing was tried: pairs of a delivery and its lease."""
    with db.transaction_if_not_already(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE notifications_delivery d SET leased_until = NULL, lease = NULL "
            "FROM unnest(%s::uuid[], %s::uuid[]) AS t (id, lease) "
            "WHERE d.id = t.id AND d.lease = t.lease",
            [[one for one, _ in held], [lease for _, lease in held]],
        )


def _arrived(ended: Sequence[Ended]) -> set[UUID]:
    with db.transaction_if_not_already(), connection.cursor() as cursor:
        cursor.execute(
            _ARRIVED,
            [
                [one.delivery_id for one in ended],
                [one.lease for one in ended],
                [one.attempt_id for one in ended],
                [one.began_at for one in ended],
                [one.outcome.duration_ms for one in ended],
                [one.outcome.code for one in ended],
                [one.outcome.status for one in ended],
                [one.outcome.excerpt for one in ended],
                [one.ended_at for one in ended],
            ],
        )
        return {row[0] for row in cursor.fetchall()}


def _recover(endpoint_ids: set[UUID], at: datetime) -> None:
    """Let endpoints be well that have just answered and had been failing."""
    failing = Endpoint.objects.filter(id__in=endpoint_ids, failures__gt=0)
    for endpoint_id in failing.order_by("id").values_list("id", flat=True):
        with db.transaction_if_not_already():
            endpoint = Endpoint.objects.select_for_update().get(id=endpoint_id)
            if endpoint.is_enabled and endpoint.failures:
                endpoints.note_success(endpoint, by=_BY, at=at)


def _one(ended: Ended) -> None:
    outcome, at = ended.outcome, ended.ended_at
    if outcome.verdict == Verdict.LATER:
        _postpone(ended)
        return
    with db.transaction_if_not_already():
        endpoint = None
        if ended.endpoint_id is not None:
            endpoint = Endpoint.objects.select_for_update().get(id=ended.endpoint_id)
        delivery = Delivery.objects.select_for_update().get(id=ended.delivery_id)
        if Attempt.objects.filter(id=ended.attempt_id).exists():
            return  # The database went away after it had committed this one.
        delivery.attempts += 1
        Attempt.objects.create(
            id=ended.attempt_id,
            delivery=delivery,
            number=delivery.attempts,
            started_at=ended.began_at,
            duration_ms=outcome.duration_ms,
            outcome=outcome.code,
            status=outcome.status,
            excerpt=outcome.excerpt,
            provider=ended.provider,
        )
        # An answer that comes after its lease went to another try says what happened then, and
        # nothing about where the message stands now: it may have been sent anew since.
        is_ours = delivery.lease == ended.lease
        if is_ours and delivery.state == DeliveryState.PENDING.value:
            delivery.provider, delivery.reference = ended.provider, outcome.reference
            _settle(delivery, outcome, at)
        delivery.save()
        if endpoint is not None and endpoint.is_enabled and is_ours:
            _learn(endpoint, delivery, outcome, at)
    if ended.provider:  # In a commit of its own: strangers' messages share this row.
        with db.transaction_if_not_already():
            providing.learn(ended.provider, outcome, at=at)


def _postpone(ended: Ended) -> None:
    """Come back to a message later, as if it had not been looked at."""
    later = ended.ended_at + (ended.outcome.retry_after or _A_WHILE)
    with db.transaction_if_not_already():
        Delivery.objects.filter(id=ended.delivery_id, lease=ended.lease, state="pending").update(
            next_attempt_at=later, lease=None, leased_until=None
        )


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
        providing.settle_arrival(delivery, at)
        return
    if outcome.verdict == Verdict.SENT:
        delivery.state, delivery.next_attempt_at = DeliveryState.SENT.value, None
        delivery.last_error = ""
        return
    providing.settle_failure(delivery, outcome, at)

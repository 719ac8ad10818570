"""
Delivering: claim what is due, send with no transaction open, record what came of it.

The row is the truth. A claim is a lease in real time; whoever dies with it is replaced
when it runs out, so a message is sent at least once and carries the same id each time.
Several processes may deliver at once: they skip what another holds. The database is
asked from the thread that runs; messages are sent on the process's one loop meanwhile,
and a little more is claimed than is under way, so that neither waits for the other.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection

from fintech.kernel import event_log, ids
from fintech.notifications.channels import lines, sealing, webhook
from fintech.notifications.channels.mail import Mail
from fintech.notifications.channels.outcome import Outcome, Verdict
from fintech.notifications.channels.providers import Provider, Sms
from fintech.notifications.channels.webhook import Webhook
from fintech.notifications.data import Channel, Event
from fintech.notifications.models import Delivery
from fintech.notifications.services import claiming, composing, providing, recording
from fintech.notifications.services.claiming import Claimed
from fintech.notifications.services.recording import Ended
from fintech.wire import events as wire_events
from fintech.wire import json, versions

SLOTS = 256  # Messages under way at once in one run.
AHEAD = 64  # Messages claimed beyond those: they wait for a slot, not for the database.
_PER_ENDPOINT = 32  # Slots that an endpoint can earn by answering.
_AT_FIRST = 4
_MAILS = 32  # Mails claimed at once: a server that hangs does not hold up webhooks.
_BATCH = 64  # Attempts recorded at once.
_LINGER_S = 0.01  # How long a batch is waited for.
_LOOK_S = 0.1  # While receivers think, what has become due meanwhile is looked for.
_RUN_S = 30.0  # Afterwards the next run takes over.
_YOUNG_S = 1.0
_TOO_OLD_S = claiming.LEASE.total_seconds() / 2  # Too little of the lease is left to send.
_PATIENCE_S = 30.0  # With a database that is away while something is to be recorded.
_LOCK = 0x6E6F7469  # Advisory locks of runs: this and their number.
_log = structlog.get_logger(__name__)

type _Message = Webhook | Mail | Sms | Outcome  # An outcome: it is decided already.


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """A claimed delivery, ready to be sent."""

    claimed: Claimed
    message: _Message
    provider: Provider | None = None  # Of a mail or a text.
    claimed_at: float

    @property
    def endpoint_id(self) -> UUID | None:
        return self.claimed.endpoint_id if self.claimed.channel == Channel.WEBHOOK else None


@dataclass(frozen=True, slots=True)
class _Sent:
    began_at: datetime
    outcome: Outcome


class _Earned:
    """How many slots endpoints have earned in this process: one more per answer, up to a most."""

    _MOST = 10_000

    def __init__(self) -> None:
        self._slots: dict[UUID, int] = {}
        self._lock = threading.Lock()

    def learn(self, ended: Ended) -> None:
        if ended.endpoint_id is None:
            return
        with self._lock:
            slots = self._slots.pop(ended.endpoint_id, _AT_FIRST)
            slots = min(slots + 1, _PER_ENDPOINT) if ended.has_arrived else max(slots // 2, 1)
            self._slots[ended.endpoint_id] = slots
            if len(self._slots) > self._MOST:
                del self._slots[next(iter(self._slots))]

    def snapshot(self) -> dict[UUID, int]:
        with self._lock:
            return dict(self._slots)


_earned = _Earned()


def deliver_due(
    at: datetime, *, slots: int = SLOTS, run_s: float = _RUN_S, runs: int | None = None
) -> int:
    """
    Send what is due, and return how many attempts that was. Opens its own transactions.

    Args:
        at: the business time.
        slots: how many messages may be under way at once.
        run_s: after so many seconds it lets the next run take over.
        runs: do nothing if so many are under way already; None for no limit.
    """
    if runs is None:
        return _Run(at, slots=slots, run_s=run_s).go()
    began = time.monotonic()
    with _place(runs) as is_mine:
        attempts = _Run(at, slots=slots, run_s=run_s).go() if is_mine else 0
    if is_mine:
        # Who saw us under way a moment ago has not called anybody else. By now it is later.
        now = at + timedelta(seconds=time.monotonic() - began)
        attempts += _Run(now, slots=slots, run_s=run_s).go()
    return attempts


def deliver(delivery_id: UUID, *, at: datetime) -> bool:
    """Send one message if it is due and nobody is at it; whether it was tried."""
    return _Run(at, slots=1, run_s=0.0, only=delivery_id).go() == 1


def is_under_way() -> bool:
    """Whether somebody delivers just now and will see what is due."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = %s "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))",
            [_LOCK],
        )
        return bool(cursor.fetchone()[0])


class _Run:
    """One run: it ends when nothing is due and nothing is under way."""

    def __init__(self, at: datetime, *, slots: int, run_s: float, only: UUID | None = None) -> None:
        self._at, self._run_s, self._only = at, run_s, only
        self._most = slots + (0 if only else AHEAD)
        self._slots = asyncio.Semaphore(slots)
        self._began = time.monotonic()
        self._under_way: dict[UUID, _Job] = {}
        self._ended: queue.SimpleQueue[tuple[_Job, Future[_Sent | None]]] = queue.SimpleQueue()
        self._attempts = 0
        self._claims = 0

    def go(self) -> int:
        while True:
            if not self._is_over():
                self._claim()
            if not self._under_way:
                return self._attempts
            self._record()

    def _now(self) -> datetime:
        return self._at + timedelta(seconds=time.monotonic() - self._began)

    def _is_over(self) -> bool:
        """Whether the next run shall take over: best when nobody here is kept waiting."""
        if not self._claims:
            return False
        if self._only:
            return True
        now = time.monotonic()
        if now - self._began < self._run_s:
            return False
        return now - self._began >= 2 * self._run_s or all(
            now - job.claimed_at < _YOUNG_S for job in self._under_way.values()
        )

    def _claim(self) -> None:
        room = self._most - len(self._under_way)
        if room < min(_BATCH, self._most) // 2:
            return  # It is worth waiting for a few more.
        self._claims += 1
        now = self._now()
        others = sum(job.endpoint_id is None for job in self._under_way.values())
        claimed = claiming.claim(
            now,
            limit=room,
            mails=max(_MAILS - others, 0),
            at_first=_AT_FIRST,
            slots=_earned.snapshot(),
            only=self._only,
        )
        bodies: dict[tuple[UUID, str], bytes] = {}
        for job in _jobs(claimed, now, bodies):
            self._under_way[job.claimed.id] = job
            sending = lines.sender().submit(_sent(job, self._slots))
            sending.add_done_callback(partial(self._put, job))

    def _put(self, job: _Job, sending: Future[_Sent | None]) -> None:
        self._ended.put((job, sending))

    def _record(self) -> None:
        """Wait a moment for attempts to end, and write down how they did."""
        ended, unsent = [], []
        for job, sending in self._drained():
            del self._under_way[job.claimed.id]
            sent = sending.result()
            if sent is None:
                unsent.append((job.claimed.id, job.claimed.lease))
                continue
            one = Ended(
                delivery_id=job.claimed.id,
                lease=job.claimed.lease,
                endpoint_id=job.endpoint_id,
                began_at=sent.began_at,
                ended_at=self._now(),
                outcome=sent.outcome,
                provider=job.provider.name if job.provider else "",
            )
            _earned.learn(one)
            ended.append(one)
        self._attempts += len(ended)
        if ended:
            _patiently(lambda: recording.record(ended))
        if unsent:
            recording.release(unsent)

    def _drained(self) -> Iterator[tuple[_Job, Future[_Sent | None]]]:
        until = time.monotonic() + _LOOK_S
        most = min(_BATCH, len(self._under_way))
        for taken in range(most):
            try:
                one = self._ended.get(timeout=max(until - time.monotonic(), 0))
            except queue.Empty:
                return
            if not taken:
                until = time.monotonic() + _LINGER_S
            yield one


def _jobs(
    claimed: list[Claimed], at: datetime, bodies: dict[tuple[UUID, str], bytes]
) -> Iterator[_Job]:
    others = {one.id for one in claimed if one.channel != Channel.WEBHOOK}
    rows = Delivery.objects.select_related("event", "endpoint").in_bulk(others) if others else {}
    health = providing.Health.at(at) if others else None
    traces = event_log.traces({one.position for one in claimed})
    for one in claimed:
        message: _Message
        provider = None
        try:
            if one.channel == Channel.WEBHOOK:
                message = _webhook_of(one, at, bodies, trace=traces.get(one.position, ""))
            else:
                message = composing.message_of(rows[one.id], at=at)
                if health and not isinstance(message, Outcome):
                    row = rows[one.id]
                    tried = providing.tried_by(row) if row.attempts else ()
                    provider = health.chosen(Channel(one.channel), one.id, tried=tried)
                    message = (
                        message if provider else Outcome(verdict=Verdict.RETRY, code="no_provider")
                    )
        except DatabaseError:
            raise
        except Exception:  # noqa: BLE001 - whatever it is.
            # Our own mistake about one message must not hold up all others.
            _log.exception("delivery.not_composed", delivery=str(one.id))
            message = Outcome(verdict=Verdict.RETRY, code="not_composed")
        yield _Job(claimed=one, message=message, provider=provider, claimed_at=time.monotonic())


def _webhook_of(
    claimed: Claimed, at: datetime, bodies: dict[tuple[UUID, str], bytes], *, trace: str
) -> Webhook | Outcome:
    if not claimed.is_enabled:
        return Outcome(verdict=Verdict.GIVE_UP, code="endpoint_disabled")
    place = (claimed.event_id, claimed.api_version)
    if place not in bodies:
        shown = wire_events.render(_event(claimed), pending_webhooks=1)
        bodies[place] = json.dumps(versions.changed_down(shown, claimed.api_version))
    return Webhook(
        url=claimed.url,
        event_id=ids.public("evt", claimed.event_id),
        body=bodies[place],
        secrets=_secrets(claimed, at),
        loopback_allowed=settings.WEBHOOK_ALLOW_LOOPBACK,
        trace=trace,
    )


def _secrets(claimed: Claimed, at: datetime) -> list[str]:
    """Return what signs at a moment: the secret, and its predecessor during the overlap."""
    assert claimed.endpoint_id is not None  # noqa: S101 - a webhook has one, by CHECK.
    signing = [sealing.opened(claimed.secret, of=claimed.endpoint_id)]
    if claimed.former_secret_until is not None and at < claimed.former_secret_until:
        signing.append(sealing.opened(claimed.former_secret, of=claimed.endpoint_id))
    return signing


def _event(claimed: Claimed) -> Event:
    return Event(
        id=claimed.event_id,
        merchant_id=claimed.merchant_id,
        type=claimed.type,
        object=claimed.object,
        created_at=claimed.created_at,
        request_id=claimed.request_id,
        source="",
        position=0,
        subject_id=None,
        object_id=claimed.object_id,
        sequence=claimed.sequence,
        previous_event_id=claimed.previous_id,
    )


async def _sent(job: _Job, slots: asyncio.Semaphore) -> _Sent | None:
    """Send a message when there is a slot; None if that took so long that it is not ours."""
    async with slots:
        began_at = datetime.now(UTC)
        if time.monotonic() - job.claimed_at > _TOO_OLD_S:
            return None
        return _Sent(began_at, await _outcome(job.message, job.provider))


async def _outcome(message: _Message, provider: Provider | None) -> Outcome:
    if isinstance(message, Outcome):
        return message
    try:
        if isinstance(message, Webhook):
            return await webhook.send(message)
        if provider is None:
            return Outcome(verdict=Verdict.RETRY, code="no_provider")
        return await asyncio.to_thread(provider.send, message)
    except Exception as unforeseen:  # noqa: BLE001 - it would stop the whole run.
        _log.exception("delivery.not_sent")
        return Outcome(verdict=Verdict.RETRY, code="not_sent", excerpt=type(unforeseen).__name__)


def _patiently(work: Callable[[], None]) -> None:
    """Do something again while the database is away: receivers have answered already."""
    until = time.monotonic() + _PATIENCE_S
    while True:
        try:
            return work()
        except (OperationalError, InterfaceError):
            if connection.in_atomic_block or time.monotonic() > until:
                raise
            _log.warning("delivery.record_waits")
            connection.close()
            time.sleep(0.5)


@contextmanager
def _place(runs: int) -> Iterator[bool]:
    """Take one of the places for runs, if one is free; it is free again when we die."""
    mine = None
    with connection.cursor() as cursor:
        for number in range(runs):
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_LOCK, number])
            if cursor.fetchone()[0]:
                mine = number
                break
    try:
        yield mine is not None
    finally:
        if mine is not None:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_LOCK, mine])

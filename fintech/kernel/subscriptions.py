"""
Subscriptions: readers of the event log and of the journal that keep their place.

A read takes the rows of one window of transactions, `low ≤ xid < high`, where `high` is
the horizon below which every transaction has ended, ordered by position; the place
moves to the horizon when the window is done. By position alone a fact that commits
late would be lost; by xid alone a stream's versions could come out of order.

A window is applied and the place moved in one transaction: effects in our own database
happen exactly once, without a row per fact. A long writing transaction holds the
horizon back for everybody, which is why the runtime role's transactions are short.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string
from django_subatomic import db

from fintech.kernel import event_log, tracing
from fintech.kernel.event_log import Recorded
from fintech.kernel.models import Cursor

WINDOW = 500  # Facts applied in one transaction, at most.
_REST_SECONDS = 0.5  # After a stumble.
_QUIET_SECONDS = 60.0  # What lasts is told again, not at every try.

_log = logging.getLogger(__name__)


class Source(Protocol):
    """Ordered rows with a position and the id of the transaction that wrote them."""

    name: str
    checks_versions: bool

    def read(self, *, low: int, high: int, position: int, limit: int) -> list[Recorded]:
        """Return rows with `low ≤ xid < high` after a position, in its order."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Who hears, from where, which names (prefixes; none means all), and what he does."""

    name: str
    sources: tuple[Source, ...]
    handle: Callable[[Sequence[Recorded]], None]
    names: tuple[str, ...] = ()


class VersionGap(RuntimeError):
    """A stream's facts did not come one after the other: the log is not to be trusted."""


@cache
def all_subscriptions() -> tuple[Subscription, ...]:
    """Return what `config` has wired."""
    return tuple(import_string(settings.SUBSCRIPTIONS))


def catch_up(subscriptions: Sequence[Subscription] | None = None) -> int:
    """Apply everything below the horizon to all subscriptions; return how many facts."""
    wired = all_subscriptions() if subscriptions is None else subscriptions
    total = 0
    for subscription in wired:
        for source in subscription.sources:
            while (applied := advance(subscription, source)) is not None:
                total += applied
    return total


def advance(subscription: Subscription, source: Source) -> int | None:
    """
    Apply the next stretch of one source; None when there is nothing below the horizon.

    Two runners of one subscription take turns: the cursor's row is locked.
    """
    horizon, epoch = _horizon(), _epoch()
    place = _place(subscription, source, epoch)
    same = place.epoch == epoch
    low, position = (place.low, place.position) if same else (0, place.reached)
    if place.high is None and not source.read(low=low, high=horizon, position=position, limit=1):
        return None
    with db.transaction():
        place = Cursor.objects.select_for_update().get(id=place.id)
        if place.epoch != epoch:
            # Restored into another cluster: transaction ids begin anew, positions do not.
            place.epoch, place.low, place.high, place.position = epoch, 0, None, place.reached
        if place.high is None:
            place.high = horizon
        rows = source.read(low=place.low, high=place.high, position=place.position, limit=WINDOW)
        if source.checks_versions:
            _check_versions(rows)
        heard = [row for row in rows if _is_heard(subscription, row)]
        if heard:
            of = next((trace for row in heard if (trace := row.meta.get("trace"))), "")
            with tracing.span(f"subscription {subscription.name}", kind="consumer", parent=of):
                subscription.handle(heard)
        if rows:
            place.position = rows[-1].position
            place.reached = max(place.reached, place.position)
        if len(rows) < WINDOW:
            place.low, place.high, place.position = place.high, None, 0
        place.save()
    return len(rows)


def forget(subscription: str) -> None:
    """Let a subscription begin again from the first fact; for rebuilding what it made."""
    Cursor.objects.filter(subscription=subscription).delete()


def _is_heard(subscription: Subscription, row: Recorded) -> bool:
    return not subscription.names or row.name.startswith(subscription.names)


def _horizon() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        return int(cursor.fetchone()[0])


@cache
def _epoch() -> str:
    """Return the name of the database cluster; a process never outlives it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT system_identifier::text FROM pg_control_system()")
        return str(cursor.fetchone()[0])


def _place(subscription: Subscription, source: Source, epoch: str) -> Cursor:
    found = Cursor.objects.filter(subscription=subscription.name, source=source.name).first()
    if found is None:
        found, _ = Cursor.objects.get_or_create(
            subscription=subscription.name, source=source.name, defaults={"epoch": epoch}
        )
    return found


def _check_versions(rows: Sequence[Recorded]) -> None:
    seen: dict[str, int] = {}
    for row in rows:
        last = seen.get(row.stream)
        if last is not None and row.version != last + 1:
            message = f"{row.stream} goes from version {last} to {row.version}"
            raise VersionGap(message)
        seen[row.stream] = row.version


def serve(*, poll_seconds: float = 0.025, stop: Callable[[], bool] = lambda: False) -> None:
    """Follow all sources until told to stop, each subscription in a thread of its own."""
    readers = [
        threading.Thread(
            target=_follow,
            args=(subscription, poll_seconds, stop),
            name=f"subscription-{subscription.name}",
        )
        for subscription in all_subscriptions()
    ]
    for reader in readers:
        reader.start()
    for reader in readers:
        while reader.is_alive():
            reader.join(timeout=0.2)  # Signals are heard between the waits.


class Stumbles:
    """Says why a reader stumbles: with its traceback, but at most once a minute for a reason."""

    def __init__(self, subscription: str) -> None:
        """Know whose they are."""
        self._subscription = subscription
        self._told: dict[str, tuple[float, int]] = {}  # By reason: when, and how often since.

    def tell(self, stumbled: Exception) -> None:
        """Log a stumble, or count it until a minute has passed."""
        why, now = type(stumbled).__qualname__, time.monotonic()
        told, again = self._told.get(why, (-_QUIET_SECONDS, 0))
        if now - told < _QUIET_SECONDS:
            self._told[why] = told, again + 1
            return
        self._told[why] = now, 0
        extra = {"subscription": self._subscription, "again": again}
        _log.error("subscription.failed", exc_info=stumbled, extra=extra)


def _follow(subscription: Subscription, poll_seconds: float, stop: Callable[[], bool]) -> None:
    """Apply one subscription as facts come: woken by a NOTIFY, backed by a poll."""
    import psycopg

    stumbles = Stumbles(subscription.name)
    while not stop():
        try:
            with psycopg.connect(settings.DATABASE_URL, autocommit=True) as listening:
                listening.execute(f"LISTEN {event_log.CHANNEL}")
                while not stop():
                    catch_up([subscription])
                    for _ in listening.notifies(timeout=poll_seconds, stop_after=1):
                        pass
        except Exception as stumbled:  # noqa: BLE001
            # A reader that stumbles begins again at its place and holds up nobody else.
            stumbles.tell(stumbled)
            connection.close()
            time.sleep(_REST_SECONDS)
    connection.close()

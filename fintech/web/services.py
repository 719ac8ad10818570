"""Keeping the read models: apply what was heard, and fold everything again on demand."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from uuid import UUID

from django.db import connection
from django_subatomic import db

from fintech.kernel import event_log
from fintech.kernel.event_log import Recorded
from fintech.ledger import queries as ledger_queries
from fintech.web import fold, queries
from fintech.web.data import Item
from fintech.web.models import DayTotal, Payment, Timeline

_COUNTED: Final = (
    "created",
    "authorized",
    "declined",
    "blocked",
    "captures",
    "captured_minor",
    "fee_minor",
    "refunds",
    "refunded_minor",
)
_WINDOW: Final = 500  # Rows folded in one transaction.
_EVER: Final = 2**63 - 1  # Above every transaction's id.
_LINE: Final = tuple(field.name for field in Payment._meta.fields if field.name != "id")


def apply(window: Sequence[Recorded]) -> int:
    """
    Put what was heard into the read models, and return how much of it was new.

    The same window may come twice: only items that the timeline does not hold yet
    are counted. Six statements, whatever the window's size.
    """
    heard = fold.items(window)
    if not heard:
        return 0
    with db.transaction_if_not_already():
        _alone()
        fresh = _unknown(heard)
        if fresh:
            _write(fresh)
    return len(fresh)


def _alone() -> None:
    """Let one writer at a time fold: the subscription, or a rebuild."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('web.read_models'))")


def _unknown(heard: Sequence[Item]) -> list[Item]:
    by_source: dict[str, list[int]] = defaultdict(list)
    for item in heard:
        by_source[item.source].append(item.position)
    known = {
        (source, position)
        for source, positions in by_source.items()
        for position in Timeline.objects.filter(source=source, position__in=positions).values_list(
            "position", flat=True
        )
    }
    once = {(item.source, item.position): item for item in heard}
    return [item for place, item in once.items() if place not in known]


def _write(fresh: Sequence[Item]) -> None:
    Timeline.objects.bulk_create([_row(item) for item in fresh])
    _fold_payments({item.payment_id for item in fresh if item.source == fold.EVENTS})
    _add_days(fold.days(fresh))


def _row(item: Item) -> Timeline:
    return Timeline(
        source=item.source,
        position=item.position,
        payment_id=item.payment_id,
        merchant_id=item.merchant_id,
        kind=item.kind,
        version=item.version,
        data=item.data,
        by=item.by,
        request_id=item.request_id,
        occurred_at=item.occurred_at,
        recorded_at=item.recorded_at,
    )


def _fold_payments(payment_ids: Iterable[UUID]) -> None:
    """Fold the lines of some payments from their whole timelines."""
    timelines: dict[UUID, list[Item]] = defaultdict(list)
    for row in Timeline.objects.filter(payment_id__in=list(payment_ids), source=fold.EVENTS):
        timelines[row.payment_id].append(queries.item(row))
    lines = [
        Payment(**line)
        for timeline in timelines.values()
        if (line := fold.payment(timeline)) is not None
    ]
    Payment.objects.bulk_create(
        lines, update_conflicts=True, unique_fields=["id"], update_fields=_LINE
    )


def _add_days(sums: dict[fold.DayKey, dict[str, int]]) -> None:
    """Add to the totals of days, in the order of their keys."""
    if not sums:
        return
    rows = [
        DayTotal(merchant_id=merchant_id, currency=currency, day=day, **added)
        for (merchant_id, currency, day), added in sorted(
            sums.items(), key=lambda one: (str(one[0][0]), one[0][1], one[0][2])
        )
    ]
    columns = ", ".join(_COUNTED)
    added = ", ".join(f"{name} = web_daytotal.{name} + EXCLUDED.{name}" for name in _COUNTED)
    types = ["uuid", "text", "date", *("bigint" for _ in _COUNTED)]
    arrays = ", ".join(f"%s::{kind}[]" for kind in types)
    values: list[list[object]] = [
        [row.merchant_id for row in rows],
        [row.currency for row in rows],
        [row.day for row in rows],
        *([getattr(row, name) for row in rows] for name in _COUNTED),
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO web_daytotal (merchant_id, currency, day, {columns}) "
            f"SELECT * FROM unnest({arrays}) "
            f"ON CONFLICT (merchant_id, currency, day) DO UPDATE SET {added}",
            values,
        )


def rebuild() -> int:
    """
    Throw the read models away and fold them again from the first fact; return the items.

    The subscription may go on meanwhile: both add only what is not there yet, and a
    line is folded from its whole timeline, so the rows are the same in the end.
    """
    with db.transaction():
        _alone()
        for model in (Timeline, Payment, DayTotal):
            model.objects.all().delete()
    return sum(apply(window) for window in _everything())


def _everything() -> Iterator[Sequence[Recorded]]:
    """Read both sources from their first row; what commits meanwhile is heard anyway."""
    for source in (event_log.EventSource(), ledger_queries.journal_source()):
        position = 0
        while window := source.read(low=0, high=_EVER, position=position, limit=_WINDOW):
            yield window
            position = window[-1].position

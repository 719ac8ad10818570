"""Keeping the read models: apply what was heard, and fold everything again on demand."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import Q
from django_subatomic import db

from fintech.kernel import columns, event_log, ids
from fintech.kernel.actor import Actor
from fintech.kernel.columns import Column
from fintech.kernel.event_log import Recorded
from fintech.ledger import queries as ledger_queries
from fintech.payments import queries as payment_queries
from fintech.web import events, fold, queries
from fintech.web.data import Item
from fintech.web.models import DayTotal, Funnel, Payment, Timeline

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
_STAGES: Final = ("opened", "tried", "paid")
_WINDOW: Final = 500  # Rows folded in one transaction.
_EVER: Final = 2**63 - 1  # Above every transaction's id.
_TIMELINE: Final = {
    "source": "text",
    "position": "bigint",
    "payment_id": "uuid",
    "merchant_id": "uuid",
    "kind": "text",
    "version": "bigint",
    "by": "text",
    "request_id": "text",
    "occurred_at": "timestamptz",
    "recorded_at": "timestamptz",
}
_KEEP: Final = f"""
INSERT INTO web_timeline ({", ".join(_TIMELINE)}, data)
SELECT * FROM unnest({", ".join(["%b"] * (len(_TIMELINE) + 1))})
ON CONFLICT (source, position) DO NOTHING RETURNING source, position
"""
_LINE: Final = tuple(field.name for field in Payment._meta.fields if field.name != "id")


def note_opened(*, page_id: UUID, merchant_id: UUID, by: Actor, at: datetime) -> None:
    """Tell that somebody opened a hosted page that takes payments."""
    fact = events.CheckoutOpened(
        visit_id=ids.new(), merchant_id=merchant_id, page_id=page_id, version=1, at=at
    )
    with db.transaction():
        event_log.append([fact], by=by)


def apply(window: Sequence[Recorded]) -> int:
    """
    Put what was heard into the read models, and return how much of it was new.

    The same window may come twice: only items that the timeline does not hold yet
    are counted. Ten statements at most, whatever the window's size.
    """
    heard = fold.items(window)
    if not heard:
        return 0
    with db.transaction_if_not_already():
        _alone()
        fresh = _kept(heard)
        if fresh:
            _fold(fresh)
    return len(fresh)


def _alone() -> None:
    """Let one writer at a time fold: the subscription, or a rebuild."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('web.read_models'))")


def _kept(heard: Sequence[Item]) -> list[Item]:
    """Keep what was heard in the timeline, and return what it did not hold yet."""
    once = list({(item.source, item.position): item for item in heard}.values())
    arrays = [
        Column(kind, [getattr(item, name) for item in once]) for name, kind in _TIMELINE.items()
    ]
    with columns.cursor() as cursor:
        cursor.execute(_KEEP, [*arrays, Column("jsonb", [json.dumps(item.data) for item in once])])
        new = set(cursor.fetchall())
    return [item for item in once if (item.source, item.position) in new]


def _fold(fresh: Sequence[Item]) -> None:
    told = {item.payment_id for item in fresh if item.source == fold.EVENTS}
    told -= {item.payment_id for item in fresh if item.kind == fold.OPENED}
    further = _fold_payments(told) if told else {}
    _add("web_daytotal", _DAY, _COUNTED, fold.days(fresh))
    _add("web_funnel", _PAGE, _STAGES, {**fold.visits(fresh)})
    _add("web_funnel", _PAGE, _STAGES, further)


def _fold_payments(payment_ids: Iterable[UUID]) -> dict[fold.FunnelKey, dict[str, int]]:
    """Fold the lines of some payments from their whole timelines; return who got how far anew."""
    wanted = list(payment_ids)
    timelines: dict[UUID, list[Item]] = defaultdict(list)
    for row in Timeline.objects.filter(payment_id__in=wanted, source=fold.EVENTS):
        timelines[row.payment_id].append(queries.item(row))
    methods = {
        payment_id: method
        for payment_id, timeline in timelines.items()
        if (method := fold.method(timeline)) is not None
    }
    cards = payment_queries.last4_of(methods.values())
    lines = [
        Payment(**line, last4=cards.get(methods[payment_id], "") if payment_id in methods else "")
        for payment_id, timeline in timelines.items()
        if (line := fold.payment(timeline)) is not None
    ]
    at_pages = Q(link_id__isnull=False) | Q(session_id__isnull=False)
    before = {row.id: row for row in Payment.objects.filter(at_pages, id__in=wanted)}
    Payment.objects.bulk_create(
        lines, update_conflicts=True, unique_fields=["id"], update_fields=_LINE
    )
    return _further(lines, before)


def _further(
    lines: Iterable[Payment], before: Mapping[UUID, Payment]
) -> dict[fold.FunnelKey, dict[str, int]]:
    """Return how many payments at hosted pages are tried and paid now that were not before."""
    sums: dict[fold.FunnelKey, dict[str, int]] = defaultdict(lambda: {"tried": 0, "paid": 0})
    for line in lines:
        page_id = line.link_id or line.session_id
        if page_id is None:
            continue
        was = before.get(line.id)
        stages = sums[line.merchant_id, page_id, line.created_at.astimezone(UTC).date()]
        stages["tried"] += line.tried - (was.tried if was else False)
        stages["paid"] += line.paid - (was.paid if was else False)
    return {key: stages for key, stages in sums.items() if any(stages.values())}


_DAY: Final = {"merchant_id": "uuid", "currency": "text", "day": "date"}
_PAGE: Final = {"merchant_id": "uuid", "page_id": "uuid", "day": "date"}


def _add[K: tuple[object, ...]](
    table: str, key: Mapping[str, str], counted: Sequence[str], sums: Mapping[K, Mapping[str, int]]
) -> None:
    """Add to the rows of a table of sums, in the order of their keys."""
    if not sums:
        return
    ordered = sorted(sums.items(), key=lambda one: tuple(map(str, one[0])))
    names = ", ".join((*key, *counted))
    added = ", ".join(f"{name} = {table}.{name} + EXCLUDED.{name}" for name in counted)
    arrays = ", ".join(f"%s::{kind}[]" for kind in (*key.values(), *("bigint" for _ in counted)))
    places = [[place[number] for place, _ in ordered] for number in range(len(key))]
    amounts = [[sum_.get(name, 0) for _, sum_ in ordered] for name in counted]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({names}) SELECT * FROM unnest({arrays}) "
            f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {added}",
            [*places, *amounts],
        )


def rebuild() -> int:
    """
    Throw the read models away and fold them again from the first fact; return the items.

    The subscription may go on meanwhile: both add only what is not there yet, and a
    line is folded from its whole timeline, so the rows are the same in the end.
    """
    with db.transaction():
        _alone()
        for model in (Timeline, Payment, DayTotal, Funnel):
            model.objects.all().delete()
    return sum(apply(window) for window in _everything())


def _everything() -> Iterator[Sequence[Recorded]]:
    """Read both sources from their first row; what commits meanwhile is heard anyway."""
    for source in (event_log.EventSource(), ledger_queries.journal_source()):
        position = 0
        while window := source.read(low=0, high=_EVER, position=position, limit=_WINDOW):
            yield window
            position = window[-1].position

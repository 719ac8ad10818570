"""Refunds as merchants see them: one that spans several captures is one, with its parts."""

from collections.abc import Collection, Sequence
from itertools import groupby
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from fintech.payments import data, errors
from fintech.payments.data import RefundState
from fintech.payments.models import Refund
from fintech.payments.models.refund import OPEN, as_one, whole
from fintech.payments.queries.reading import Between, bounds, page


def refund(refund_id: UUID, merchant_id: UUID) -> data.Refund:
    """Return a merchant's refund; `RefundNotFound` if it has none such."""
    found = refunds_by_id([refund_id], merchant_id)
    if refund_id not in found:
        raise errors.RefundNotFound(refund_id)
    return found[refund_id]


def refunds(
    merchant_id: UUID,
    limit: int = 10,
    after: UUID | None = None,
    before: UUID | None = None,
    *,
    payment_id: UUID | None = None,
    attempt_id: UUID | None = None,
    states: Collection[str] = (),
    created: Between | None = None,
) -> data.Page[data.Refund]:
    """Return a stretch of a merchant's refunds, newest first; in some states if any are named."""
    rows = Refund.objects.filter(as_one(), merchant_id=merchant_id, **bounds(created))
    if states:
        rows = rows.filter(_is_in(set(states)))
    if payment_id is not None:
        rows = rows.filter(payment_id=payment_id)
    if attempt_id is not None:
        rows = rows.filter(attempt_id=attempt_id)
    return page(rows, _values, limit=limit, after=after, before=before)


def refunds_by_id(refund_ids: Collection[UUID], merchant_id: UUID) -> dict[UUID, data.Refund]:
    """Return those of the refunds that are the merchant's, in one round trip or two."""
    rows = Refund.objects.filter(as_one(), id__in=list(refund_ids), merchant_id=merchant_id)
    return {found.id: found for found in _values(list(rows))}


def refunds_of(payment_id: UUID) -> list[data.Refund]:
    """Return all refunds of a payment, oldest first."""
    return refunds_of_all([payment_id])


def refunds_of_all(payment_ids: Collection[UUID]) -> list[data.Refund]:
    """Return all refunds of some payments, oldest first, in one round trip."""
    if not payment_ids:
        return []
    rows = Refund.objects.filter(payment_id__in=list(payment_ids))
    return _put_together(list(rows.order_by("id")))


def _values(rows: Sequence[Refund]) -> list[data.Refund]:
    """Return refunds in the order of their first rows, with the parts that are not at hand."""
    spanning = [row.id for row in rows if row.whole_id is not None]
    parts = Refund.objects.filter(whole_id__in=spanning) if spanning else ()
    found = {one.id: one for one in _put_together([row for row in rows if not row.whole_id])}
    found |= {one.id: one for one in _put_together(list(parts))}
    return [found[row.id] for row in rows]


def _put_together(rows: list[Refund]) -> list[data.Refund]:
    """Return the refunds that rows make up, all parts of each among them, by id."""

    def first(row: Refund) -> UUID:
        return row.whole_id or row.id

    ordered = sorted(rows, key=lambda row: (first(row), row.id))
    return [whole(list(parts)) for _, parts in groupby(ordered, key=first)]


def _is_in(states: set[str]) -> Q:
    """Return what holds of a refund in one of some states; of one in parts, these decide."""
    parts = Refund.objects.filter(whole_id=OuterRef("id"))
    is_open = Exists(parts.filter(state__in=OPEN))
    gave = Exists(parts.filter(state=RefundState.SUCCEEDED))
    failed = Exists(parts.filter(state__in=[RefundState.FAILED, RefundState.CANCELED]))
    meant = Q(whole__isnull=True, state__in=states)
    in_parts = Q(whole__isnull=False)
    if states.intersection(OPEN):
        meant |= in_parts & Q(is_open)
    if RefundState.SUCCEEDED in states:
        meant |= in_parts & ~Q(is_open) & ~Q(failed)
    if RefundState.PARTIALLY_SUCCEEDED in states:
        meant |= in_parts & ~Q(is_open) & Q(gave) & Q(failed)
    if RefundState.FAILED in states:
        meant |= in_parts & ~Q(is_open) & ~Q(gave)
    return meant

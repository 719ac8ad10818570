"""Checkout sessions as values: a merchant's, or the one whose address a payer was given."""

from uuid import UUID

from django.db.models import QuerySet

from fintech.payments import data, errors
from fintech.payments.models import CheckoutSession
from fintech.payments.queries.reading import Between, bounds, each, page


def session(session_id: UUID, merchant_id: UUID) -> data.CheckoutSession:
    """Return a merchant's checkout session; `SessionNotFound` if it has none such."""
    found = _sessions().filter(id=session_id, merchant_id=merchant_id).first()
    if found is None:
        raise errors.SessionNotFound(str(session_id))
    return found.as_data()


def session_by_token(token: str) -> data.CheckoutSession:
    """Return the session of an address, open or not; `SessionNotFound` if there is none."""
    found = _sessions().filter(token=token).first()
    if found is None:
        raise errors.SessionNotFound(token[:60])
    return found.as_data()


def sessions(
    merchant_id: UUID,
    limit: int = 10,
    after: UUID | None = None,
    before: UUID | None = None,
    *,
    state: str | None = None,
    customer_id: UUID | None = None,
    payment_id: UUID | None = None,
    created: Between | None = None,
) -> data.Page[data.CheckoutSession]:
    """Return a stretch of a merchant's sessions, newest first, in three round trips."""
    rows = _sessions().filter(merchant_id=merchant_id, **bounds(created))
    if state is not None:
        rows = rows.filter(state=state)
    if customer_id is not None:
        rows = rows.filter(customer_id=customer_id)
    if payment_id is not None:
        rows = rows.filter(payment_id=payment_id)
    return page(rows, each, limit=limit, after=after, before=before)


def _sessions() -> QuerySet[CheckoutSession]:
    return CheckoutSession.objects.prefetch_related("lines__price")

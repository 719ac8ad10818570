"""Rows as values: one, or a stretch of a list with the newest first."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from fintech.payments import data, errors
from fintech.payments.models import (
    Attempt,
    Capture,
    Customer,
    Link,
    Payment,
    PaymentMethod,
)

MOST = 100

type Between = Mapping[str, int]  # Unix seconds by "gt", "gte", "lt", "lte".


def page[V](
    rows: QuerySet[Any],
    value: Callable[[Sequence[Any]], list[V]],
    *,
    limit: int,
    after: UUID | None = None,
    before: UUID | None = None,
) -> data.Page[V]:
    """
    Return a stretch of a list, newest first, by keyset.

    `after` is the last row that was seen, so older ones follow; `before` is the first
    one that was seen, so the newer ones next to it follow.
    """
    wanted = max(1, min(limit, MOST))
    if before is not None:
        found = list(rows.filter(id__gt=before).order_by("id")[: wanted + 1])
        shown = found[:wanted][::-1]
    else:
        older = rows if after is None else rows.filter(id__lt=after)
        found = list(older.order_by("-id")[: wanted + 1])
        shown = found[:wanted]
    return data.Page(items=tuple(value(shown)), has_more=len(found) > wanted)


def bounds(created: Between | None) -> dict[str, datetime]:
    """Return bounds in unix seconds as conditions on `created_at`."""
    return {
        f"created_at__{name}": datetime.fromtimestamp(second, tz=UTC)
        for name, second in (created or {}).items()
    }


def each[V](rows: Iterable[Any]) -> list[V]:
    """Return rows as the values that doors are given."""
    return [row.as_data() for row in rows]


# -- payments ----------------------------------------------------------------------------


def payment(payment_id: UUID, merchant_id: UUID) -> data.Payment:
    """Return a merchant's payment; `PaymentNotFound` if it has none such."""
    return _payment(payment_id, merchant_id=merchant_id)


def payments_by_id(payment_ids: Collection[UUID], merchant_id: UUID) -> dict[UUID, data.Payment]:
    """Return those of the payments that are the merchant's, in two round trips."""
    rows = Payment.objects.filter(id__in=list(payment_ids), merchant_id=merchant_id)
    found = payment_values(list(rows.select_related("payment_method")))
    return {payment.id: payment for payment in found}


def refuse_held_for_payment(hold_id: UUID, merchant_id: UUID) -> None:
    """Raise `HeldForPayment` if a wallet's hold is a payment's own: it bears the attempt's id."""
    found = Attempt.objects.filter(id=hold_id, merchant_id=merchant_id, provider=data.WALLET)
    payment_id = found.values_list("payment_id", flat=True).first()
    if payment_id is not None:
        raise errors.HeldForPayment(payment_id=payment_id)


def payment_for_payer(payment_id: UUID) -> data.Payment:
    """Return a payment for a page of ours whose address its payer was given."""
    return _payment(payment_id)


def payments(
    merchant_id: UUID,
    limit: int = 10,
    after: UUID | None = None,
    before: UUID | None = None,
    *,
    customer_id: UUID | None = None,
    states: Sequence[str] = (),
    link_id: UUID | None = None,
    created: Between | None = None,
) -> data.Page[data.Payment]:
    """
    Return a stretch of a merchant's payments, newest first, in two round trips.

    `created` bounds when they were made, in unix seconds: gt, gte, lt, lte.
    """
    rows = Payment.objects.filter(merchant_id=merchant_id, **bounds(created))
    rows = rows.select_related("payment_method")
    if customer_id is not None:
        rows = rows.filter(customer_id=customer_id)
    if states:
        rows = rows.filter(state__in=states)
    if link_id is not None:
        rows = rows.filter(link_id=link_id)
    return page(rows, payment_values, limit=limit, after=after, before=before)


def reviews(
    limit: int = 50, after: UUID | None = None, *, merchant_id: UUID | None = None
) -> data.Page[data.Payment]:
    """Return payments that wait for a person, of one merchant or of all."""
    rows = Payment.objects.filter(state=data.PaymentState.IN_REVIEW)
    if merchant_id is not None:
        rows = rows.filter(merchant_id=merchant_id)
    return page(rows.select_related("payment_method"), payment_values, limit=limit, after=after)


def payment_values(payments: Sequence[Payment]) -> list[data.Payment]:
    """Return payments as values, in one round trip for all their latest attempts."""
    tries = (
        Attempt.objects.filter(payment_id__in=[row.id for row in payments if row.attempts])
        .order_by("payment_id", "-number")
        .distinct("payment_id")
        .select_related("payment_method")
    )
    latest = {attempt.payment_id: attempt.as_data() for attempt in tries}
    return [row.as_data(latest.get(row.id)) for row in payments]


def _payment(payment_id: UUID, *, merchant_id: UUID | None = None) -> data.Payment:
    rows = Payment.objects.filter(id=payment_id).select_related("payment_method")
    if merchant_id is not None:
        rows = rows.filter(merchant_id=merchant_id)
    found = rows.first()
    if found is None:
        raise errors.PaymentNotFound(payment_id)
    return payment_values([found])[0]


# -- charges and captures ----------------------------------------------------------------


def charge(attempt_id: UUID, merchant_id: UUID) -> data.Attempt:
    """Return a merchant's attempt; `AttemptNotFound` if it has none such."""
    found = _attempts().filter(id=attempt_id, merchant_id=merchant_id).first()
    if found is None:
        raise errors.AttemptNotFound(attempt_id)
    return found.as_data()


def charges_by_id(attempt_ids: Collection[UUID], merchant_id: UUID) -> dict[UUID, data.Attempt]:
    """Return those of the attempts that are the merchant's, in one round trip."""
    rows = _attempts().filter(id__in=list(attempt_ids), merchant_id=merchant_id)
    return {row.id: row.as_data() for row in rows}


def attempt(attempt_id: UUID) -> data.Attempt:
    """Return an attempt for the hosted challenge; `AttemptNotFound` if there is none."""
    found = _attempts().filter(id=attempt_id).first()
    if found is None:
        raise errors.AttemptNotFound(attempt_id)
    return found.as_data()


def charges(
    merchant_id: UUID,
    limit: int = 10,
    after: UUID | None = None,
    before: UUID | None = None,
    *,
    payment_id: UUID | None = None,
    customer_id: UUID | None = None,
    created: Between | None = None,
) -> data.Page[data.Attempt]:
    """Return a stretch of a merchant's attempts, newest first."""
    rows = _attempts().filter(merchant_id=merchant_id, **bounds(created))
    if payment_id is not None:
        rows = rows.filter(payment_id=payment_id)
    if customer_id is not None:
        rows = rows.filter(payment__customer_id=customer_id)
    return page(rows, each, limit=limit, after=after, before=before)


def attempts_of(payment_id: UUID) -> list[data.Attempt]:
    """Return all attempts of a payment, oldest first."""
    return each(_attempts().filter(payment_id=payment_id).order_by("number"))


def _attempts() -> QuerySet[Attempt]:
    return Attempt.objects.select_related("payment_method")


def captures_of(payment_id: UUID) -> list[data.Capture]:
    """Return all captures of a payment, oldest first."""
    return each(Capture.objects.filter(payment_id=payment_id).order_by("id"))


# -- people and cards --------------------------------------------------------------------


def customer(customer_id: UUID, merchant_id: UUID) -> data.Customer:
    """
    Return a merchant's customer, forgotten ones with `deleted` set.

    Raises:
        CustomerNotFound: the merchant has none such.
    """
    found = Customer.objects.filter(id=customer_id, merchant_id=merchant_id).first()
    if found is None:
        raise errors.CustomerNotFound(customer_id)
    return found.as_data()


def customers(
    merchant_id: UUID,
    limit: int = 10,
    after: UUID | None = None,
    before: UUID | None = None,
    *,
    email: str | None = None,
    created: Between | None = None,
) -> data.Page[data.Customer]:
    """Return a stretch of a merchant's customers, newest first, without forgotten ones."""
    rows = Customer.objects.filter(merchant_id=merchant_id, deleted_at=None, **bounds(created))
    if email is not None:
        rows = rows.filter(email=email)
    return page(rows, each, limit=limit, after=after, before=before)


def customers_by_id(customer_ids: Collection[UUID], merchant_id: UUID) -> dict[UUID, data.Customer]:
    """Return those of the customers that are the merchant's, in one round trip."""
    rows = Customer.objects.filter(id__in=list(customer_ids), merchant_id=merchant_id)
    return {row.id: row.as_data() for row in rows}


def payment_method(payment_method_id: UUID, merchant_id: UUID) -> data.PaymentMethod:
    """Return a merchant's card; `PaymentMethodNotFound` if it has none such."""
    found = PaymentMethod.objects.filter(id=payment_method_id, merchant_id=merchant_id).first()
    if found is None:
        raise errors.PaymentMethodNotFound(payment_method_id)
    return found.as_data()


def payment_methods_by_id(
    payment_method_ids: Collection[UUID], merchant_id: UUID
) -> dict[UUID, data.PaymentMethod]:
    """Return those of the cards that are the merchant's, in one round trip."""
    rows = PaymentMethod.objects.filter(id__in=list(payment_method_ids), merchant_id=merchant_id)
    return {row.id: row.as_data() for row in rows}


def last4_of(payment_method_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the last four digits of some cards; what is no card has none."""
    rows = PaymentMethod.objects.filter(id__in=list(payment_method_ids)).exclude(last4="")
    return dict(rows.values_list("id", "last4"))


def payment_methods(
    merchant_id: UUID,
    limit: int = 10,
    after: UUID | None = None,
    before: UUID | None = None,
    *,
    customer_id: UUID | None = None,
) -> data.Page[data.PaymentMethod]:
    """Return a stretch of a merchant's cards, newest first; of one customer if one is named."""
    rows = PaymentMethod.objects.filter(merchant_id=merchant_id)
    if customer_id is not None:
        rows = rows.filter(customer_id=customer_id)
    return page(rows, each, limit=limit, after=after, before=before)


# -- links -------------------------------------------------------------------------------


def link(link_id: UUID, merchant_id: UUID) -> data.Link:
    """Return a merchant's payment link; `LinkNotFound` if it has none such."""
    found = Link.objects.filter(id=link_id, merchant_id=merchant_id).first()
    if found is None:
        raise errors.LinkNotFound(str(link_id))
    return found.as_data()


def links(
    merchant_id: UUID,
    limit: int = 10,
    after: UUID | None = None,
    before: UUID | None = None,
    *,
    active: bool | None = None,
    created: Between | None = None,
) -> data.Page[data.Link]:
    """Return a stretch of a merchant's payment links, newest first."""
    rows = Link.objects.filter(merchant_id=merchant_id, **bounds(created))
    if active is not None:
        rows = rows.filter(active=active)
    return page(rows, each, limit=limit, after=after, before=before)


def link_by_token(token: str) -> data.Link:
    """Return the link of an address, open or not; `LinkNotFound` if there is none."""
    found = Link.objects.filter(token=token).first()
    if found is None:
        raise errors.LinkNotFound(token[:60])
    return found.as_data()


def open_link(token: str, *, at: datetime) -> data.Link:
    """Return a link that takes payments now; `LinkNotFound` if none does."""
    found = Link.objects.filter(token=token).first()
    if found is None or not found.is_open(at=at):
        raise errors.LinkNotFound(token[:60])
    return found.as_data()

"""Checkout sessions: a page made for one sale, which its payer pays on or lets go."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import django_fsm as fsm
from django.db.models import Exists, OuterRef, Q
from django_subatomic import db

from fintech.kernel import event_log, idempotency, ids
from fintech.kernel.actor import Actor
from fintech.kernel.errors import Refusal
from fintech.kernel.events import Code, Event
from fintech.kernel.idempotency import Done, Key
from fintech.kernel.money import Money
from fintech.payments import data, errors, events, queries
from fintech.payments.data import PaymentState, SessionState
from fintech.payments.models import (
    Attempt,
    CheckoutLine,
    CheckoutSession,
    Payment,
    Price,
    Product,
    batch,
)
from fintech.payments.services import canceling, catalog, drafting, following, rows
from fintech.payments.services.writing import Work

MOST_LINES = 100
LASTS = timedelta(hours=24)
_SHORTEST, _LONGEST = timedelta(minutes=30), timedelta(hours=24)


def open_session(
    new: data.NewSession, *, merchant_id: UUID, key: Key | None = None, by: Actor, at: datetime
) -> Done[data.CheckoutSession]:
    """
    Make a page for one sale. Nothing is asked of anybody until a payer comes.

    A price that is made for this once goes into the catalog, switched off.

    Raises:
        PriceNotFound, ProductNotFound, CustomerNotFound: the merchant has none such.
        CurrenciesDiffer: the lines are not all in one currency.
        AmountTooSmall, AmountTooLarge, CurrencyNotSupported, ParameterInvalid: bad input.
    """
    expires_at = new.expires_at or at + LASTS
    if not _SHORTEST <= expires_at - at <= _LONGEST:
        raise errors.ParameterInvalid(
            "expires_at", "This must be between 30 minutes and 24 hours from now."
        )
    if not 1 <= len(new.lines) <= MOST_LINES:
        raise errors.ParameterInvalid(
            "line_items", f"A session sells 1 to {MOST_LINES} kinds of things."
        )
    with db.transaction_if_not_already():
        products = _products(new.lines, merchant_id=merchant_id)

        def work() -> data.CheckoutSession:
            session = _session(new, merchant_id=merchant_id, expires_at=expires_at, at=at)
            made = _lines(session, new.lines, products, at=at)
            told = following.tell(
                events.CheckoutSessionOpened,
                session,
                was="",
                at=at,
                amount_minor=session.amount_minor,
                currency=Code(session.currency),
                customer_id=session.customer_id,
                expires_at=expires_at,
            )
            batch.write(insert=[*made.products, *made.prices, session, *made.lines])
            event_log.append([*made.facts, told], by=by)
            return value(session.id)

        return idempotency.once(key, work, at=at)


def pay_by_session(
    *,
    token: str,
    email: str = "",
    name: str = "",
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.Payment]:
    """
    Begin to pay at a session, or go on with the payment that was begun there.

    A session has one payment, however many forms are sent; the payer confirms it on the page.

    Args:
        email: where the receipt is sent; `name`: who pays. Kept with the session.
        key: the page's own; a form that is sent twice begins one payment.

    Raises:
        SessionNotOpen: there is none, or nobody pays there any more.
    """
    with db.transaction():
        session = CheckoutSession.objects.select_for_update().filter(token=token).first()
        if session is None:
            raise errors.SessionNotFound(token[:60])
        of = session

        def work() -> data.Payment:
            if of.state != SessionState.OPEN or at >= of.expires_at:
                raise errors.SessionNotOpen(of.id, state=of.state)
            if of.payment_id is not None:
                return queries.payment(of.payment_id, of.merchant_id)
            return _begin(of, email=email, name=name, by=by, at=at)

        return idempotency.once(key, work, at=at)


def expire_session(
    *,
    session_id: UUID,
    merchant_id: UUID | None = None,
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.CheckoutSession]:
    """
    Let nobody pay at a session any more; a payment that was begun there is canceled.

    Args:
        merchant_id: whose session it must be; left out by the clock.

    Raises:
        SessionNotFound: there is none such.
        SessionNotOpen: it is complete or has expired, or a bank is being asked just now.
        SessionBusy: somebody has begun to pay this very moment.
    """
    with db.transaction_if_not_already():
        session, payment, attempt = _locked(session_id, merchant_id=merchant_id)

        def work() -> data.CheckoutSession:
            if session.state != SessionState.OPEN:
                raise errors.SessionNotOpen(session.id, state=session.state)
            if payment is None:
                was = session.state
                session.expire()
                told = following.tell(events.CheckoutSessionExpired, session, was=was, at=at)
                batch.write(update=[session])
                event_log.append([told], by=by)
            else:
                _cancel(session, payment, attempt, by=by, at=at)
            return value(session.id)

        return idempotency.once(key, work, at=at)


def expire_sessions_due(*, limit: int = 100, by: Actor, at: datetime) -> int:
    """
    End sessions whose time is up, and return how many.

    One whose payer is at the bank just now is left alone: it is completed by that payment, or
    ends when that attempt has come to nothing.
    """
    waits = Payment.objects.filter(id=OuterRef("payment_id"), state=PaymentState.CREATED)
    due = CheckoutSession.objects.filter(state=SessionState.OPEN, expires_at__lte=at)
    due = due.filter(Q(payment_id__isnull=True) | Exists(waits)).order_by("expires_at")
    ended = 0
    for session_id in list(due.values_list("id", flat=True)[:limit]):
        try:
            expire_session(session_id=session_id, by=by, at=at)
            ended += 1
        except Refusal:
            continue  # Somebody is faster, or pays: the next run looks again.
    return ended


def value(session_id: UUID) -> data.CheckoutSession:
    """Return a session as it stands, with its lines and their prices."""
    found = CheckoutSession.objects.prefetch_related("lines__price").get(id=session_id)
    return found.as_data()


# -- making -------------------------------------------------------------------------------


@dataclass(slots=True)
class _Made:
    """What comes into being with a session."""

    products: list[Product] = field(default_factory=list)
    prices: list[Price] = field(default_factory=list)
    lines: list[CheckoutLine] = field(default_factory=list)
    facts: list[Event] = field(default_factory=list)


def _products(lines: Sequence[data.NewLine], *, merchant_id: UUID) -> dict[UUID, Product]:
    """Lock the products that are given a price, in the order of their ids."""
    named = {
        line.price.product_id: f"line_items[{place}][price_data][product]"
        for place, line in enumerate(lines)
        if line.price is not None and line.price.product_id is not None
    }
    found = {}
    for product_id in sorted(named):
        try:
            found[product_id] = catalog.known_product(product_id, merchant_id=merchant_id)
        except errors.ProductNotFound as missing:
            missing.param = named[product_id]
            raise
    return found


def _session(
    new: data.NewSession, *, merchant_id: UUID, expires_at: datetime, at: datetime
) -> CheckoutSession:
    drafting.check_metadata(new.metadata)
    drafting.check_metadata(new.sale.metadata)
    if not new.success_url:
        raise errors.ParameterInvalid("success_url", "A payer who is done goes somewhere.")
    customer_id = new.customer_id
    if customer_id is not None and not drafting.known_customers([(merchant_id, customer_id)]):
        raise errors.CustomerNotFound(customer_id)
    short = drafting.short
    return CheckoutSession(
        id=ids.new(),
        merchant_id=merchant_id,
        token=secrets.token_urlsafe(16),
        success_url=short(new.success_url, 2048, "success_url"),
        cancel_url=short(new.cancel_url, 2048, "cancel_url"),
        customer_id=customer_id,
        customer_email=short(new.customer_email, 512, "customer_email"),
        client_reference_id=short(new.client_reference_id, 200, "client_reference_id"),
        metadata=dict(new.metadata),
        capture_method=new.sale.capture_method,
        payment_description=short(new.sale.description, 1000, "payment_intent_data[description]"),
        payment_metadata=dict(new.sale.metadata),
        statement_descriptor=short(
            new.sale.statement_descriptor, 22, "payment_intent_data[statement_descriptor]"
        ),
        expires_at=expires_at,
        created_at=at,
    )


def _lines(
    session: CheckoutSession,
    lines: Sequence[data.NewLine],
    products: dict[UUID, Product],
    *,
    at: datetime,
) -> _Made:
    """Make the lines and what they need, and sum them up in the session."""
    made = _Made()
    for place, line in enumerate(lines):
        param = f"line_items[{place}]"
        if line.quantity < 1:
            raise errors.ParameterInvalid(f"{param}[quantity]", "This must be at least 1.")
        price = _price(session, line, products, made, param=param, at=at)
        if place and price.currency != session.currency:
            raise errors.CurrenciesDiffer(param)
        session.currency = price.currency
        made.lines.append(
            CheckoutLine(
                id=ids.new(),
                session=session,
                number=place + 1,
                price=price,
                description=price.product.name,
                amount_minor=price.amount_minor * line.quantity,
                quantity=line.quantity,
            )
        )
    session.amount_minor = sum(line.amount_minor for line in made.lines)
    drafting.check_amount(Money(session.amount_minor, session.currency), param="line_items")
    return made


def _price(
    session: CheckoutSession,
    line: data.NewLine,
    products: dict[UUID, Product],
    made: _Made,
    *,
    param: str,
    at: datetime,
) -> Price:
    """Return the price of a line; one for this once is made, and its product too if need be."""
    if line.price_id is not None:
        return catalog.usable_price(
            line.price_id, merchant_id=session.merchant_id, param=f"{param}[price]"
        )
    new = line.price
    if new is None:
        raise errors.ParameterInvalid(f"{param}[price]", "A line has a price.")
    product = products.get(new.product_id) if new.product_id is not None else None
    if product is None:
        if new.product is None:
            raise errors.ParameterInvalid(f"{param}[price_data][product]", "A price is of one.")
        product = catalog.product_row(new.product, merchant_id=session.merchant_id, at=at)
        made.facts.append(catalog.product_created(product, at=at))
        made.products.append(product)
    price = catalog.price_row(new, product, at=at)
    made.facts.append(catalog.price_created(price, at=at))
    made.prices.append(price)
    return price


# -- moving -------------------------------------------------------------------------------


def _begin(
    session: CheckoutSession, *, email: str, name: str, by: Actor, at: datetime
) -> data.Payment:
    first = session.lines.order_by("number").first()
    new = data.NewPayment(
        amount=Money(session.amount_minor, session.currency),
        capture_method=data.CaptureMethod(session.capture_method),
        customer_id=session.customer_id,
        description=session.payment_description or (first.description if first else ""),
        metadata=session.payment_metadata,
        receipt_email=email or session.customer_email,
        statement_descriptor=session.statement_descriptor,
        session_id=session.id,
    )
    payment = drafting.new_row(
        new, merchant_id=session.merchant_id, prices=drafting.Prices(), at=at
    )
    session.payment_id = payment.id
    session.payer_email = drafting.short(email, 512, "email")
    session.payer_name = drafting.short(name, 256, "name")
    facts = [
        drafting.created(payment, at=at),
        following.tell(
            events.CheckoutSessionBegun, session, was=session.state, at=at, payment_id=payment.id
        ),
    ]
    batch.write(insert=[payment])
    session.save()  # `batch` takes a row's payment for something it is born with.
    event_log.append(facts, by=by)
    return rows.value(payment, None)


def _cancel(
    session: CheckoutSession,
    payment: Payment,
    attempt: Attempt | None,
    *,
    by: Actor,
    at: datetime,
) -> None:
    """Cancel the payment; the session follows it in the same commit."""
    if payment.state == PaymentState.AUTHORIZED or not fsm.can_proceed(payment.cancel):
        raise errors.SessionNotOpen(session.id, state=payment.state)
    work = Work()
    canceling.end(payment, attempt, work, reason="abandoned", at=at)
    work.write(at=at, by=by)


def _locked(
    session_id: UUID, *, merchant_id: UUID | None
) -> tuple[CheckoutSession, Payment | None, Attempt | None]:
    """Lock a session; its payment, where it has one, is locked before it."""
    found = CheckoutSession.objects.filter(id=session_id)
    if merchant_id is not None:
        found = found.filter(merchant_id=merchant_id)
    seen = found.values_list("payment_id").first()
    if seen is None:
        raise errors.SessionNotFound(str(session_id))
    payment, attempt = (None, None) if seen[0] is None else rows.locked(seen[0])
    session = found.select_for_update().get()
    if session.payment_id != seen[0]:
        raise errors.SessionBusy(session_id)
    return session, payment, attempt

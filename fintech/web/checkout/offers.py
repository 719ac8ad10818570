"""
What a hosted page sells: by a payment link, or by a checkout session made for one sale.

The page is the same; what differs between the two is here.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import Http404
from django.urls import reverse

from fintech.kernel.actor import Actor
from fintech.kernel.idempotency import Key
from fintech.kernel.money import Money
from fintech.payments import data, errors, queries
from fintech.payments import services as payments
from fintech.web import pills
from fintech.wire import checkout_sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What is to be paid, to whom, and where the payer comes from and goes to."""

    id: UUID
    merchant_id: UUID
    token: str
    title: str
    amount: Money | None  # None: the payer chooses.
    currency: str
    is_open: bool
    is_session: bool = False
    items: tuple[data.LineItem, ...] = ()  # Where there is more to tell than the title.
    email: str = ""
    payment_id: UUID | None = None  # Of a session, once somebody has begun to pay.
    done_url: str = ""
    cancel_url: str = ""

    @property
    def page(self) -> str:
        """Return the address of the page."""
        return reverse("web:pay-session" if self.is_session else "web:pay", args=[self.token])

    def paid(self, payment_id: UUID) -> str:
        """Return the address of a payment's own page here."""
        name = "web:paid-session" if self.is_session else "web:paid"
        return reverse(name, kwargs={"token": self.token, "payment_id": payment_id})

    def holds(self, payment: data.Payment) -> bool:
        """Whether a payment began here."""
        return self.id == (payment.session_id if self.is_session else payment.link_id)

    def begin(
        self,
        *,
        typed: dict[str, Any],
        key: Key,
        by: Actor,
        at: datetime,
    ) -> data.Payment:
        """
        Begin a payment; the form's key makes that happen once.

        Raises:
            LinkNotFound, SessionNotOpen: nobody pays here any more.
        """
        if self.is_session:
            return payments.pay_by_session(
                token=self.token,
                email=typed["email"],
                name=typed["name"],
                key=key,
                by=by,
                at=at,
            ).value
        return payments.pay_by_link(
            token=self.token,
            amount=typed.get("amount"),
            receipt_email=typed["email"],
            key=key,
            by=by,
            at=at,
        ).value


def of_link(token: str, *, at: datetime) -> Offer:
    """Return what a link's address offers, open or not; 404 if there is none such."""
    try:
        return _link(queries.link_by_token(token), at=at)
    except errors.LinkNotFound:
        raise Http404 from None


def of_session(token: str, *, at: datetime) -> Offer:
    """Return what a session's address offers, open or not; 404 if there is none such."""
    try:
        return _session(queries.session_by_token(token), at=at)
    except errors.SessionNotFound:
        raise Http404 from None


def of_payment(payment: data.Payment, *, at: datetime) -> Offer | None:
    """Return where a payment began; None if not at a page of ours."""
    if payment.link_id is not None:
        return _link(queries.link(payment.link_id, payment.merchant_id), at=at)
    if payment.session_id is not None:
        return _session(queries.session(payment.session_id, payment.merchant_id), at=at)
    return None


def _link(link: data.Link, *, at: datetime) -> Offer:
    return Offer(
        id=link.id,
        merchant_id=link.merchant_id,
        token=link.token,
        title=link.title,
        amount=link.amount,
        currency=link.currency,
        is_open=pills.of_link(link, at) == "active",
        items=_told(queries.link_items(link)) if link.price_id is not None else (),
    )


def _session(session: data.CheckoutSession, *, at: datetime) -> Offer:
    return Offer(
        id=session.id,
        merchant_id=session.merchant_id,
        token=session.token,
        title=session.items[0].description,
        amount=session.amount,
        currency=session.amount.currency,
        is_open=session.is_open(at=at),
        is_session=True,
        items=_told(session.items),
        email=session.payer_email or _email(session),
        payment_id=session.payment_id,
        done_url=checkout_sessions.success_url(session),
        cancel_url=session.cancel_url,
    )


def _told(items: tuple[data.LineItem, ...]) -> tuple[data.LineItem, ...]:
    """Return what is listed: nothing where the title says it all."""
    return items if len(items) > 1 or any(item.quantity > 1 for item in items) else ()


def _email(session: data.CheckoutSession) -> str:
    if session.customer_email or session.customer_id is None:
        return session.customer_email
    found = queries.customers_by_id([session.customer_id], session.merchant_id)
    return found[session.customer_id].email if session.customer_id in found else ""

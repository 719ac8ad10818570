"""Payment links: a page where anyone who has its address may pay a merchant."""

import secrets
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import F
from django_subatomic import db

from fintech.kernel import event_log, idempotency, ids, money
from fintech.kernel.actor import Actor
from fintech.kernel.events import Code
from fintech.kernel.idempotency import Done, Key
from fintech.kernel.money import Money
from fintech.payments import data, errors, events
from fintech.payments.models import Link, Payment, batch
from fintech.payments.services import catalog, drafting, rows

_LONGEST_TITLE = 200


def create_link(
    *,
    merchant_id: UUID,
    title: str = "",
    amount: Money | None = None,
    currency: str = "",
    price_id: UUID | None = None,
    quantity: int = 1,
    max_uses: int | None = None,
    expires_at: datetime | None = None,
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.Link]:
    """
    Make a page where anyone may pay.

    Args:
        amount: what is asked for; None lets the payer choose, in `currency`.
        price_id: a price of the catalog, for `quantity` pieces, instead of title and amount.
        max_uses: how many payments may begin here; None is any number.

    Raises:
        PriceNotFound: the merchant has no such price.
        CurrencyNotSupported, AmountTooSmall, AmountTooLarge, ParameterInvalid: bad input.
    """
    if quantity < 1:
        raise errors.ParameterInvalid("quantity", "This must be at least 1.")
    if max_uses is not None and max_uses < 1:
        raise errors.ParameterInvalid("max_uses", "This must be at least 1.")
    if expires_at is not None and expires_at <= at:
        raise errors.ParameterInvalid("expires_at", "This must be in the future.")
    row = Link(
        id=ids.new(),
        merchant_id=merchant_id,
        token=secrets.token_urlsafe(16),
        price_id=price_id,
        quantity=quantity,
        max_uses=max_uses,
        expires_at=expires_at,
        created_at=at,
    )
    if price_id is None:
        _offer(row, title, amount, currency)

    def work() -> data.Link:
        if price_id is not None:
            price = catalog.usable_price(
                price_id, merchant_id=merchant_id, param="line_items[0][price]"
            )
            asked = Money(price.amount_minor * quantity, price.currency)
            _offer(row, price.product.name[:_LONGEST_TITLE], asked)
        row.version += 1
        row.save(force_insert=True)
        event_log.append(
            [
                events.LinkCreated(
                    link_id=row.id,
                    merchant_id=merchant_id,
                    amount_minor=row.amount_minor,
                    currency=Code(row.currency),
                    version=row.version,
                    at=at,
                )
            ],
            by=by,
        )
        return row.as_data()

    return idempotency.once(key, work, at=at)


def _offer(row: Link, title: str, amount: Money | None, currency: str = "") -> None:
    """Check what a link asks for, and what for, and note it."""
    if amount is not None:
        drafting.check_amount(amount)
    elif not money.is_known(currency):
        raise errors.CurrencyNotSupported(currency)
    if not title or len(title) > _LONGEST_TITLE or "\x00" in title:
        raise errors.ParameterInvalid(
            "title", f"This must be text of 1 to {_LONGEST_TITLE} characters."
        )
    row.title = title
    row.currency = amount.currency if amount else currency
    row.amount_minor = amount.minor if amount else None


def update_link(
    *,
    merchant_id: UUID,
    link_id: UUID,
    active: bool | None = None,
    title: str | None = None,
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.Link]:
    """Switch a link on or off, or rename it; `LinkNotFound` if the merchant has none such."""
    if title is not None and not 1 <= len(title) <= _LONGEST_TITLE:
        raise errors.ParameterInvalid(
            "title", f"This must be text of 1 to {_LONGEST_TITLE} characters."
        )
    with db.transaction_if_not_already():
        row = Link.objects.select_for_update().filter(id=link_id, merchant_id=merchant_id).first()
        if row is None:
            raise errors.LinkNotFound(str(link_id))
        link = row

        def work() -> data.Link:
            link.active = link.active if active is None else active
            link.title = link.title if title is None else title
            link.version += 1
            link.save()
            event_log.append(
                [
                    events.LinkUpdated(
                        link_id=link.id,
                        merchant_id=merchant_id,
                        active=link.active,
                        version=link.version,
                        at=at,
                    )
                ],
                by=by,
            )
            return link.as_data()

        return idempotency.once(key, work, at=at)


def pay_by_link(
    *,
    token: str,
    amount: Money | None = None,
    receipt_email: str = "",
    return_url: str = "",
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.Payment]:
    """
    Begin a payment by a link; the payer confirms it on the hosted page.

    A use counts when a payment begins and is given back when that payment is canceled.

    Args:
        amount: what the payer chooses where the link leaves it open; else None.
        key: the page's own; a form that is sent twice begins one payment.

    Raises:
        LinkNotFound: there is none, or it is off, has run out or is used up.
        ParameterInvalid: an amount where it is fixed, or none where it is open.
    """
    with db.transaction():
        link = Link.objects.select_for_update().filter(token=token).first()
        if link is None:
            raise errors.LinkNotFound(token[:60])
        of = link

        def work() -> data.Payment:
            if not of.is_open(at=at):
                raise errors.LinkNotFound(token[:60])
            new = data.NewPayment(
                amount=_amount(of, amount),
                description=of.title,
                receipt_email=receipt_email,
                return_url=return_url,
                link_id=of.id,
            )
            return _begin(of, new, by=by, at=at)

        return idempotency.once(key, work, at=at)


def _begin(link: Link, new: data.NewPayment, *, by: Actor, at: datetime) -> data.Payment:
    payment = drafting.new_row(new, merchant_id=link.merchant_id, prices=drafting.Prices(), at=at)
    link.uses += 1
    facts = [drafting.created(payment, at=at), used(link, payment, at=at)]
    batch.write(insert=[payment], update=[link])
    event_log.append(facts, by=by)
    return rows.value(payment, None)


def locked(wanted: Iterable[UUID]) -> dict[UUID, Link]:
    """Lock links, in id order and after the payments, for payments that begin at them."""
    found = Link.objects.select_for_update().filter(id__in=rows.in_id_order(wanted)).order_by("id")
    return {link.id: link for link in found}


def used(link: Link, payment: Payment, *, at: datetime) -> events.LinkUsed:
    """Tell that a payment has begun at a link whose use is counted."""
    link.version += 1
    return events.LinkUsed(
        link_id=link.id,
        merchant_id=link.merchant_id,
        payment_id=payment.id,
        version=link.version,
        at=at,
    )


def give_back_use(payment: Payment) -> None:
    """Let somebody else use a link whose payment came to nothing; needs the payment's lock."""
    if payment.link_id is not None and payment.state == data.PaymentState.CANCELED:
        Link.objects.filter(id=payment.link_id, uses__gte=1).update(uses=F("uses") - 1)


def _amount(link: Link, amount: Money | None) -> Money:
    if link.amount_minor is not None:
        fixed = Money(link.amount_minor, link.currency)
        if amount not in {None, fixed}:
            raise errors.ParameterInvalid("amount", "The amount of this link is fixed.")
        return fixed
    if amount is None:
        raise errors.ParameterInvalid("amount", "This link leaves the amount to the payer.")
    if amount.currency != link.currency:
        raise errors.ParameterInvalid("currency", f"This link is in {link.currency}.")
    return amount

"""
Mails, composed when they are sent.

What they say and whom they go to is read from the rooms that own it at that moment: an
address that was erased in between gets nothing, and no copy of it is kept here.
"""

from babel.dates import format_date
from babel.numbers import format_currency
from django.template.loader import render_to_string

from fintech.kernel import ids
from fintech.kernel.errors import NotFound
from fintech.kernel.money import Money
from fintech.merchants import queries as merchants
from fintech.notifications.channels.mail import Mail, one_line
from fintech.notifications.channels.outcome import Outcome, Verdict
from fintech.notifications.models import Delivery
from fintech.payments import queries as payments

_LANGUAGE = "en"
_LONGEST_NAME = 100


def mail_of(delivery: Delivery) -> Mail | Outcome:
    """Return a delivery's mail, or why there is none to send."""
    event = delivery.event
    try:
        if event.subject_id is None:
            return _unsendable("subject_missing")
        payment = payments.payment(event.subject_id, event.merchant_id)
        merchant = merchants.merchant(event.merchant_id)
    except NotFound:
        return _unsendable("subject_missing")
    if not payment.receipt_email:
        return _unsendable("address_missing")
    name = one_line(merchant.name)[:_LONGEST_NAME]
    variables = {
        "merchant": name,
        "amount": _amount(payment.captured),
        "card": f"{payment.card.brand.title()} ···· {payment.card.last4}" if payment.card else "",
        "date": format_date(event.created_at, format="long", locale=_LANGUAGE),
        "description": one_line(payment.description)[:200],
        "reference": ids.public("pi", payment.id),
    }
    kind = f"notifications/{delivery.template}"
    return Mail(
        delivery=ids.public("wd", delivery.id),
        to=payment.receipt_email,
        subject=f"Your receipt from {name}: {variables['amount']}",
        text=render_to_string(f"{kind}.txt", variables),
        html=render_to_string(f"{kind}.html", variables),
    )


def _amount(money: Money) -> str:
    return format_currency(money.decimal(), money.currency, locale=_LANGUAGE)


def _unsendable(code: str) -> Outcome:
    return Outcome(verdict=Verdict.GIVE_UP, code=code)

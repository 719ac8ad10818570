"""
Mails, composed when they are sent.

What they say and whom they go to is read from the rooms that own it at that moment: an
address that was erased in between gets nothing, and no copy of it is kept here.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from babel.dates import format_date
from babel.numbers import format_currency
from django.conf import settings
from django.db.models import Q

from fintech.kernel import ids
from fintech.kernel.errors import NotFound
from fintech.kernel.money import Money
from fintech.merchants import queries as merchants
from fintech.merchants.data import Merchant
from fintech.notifications import queries
from fintech.notifications.channels import wording
from fintech.notifications.channels.mail import Mail, one_line
from fintech.notifications.channels.outcome import Outcome, Verdict
from fintech.notifications.channels.providers import Sms
from fintech.notifications.data import Channel, Template, Wording
from fintech.notifications.models import Delivery
from fintech.notifications.services import preferences
from fintech.payments import queries as payments
from fintech.payments.data import Payment

_LONGEST_NAME = 100
_LONGEST_WORDS = 200
TO_PAYERS = frozenset({Template.PAYMENT_RECEIPT, Template.REFUND_RECEIPT})
# Kinds of which several are told in one message, and what that is then.
_DIGESTED = {Template.REVIEW_OPENED: Template.REVIEWS_OPENED}
_WINDOW = timedelta(minutes=15)
_TOLD_TOGETHER = "in_digest"
_ABOUT_PAYMENTS = TO_PAYERS | {Template.REVIEW_OPENED}
_ENGLISH = {
    "api_key.created": "created",
    "api_key.rolled": "replaced by a new one",
    "api_key.revoked": "revoked",
}
_CHANGES: Mapping[str, Mapping[str, str]] = defaultdict(
    lambda: _ENGLISH,
    de={
        "api_key.created": "angelegt",
        "api_key.rolled": "durch einen neuen ersetzt",
        "api_key.revoked": "widerrufen",
    },
)


@dataclass(frozen=True, slots=True)
class _Reader:
    """How the reader of a mail writes amounts and dates."""

    language: str
    locale: str

    def amount(self, money: Money) -> str:
        return str(format_currency(money.decimal(), money.currency, locale=self.locale))

    def date(self, at: datetime) -> str:
        return str(format_date(at, format="long", locale=self.locale))


def message_of(
    delivery: Delivery, *, at: datetime, given: Wording | None = None
) -> Mail | Sms | Outcome:
    """
    Return a delivery's mail or text, or why there is none to send, or not now.

    Args:
        at: the business time, for hours at which people are left in peace.
        given: a wording to use instead of the current one, for a preview of it.
    """
    kind = Template(delivery.template)
    try:
        merchant = merchants.merchant(delivery.merchant_id)
        payment = _payment(delivery) if kind in _ABOUT_PAYMENTS else None
    except NotFound:
        return _unsendable("subject_missing")
    channel = Channel(delivery.channel)
    to: tuple[str, ...]
    if channel == Channel.SMS:
        to = _number(payment, delivery.merchant_id)
    elif kind in TO_PAYERS:
        to = (payment.receipt_email,) if payment and payment.receipt_email else ()
    else:
        to = tuple(merchants.owners_to_write_to(merchant.id))
    if not to:
        return _unsendable("address_missing")
    if given is None:
        to = tuple(one for one in to if preferences.is_wanted(channel, one, kind))
        if not to:
            return _unsendable("not_wanted")
        waits = [
            wait
            for one in to
            if (wait := preferences.quiet_for(channel, one, kind, country=merchant.country, at=at))
        ]
        if len(waits) == len(to):
            return _not_now("quiet_hours", min(waits))
        # Of several, those who are in peace now are written to as well when the day begins.
        if kind in _DIGESTED and (decided := _in_digest(delivery, at)):
            return decided
    together = _together(delivery) if kind in _DIGESTED and given is None else 1
    if together > 1:
        kind = _DIGESTED[kind]
    known = queries.texts(kind, channel) | ({given.language: given.text} if given else {})
    language = given.language if given else wording.language_of(merchant.country, known)
    reader = _Reader(language, wording.locale_of(language, merchant.country))
    values = {**_values(delivery, merchant, payment, reader), "count": str(together)}
    if together > 1:
        values["link"] = f"{settings.BASE_URL}/dashboard/payments"
    if channel == Channel.SMS:
        return Sms(
            delivery=ids.public("wd", delivery.id),
            to=to[0],
            text=wording.one_text(known[language], values),
        )
    composed = wording.compose(known[language], values, language=language)
    return Mail(
        delivery=ids.public("wd", delivery.id),
        to=to,
        subject=composed.subject,
        text=composed.text,
        html=composed.html,
        unsubscribe=_unsubscribe(channel, to, kind),
    )


def _unsubscribe(channel: Channel, to: Sequence[str], kind: Template) -> str:
    """Return where the one reader of a mail ends such mails; of several none can for all."""
    token = preferences.token(channel, to[0], kind) if len(to) == 1 else ""
    return f"{settings.BASE_URL}/inbound/unsubscribe/{token}" if token else ""


def _in_digest(delivery: Delivery, at: datetime) -> Outcome | None:
    """Say that a message is told by another of its kind, or waits for the next such."""
    alike = Delivery.objects.filter(
        merchant_id=delivery.merchant_id, channel=delivery.channel, template=delivery.template
    ).exclude(id=delivery.id)
    if alike.filter(state="pending", id__lt=delivery.id, next_attempt_at__lte=at).exists():
        return Outcome(verdict=Verdict.DELIVERED, code=_TOLD_TOGETHER)
    last = (
        alike.filter(tried__outcome__in=["delivered", "sent"], delivered_at__gt=at - _WINDOW)
        .order_by("-delivered_at")
        .values_list("delivered_at", flat=True)
        .first()
    )
    return _not_now("in_digest_later", last + _WINDOW - at) if last else None


def _together(delivery: Delivery) -> int:
    """Return how many messages of a kind one is sent for: itself and what it carries along."""
    carried = Delivery.objects.filter(
        merchant_id=delivery.merchant_id,
        channel=delivery.channel,
        template=delivery.template,
        id__gt=delivery.id,
    )
    return 1 + carried.filter(Q(state="pending") | Q(tried__outcome=_TOLD_TOGETHER)).count()


def _not_now(code: str, wait: timedelta) -> Outcome:
    return Outcome(verdict=Verdict.LATER, code=code, retry_after=wait)


def _number(payment: Payment | None, merchant_id: UUID) -> tuple[str, ...]:
    """Return the number of a payment's customer, if they have one."""
    if payment is None or payment.customer_id is None:
        return ()
    phone = payments.customer(payment.customer_id, merchant_id).phone
    return (phone,) if phone else ()


def _payment(delivery: Delivery) -> Payment | None:
    subject_id = delivery.event.subject_id
    return payments.payment(subject_id, delivery.merchant_id) if subject_id else None


def _values(
    delivery: Delivery, merchant: Merchant, payment: Payment | None, reader: _Reader
) -> Mapping[str, str]:
    values = {
        "merchant": one_line(merchant.name)[:_LONGEST_NAME],
        "date": reader.date(delivery.event.created_at),
    }
    if payment is not None:
        public_id = ids.public("pi", payment.id)
        values |= {
            "amount": reader.amount(_money(delivery, payment)),
            "card": f"{payment.card.brand.title()} ···· {payment.card.last4}"
            if payment.card
            else "",
            "description": one_line(payment.description)[:_LONGEST_WORDS],
            "reference": public_id,
            "link": f"{settings.BASE_URL}/dashboard/payments/{public_id}",
        }
    if delivery.template == Template.API_KEY_CHANGED:
        key = delivery.event.object
        values |= {
            "key": f"{one_line(key['name'] or key['kind'])[:_LONGEST_NAME]} ···· {key['last4']}",
            "change": _CHANGES[reader.language][delivery.event.type],
            "link": f"{settings.BASE_URL}/dashboard/keys",
        }
    if delivery.endpoint is not None:
        endpoint = delivery.endpoint
        values |= {
            "url": one_line(endpoint.url)[:_LONGEST_WORDS],
            "cause": _cause(delivery),
            "date": reader.date(endpoint.failing_since or delivery.created_at),
            "link": f"{settings.BASE_URL}/dashboard/webhooks/{endpoint.id}",
        }
    return values


def _money(delivery: Delivery, payment: Payment) -> Money:
    if delivery.template == Template.PAYMENT_RECEIPT:
        return payment.captured
    if delivery.template == Template.REFUND_RECEIPT:
        refund = delivery.event.object  # As it was told: this refund, not all of them.
        return Money(refund["amount"], refund["currency"].upper())
    return payment.amount


def _cause(delivery: Delivery) -> str:
    """Return what the endpoint last said to the event that led to the mail."""
    failed = Delivery.objects.filter(
        event_id=delivery.event_id, endpoint=delivery.endpoint, channel="webhook"
    ).first()
    if failed is None:
        return ""
    words = failed.last_error.replace("_", " ")
    return f"{words} ({failed.last_status})" if failed.last_status else words


def _unsendable(code: str) -> Outcome:
    return Outcome(verdict=Verdict.GIVE_UP, code=code)

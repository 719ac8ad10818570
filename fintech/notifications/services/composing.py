"""
Mails, composed when they are sent.

What they say and whom they go to is read from the rooms that own it at that moment: an
address that was erased in between gets nothing, and no copy of it is kept here.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from fintech.kernel import ids
from fintech.kernel.errors import NotFound
from fintech.kernel.money import Money
from fintech.merchants import queries as merchants
from fintech.merchants.data import Merchant
from fintech.notifications import queries
from fintech.notifications.channels import variables, wording
from fintech.notifications.channels.mail import Mail, one_line
from fintech.notifications.channels.outcome import Outcome, Verdict
from fintech.notifications.channels.providers import Sms
from fintech.notifications.channels.variables import Value
from fintech.notifications.data import ALWAYS, TO_PAYERS, TOLD_ONE_BY_ONE, Channel, Draft, Template
from fintech.notifications.models import Delivery
from fintech.notifications.services import opening, preferences
from fintech.payments import queries as payments
from fintech.payments.data import Payment

_LONGEST_NAME = 100
_NOBODY = "nobody@example.invalid"  # To whom a preview is addressed where nobody is.
# Kinds of which several are told in one message, and what that is then.
_DIGESTED = {one: several for several, one in TOLD_ONE_BY_ONE.items()}
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


def message_of(
    delivery: Delivery, *, at: datetime, given: Draft | None = None, is_test: bool = False
) -> Mail | Sms | Outcome:
    """
    Return a delivery's mail or text, or why there is none to send, or not now.

    Args:
        at: the business time, for hours at which people are left in peace.
        given: a wording to use instead of the current one, for a preview of it. What
            recipients want, and whether there is one, then does not matter.
        is_test: it goes to somebody else, who must not choose for the one it is about.
    """
    kind = Template(delivery.template)
    try:
        merchant = merchants.merchant(delivery.merchant_id)
        payment = _payment(delivery) if kind in _ABOUT_PAYMENTS else None
    except NotFound:
        return _unsendable("subject_missing")
    channel = Channel(delivery.channel)
    to = _addresses(delivery, merchant, payment)
    if given is not None:
        to = to or (_NOBODY,)
    else:
        decided = _readers(delivery, to, merchant, at)
        if isinstance(decided, Outcome):
            return decided
        to = decided
    together = _together(delivery) if kind in _DIGESTED and given is None else 1
    if together > 1:
        kind = _DIGESTED[kind]
    known = queries.texts(kind, channel) | ({given.language: given.text} if given else {})
    language = given.language if given else wording.language_of(merchant.country, known)
    values = _values(delivery, merchant, payment, language) | {"count": together}
    if kind in _DIGESTED.values():
        values["link"] = f"{settings.BASE_URL}/dashboard/payments"
    if is_test:
        values["choices"] = f"{settings.BASE_URL}/messages/test"
    elif channel == Channel.MAIL and len(to) == 1 and kind not in ALWAYS:
        values["choices"] = _choices(to[0], payment, delivery)
    shown = variables.written(
        kind, channel, values, locale=wording.locale_of(language, merchant.country)
    )
    if channel == Channel.SMS:
        return Sms(
            delivery=ids.public("wd", delivery.id),
            to=to[0],
            text=wording.one_text(known[language], shown),
        )
    composed = wording.compose(
        known[language],
        shown,
        language=language,
        links=variables.links(kind, channel),
        pixel=opening.pixel(delivery.id, to) if given is None else "",
    )
    return Mail(
        delivery=ids.public("wd", delivery.id),
        to=to,
        subject=composed.subject,
        text=composed.text,
        html=composed.html,
        unsubscribe=_unsubscribe(channel, to, Template(delivery.template)),
    )


def _addresses(delivery: Delivery, merchant: Merchant, payment: Payment | None) -> tuple[str, ...]:
    """Return whom a message is for: the payer, or the merchant's owners."""
    if delivery.channel == Channel.SMS:
        return _number(payment, delivery.merchant_id)
    if delivery.template in TO_PAYERS:
        return (payment.receipt_email,) if payment and payment.receipt_email else ()
    return tuple(merchants.owners_to_write_to(merchant.id))


def _readers(
    delivery: Delivery, to: tuple[str, ...], merchant: Merchant, at: datetime
) -> tuple[str, ...] | Outcome:
    """Return who of them wants it and is not left in peace now; else why nobody is told."""
    kind, channel = Template(delivery.template), Channel(delivery.channel)
    if not to:
        return _unsendable("address_missing")
    wanting = tuple(
        one for one in to if preferences.is_wanted(channel, one, kind, merchant_id=merchant.id)
    )
    if not wanting:
        return _unsendable("not_wanted")
    waits = [
        wait
        for one in wanting
        if (wait := preferences.quiet_for(channel, one, kind, country=merchant.country, at=at))
    ]
    if len(waits) == len(wanting):
        return _not_now("quiet_hours", min(waits))
    # Of several, those who are in peace now are written to as well when the day begins.
    if kind in _DIGESTED and (decided := _in_digest(delivery, at)):
        return decided
    return wanting


def _choices(to: str, payment: Payment | None, delivery: Delivery) -> str:
    """Return where the one reader of a mail says what they want, by mail and by text."""
    whose = {Channel.MAIL: to}
    is_payer = delivery.template in TO_PAYERS
    if is_payer and (number := _number(payment, delivery.merchant_id)):
        whose[Channel.SMS] = number[0]
    return f"{settings.BASE_URL}/messages/{preferences.choices_token(whose, is_payer=is_payer)}"


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
    delivery: Delivery, merchant: Merchant, payment: Payment | None, language: str
) -> dict[str, Value]:
    """Return what there is to say, each as what it is; its type says how it is written."""
    values: dict[str, Value] = {
        "merchant": one_line(merchant.name)[:_LONGEST_NAME],
        "date": delivery.event.created_at,
    }
    if payment is not None:
        public_id = ids.public("pi", payment.id)
        values |= {
            "amount": _money(delivery, payment),
            "card": f"{payment.card.brand.title()} ···· {payment.card.last4}"
            if payment.card
            else "",
            "description": payment.description,
            "reference": public_id,
            "link": f"{settings.BASE_URL}/dashboard/payments/{public_id}",
        }
    if delivery.template == Template.API_KEY_CHANGED:
        key = delivery.event.object
        values |= {
            "key": f"{one_line(key['name'] or key['kind'])[:_LONGEST_NAME]} ···· {key['last4']}",
            "change": _CHANGES[language][delivery.event.type],
            "link": f"{settings.BASE_URL}/dashboard/keys",
        }
    if delivery.endpoint is not None:
        endpoint = delivery.endpoint
        values |= {
            "url": endpoint.url,
            "cause": _cause(delivery),
            "date": endpoint.failing_since or delivery.created_at,
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

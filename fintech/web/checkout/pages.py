"""
The hosted page: somebody who has its address pays with a card, by a link or in a session.

It works without scripts, asks no other host for anything, and never sends a card's
number back. A form sent twice makes one payment: the form's key names it.
"""

from secrets import token_hex
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from fintech.kernel import clock
from fintech.kernel.actor import Actor
from fintech.kernel.errors import Refusal
from fintech.merchants import queries as merchant_queries
from fintech.notifications import services as notifications
from fintech.notifications.data import Channel
from fintech.payments import data as payment_data
from fintech.payments import errors
from fintech.payments import queries as payment_queries
from fintech.payments import services as payments
from fintech.web import services as web
from fintech.web.cards import TEST_CARDS
from fintech.web.checkout import offers, words
from fintech.web.checkout.forms import CardForm, OpenAmountForm
from fintech.web.checkout.offers import Offer
from fintech.web.dashboard.steps import DECLINES

_VISITED = "visited"  # The cookie of a page that was opened already.
_DEVICE = "device"  # The cookie by which fraud knows a browser again; only its hash is kept.
_A_YEAR = 365 * 86_400
_FRESH = "?fresh=1"  # Of a payer who has just paid in a session: he goes on to the shop.
_POLLS = 30  # Looks at a payment that moves, before the page stops looking by itself.


# The fields under which services name what is wrong, as they are called here.
_FIELDS = {
    "card[number]": "number",
    "card[exp_month]": "expiry",
    "card[exp_year]": "expiry",
    "card[cvc]": "code",
    "receipt_email": "email",
}

_TAKEN = frozenset(
    {
        payment_data.PaymentState.CAPTURED,
        payment_data.PaymentState.PARTIALLY_CAPTURED,
        payment_data.PaymentState.AUTHORIZED,
    }
)


@never_cache
@require_http_methods(["GET", "POST"])
def pay(request: HttpRequest, token: str) -> HttpResponse:
    """Show what is to be paid by a link, and take the card."""
    return _pay(request, offers.of_link(token, at=clock.now()))


@never_cache
@require_http_methods(["GET", "POST"])
def pay_session(request: HttpRequest, token: str) -> HttpResponse:
    """Show what is to be paid in a checkout session, and take the card."""
    return _pay(request, offers.of_session(token, at=clock.now()))


def _pay(request: HttpRequest, offer: Offer) -> HttpResponse:
    is_open = offer.is_open
    form = _form(request, offer)
    # A form that was sent twice meets its first payment, even where that used the link up.
    if request.method == "POST" and form.is_valid():
        try:
            payment = _begin(request, offer, form)
        except (errors.LinkNotFound, errors.SessionNotOpen):
            is_open = False
        except Refusal as refusal:
            if offer.is_session and isinstance(refusal, errors.UnexpectedState):
                # Another form has got further with the one payment: that is where it goes on.
                return redirect(offers.of_session(offer.token, at=clock.now()).page)
            form.refuse(refusal, _FIELDS)
        else:
            return redirect(f"{offer.paid(payment.id)}{_FRESH if offer.is_session else ''}")
    begun = offer.payment_id
    if begun is not None and not form.errors:
        return redirect(offer.paid(begun))  # Paid already, or waiting for another card.
    if not is_open:
        return _page(request, offer, "web/checkout/closed.html", status=410)
    answer = _card_page(request, offer, form)
    if request.method == "GET" and _VISITED not in request.COOKIES:
        web.note_opened(
            page_id=offer.id, merchant_id=offer.merchant_id, by=_payer(request), at=clock.now()
        )
        # Somebody who looks again within the hour counts once.
        _remember(answer, _VISITED, "1", path=request.path, seconds=3600)
    return answer


def _remember(answer: HttpResponse, name: str, value: str, *, path: str, seconds: int) -> None:
    """Let a browser that comes back be known, out of reach of scripts."""
    answer.set_cookie(
        name,
        value,
        max_age=seconds,
        path=path,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )


@never_cache
@require_http_methods(["GET", "POST"])
def paid(request: HttpRequest, token: str, payment_id: UUID) -> HttpResponse:
    """Show how a payment at a link ended, or take another card after a decline."""
    return _paid(request, offers.of_link(token, at=clock.now()), payment_id)


@never_cache
@require_http_methods(["GET", "POST"])
def paid_session(request: HttpRequest, token: str, payment_id: UUID) -> HttpResponse:
    """Show how the payment of a session ended, or take another card after a decline."""
    return _paid(request, offers.of_session(token, at=clock.now()), payment_id)


def _paid(request: HttpRequest, offer: Offer, payment_id: UUID) -> HttpResponse:
    payment = _payment(offer, payment_id)
    if payment.state == payment_data.PaymentState.AWAITING_PAYER and payment.next_action_url:
        return redirect(payment.next_action_url)
    over = {payment_data.PaymentState.CREATED, payment_data.PaymentState.CANCELED}
    if offer.is_session and not offer.is_open and payment.state in over:
        return _page(request, offer, "web/checkout/closed.html", status=410)
    if payment.state != payment_data.PaymentState.CREATED:
        return _ending(request, offer, payment)
    form = CardForm(
        request.POST or None,
        at=clock.now(),
        language=words.language_of(request),
        initial={"email": payment.receipt_email},
    )
    if request.method == "POST" and form.is_valid():
        try:
            _confirm(request, payment, form)
        except Refusal as refusal:
            form.refuse(refusal, _FIELDS)
        else:
            return redirect(f"{offer.paid(payment.id)}{_FRESH if offer.is_session else ''}")
    return _card_page(request, offer, form, payment)


@never_cache
@require_http_methods(["GET", "POST"])
def challenge(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """Play the payer's bank, which asks whether it is really them."""
    try:
        payment = _payment_of(attempt_id)
    except errors.AttemptNotFound:
        raise Http404 from None
    if request.method == "POST":
        passed = request.POST.get("answer") == "yes"
        try:
            payment = payments.answer_challenge(
                attempt_id=attempt_id, passed=passed, by=_payer(request), at=clock.now()
            )
        except errors.UnexpectedState:
            # Answered before, or too late: where it has got to is what counts.
            payment = _payment_of(attempt_id)
        return _back(payment)
    if payment.state != payment_data.PaymentState.AWAITING_PAYER:
        return _back(payment)
    context = _context(request, payment.merchant_id) | {"payment": payment}
    return _said(request, "web/checkout/challenge.html", context)


def _payment_of(attempt_id: UUID) -> payment_data.Payment:
    attempt = payment_queries.attempt(attempt_id)
    return payment_queries.payment(attempt.payment_id, attempt.merchant_id)


def _back(payment: payment_data.Payment) -> HttpResponse:
    """Return the payer to where he came from: a page of ours, or the merchant's own."""
    offer = offers.of_payment(payment, at=clock.now())
    if offer is not None:
        return redirect(f"{offer.paid(payment.id)}{_FRESH if offer.is_session else ''}")
    if payment.return_url:
        return redirect(payment.return_url)
    return redirect("web:answered")


@never_cache
@require_GET
def answered(request: HttpRequest) -> HttpResponse:
    """Tell a payer who has nowhere to return to that he may close the page."""
    return _said(request, "web/checkout/answered.html", _context(request, None))


def _payment(offer: Offer, payment_id: UUID) -> payment_data.Payment:
    """Return the payment if it began at this page."""
    try:
        payment = payment_queries.payment(payment_id, offer.merchant_id)
    except errors.PaymentNotFound:
        raise Http404 from None
    if not offer.holds(payment):
        raise Http404
    return payment


def _form(request: HttpRequest, offer: Offer) -> CardForm:
    told: dict[str, Any] = {
        "at": clock.now(),
        "language": words.language_of(request),
        "initial": {"email": offer.email},
    }
    if offer.amount is None:
        return OpenAmountForm(request.POST or None, currency=offer.currency, **told)
    return CardForm(request.POST or None, **told)


def _begin(request: HttpRequest, offer: Offer, form: CardForm) -> payment_data.Payment:
    """Begin a payment and confirm it; the form's key makes both happen once."""
    _method(request, offer.merchant_id, form)  # A card that is none begins no payment.
    payment = offer.begin(
        typed=form.cleaned_data,
        key=form.key(offer.id, "pay"),
        by=_payer(request),
        at=clock.now(),
    )
    return _confirm(request, payment, form)


def _confirm(
    request: HttpRequest, payment: payment_data.Payment, form: CardForm
) -> payment_data.Payment:
    """Charge the card; a decline is how the payment stands, not an error of the form."""
    method = _method(request, payment.merchant_id, form)
    try:
        return payments.confirm(
            merchant_id=payment.merchant_id,
            payment_id=payment.id,
            payment_method=method.id,
            ip=_ip(request),
            device=request.COOKIES.get(_DEVICE, ""),
            key=form.key(payment.merchant_id, "confirm", payment=payment.id),
            by=_payer(request),
            at=clock.now(),
        ).value
    except (errors.CardDeclined, errors.AcquirerUnavailable) as refusal:
        return refusal.payment or payment


def _method(request: HttpRequest, merchant_id: UUID, form: CardForm) -> payment_data.PaymentMethod:
    """Keep the card as a token, once per form."""
    month, year = form.cleaned_data["expiry"]
    return payments.create_payment_method(
        merchant_id=merchant_id,
        number=form.cleaned_data["number"],
        exp_month=month,
        exp_year=year,
        billing_name=form.cleaned_data["name"],
        billing_email=form.cleaned_data["email"],
        key=form.key(form.cleaned_data["once"], "card"),
        by=_payer(request),
        at=clock.now(),
    ).value


def _payer(request: HttpRequest) -> Actor:
    return Actor(kind="payer", request_id=str(getattr(request, "request_id", "")))


def _ip(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))


def _card_page(
    request: HttpRequest,
    offer: Offer,
    form: CardForm,
    payment: payment_data.Payment | None = None,
) -> HttpResponse:
    wrong = bool(form.errors)
    if form.is_bound:
        form.forget_card()
    declined = payment.last_error if payment else None
    context = {
        "form": form,
        "amount": payment.amount if payment else offer.amount,
        "payment": payment,
        "declined": form.say(DECLINES.get(declined.decline_code, DECLINES["generic_decline"]))
        if declined
        else "",
        "test_cards": () if settings.MODE == "live" else TEST_CARDS,
        "test_expiry": f"{clock.now():%m}/{(clock.now().year + 3) % 100:02d}",
    }
    answer = _page(request, offer, "web/checkout/pay.html", context, status=400 if wrong else 200)
    if _DEVICE not in request.COOKIES:
        _remember(answer, _DEVICE, token_hex(16), path="/pay/", seconds=_A_YEAR)
    return answer


def _ending(request: HttpRequest, offer: Offer, payment: payment_data.Payment) -> HttpResponse:
    looked = request.GET.get("looked", "0")
    looks = int(looked) if looked.isdecimal() else 0
    waits = payment.state == payment_data.PaymentState.PROCESSING
    writes_to = {Channel.MAIL: payment.receipt_email} if payment.receipt_email else {}
    context = {
        "payment": payment,
        "choices": notifications.choices_token(writes_to, is_payer=True) if writes_to else "",
        "waits": waits,
        "looked": looks + 1,
        "looks_again": waits and looks < _POLLS,
        # Who has just paid goes on; who looks again later reads the receipt.
        "goes_on": bool(offer.done_url)
        and payment.state in _TAKEN
        and ("looked" in request.GET or "fresh" in request.GET),
        "own": request.user.is_authenticated
        and merchant_queries.may(request.user.pk, offer.merchant_id, "view_payments"),
    }
    return _page(request, offer, "web/checkout/ending.html", context)


def _page(
    request: HttpRequest,
    offer: Offer,
    template: str,
    context: dict[str, Any] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    shared = _context(request, offer.merchant_id) | {"offer": offer}
    return _said(request, template, shared | (context or {}), status=status)


def _said(
    request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """Draw a page in the payer's language, and say that it depends on that."""
    answer = render(request, template, context, status=status)
    patch_vary_headers(answer, ["Accept-Language"])
    return answer


def _context(request: HttpRequest, merchant_id: UUID | None) -> dict[str, Any]:
    merchant = None if merchant_id is None else merchant_queries.merchant(merchant_id)
    return {
        "live": settings.MODE == "live",
        "merchant": merchant,
        "language": words.language_of(request),
    }

"""Hard cases at the press of a button: a sandbox's payments, its acquirer's faults, its clock."""

from datetime import timedelta

from django import forms as django_forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from fintech.kernel import clock, money
from fintech.kernel.errors import Refusal
from fintech.kernel.idempotency import Key
from fintech.kernel.money import Money
from fintech.merchants.data import Right
from fintech.payments import errors
from fintech.payments import services as payments
from fintech.web import formats, forms
from fintech.web.cards import TEST_CARDS
from fintech.web.dashboard import desk

CASES = (
    ("visa", "A payment that succeeds", "Authorized, captured, booked, told by webhook."),
    ("insufficient_funds", "A decline", "The bank says there is not enough money."),
    ("three_d_secure", "A challenge", "The payer must confirm; open the bank's page from it."),
    ("risk_elevated", "A review", "Reserved, then a person decides."),
    ("blocked", "A block", "Refused before any bank is asked."),
    ("acquirer_timeout", "A late callback", "The answer is lost; the outcome comes by callback."),
    ("acquirer_error", "An outage", "The acquirer is down; nothing was done."),
    ("duplicate_callback", "A callback that comes twice", "The second one changes nothing."),
    ("refund_pending", "A refund that takes time", "Pay, then refund it: the outcome comes later."),
    ("refund_fails", "A refund that fails", "Pay, then refund it: the bank sends it back."),
)
STEPS = (("1", "1 hour"), ("24", "1 day"), ("72", "3 days"), ("168", "7 days"))
_MINOR = 42_50


class CaseForm(forms.Form):
    """Which case is played."""

    case = django_forms.ChoiceField(choices=[(token, label) for token, label, _ in CASES])


class StepForm(forms.Form):
    """How many hours the clock moves."""

    hours = django_forms.ChoiceField(choices=STEPS)


def _only_in_a_sandbox() -> None:
    if settings.MODE == "live":
        raise Http404


@require_GET
@desk.page(Right.TAKE_PAYMENTS)
def page(request: HttpRequest, at: desk.Desk) -> HttpResponse:
    """Show what can be played, the test cards, and the clock."""
    _only_in_a_sandbox()
    context = {
        "cases": CASES,
        "steps": STEPS,
        "cards": TEST_CARDS,
        "now": clock.now(),
        "amount": _amount(at),
        "step_form": StepForm(),
    }
    return desk.render(request, at, "web/dashboard/simulate.html", "simulate", context)


def _amount(at: desk.Desk) -> Money:
    currency = at.merchant.default_currency
    return Money(_MINOR * 10 ** money.exponent(currency) // 100, currency)


@require_POST
@desk.page(Right.TAKE_PAYMENTS)
def play(request: HttpRequest, at: desk.Desk) -> HttpResponse:
    """Take a payment that meets the chosen case, and go to its timeline."""
    _only_in_a_sandbox()
    form = CaseForm(request.POST)
    if not form.is_valid():
        messages.warning(request, "Choose what to simulate. Nothing was done.")
        return redirect("web:simulate")
    case, amount = form.cleaned_data["case"], _amount(at)
    label = next(label for token, label, _ in CASES if token == case)
    key: Key = form.key(at.user.id, "simulate")
    payment = payments.create(
        merchant_id=at.merchant.id,
        amount=amount,
        description=f"Simulated: {label[0].lower()}{label[1:]}",
        key=key,
        by=desk.actor(request),
        at=clock.now(),
    ).value
    try:
        payments.confirm(
            merchant_id=at.merchant.id,
            payment_id=payment.id,
            token=case,
            key=form.key(at.merchant.id, "simulate-confirm", payment=payment.id),
            by=desk.actor(request),
            at=clock.now(),
        )
    except (errors.CardDeclined, errors.AcquirerUnavailable):
        pass  # How it stands is what was asked for; its page tells.
    except Refusal as refusal:
        messages.warning(request, refusal.message)
    return redirect("web:payment", payment_id=payment.id)


@require_POST
@desk.page(Right.TAKE_PAYMENTS)
def advance(request: HttpRequest, at: desk.Desk) -> HttpResponse:  # noqa: ARG001
    """Move the sandbox's clock forward, for everybody on it."""
    _only_in_a_sandbox()
    form = StepForm(request.POST)
    if not form.is_valid():
        messages.warning(request, "Choose how far. The clock was not moved.")
    else:
        now = clock.advance(timedelta(hours=int(form.cleaned_data["hours"])))
        messages.success(request, f"It is {formats.whole_moment(now)} now, for everybody here.")
    return redirect("web:simulate")

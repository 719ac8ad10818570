"""Doing things to a payment: capture, refund, cancel, each once per form."""

from typing import Any
from uuid import UUID

from django import forms as django_forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from fintech.kernel import clock
from fintech.kernel.errors import Refusal
from fintech.kernel.money import Money
from fintech.merchants.data import Right
from fintech.payments import services as payments
from fintech.web import formats, forms
from fintech.web.dashboard import desk
from fintech.web.dashboard.payments import payment_of

_REASONS = (
    ("requested_by_customer", "The customer asked for it"),
    ("duplicate", "It was charged twice"),
    ("fraudulent", "It was fraud"),
)


class AmountForm(forms.Form):
    """All of an amount, or a part of it."""

    how = django_forms.ChoiceField(
        label="How much?", choices=(), widget=django_forms.RadioSelect, initial="all"
    )
    amount = forms.AmountField(label="Amount", required=False)

    def __init__(self, *args: Any, most: Money, **kwargs: Any) -> None:
        """Say how much there is."""
        super().__init__(*args, **kwargs)
        self.most = most
        everything = f"All of it: {formats.amount(most)}"
        forms.choices(self, "how", [("all", everything), ("part", "A part")])
        forms.only_if_asked(self, "amount", f"For a part: at most {formats.amount(most)}.")

    def clean(self) -> dict[str, Any]:
        """Make the amount exact."""
        said = super().clean() or {}
        if said.get("how") != "part":
            said["money"] = self.most
            return said
        if not said.get("amount"):
            self.add_error("amount", "Enter the amount.")
            return said
        try:
            said["money"] = forms.money_of(said["amount"], self.most.currency)
        except django_forms.ValidationError as error:
            self.add_error("amount", error)
            return said
        if said["money"] > self.most:
            self.add_error("amount", f"Enter at most {formats.amount(self.most)}.")
        return said


class RefundForm(AmountForm):
    """What is given back, and why."""

    field_order = ("how", "amount", "reason")
    reason = django_forms.ChoiceField(label="Why?", choices=_REASONS, required=False)


class CaptureForm(AmountForm):
    """What is taken of what is reserved."""


@require_http_methods(["GET", "POST"])
@desk.page(Right.REFUND_PAYMENTS)
def refund(request: HttpRequest, at: desk.Desk, payment_id: UUID) -> HttpResponse:
    """Give captured money back to the payer."""
    payment = payment_of(at, payment_id)
    most = payment.captured - payment.refunded - payment.refund_pending
    form = RefundForm(request.POST or None, most=most)
    if request.method == "POST" and form.is_valid():
        asked: Money = form.cleaned_data["money"]
        if not at.alone(Right.REFUND_PAYMENTS, asked):
            return _proposed(request, at, payment_id, asked, form)
        try:
            done = payments.refund(
                merchant_id=at.merchant.id,
                payment_id=payment.id,
                amount=asked,
                reason=form.cleaned_data["reason"],
                key=form.key(at.merchant.id, "refund", payment=payment.id),
                by=desk.actor(request),
                at=clock.now(),
            )
        except Refusal as refusal:
            form.refuse(refusal)
        else:
            given = formats.amount(done.value.amount)
            words = {
                "succeeded": f"{given} is on its way to the payer.",
                "partially_succeeded": f"{given} is on its way to the payer; the rest failed.",
                "failed": f"The refund of {given} failed.",
            }
            state = str(done.value.state)
            messages.success(request, words.get(state, f"The refund of {given} is under way."))
            return redirect("web:payment", payment_id=payment.id)
    return desk.render(
        request,
        at,
        "web/dashboard/refund.html",
        "payments",
        {"payment": payment, "form": form, "most": most},
        status=400 if form.errors else 200,
    )


def _proposed(
    request: HttpRequest, at: desk.Desk, payment_id: UUID, asked: Money, form: RefundForm
) -> HttpResponse:
    """Leave to somebody else what is more than this person gives back alone."""
    try:
        payments.propose_refund(
            merchant_id=at.merchant.id,
            payment_id=payment_id,
            amount=asked,
            reason=form.cleaned_data["reason"],
            by=desk.actor(request),
            at=clock.now(),
        )
    except Refusal as refusal:
        messages.warning(request, f"{refusal.message} Nothing was changed.")
        return redirect("web:payment", payment_id=payment_id)
    words = f"{formats.amount(asked)} is more than you refund alone; somebody else decides."
    messages.success(request, words)
    return redirect("web:approvals")


@require_http_methods(["GET", "POST"])
@desk.page(Right.TAKE_PAYMENTS)
def capture(request: HttpRequest, at: desk.Desk, payment_id: UUID) -> HttpResponse:
    """Take what the payer's bank has reserved, all or a part."""
    payment = payment_of(at, payment_id)
    form = CaptureForm(request.POST or None, most=payment.capturable)
    if request.method == "POST" and form.is_valid():
        asked: Money = form.cleaned_data["money"]
        try:
            payments.capture(
                merchant_id=at.merchant.id,
                payment_id=payment.id,
                amount=asked,
                key=form.key(at.merchant.id, "capture", payment=payment.id),
                by=desk.actor(request),
                at=clock.now(),
            )
        except Refusal as refusal:
            form.refuse(refusal, {"amount_to_capture": "amount"})
        else:
            messages.success(request, f"{formats.amount(asked)} was taken.")
            return redirect("web:payment", payment_id=payment.id)
    return desk.render(
        request,
        at,
        "web/dashboard/capture.html",
        "payments",
        {"payment": payment, "form": form},
        status=400 if form.errors else 200,
    )


@require_POST
@desk.page(Right.TAKE_PAYMENTS)
def cancel(request: HttpRequest, at: desk.Desk, payment_id: UUID) -> HttpResponse:
    """Let go of what is reserved; nothing is taken."""
    payment = payment_of(at, payment_id)
    form = forms.Once(request.POST)
    if not form.is_valid():
        messages.warning(request, "The form was incomplete; nothing was done. Try again.")
        return redirect("web:payment", payment_id=payment.id)
    try:
        payments.cancel(
            merchant_id=at.merchant.id,
            payment_id=payment.id,
            reason="requested_by_customer",
            key=form.key(at.merchant.id, "cancel", payment=payment.id),
            by=desk.actor(request),
            at=clock.now(),
        )
    except Refusal as refusal:
        messages.warning(request, f"{refusal.message} Nothing was changed.")
    else:
        messages.success(request, "The payment is canceled; nothing was or will be taken.")
    return redirect("web:payment", payment_id=payment.id)

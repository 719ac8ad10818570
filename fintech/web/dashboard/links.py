"""Payment links, and the one behind “Take a test payment”."""

from datetime import UTC, date, datetime, time, timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

from django import forms as django_forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from fintech.kernel import clock, money
from fintech.kernel.errors import NotFound, Refusal
from fintech.kernel.money import Money
from fintech.merchants.data import Right
from fintech.payments import queries as payment_queries
from fintech.payments import services as payments
from fintech.payments.data import Link
from fintech.web import formats, forms, pills, queries
from fintech.web.dashboard import desk
from fintech.web.dashboard import listing as table
from fintech.web.data import Funnel
from fintech.web.listings import LINKS

_COMMON = ("EUR", "USD", "GBP", "CHF", "JPY", "KWD")
_TEST_TITLE = "Test payment"
_TEST_MINOR = 42_50
_SHOWN = 100


class LinkForm(forms.Form):
    """What is sold, and for how much."""

    title = django_forms.CharField(
        label="What is it for?",
        help_text="Payers see this.",
        max_length=200,
        error_messages={"required": "Enter what the payment is for."},
    )
    amount = forms.AmountField(
        label="Amount", required=False, help_text="Leave it empty to let the payer choose."
    )
    currency = django_forms.ChoiceField(label="Currency")
    max_uses = django_forms.IntegerField(
        label="How many times may it be paid?",
        required=False,
        min_value=1,
        max_value=1_000_000,
        help_text="Leave it empty for any number.",
        widget=django_forms.TextInput(attrs={"inputmode": "numeric"}),
    )

    last_day = django_forms.DateField(
        label="Last day",
        required=False,
        help_text="Leave it empty if it never ends. Days are in UTC.",
        widget=django_forms.DateInput(attrs={"type": "date"}),
        error_messages={"invalid": "Enter a day, such as 2026-12-31."},
    )

    def __init__(self, *args: Any, home_currency: str, **kwargs: Any) -> None:
        """Offer the merchant's own currency first."""
        super().__init__(*args, **kwargs)
        rest = [code for code in _COMMON if code != home_currency]
        forms.choices(self, "currency", [(code, code) for code in (home_currency, *rest)])

    def clean(self) -> dict[str, Any]:
        """Make the amount exact."""
        said = super().clean() or {}
        if said.get("amount") and said.get("currency"):
            try:
                said["money"] = forms.money_of(said["amount"], said["currency"])
            except django_forms.ValidationError as error:
                self.add_error("amount", error)
        return said


@require_http_methods(["GET", "POST"])
@desk.page(Right.TAKE_PAYMENTS)
def listing(request: HttpRequest, at: desk.Desk) -> HttpResponse:
    """List links, and make one."""
    form = LinkForm(request.POST or None, home_currency=at.merchant.default_currency)
    if request.method == "POST" and form.is_valid():
        amount: Money | None = form.cleaned_data.get("money")
        try:
            payments.create_link(
                merchant_id=at.merchant.id,
                title=form.cleaned_data["title"],
                amount=amount,
                currency=form.cleaned_data["currency"],
                max_uses=form.cleaned_data["max_uses"],
                expires_at=_end_of(form.cleaned_data["last_day"]),
                key=form.key(at.merchant.id, "link"),
                by=desk.actor(request),
                at=clock.now(),
            )
        except Refusal as refusal:
            form.refuse(refusal, {"expires_at": "last_day"})
        else:
            words = formats.amount(amount) if amount else "an open amount"
            messages.success(request, f"Your link for {words} is ready: copy its address below.")
            return redirect("web:links")
    shown = table.context(request, at, LINKS)
    reached = queries.funnels(at.merchant.id, [link.id for link in shown["found"]])
    context = {
        **shown,
        "form": form,
        "links": [
            (row, link, _address(link), reached.get(link.id, Funnel()))
            for row, link in zip(shown["rows"], shown["found"], strict=True)
        ],
    }
    return desk.render(
        request,
        at,
        "web/dashboard/links.html",
        "links",
        context,
        status=400 if form.errors else 200,
    )


def _end_of(day: date | None) -> datetime | None:
    """Return the instant at which a day is over."""
    return None if day is None else datetime.combine(day, time(), tzinfo=UTC) + timedelta(days=1)


def _address(link: Link) -> str:
    return f"{settings.BASE_URL}{reverse('web:pay', args=[link.token])}"


@require_GET
@desk.page(Right.TAKE_PAYMENTS)
def qr(_request: HttpRequest, at: desk.Desk, link_id: UUID) -> HttpResponse:
    """Draw a link's address, for a camera to open: an SVG, black on white in any theme."""
    from qrcode.constants import ERROR_CORRECT_M
    from qrcode.image.svg import SvgPathFillImage
    from qrcode.main import QRCode

    try:
        link = payment_queries.link(link_id, at.merchant.id)
    except NotFound:
        raise Http404 from None
    code: Any = QRCode(error_correction=ERROR_CORRECT_M, image_factory=SvgPathFillImage)
    code.add_data(_address(link))
    drawn = BytesIO()
    code.make_image().save(drawn)
    return HttpResponse(drawn.getvalue(), content_type="image/svg+xml")


@require_POST
@desk.page(Right.TAKE_PAYMENTS)
def switch(request: HttpRequest, at: desk.Desk, link_id: UUID) -> HttpResponse:
    """Switch a link off, or on again."""
    try:
        link = payments.update_link(
            merchant_id=at.merchant.id,
            link_id=link_id,
            active=request.POST.get("active") == "yes",
            by=desk.actor(request),
            at=clock.now(),
        ).value
    except NotFound:
        raise Http404 from None
    state = "takes payments again" if link.active else "takes no payments any more"
    messages.success(request, f"“{link.title}” {state}.")
    return redirect("web:links")


@require_POST
@desk.page(Right.TAKE_PAYMENTS)
def test_payment(request: HttpRequest, at: desk.Desk) -> HttpResponse:
    """Open the hosted page for a small payment, as a payer would see it."""
    if settings.MODE == "live":
        raise Http404
    links = payment_queries.links(at.merchant.id, limit=_SHOWN).items
    now = clock.now()
    ready = [one for one in links if one.title == _TEST_TITLE]
    link = next((one for one in ready if pills.of_link(one, now) == "active"), None)
    if link is None:
        currency = at.merchant.default_currency
        decimals = money.exponent(currency)
        link = payments.create_link(
            merchant_id=at.merchant.id,
            title=_TEST_TITLE,
            amount=Money(_TEST_MINOR * 10**decimals // 100, currency),
            by=desk.actor(request),
            at=clock.now(),
        ).value
    return redirect("web:pay", token=link.token)

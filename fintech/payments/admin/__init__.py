"""Payments in the back office: money to look at, and the queue of reviews to work off."""

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from unfold.decorators import action as unfold_action
from unfold.forms import ActionForm

from fintech.fraud import queries as fraud_queries
from fintech.kernel import clock
from fintech.kernel.actor import Actor
from fintech.kernel.backoffice import ReadOnlyAdmin, money, timeline_link
from fintech.kernel.errors import Refusal
from fintech.payments import services as payments
from fintech.payments.admin import desk, routing
from fintech.payments.data import PaymentState
from fintech.payments.models import (
    Attempt,
    Availability,
    Callback,
    Capture,
    CheckoutLine,
    CheckoutSession,
    Customer,
    Link,
    Payment,
    PaymentMethod,
    Price,
    Product,
    Refund,
    Review,
)

__all__ = ["desk", "routing"]


class _WithReason(ActionForm):
    """An action that has to be given a reason."""

    reason = forms.CharField(max_length=500, required=False, label="Reason")


class _AttemptsInline(admin.TabularInline):
    """The tries of a payment, read-only."""

    model = Attempt
    fields = (
        "number", "state", "decision", "score", "provider", "routed_by", "decline_code",
        "provider_reference",
    )  # fmt: skip
    readonly_fields = fields
    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    list_display = (
        "__str__",
        "state",
        "amount",
        "captured",
        "refunded",
        "fee",
        "merchant_id",
        "created_at",
        "timeline",
    )
    list_filter = ("state", "currency", "purpose", "capture_method")
    search_fields = ("id", "merchant_id", "customer_id", "tries__provider_reference")
    ordering = ("-id",)
    inlines = (_AttemptsInline,)
    actions = ("propose_captured", "propose_authorized", "propose_canceled")
    action_form = _WithReason

    @admin.display(description="Amount", ordering="amount_minor")
    def amount(self, payment: Payment) -> str:
        return money(payment.amount_minor, payment.currency)

    @admin.display(description="Captured", ordering="captured_minor")
    def captured(self, payment: Payment) -> str:
        return money(payment.captured_minor, payment.currency)

    @admin.display(description="Refunded", ordering="refunded_minor")
    def refunded(self, payment: Payment) -> str:
        return money(payment.refunded_minor, payment.currency)

    @admin.display(description="Our fee", ordering="fee_minor")
    def fee(self, payment: Payment) -> str:
        return money(payment.fee_minor, payment.currency)

    @admin.action(description="Frozen: propose that it was captured", permissions=["view"])
    def propose_captured(self, request: HttpRequest, queryset: QuerySet[Payment]) -> None:
        self._propose(request, queryset, PaymentState.CAPTURED)

    @admin.action(description="Frozen: propose that it is authorized", permissions=["view"])
    def propose_authorized(self, request: HttpRequest, queryset: QuerySet[Payment]) -> None:
        self._propose(request, queryset, PaymentState.AUTHORIZED)

    @admin.action(description="Frozen: propose that nothing was taken", permissions=["view"])
    def propose_canceled(self, request: HttpRequest, queryset: QuerySet[Payment]) -> None:
        self._propose(request, queryset, PaymentState.CANCELED)

    def _propose(self, request: HttpRequest, queryset: QuerySet[Payment], to: PaymentState) -> None:
        """Another person carries it out, under Approvals."""
        for payment in queryset:
            try:
                payments.propose_correction(
                    payment_id=payment.id,
                    to=to,
                    reason=request.POST.get("reason", ""),
                    by=_by(request),
                    at=clock.now(),
                )
            except Refusal as refusal:
                self.message_user(request, f"{payment}: {refusal.message}", messages.ERROR)
            else:
                said = f"{payment}: proposed; another person decides under Approvals."
                self.message_user(request, said, messages.SUCCESS)

    @admin.display(description="What happened")
    def timeline(self, row: Payment) -> str:
        return timeline_link(row.id)


@admin.register(Review)
class ReviewAdmin(ReadOnlyAdmin):
    """The queue: what was reserved and waits for somebody to say yes or no, oldest first."""

    list_display = (
        "__str__",
        "amount",
        "score",
        "reasons",
        "merchant_id",
        "created_at",
        "until",
        "timeline",
    )
    list_filter = ("currency",)
    search_fields = ("id", "merchant_id", "customer_id")
    actions = ("approve", "decline")
    actions_list = ("open_desk",)  # type: ignore[assignment]

    def get_urls(self) -> list[URLPattern]:
        mine = path(
            "desk/",
            self.admin_site.admin_view(self._desk),
            name="payments_review_desk",
        )
        return [mine, *super().get_urls()]

    def _desk(self, request: HttpRequest) -> HttpResponse:
        if not request.user.has_perm("payments.change_review"):
            raise PermissionDenied
        return desk.work(request, self)

    @unfold_action(description="Open the review desk", url_path="to-desk")
    def open_desk(self, request: HttpRequest) -> HttpResponse:
        return redirect(desk.HERE)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Review]:
        waiting: QuerySet[Review] = super().get_queryset(request)
        return waiting.filter(state=PaymentState.IN_REVIEW).prefetch_related("tries")

    @admin.display(description="Amount", ordering="amount_minor")
    def amount(self, review: Review) -> str:
        return money(review.amount_minor, review.currency)

    @admin.display(description="Score")
    def score(self, review: Review) -> int | None:
        attempt = _latest(review)
        return attempt.score if attempt else None

    @admin.display(description="Why")
    def reasons(self, review: Review) -> str:
        attempt = _latest(review)
        if attempt is None or attempt.assessment_id is None:
            return ""
        found = fraud_queries.assessment(attempt.assessment_id)
        return " ".join(f"{reason.weight:+d} {reason}" for reason in found.reasons)

    @admin.display(description="Decide until", ordering="expires_at")
    def until(self, review: Review) -> object:
        return review.expires_at

    @admin.action(description="Approve: take the money", permissions=["view"])
    def approve(self, request: HttpRequest, queryset: QuerySet[Review]) -> None:
        self._decide(request, queryset, "approve")

    @admin.action(description="Decline: let the money go", permissions=["view"])
    def decline(self, request: HttpRequest, queryset: QuerySet[Review]) -> None:
        self._decide(request, queryset, "decline")

    @admin.display(description="What happened")
    def timeline(self, row: Review) -> str:
        return timeline_link(row.id)

    def _decide(self, request: HttpRequest, queryset: QuerySet[Review], verdict: str) -> None:
        for review in queryset:
            try:
                done = payments.decide_review(
                    payment_id=review.id, verdict=verdict, by=_by(request), at=clock.now()
                )
            except Refusal as refusal:
                self.message_user(request, f"{review}: {refusal.message}", messages.ERROR)
            else:
                state = done.value.state.replace("_", " ")
                self.message_user(request, f"{review} is {state}.", messages.SUCCESS)


class _OfPayment(ReadOnlyAdmin):
    """What was done to a payment: its amount, and the way to the payment's story."""

    @admin.display(description="Amount", ordering="amount_minor")
    def amount(self, row: Attempt | Capture | Refund) -> str:
        return money(row.amount_minor, row.currency)

    @admin.display(description="What happened")
    def timeline(self, row: Attempt | Capture | Refund) -> str:
        return timeline_link(row.payment_id)


@admin.register(Attempt)
class AttemptAdmin(_OfPayment):
    list_display = (
        "__str__",
        "state",
        "amount",
        "decision",
        "score",
        "provider",
        "routed_by",
        "decline_code",
        "next_check_at",
        "created_at",
        "timeline",
    )
    list_filter = ("state", "provider", "decision")
    search_fields = ("id", "payment__id", "provider_reference", "merchant_id")
    ordering = ("-id",)


@admin.register(Capture)
class CaptureAdmin(_OfPayment):
    list_display = ("__str__", "state", "amount", "final", "entry_id", "next_check_at", "timeline")
    list_filter = ("state", "provider")
    search_fields = ("id", "payment__id", "provider_reference", "entry_id")
    ordering = ("-id",)


@admin.register(Availability)
class AvailabilityAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "merchant_id", "amount", "captures", "created_at")
    list_filter = ("currency",)
    search_fields = ("id", "merchant_id")
    ordering = ("-id",)

    @admin.display(description="amount")
    def amount(self, row: Availability) -> str:
        return money(row.amount_minor, row.currency)


@admin.register(Refund)
class RefundAdmin(_OfPayment):
    list_display = (
        "__str__",
        "state",
        "amount",
        "reason",
        "failure_code",
        "created_at",
        "timeline",
    )
    list_filter = ("state", "reason", "provider")
    search_fields = ("id", "payment__id", "provider_reference", "entry_id")
    ordering = ("-id",)


@admin.register(Callback)
class CallbackAdmin(ReadOnlyAdmin):
    list_display = ("event_id", "provider", "kind", "status", "reference", "outcome", "received_at")
    list_filter = ("outcome", "provider", "kind")
    search_fields = ("event_id", "reference")
    ordering = ("-id",)


@admin.register(Customer)
class CustomerAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "name", "email", "merchant_id", "created_at", "deleted_at")
    search_fields = ("id", "name", "email", "merchant_id")
    ordering = ("-id",)


@admin.register(PaymentMethod)
class PaymentMethodAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "exp_month", "exp_year", "country", "funding", "merchant_id")
    list_filter = ("brand", "country", "funding")
    search_fields = ("id", "fingerprint", "last4", "merchant_id")
    ordering = ("-id",)


@admin.register(Product)
class ProductAdmin(ReadOnlyAdmin):
    list_display = ("name", "active", "merchant_id", "created_at", "deleted_at")
    list_filter = ("active",)
    search_fields = ("id", "name", "merchant_id")
    ordering = ("-id",)


@admin.register(Price)
class PriceAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "amount", "product", "active", "lookup_key", "merchant_id")
    list_filter = ("active", "currency")
    list_select_related = ("product",)
    search_fields = ("id", "lookup_key", "product__id", "merchant_id")
    ordering = ("-id",)

    @admin.display(description="Amount", ordering="amount_minor")
    def amount(self, price: Price) -> str:
        return money(price.amount_minor, price.currency)


class _LinesInline(admin.TabularInline):
    """What is sold, read-only."""

    model = CheckoutLine
    fields = ("number", "description", "quantity", "amount_minor", "price")
    readonly_fields = fields
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(CheckoutSession)
class CheckoutSessionAdmin(ReadOnlyAdmin):
    list_display = (
        "__str__",
        "state",
        "outcome",
        "amount",
        "client_reference_id",
        "expires_at",
        "merchant_id",
        "timeline",
    )
    list_filter = ("state", "outcome", "currency")
    search_fields = ("id", "payment_id", "token", "client_reference_id", "merchant_id")
    ordering = ("-id",)
    inlines = (_LinesInline,)

    @admin.display(description="Amount", ordering="amount_minor")
    def amount(self, session: CheckoutSession) -> str:
        return money(session.amount_minor, session.currency)

    @admin.display(description="What happened")
    def timeline(self, session: CheckoutSession) -> str:
        return "" if session.payment_id is None else timeline_link(session.payment_id)


@admin.register(Link)
class LinkAdmin(ReadOnlyAdmin):
    list_display = ("title", "amount", "active", "uses", "max_uses", "expires_at", "merchant_id")
    list_filter = ("active", "currency")
    search_fields = ("id", "title", "token", "merchant_id")
    ordering = ("-id",)

    @admin.display(description="Amount", ordering="amount_minor")
    def amount(self, link: Link) -> str:
        return "open" if link.amount_minor is None else money(link.amount_minor, link.currency)


def _latest(review: Review) -> Attempt | None:
    tries = sorted(review.tries.all(), key=lambda attempt: attempt.number)
    return tries[-1] if tries else None


def _by(request: HttpRequest) -> Actor:
    return Actor(kind="staff", id=str(request.user.pk))

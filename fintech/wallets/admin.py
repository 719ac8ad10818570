"""Wallets in the back office: read here, changed through services."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from unfold.decorators import action

from fintech.kernel import clock
from fintech.kernel.actor import Actor
from fintech.kernel.backoffice import ReadOnlyAdmin, merchant_name, money
from fintech.kernel.errors import Refusal
from fintech.kernel.money import is_known, parse_decimal
from fintech.kernel.queues import Deed, QueueAdmin
from fintech.wallets import queries
from fintech.wallets import services as wallets
from fintech.wallets.data import TransferState
from fintech.wallets.models import (
    Allowance,
    Hold,
    Limit,
    Quote,
    Rate,
    Reservation,
    Transfer,
    Usage,
    Wallet,
    Withdrawal,
)
from fintech.wallets.services import TRANSFER_WAITS


@admin.register(Wallet)
class WalletAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "owner", "tier", "currencies", "state", "merchant_id", "created_at")
    list_filter = ("state", "currency")
    search_fields = ("id", "owner", "merchant_id", "customer_id")
    ordering = ("-id",)
    readonly_fields = ("posted", "held", "available")
    actions = ("freeze", "unfreeze")

    @admin.display(description="In it")
    def posted(self, wallet: Wallet) -> str:
        return _each(wallet, "posted")

    @admin.display(description="Set aside")
    def held(self, wallet: Wallet) -> str:
        return _each(wallet, "held")

    @admin.display(description="Available")
    def available(self, wallet: Wallet) -> str:
        return _each(wallet, "available")

    def has_freeze_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("wallets.change_wallet"))

    @admin.action(description="Freeze", permissions=["freeze"])
    def freeze(self, request: HttpRequest, queryset: QuerySet[Wallet]) -> None:
        for wallet in queryset:
            try:
                wallets.freeze(wallet_id=wallet.id, by=_by(request), at=clock.now())
            except Refusal as refusal:
                self.message_user(request, f"{wallet}: {refusal.message}", messages.ERROR)

    @admin.action(description="Unfreeze", permissions=["freeze"])
    def unfreeze(self, request: HttpRequest, queryset: QuerySet[Wallet]) -> None:
        for wallet in queryset:
            try:
                wallets.unfreeze(wallet_id=wallet.id, by=_by(request), at=clock.now())
            except Refusal as refusal:
                self.message_user(request, f"{wallet}: {refusal.message}", messages.ERROR)


@admin.register(Hold)
class HoldAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "wallet", "state", "amount", "captured", "expires_at", "created_at")
    list_filter = ("state", "currency")
    list_select_related = ("wallet",)
    search_fields = ("id", "wallet__id", "entry_id")
    ordering = ("-id",)

    @admin.display(description="Amount", ordering="amount_minor")
    def amount(self, hold: Hold) -> str:
        return money(hold.amount_minor, hold.currency)

    @admin.display(description="Captured", ordering="captured_minor")
    def captured(self, hold: Hold) -> str:
        return money(hold.captured_minor, hold.currency)


@admin.register(Limit)
class LimitAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "merchant_id", "scope", "kind", "window", "maximum", "currency",
                    "active")  # fmt: skip
    list_filter = ("active", "scope", "kind", "window")
    search_fields = ("id", "merchant_id", "subject")
    ordering = ("-id",)


@admin.register(Reservation)
class ReservationAdmin(ReadOnlyAdmin):
    list_display = ("at", "subject", "amount_minor", "currency", "state", "operation_id")
    list_filter = ("state",)
    search_fields = ("operation_id", "subject")
    ordering = ("-id",)


@admin.register(Usage)
class UsageAdmin(ReadOnlyAdmin):
    list_display = ("limit", "subject", "begins", "amount_minor", "count", "counted_from")
    list_select_related = ("limit",)
    search_fields = ("limit__id", "subject")
    ordering = ("-id",)


@admin.register(Transfer)
class TransferAdmin(QueueAdmin):
    """Money between wallets; large and suspicious transfers wait here for a person."""

    queue_title = "Transfers to approve"
    queue_empty = "No transfer waits for you."
    queue_deeds = (
        Deed(name="approve", label="Approve: let it arrive", key="a"),
        Deed(name="reject", label="Reject: bring the money back", key="r"),
    )
    list_display = ("__str__", "source", "destination", "amount", "received", "state", "created_at")
    list_filter = ("state", "currency")
    list_select_related = ("source", "destination")
    search_fields = ("id", "source__id", "destination__id", "entry_id")
    ordering = ("-id",)

    @admin.display(description="Left", ordering="amount_minor")
    def amount(self, transfer: Transfer) -> str:
        return money(transfer.amount_minor, transfer.currency)

    @admin.display(description="Arrived", ordering="received_minor")
    def received(self, transfer: Transfer) -> str:
        return money(transfer.received_minor, transfer.received_currency)

    def queue(self, request: HttpRequest) -> QuerySet[Transfer]:
        """Return what waits, made by others than whoever decides."""
        waiting = Transfer.objects.filter(state=TransferState.AWAITING_APPROVAL)
        own = f"staff:{request.user.pk}"
        chosen = waiting.exclude(made_by=own).select_related("source", "destination", "quote")
        return chosen.order_by("id")

    def queue_heading(self, row: Transfer) -> str:
        """Return what would arrive."""
        return f"{self.amount(row)} from {row.source} to {row.destination}"

    def queue_facts(self, row: Transfer) -> list[tuple[str, object]]:
        """Return why it waits, and what the payer has."""
        until = row.created_at + TRANSFER_WAITS
        return [
            ("Merchant", merchant_name(row.merchant_id)),
            ("Waits because of", ", ".join(row.reasons).replace("_", " ")),
            ("Arrives", self.received(row)),
            ("Made by", row.made_by),
            ("Made", f"{row.created_at:%-d %b %Y, %H:%M} UTC"),
            ("Goes back by itself", f"{until:%-d %b %Y, %H:%M} UTC"),
            ("Payer", row.source.owner or "—"),
            ("In the payer's wallet", _each(row.source, "posted")),
            ("Receiver", row.destination.owner or "—"),
        ]

    def queue_do(self, request: HttpRequest, row: Transfer, deed: str, note: str) -> str:
        """Let it arrive, or bring it back."""
        decide = wallets.approve_transfer if deed == "approve" else wallets.reject_transfer
        decide(transfer_id=row.id, by=_by(request), at=clock.now())
        return f"{row}: {'it has arrived' if deed == 'approve' else 'the money is back'}."


@admin.register(Withdrawal)
class WithdrawalAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "wallet", "state", "amount", "account", "created_at", "ended_at")
    list_filter = ("state", "currency")
    list_select_related = ("wallet",)
    search_fields = ("id", "wallet__id", "bank_reference")
    ordering = ("-id",)

    actions = ("approve", "reject")

    @admin.display(description="Amount", ordering="amount_minor")
    def amount(self, withdrawal: Withdrawal) -> str:
        return money(withdrawal.amount_minor, withdrawal.currency)

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("wallets.change_withdrawal"))

    @admin.action(description="Approve: let it go to the bank", permissions=["decide"])
    def approve(self, request: HttpRequest, queryset: QuerySet[Withdrawal]) -> None:
        self._decide(request, queryset, wallets.approve_withdrawal)

    @admin.action(description="Reject: bring the money back", permissions=["decide"])
    def reject(self, request: HttpRequest, queryset: QuerySet[Withdrawal]) -> None:
        self._decide(request, queryset, wallets.reject_withdrawal)

    def _decide(
        self, request: HttpRequest, chosen: QuerySet[Withdrawal], decide: Callable[..., object]
    ) -> None:
        for withdrawal in chosen:
            try:
                decide(withdrawal_id=withdrawal.id, by=_by(request), at=clock.now())
            except Refusal as refusal:
                self.message_user(request, f"{withdrawal}: {refusal.message}", messages.ERROR)


class ProposedOverdraft(forms.Form):
    """How far one person wants wallets of a merchant to be overdrawn."""

    merchant = forms.UUIDField(help_text="The merchant's id.")
    currency = forms.CharField(max_length=3)
    most = forms.DecimalField(
        min_value=Decimal(0), label="At most", help_text="Each wallet, in whole units, as 500.00."
    )
    reason = forms.CharField(max_length=500)

    def clean(self) -> dict[str, Any]:
        """Return the form with its amount in minor units."""
        given = super().clean() or self.cleaned_data
        currency, most = given.get("currency", "").upper(), given.get("most")
        if not is_known(currency):
            raise forms.ValidationError("We do not know this currency.")
        if most is not None:
            try:
                given["minor"] = parse_decimal(most, currency).minor
            except ValueError:
                raise forms.ValidationError(f"{most} is no amount of {currency}.") from None
        return {**given, "currency": currency}


@admin.register(Allowance)
class AllowanceAdmin(ReadOnlyAdmin):
    list_display = ("merchant_id", "currency", "most", "changed_at")
    list_filter = ("currency",)
    search_fields = ("merchant_id",)
    ordering = ("-id",)
    actions_list = ("propose",)  # type: ignore[assignment]  # unfold says (): none.

    @admin.display(description="Each wallet at most", ordering="most_minor")
    def most(self, allowance: Allowance) -> str:
        return money(allowance.most_minor, allowance.currency)

    def has_propose_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("wallets.change_allowance"))

    @action(description="Propose an overdraft", permissions=["propose"])
    def propose(self, request: HttpRequest) -> HttpResponse:
        """Take how far one person lets wallets be overdrawn, for another to approve."""
        form = ProposedOverdraft(request.POST or None)
        refused = ""
        if request.method == "POST" and form.is_valid():
            try:
                wallets.propose_overdraft(
                    merchant_id=form.cleaned_data["merchant"],
                    currency=form.cleaned_data["currency"],
                    most_minor=form.cleaned_data["minor"],
                    reason=form.cleaned_data["reason"],
                    by=_by(request),
                    at=clock.now(),
                )
            except Refusal as refusal:
                refused = refusal.message
            else:
                self.message_user(request, "Proposed; somebody else approves it.", messages.SUCCESS)
                return redirect("admin:kernel_approval_changelist")
        context = {
            **self.admin_site.each_context(request),
            "title": "Propose an overdraft",
            "form": form,
            "refusal": refused,
        }
        return TemplateResponse(request, "wallets/admin/propose_overdraft.html", context)


@admin.register(Quote)
class QuoteAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "gives", "gets", "rate", "rate_on", "state", "expires_at")
    list_filter = ("state", "source_currency", "destination_currency")
    search_fields = ("id", "merchant_id")
    ordering = ("-id",)

    @admin.display(description="Gives", ordering="source_minor")
    def gives(self, quote: Quote) -> str:
        return money(quote.source_minor, quote.source_currency)

    @admin.display(description="Gets", ordering="destination_minor")
    def gets(self, quote: Quote) -> str:
        return money(quote.destination_minor, quote.destination_currency)


@admin.register(Rate)
class RateAdmin(ReadOnlyAdmin):
    list_display = ("published_on", "currency", "per_euro", "source")
    list_filter = ("currency", "source")
    date_hierarchy = "published_on"
    ordering = ("-published_on", "currency")


def _each(wallet: Wallet, which: str) -> str:
    """Return what is in a wallet, currency by currency."""
    told = queries.balances(wallet.id)
    return ", ".join(money(getattr(part, which).minor, part.currency) for part in told)


def _by(request: HttpRequest) -> Actor:
    return Actor(kind="staff", id=str(request.user.pk))

"""The books for staff: entries, accounts with their balances, and seals; nothing can be changed."""

import re
from decimal import Decimal, InvalidOperation
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import action

from fintech.kernel import clock
from fintech.kernel.actor import Actor
from fintech.kernel.backoffice import ReadOnlyAdmin, merchant_name, money, timeline_link
from fintech.kernel.errors import Refusal
from fintech.kernel.money import Money, is_known, parse_decimal
from fintech.ledger import queries, services
from fintech.ledger.models import AccountRow, BookAccount, JournalRow, Seal


class ProposedEntry(forms.Form):
    """What one person wants posted; a line each, as `ADDRESS AMOUNT CURRENCY`."""

    lines = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 6, "cols": 80}),
        help_text="A line each: ADDRESS AMOUNT CURRENCY, debits positive, credits negative. "
        "For example: expenses:rounding 0.01 EUR",
    )
    reason = forms.CharField(max_length=500)

    def clean_lines(self) -> list[tuple[str, Money]]:
        """Return addresses with exact amounts."""
        return [_line(text) for text in self.cleaned_data["lines"].splitlines() if text.strip()]


def _line(text: str) -> tuple[str, Money]:
    parts = text.split()
    if len(parts) != 3 or not is_known(parts[2]):  # noqa: PLR2004
        raise forms.ValidationError(f"{text!r} is not ADDRESS AMOUNT CURRENCY.")
    try:
        return parts[0], parse_decimal(Decimal(parts[1]), parts[2])
    except (InvalidOperation, ValueError):
        raise forms.ValidationError(f"{parts[1]!r} is no amount of {parts[2]}.") from None


_LINE = re.compile(r"(Dr|Cr) (\S+) (\d+) ([A-Z]{3})( \(pending\))?")
_OF_PAYMENTS = frozenset(
    {"authorize_card", "release", "capture_card", "refund_card", "refund_returned", "top_up"}
)
_OWNER = re.compile(r":merchant:([0-9a-f-]{36}):")


def _short(address: str) -> str:
    """Write an account's address with its merchant's name."""
    owner = _OWNER.search(address)
    if owner is None:
        return address
    return address.replace(owner[1], merchant_name(UUID(owner[1])))


@admin.register(JournalRow)
class JournalAdmin(ReadOnlyAdmin):
    list_display = (
        "position",
        "template",
        "kind",
        "one_by_one",
        "subject",
        "timeline",
        "occurred_at",
    )
    list_filter = ("kind",)
    search_fields = ("=id", "=subject", "=pending_id")
    ordering = ("-position",)
    exclude = ("lines",)
    readonly_fields = ("booked",)

    @admin.display(description="Lines")
    def one_by_one(self, row: JournalRow) -> SafeString:
        found = (_LINE.fullmatch(line.strip()) for line in row.lines.splitlines())
        return format_html_join(
            format_html("<br>"),
            "{} {} {}{}",
            (
                (line[1], _short(line[2]), money(int(line[3]), line[4]), line[5] or "")
                for line in found
                if line is not None
            ),
        )

    @admin.display(description="What happened")
    def timeline(self, row: JournalRow) -> str:
        return timeline_link(row.subject if row.template in _OF_PAYMENTS else None)

    @admin.display(description="Lines")
    def booked(self, row: JournalRow) -> SafeString:
        lines = queries.entry(row.id).lines
        return format_html(
            "<table><thead><tr><th>Account</th><th>Debit</th><th>Credit</th></tr></thead>"
            "<tbody>{}</tbody></table>",
            format_html_join(
                "",
                "<tr><td>{}</td><td>{}</td><td>{}</td></tr>",
                (
                    (
                        line.address,
                        *(
                            money(line.amount.minor, line.amount.currency) if is_here else ""
                            for is_here in (line.direction == "debit", line.direction != "debit")
                        ),
                    )
                    for line in lines
                ),
            ),
        )

    actions_list = ("propose_entry",)  # type: ignore[assignment]  # unfold says (): none.

    def has_propose_permission(self, request: HttpRequest) -> bool:
        """Whose role it is to propose entries."""
        return bool(request.user.has_perm("ledger.add_journalrow"))

    @action(description="Propose an entry", permissions=["propose"])
    def propose_entry(self, request: HttpRequest) -> HttpResponse:
        """Take what one person wants posted, for another to approve."""
        form = ProposedEntry(request.POST or None)
        refused = ""
        if request.method == "POST" and form.is_valid():
            try:
                services.propose_entry(
                    lines=form.cleaned_data["lines"],
                    reason=form.cleaned_data["reason"],
                    by=Actor(kind="staff", id=str(request.user.pk)),
                    at=clock.now(),
                )
            except Refusal as refusal:
                refused = refusal.message
            else:
                self.message_user(request, "Proposed; somebody else approves it.", messages.SUCCESS)
                return redirect("admin:kernel_approval_changelist")
        context = {
            **self.admin_site.each_context(request),
            "title": "Propose an entry",
            "form": form,
            "refusal": refused,
        }
        return TemplateResponse(request, "ledger/admin/propose_entry.html", context)


@admin.register(BookAccount)
class BookAccountAdmin(ReadOnlyAdmin):
    """Accounts of merchants' own books."""

    list_display = ("code", "name", "type", "currency", "book", "closed", "opened_at")
    list_filter = ("type", "currency", "closed")
    search_fields = ("code", "=book")
    ordering = ("book", "code")


@admin.register(AccountRow)
class AccountAdmin(ReadOnlyAdmin):
    list_display = ("code", "address", "currency", "posted", "available", "lines", "closed")
    list_filter = ("code", "currency")
    search_fields = ("address",)
    ordering = ("code", "address")
    readonly_fields = ("posted", "available")

    @admin.display(description="posted", ordering="posted_minor")
    def posted(self, account: AccountRow) -> str:
        return money(account.posted_minor, account.currency)

    @admin.display(description="available", ordering="available_minor")
    def available(self, account: AccountRow) -> str:
        return money(account.available_minor, account.currency)


@admin.register(Seal)
class SealAdmin(ReadOnlyAdmin):
    list_display = ("no", "count", "size", "key_id", "from_xid", "to_xid")
    ordering = ("-no",)
    fields = ("no", "count", "size", "root_hex", "key_id", "from_xid", "to_xid")
    readonly_fields = ("root_hex",)

    @admin.display(description="root")
    def root_hex(self, seal: Seal) -> str:
        return bytes(seal.root).hex()

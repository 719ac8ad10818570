"""The books for staff: entries, accounts with their balances, and seals; nothing can be changed."""

import re
from uuid import UUID

from django.contrib import admin
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from fintech.kernel.backoffice import ReadOnlyAdmin, merchant_name, money
from fintech.ledger import queries
from fintech.ledger.models import AccountRow, JournalRow, Seal

_LINE = re.compile(r"(Dr|Cr) (\S+) (\d+) ([A-Z]{3})( \(pending\))?")
_OWNER = re.compile(r":merchant:([0-9a-f-]{36}):")


def _short(address: str) -> str:
    """Write an account's address with its merchant's name."""
    owner = _OWNER.search(address)
    if owner is None:
        return address
    return address.replace(owner[1], merchant_name(UUID(owner[1])))


@admin.register(JournalRow)
class JournalAdmin(ReadOnlyAdmin):
    list_display = ("position", "template", "kind", "one_by_one", "subject", "occurred_at")
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

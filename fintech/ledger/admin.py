"""The books for staff: entries, accounts with their balances, and seals; nothing can be changed."""

from django.contrib import admin
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from fintech.kernel.backoffice import ReadOnlyAdmin, money
from fintech.ledger import queries
from fintech.ledger.models import AccountRow, JournalRow, Seal


@admin.register(JournalRow)
class JournalAdmin(ReadOnlyAdmin):
    list_display = ("position", "template", "kind", "lines", "subject", "occurred_at")
    list_filter = ("kind",)
    search_fields = ("=id", "=subject", "=pending_id")
    ordering = ("-position",)
    exclude = ("lines",)
    readonly_fields = ("booked",)

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

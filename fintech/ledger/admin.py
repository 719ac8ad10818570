"""The books for staff: entries, accounts with their balances, and seals; nothing can be changed."""

from django.contrib import admin

from fintech.kernel.backoffice import ReadOnlyAdmin, money
from fintech.ledger.models import AccountRow, JournalRow, Seal


@admin.register(JournalRow)
class JournalAdmin(ReadOnlyAdmin):
    list_display = ("position", "template", "kind", "lines", "subject", "occurred_at")
    list_filter = ("kind",)
    search_fields = ("=id", "=subject", "=pending_id")
    ordering = ("-position",)


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

"""Seals for staff."""

from django.contrib import admin

from fintech.audit.models import Seal
from fintech.kernel.backoffice import ReadOnlyAdmin


@admin.register(Seal)
class SealAdmin(ReadOnlyAdmin):
    list_display = ("no", "count", "size", "key_id", "sealed_at")
    ordering = ("-no",)
    fields = ("no", "count", "size", "root_hex", "key_id", "sealed_at", "from_xid", "to_xid")
    readonly_fields = ("root_hex", "sealed_at")

    @admin.display(description="root")
    def root_hex(self, seal: Seal) -> str:
        return bytes(seal.root).hex()

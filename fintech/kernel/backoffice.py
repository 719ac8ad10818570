"""What every room's admin shares: tables that may be looked at and not touched."""

from typing import Any

from babel.numbers import format_currency
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from fintech.kernel.money import Money


class ReadOnlyAdmin(ModelAdmin):
    """A table without buttons to add, change or delete."""

    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Rows are made by services."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Rows are changed by services."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Nothing here is ever deleted by hand."""
        return False


def money(minor: int, currency: str) -> str:
    """Return an amount of minor units for people, such as €42.50, −€42.50 or KWD 7.683."""
    amount = abs(Money(minor, currency).decimal())
    written = format_currency(amount, currency, locale="en_US").replace("\xa0", " ")
    if written.startswith(currency):  # It has no sign of its own.
        written = f"{currency} {written.removeprefix(currency).lstrip()}"
    return f"−{written}" if minor < 0 else written

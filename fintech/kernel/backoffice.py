"""What every room's admin shares: tables that may be looked at and not touched."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast
from uuid import UUID

from babel.numbers import format_currency
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.utils import lookup_spawns_duplicates
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Field, Model, Q, QuerySet, UUIDField
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.module_loading import import_string
from unfold.admin import ModelAdmin

from fintech.kernel import ids
from fintech.kernel.money import Money

_names: dict[UUID, str] = {}  # Of merchants that were shown; a merchant keeps its name.


def merchant_name(merchant_id: UUID | None) -> str:
    """Return what a merchant is called; `config` says who knows that."""
    if merchant_id is None:
        return "—"
    if merchant_id not in _names:
        known: Callable[[Sequence[UUID]], Mapping[UUID, Any]] = import_string(settings.MERCHANTS)
        found = known([merchant_id]).get(merchant_id)
        if found is None:
            return str(merchant_id)
        _names[merchant_id] = found.name
    return _names[merchant_id]


class ReadOnlyAdmin(ModelAdmin):
    """A table without buttons to add, change or delete."""

    list_per_page = 50
    show_full_result_count = False

    @admin.display(description="Merchant", ordering="merchant_id")
    def merchant_named(self, row: Model) -> str:
        """Show a merchant by name where a row holds an id."""
        return merchant_name(getattr(row, "merchant_id", None))

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """Return the columns, with merchants by name."""
        columns = super().get_list_display(request)
        return ["merchant_named" if one == "merchant_id" else one for one in columns]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """
        Find by what an index can answer.

        An id, as the outside or the database writes it, finds equal ids and texts; anything
        else finds texts that begin with it. A field that names its own lookup keeps that.
        """
        term = search_term.strip()
        if not term:
            return queryset, False
        named, found, many = _id_named(term), Q(), False
        for field in self.get_search_fields(request):
            path = field.lstrip("^=@")
            kind = _column(self.model, path)
            many = many or lookup_spawns_duplicates(self.opts, path)
            if isinstance(kind, UUIDField):
                found |= Q(**{path: named}) if named is not None else Q()
            elif kind is None:  # The path ends with a lookup of its own.
                found |= Q(**{path: term})
            else:
                found |= Q(**{path if named is not None else f"{path}__startswith": term})
        return (queryset.filter(found) if found else queryset.none()), many

    def get_actions(self, request: HttpRequest, *where: Any, **more: Any) -> Any:
        """Return what may be done, to those who may change what is here; others look."""
        if not request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}"):
            return {}
        return super().get_actions(request, *where, **more)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Rows are made by services."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Rows are changed by services."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Nothing here is ever deleted by hand."""
        return False


def _id_named(term: str) -> UUID | None:
    """Return the id that somebody typed, in either form."""
    try:
        return UUID(term)
    except ValueError:
        pass
    try:
        return ids.parse(term.rpartition("_")[0], term)
    except ids.NotAnId:
        return None


def _column(model: type[Model], path: str) -> "Field[Any, Any] | None":
    """Return the field at the end of a path, or nothing where it ends with a lookup."""
    at: Any = model
    found: Any = None
    for part in path.split("__"):
        try:
            found = at._meta.get_field(part)
        except FieldDoesNotExist:
            return None
        at = found.related_model or at
    return cast("Field[Any, Any]", found)


def timeline_link(payment_id: UUID | None) -> str:
    """Lead to the story of a payment, which the doors tell."""
    if payment_id is None:
        return "–"
    return format_html(
        '<a class="text-primary-600 dark:text-primary-500" href="{}">Timeline</a>',
        reverse("admin:web_payment_change", args=[payment_id]),
    )


def money(minor: int, currency: str) -> str:
    """Return an amount of minor units for people, such as €42.50, −€42.50 or KWD 7.683."""
    amount = abs(Money(minor, currency).decimal())
    written = format_currency(amount, currency, locale="en_US").replace("\xa0", " ")
    if written.startswith(currency):  # It has no sign of its own.
        written = f"{currency} {written.removeprefix(currency).lstrip()}"
    return f"−{written}" if minor < 0 else written

"""
Queues of the back office: one thing at a time, claimed by whoever looks, decided by a letter.

A claim is a courtesy between people and lasts ten minutes; what a decision needs is checked by
the service behind it.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from django.contrib import admin, messages
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from redis.exceptions import RedisError
from unfold.decorators import action

from fintech.kernel.backoffice import ReadOnlyAdmin
from fintech.kernel.errors import Refusal

_LASTS_S: Final = 600
_LOOKED_AT: Final = 50  # Of the oldest.
NEXT: Final = "next"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Something that may be done with what is at hand."""

    name: str
    label: str
    key: str  # The letter that does it.
    wants_note: bool = False


def claim[Row: Any](queue: str, waiting: Iterable[Row], person: str) -> Row | None:
    """Return the first row that nobody else looks at, and keep others from it for a while."""
    for row in waiting:
        name = f"desk:{queue}:{row.pk}"
        try:
            if cache.add(name, person, _LASTS_S) or cache.get(name) == person:
                return row
        except RedisError:  # Without the cache two people may look at one thing.
            return row
    return None


def release(queue: str, pk: object) -> None:
    """Let others look at it again."""
    with suppress(RedisError):
        cache.delete(f"desk:{queue}:{pk}")


class QueueAdmin(ReadOnlyAdmin):
    """A table that is also a queue, with a desk beside its list."""

    queue_title = ""
    queue_deeds: tuple[Deed, ...] = ()
    queue_empty = "The queue is clear: nothing waits."
    actions_list = ("open_desk",)  # type: ignore[assignment]  # unfold says (): none.

    def queue(self, request: HttpRequest) -> QuerySet[Any]:
        """Return what waits for this person, the oldest first."""
        raise NotImplementedError

    def queue_heading(self, row: Any) -> str:
        """Return what a row is about, in a few words."""
        return str(row)

    def queue_facts(self, row: Any) -> list[tuple[str, object]]:
        """Return what somebody has to know to decide."""
        raise NotImplementedError

    def queue_do(self, request: HttpRequest, row: Any, deed: str, note: str) -> str:
        """Do it and return what to say; a `Refusal` is shown."""
        raise NotImplementedError

    def queue_claimed(self, request: HttpRequest, row: Any) -> None:
        """Note that somebody looks at it, where the row can hold that."""

    @property
    def queue_name(self) -> str:
        """Return the name under which its desk and its list are found."""
        return f"{self.model._meta.app_label}_{self.model._meta.model_name}"

    def get_urls(self) -> list[URLPattern]:
        """Add the desk."""
        desk = path("desk/", self.admin_site.admin_view(self._desk), name=f"{self.queue_name}_desk")
        return [desk, *super().get_urls()]

    @action(description="Open the desk", url_path="to-desk", permissions=["view"])
    def open_desk(self, request: HttpRequest) -> HttpResponse:  # noqa: ARG002
        """Lead from the list to the desk."""
        return redirect(f"admin:{self.queue_name}_desk")

    def _desk(self, request: HttpRequest) -> HttpResponse:
        may_do = f"{self.model._meta.app_label}.change_{self.model._meta.model_name}"
        if not request.user.has_perm(may_do):  # Who only looks has the list.
            raise PermissionDenied
        if request.method == "POST":
            self._decide(request)
            return redirect(f"admin:{self.queue_name}_desk")
        waiting = self.queue(request)
        row = claim(self.queue_name, self._unseen(request, waiting), str(request.user.pk))
        if row is not None:
            self.queue_claimed(request, row)
        context = {
            **admin.site.each_context(request),
            "opts": self.model._meta,
            "title": self.queue_title,
            "waiting": waiting.count(),
            "row": row,
            "heading": self.queue_heading(row) if row is not None else "",
            "facts": self.queue_facts(row) if row is not None else [],
            "deeds": self.queue_deeds,
            "wants_note": any(deed.wants_note for deed in self.queue_deeds),
            "empty": self.queue_empty,
            "change": f"admin:{self.queue_name}_change",
            "list": f"admin:{self.queue_name}_changelist",
        }
        return TemplateResponse(request, "kernel/admin/desk.html", context)

    def _decide(self, request: HttpRequest) -> None:
        deed = request.POST.get("do", "")
        wanted = request.POST.get("row", "")
        row = next((one for one in self.queue(request) if str(one.pk) == wanted), None)
        if row is None:
            said = "Somebody else has dealt with it meanwhile." if wanted else "Choose what to do."
            self.message_user(request, said, messages.WARNING)
        elif deed == NEXT:
            request.session[self.queue_name] = [*request.session.get(self.queue_name, ()), wanted]
            release(self.queue_name, row.pk)
        elif deed in {one.name for one in self.queue_deeds}:
            try:
                said = self.queue_do(request, row, deed, request.POST.get("note", "").strip())
            except Refusal as refusal:
                self.message_user(request, refusal.message, messages.ERROR)
            else:
                release(self.queue_name, row.pk)
                self.message_user(request, said, messages.SUCCESS)

    def _unseen(self, request: HttpRequest, waiting: QuerySet[Any]) -> list[Any]:
        """Return the oldest that were not passed over; from the start again after the last."""
        passed = set(request.session.get(self.queue_name, ()))
        rows = [row for row in waiting[: _LOOKED_AT + len(passed)] if str(row.pk) not in passed]
        if not rows and passed:
            request.session.pop(self.queue_name)
            return list(waiting[:_LOOKED_AT])
        return rows

"""
Facts: frozen, named and versioned, with nothing personal in them.

A fact's fields are ids, codes, whole numbers, instants and yes or no. Free text has no
type here, so it cannot get into the log: `check` refuses a fact that declares any.
"""

import re
import types
import typing
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

_CODE = re.compile(r"[A-Za-z0-9_.:-]{0,80}")
_NAME = re.compile(r"[a-z_]+\.[a-z_]+\.v[0-9]+")


class Code(str):
    """A machine's word: letters, digits and `_.:-`, at most 80. Never a person's."""

    __slots__ = ()

    def __new__(cls, text: str) -> typing.Self:
        """Check the text."""
        if not _CODE.fullmatch(text):
            message = f"{text[:80]!r} is not a code"
            raise ValueError(message)
        return super().__new__(cls, text)


_ALLOWED = (UUID, int, bool, Code, datetime, date, type(None))


class NotAFact(TypeError):
    """An event declares something that the log must not hold."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that has happened to one aggregate."""

    name: ClassVar[str] = ""
    stream_of: ClassVar[str] = ""  # The field that holds the aggregate's id.

    version: int  # The aggregate's own count of its facts, from 1 and without gaps.
    at: datetime  # The business clock.


_checked: set[type[Event]] = set()


def check(event: type[Event]) -> None:
    """
    Refuse a kind of event that could carry personal data or has no proper name.

    Raises:
        NotAFact: with the field or name at fault.
    """
    if event in _checked:
        return
    if not _NAME.fullmatch(event.name):
        raise NotAFact(f"{event.__name__} has no name like room.thing_happened.v1")
    hints = typing.get_type_hints(event)
    for field in fields(event):
        if not _allowed(hints[field.name]):
            raise NotAFact(f"{event.__name__}.{field.name} may not be in the log: {field.type}")
    if event.stream_of not in hints:
        raise NotAFact(f"{event.__name__} does not say whose stream it belongs to")
    _checked.add(event)


def _allowed(hint: Any) -> bool:
    origin = typing.get_origin(hint)
    if origin in {typing.Union, types.UnionType}:
        return all(_allowed(part) for part in typing.get_args(hint))
    if origin is tuple:
        return all(part is Ellipsis or _allowed(part) for part in typing.get_args(hint))
    return hint in _ALLOWED


def stream(event: Event) -> str:
    """Return the stream an event belongs to, such as `payments.payment:0190…`."""
    room = event.name.partition(".")[0]
    thing = event.stream_of.removesuffix("_id")
    return f"{room}.{thing}:{getattr(event, event.stream_of)}"


def payload(event: Event) -> dict[str, Any]:
    """Return an event's fields as JSON holds them; version and time stand beside them."""
    check(type(event))
    return {
        field.name: plain(getattr(event, field.name))
        for field in fields(event)
        if field.name not in {"version", "at"}
    }


def plain(value: Any) -> Any:
    """Return one field as JSON holds it."""
    if isinstance(value, Code):
        return str(value)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [plain(part) for part in value]
    if value is None or isinstance(value, bool | int):
        return value
    raise NotAFact(f"{type(value).__name__} may not be in the log")

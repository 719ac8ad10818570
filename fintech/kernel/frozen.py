"""
Frozen values to JSON and back, under a stored shape's name.

What an idempotent replay must give again is stored as the value, not as an answer's
bytes; the name says which dataclass it was. A shape that changes gets a new version and
keeps reading the old one.
"""

import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from functools import cache
from typing import Any
from uuid import UUID

_SHAPES: dict[str, type] = {}
_NAMES: dict[type, str] = {}


def shape[T](name: str) -> Callable[[type[T]], type[T]]:
    """Register a frozen dataclass as storable under a versioned name."""

    def register(cls: type[T]) -> type[T]:
        known = _SHAPES.setdefault(name, cls)
        if known is not cls and known.__qualname__ != cls.__qualname__:
            raise TypeError(f"{name} is {known.__name__} already")
        _SHAPES[name], _NAMES[cls] = cls, name
        return cls

    return register


def dump(value: Any) -> dict[str, Any]:
    """Return a registered value as plain JSON, with its shape's name."""
    return {"shape": _NAMES[type(value)], **_fields(value)}


def load(stored: Mapping[str, Any]) -> Any:
    """Return the value that `dump` was given; KeyError if its shape is unknown."""
    return _object(_SHAPES[stored["shape"]], stored)


def _fields(value: Any) -> dict[str, Any]:
    return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if is_dataclass(value):
        return _fields(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, tuple | list | frozenset):
        return [_plain(part) for part in value]
    raise TypeError(f"{type(value).__name__} has no stored form")


@cache
def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _object(cls: type, stored: Mapping[str, Any]) -> Any:
    hints = _hints(cls)
    known = {name: part for name, part in stored.items() if name in hints}
    return cls(**{name: _value(hints[name], part) for name, part in known.items()})


def _value(hint: Any, stored: Any) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in {typing.Union, types.UnionType}:
        if stored is None:
            return None
        return _value(next(part for part in arguments if part is not type(None)), stored)
    if origin is tuple:
        hints = arguments if arguments[-1] is not ... else arguments[:1] * len(stored)
        return tuple(_value(*pair) for pair in zip(hints, stored, strict=True))
    if origin is list:
        return [_value(arguments[0], part) for part in stored]
    if origin in {dict, Mapping}:
        return {key: _value(arguments[1], part) for key, part in stored.items()}
    if hint is UUID:
        return UUID(stored)
    if hint in {datetime, date}:
        return hint.fromisoformat(stored)
    if isinstance(hint, type) and is_dataclass(hint):
        return _object(hint, stored)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(stored)
    return stored

"""
The reference, the page of errors and the table of compatibility.

They are made of the declared operations and of the catalogue. The frame is the one
that `web` gives to pages without a menu, taken by its template's name.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.template.backends.django import Template
from django.views.decorators.http import require_safe

from fintech.api.codec.fields import Field, Group
from fintech.api.operations import OPERATIONS, Operation
from fintech.merchants.data import (
    ALONE_UP_TO,
    ROLES,
    STAFF_ROLES,
    TWO_PEOPLE,
    Right,
    Role,
    StaffRight,
    StaffRole,
)
from fintech.wire import dialect, errors, versions

_HERE = Path(__file__).parent
QUICKSTART = _HERE / "quickstart.md"


@require_safe
def error_codes(request: HttpRequest) -> HttpResponse:
    """Show every code, what it means and what to do."""
    statuses: dict[int, list[errors.Rule]] = {}
    for line in errors.CATALOGUE.values():
        statuses.setdefault(line.status, []).append(line)
    return _page(request, "errors", statuses=sorted(statuses.items()))


@require_safe
def quickstart(request: HttpRequest) -> HttpResponse:
    """Show how to come from a key to a refund; a test runs its blocks."""
    return _page(request, "quickstart", parts=_parts(QUICKSTART.read_text()))


def _parts(text: str) -> Iterator[tuple[str, str]]:
    """Return what stands in a page as kind and text: headings, paragraphs and code."""
    for place, part in enumerate(re.split(r"```sh\n(.*?)```\n", text, flags=re.DOTALL)):
        if place % 2:
            yield "code", part
            continue
        for line in filter(None, part.splitlines()):
            is_heading = line.startswith("## ")
            yield ("heading", line[3:]) if is_heading else ("words", line)


@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    """Show every operation with its parameters."""
    rooms: dict[str, list[Mapping[str, Any]]] = {}
    for operation in OPERATIONS:
        rooms.setdefault(operation.name.partition(".")[0], []).append(
            {
                "method": operation.method,
                "path": operation.path,
                "scope": operation.scope,
                "summary": operation.summary,
                "parameters": list(_parameters(operation)),
            }
        )
    return _page(request, "reference", rooms=sorted(rooms.items()))


@require_safe
def explorer(request: HttpRequest) -> HttpResponse:
    """Show the document in Swagger UI, from files of our own and under the strict policy."""
    return _page(request, "explorer")


@require_safe
def compatibility(request: HttpRequest) -> HttpResponse:
    """Show what foreign clients can rely on, parameter by parameter."""
    told = [
        {
            "method": operation.method,
            "path": operation.path,
            "supported": ", ".join(_names(operation, inert=False)),
            "inert": ", ".join(_names(operation, inert=True)),
        }
        for operation in OPERATIONS
    ]
    return _page(
        request,
        "compatibility",
        operations=told,
        cards=dialect.card_tokens().items(),
    )


@require_safe
def changes(request: HttpRequest) -> HttpResponse:
    """Show the versions of the contract, and what each of them changed."""
    told = [
        (version, [change.about for change in versions.CHANGES if change.version == version])
        for version in versions.VERSIONS
    ]
    return _page(
        request,
        "versions",
        newest=versions.newest(),
        versions=told,
        changed=any(changes for _, changes in told),
    )


@require_safe
def roles(request: HttpRequest) -> HttpResponse:
    """Show who may do what: for a merchant, and in the back office."""
    return _page(
        request,
        "roles",
        roles=list(Role),
        rights=[
            {
                "name": right,
                "cells": [_cell(right in ROLES[role], _limit(role, right)) for role in Role],
            }
            for right in Right
        ],
        staff_roles=list(StaffRole),
        staff_rights=[
            {
                "name": right,
                "cells": [
                    _cell(right in STAFF_ROLES[role], "two people" if right in TWO_PEOPLE else "")
                    for role in StaffRole
                ],
            }
            for right in StaffRight
        ],
    )


def _limit(role: Role, right: Right) -> str:
    units = ALONE_UP_TO.get(right, {}).get(role)
    return "" if units is None else f"above {units:,} two people"


def _cell(may: bool, condition: str) -> str:
    return (condition or "yes") if may else "–"


def _page(request: HttpRequest, name: str, **told: Any) -> HttpResponse:
    return HttpResponse(_template(name).render({"title": name.capitalize(), **told}, request))


@cache
def _template(name: str) -> Template:
    engine: Any = engines["django"]
    frame = (_HERE / "frame.html").read_text()
    template: Template = engine.from_string(
        frame.replace("BODY", (_HERE / f"{name}.html").read_text())
    )
    return template


def _names(operation: Operation, *, inert: bool) -> list[str]:
    return [name for name, rule in operation.parameters.items() if rule.inert is inert]


def _parameters(operation: Operation) -> Iterator[Mapping[str, Any]]:
    for name, rule in operation.parameters.items():
        yield from _described(name, rule)


def _described(name: str, rule: Field) -> Iterator[Mapping[str, Any]]:
    schema = rule.described()
    yield {
        "name": name,
        "required": rule.required,
        "kind": _kind(schema),
        "about": schema.get("description", ""),
    }
    if isinstance(rule, Group):
        for inner, below in rule.fields.items():
            yield from _described(f"{name}[{inner}]", below)


def _kind(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return "one of " + ", ".join(schema["enum"])
    bounds = [
        f"{words} {schema[name]}"
        for name, words in (("minimum", "from"), ("maximum", "to"), ("maxLength", "at most"))
        if name in schema
    ]
    kind = str(schema.get("type", "integer or object"))
    return f"{kind}, {' '.join(bounds)}" if bounds else kind

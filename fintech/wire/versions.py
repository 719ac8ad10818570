"""
Dated versions of the contract: one small class per breaking change.

Inside there is only the newest. A caller who counts on an older version (its account's
pin, or `API-Version` on the request) has its parameters brought up to date before they
are checked, and its answer taken back, change by change. Additions are no changes.

An event is kept in the newest version and changed down to that of the endpoint it goes to.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fintech.wire.events import API_VERSION

type Json = dict[str, Any]


class Change:
    """One breaking change: what callers before it send, and what they count on seeing."""

    version: str  # The version that brought it.
    about: str  # For the changelog of the API.

    def newer_request(self, operation: str, given: Json) -> Json:  # noqa: ARG002 - to be overridden.
        """Return parameters of an older caller as they are sent now."""
        return given

    def older_object(self, told: Json) -> Json:
        """Return an object of an answer as an older caller knows it."""
        return told


# Newest first. We launched with one version, so there is none yet.
CHANGES: tuple[Change, ...] = ()
VERSIONS: tuple[str, ...] = (API_VERSION,)


def newest() -> str:
    """Return the version that everything is rendered in."""
    return VERSIONS[0]


def is_known(version: str) -> bool:
    """Whether there is, or was, such a version."""
    return version in VERSIONS


def newer_request(operation: str, given: Mapping[str, Any], *, version: str) -> Json:
    """Return the parameters of a caller who counts on a version, as they are sent now."""
    told = dict(given)
    for change in reversed(CHANGES):
        if change.version > version:
            told = change.newer_request(operation, told)
    return told


def older_answer(body: Json, *, version: str) -> Json:
    """Return an answer as a caller who counts on a version knows it."""
    told: Any = body
    for change in CHANGES:
        if change.version > version:
            told = _each_object(told, change)
    whole: Json = told
    return whole


def _each_object(node: Any, change: Change) -> Any:
    if isinstance(node, list):
        return [_each_object(part, change) for part in node]
    if not isinstance(node, dict):
        return node
    told = {name: _each_object(part, change) for name, part in node.items()}
    return change.older_object(told) if "object" in told else told


def changed_down(
    event: Mapping[str, Any],
    to: str,
    *,
    changes: Sequence[tuple[str, Callable[[Json], Json]]] | None = None,
) -> Json:
    """
    Return a rendered event as an older version shows it; the newest is returned as it is.

    Args:
        event: as rendered now; it is not changed.
        to: the endpoint's version; empty is the newest.
        changes: other changes than the platform's, as dates and functions.
    """
    data = dict(event["data"])
    if changes is None:
        data["object"] = older_answer(data["object"], version=to or newest())
    for since, change in sorted(changes or (), key=lambda one: one[0], reverse=True):
        if since > to:
            data["object"] = change(dict(data["object"]))
    return {**event, "api_version": to or event["api_version"], "data": data}

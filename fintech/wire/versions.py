"""
Dated changes of what the outside sees: an event is kept in the newest version and changed down.

A change is dated by the version that brought it and knows one thing, how to show an object
as it was before. An endpoint that was made under an older version gets an event through all
changes since, newest first. There has been one version so far, so there is no change yet.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

type Change = Callable[[dict[str, Any]], dict[str, Any]]

CHANGES: Sequence[tuple[str, Change]] = ()


def changed_down(
    event: Mapping[str, Any], to: str, *, changes: Sequence[tuple[str, Change]] | None = None
) -> dict[str, Any]:
    """
    Return a rendered event as an older version shows it; the newest is returned as it is.

    Args:
        event: as rendered now; it is not changed.
        to: the endpoint's version.
        changes: the dated changes, by date; those of the platform if not given.
    """
    known = CHANGES if changes is None else changes
    data = dict(event["data"])
    for since, change in sorted(known, key=lambda one: one[0], reverse=True):
        if since > to:
            data["object"] = change(dict(data["object"]))
    return {**event, "api_version": to or event["api_version"], "data": data}

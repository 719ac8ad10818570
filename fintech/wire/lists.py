"""A stretch of a list, newest first."""

from collections.abc import Sequence

from fintech.wire.scalars import Json


def render(items: Sequence[Json], *, path: str, has_more: bool) -> Json:
    """Return a list; `path` is where its next stretch is asked for."""
    return {"data": list(items), "has_more": has_more, "object": "list", "url": path}

"""Lists: newest first, by the id before or after the stretch, never by a page's number."""

from collections.abc import Callable, Sequence
from typing import Any

from fintech.api.operations import Answer, Call
from fintech.wire import lists

type Json = dict[str, Any]


def answer[Item](
    call: Call, items: Sequence[Item], render: Callable[[Item], Json], *, has_more: bool
) -> Answer:
    """Return a stretch of a list as its answer."""
    path = call.operation.path
    for name, value in call.path.items():
        path = path.replace(f"{{{name}}}", value)
    return Answer(body=lists.render([render(item) for item in items], path=path, has_more=has_more))


def answer_of_whole[Item](
    call: Call, items: Sequence[Item], render: Callable[[Item], Json]
) -> Answer:
    """Return a stretch of a list that is short and at hand whole; items have an `id`."""
    page, found = call.page, list(items)
    ids = [item.id for item in found]  # type: ignore[attr-defined]  # Every item has one.
    if page.before is not None:
        found = found[: ids.index(page.before)] if page.before in ids else []
        return answer(call, found[-page.limit :], render, has_more=len(found) > page.limit)
    if page.after is not None:
        found = found[ids.index(page.after) + 1 :] if page.after in ids else []
    return answer(call, found[: page.limit], render, has_more=len(found) > page.limit)


def answer_longer[Item](
    call: Call, items: Sequence[Item], render: Callable[[Item], Json]
) -> Answer:
    """Return a stretch of a list that was asked for with one more than is shown."""
    limit = call.page.limit
    return answer(call, items[:limit], render, has_more=len(items) > limit)

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


def answer_longer[Item](
    call: Call, items: Sequence[Item], render: Callable[[Item], Json]
) -> Answer:
    """Return a stretch of a list that was asked for with one more than is shown."""
    limit = call.page.limit
    return answer(call, items[:limit], render, has_more=len(items) > limit)

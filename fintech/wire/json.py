"""
The bytes of everything the outside sees.

An API answer, a webhook's body, an idempotent replay and the dashboard's raw view of the
same value are the same bytes, whatever the value was kept in between: names are sorted,
there is no white space, and text is UTF-8 as it is.
"""

from typing import Any

import orjson


def dumps(value: Any) -> bytes:
    """Return a public value as its bytes."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def loads(content: bytes) -> Any:
    """Return the public value that these bytes say."""
    return orjson.loads(content)

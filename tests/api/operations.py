"""
The declared operations, as tests ask them: a new one is in every test by being declared.

What a test needs to know of it is read from its declaration and its samples; where that
is not enough, the sentence that fails says what to declare, and where.
"""

import re

from fintech.api.openapi import objects
from fintech.api.operations import Operation
from fintech.api.urls import OPERATIONS
from fintech.kernel import ids

__all__ = ["OPERATIONS", "named", "path_of", "prefix_of"]

# What stands in a path and is no id of ours.
_WORDS = {"list": "blocklist", "key": "never-used"}


def prefix_of(operation: Operation, parameter: str = "id") -> str:
    """The prefix of the id in an operation's path, by what is found there."""
    there = operation.path.split(f"{{{parameter}}}")[0] + f"{{{parameter}}}"
    collection = there.split("/")[-2]
    below = f"/{collection}/{{{parameter}}}"
    exact = [other for other in OPERATIONS if other.path == there]
    alike = [other for other in OPERATIONS if other.path.endswith(below)]
    for other in (*exact, *alike, operation):
        public_id = _sample_id(other)
        if public_id is not None:
            return public_id.rpartition("_")[0]
    raise AssertionError(
        f"{named(operation)}: nobody knows what kind of id {{{parameter}}} is. Declare an "
        f"operation at {there} that `returns` an object, and give that object a sample with an "
        "`id` in fintech/api/openapi/samples.py."
    )


def _sample_id(operation: Operation) -> str | None:
    if operation.returns in {"list", "deleted"}:
        return None
    public_id = objects.samples_of(operation.returns)[0].get("id")
    return public_id if isinstance(public_id, str) else None


def path_of(operation: Operation, *, at: str | None = None) -> str:
    """An operation's path, at an id; one that was never given out if none is told."""

    def word(found: re.Match[str]) -> str:
        name = found[1]
        if name in _WORDS:
            return _WORDS[name]
        if at is not None and name == "id":
            return at
        return ids.public(prefix_of(operation, name), ids.new())

    return re.sub(r"\{(\w+)\}", word, operation.path)


def named(operation: Operation) -> str:
    """How reports name an operation."""
    return f"{operation.method} {operation.path}"

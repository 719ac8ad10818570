"""Who does something: every command says so in `by=`."""

from dataclasses import dataclass, field
from typing import Literal

from fintech.kernel import tracing

Kind = Literal["api_key", "user", "staff", "payer", "provider", "system"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts, in which request, and what made them."""

    kind: Kind
    id: str = ""
    request_id: str = ""
    cause: str = ""  # What led here, such as an event's position.
    # The place in the caller's trace where the command came in; no part of who acts.
    trace: str = field(default_factory=tracing.here, compare=False)


def system(name: str, *, request_id: str = "", cause: str = "") -> Actor:
    """Return the platform itself, acting in one of its jobs."""
    return Actor(kind="system", id=name, request_id=request_id, cause=cause)

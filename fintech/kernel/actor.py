"""Who does something: every command says so in `by=`."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["api_key", "user", "staff", "payer", "provider", "system"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts, in which request, and what made them."""

    kind: Kind
    id: str = ""
    request_id: str = ""
    cause: str = ""  # What led here, such as an event's position.


def system(name: str, *, request_id: str = "", cause: str = "") -> Actor:
    """Return the platform itself, acting in one of its jobs."""
    return Actor(kind="system", id=name, request_id=request_id, cause=cause)

"""What came of one attempt to deliver, in the same words for every channel."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Verdict(StrEnum):
    """What to do next."""

    DELIVERED = "delivered"
    RETRY = "retry"
    GIVE_UP = "give_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one attempt ended. `code` is what a person or a program can act on."""

    verdict: Verdict
    code: str
    status: int | None = None
    excerpt: str = ""
    duration_ms: int = 0
    retry_after: timedelta | None = None
    is_gone: bool = False  # The receiver says that it will never listen again.

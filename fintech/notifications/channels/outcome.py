"""What came of one attempt to deliver, in the same words for every channel."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from fintech.notifications.data import Failure

_TECHNICAL = frozenset({"not_composed", "not_sent", "no_provider", "provider_failed"})


class Verdict(StrEnum):
    """What to do next."""

    DELIVERED = "delivered"
    SENT = "sent"  # A provider took it; what became of it is told later.
    LATER = "later"  # Not yet: nothing was tried, and no try is used up.
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
    failure: Failure | None = None  # None: as the verdict and the code say.
    reference: str = ""  # The provider's own name for the message.
    is_gone: bool = False  # The receiver says that it will never listen again.

    @property
    def kind_of_failure(self) -> Failure:
        """Return why it did not get through, for what is given up."""
        if self.failure is not None:
            return self.failure
        if self.code in _TECHNICAL:
            return Failure.TECHNICAL
        return Failure.PERMANENT if self.verdict == Verdict.GIVE_UP else Failure.TEMPORARY

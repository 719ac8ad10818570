"""What each sandbox card makes the acquirer do."""

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """How the acquirer misbehaves."""

    LATE = "late"  # It does what was asked, and answers when nobody waits any more.
    DOWN = "down"  # 503, and nothing is done.


@dataclass(frozen=True, slots=True, kw_only=True)
class Behavior:
    """The course that operations on one card take."""

    decline: str = ""
    challenge: bool = False
    fault: Fault | None = None
    refund: str = "succeeded"
    callbacks: int = 0  # How often the outcome of an authorization is told.


BEHAVIORS = {
    **{
        code: Behavior()
        for code in (
            "visa",
            "mastercard",
            "amex",
            "bypass_pending",
            "risk_elevated",
            "blocked",
            "dispute",
            "inquiry",
        )
    },
    **{
        code: Behavior(decline=code)
        for code in (
            "insufficient_funds",
            "lost_card",
            "stolen_card",
            "expired_card",
            "incorrect_cvc",
            "processing_error",
        )
    },
    "declined": Behavior(decline="generic_decline"),
    "decline_after_attach": Behavior(decline="generic_decline"),
    "authentication_required": Behavior(challenge=True),
    "three_d_secure": Behavior(challenge=True),
    "refund_fails": Behavior(refund="failed"),
    "refund_pending": Behavior(refund="pending"),
    "acquirer_timeout": Behavior(fault=Fault.LATE),
    "acquirer_error": Behavior(fault=Fault.DOWN),
    "duplicate_callback": Behavior(callbacks=2),
}

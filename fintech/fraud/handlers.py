"""What fraud hears: its own committed assessments, to be counted online."""

from collections.abc import Sequence
from uuid import UUID

from fintech.fraud import services as fraud
from fintech.kernel.event_log import Recorded


def hear(window: Sequence[Recorded]) -> None:
    """
    Count a window's attempts in Valkey.

    With Valkey away this fails and the window is heard again later; until it was,
    PostgreSQL answers, as the counters say themselves that they have not heard.
    """
    fraud.count_online([UUID(str(fact.data["assessment_id"])) for fact in window])

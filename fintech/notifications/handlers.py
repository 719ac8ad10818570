"""What notifications hear from the event log."""

from collections.abc import Sequence

from fintech.kernel.event_log import Recorded
from fintech.notifications import services, tasks


def hear(window: Sequence[Recorded]) -> None:
    """Turn facts into what merchants are told, in the transaction that moves the cursor."""
    services.publish(window, wake=tasks.wake)

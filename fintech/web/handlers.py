"""What the read models hear: the event log and the journal, in order."""

from collections.abc import Sequence

from fintech.kernel.event_log import Recorded
from fintech.web import services


def hear(window: Sequence[Recorded]) -> None:
    """Apply a window; runs in the transaction that moves the subscription's cursor."""
    services.apply(window)

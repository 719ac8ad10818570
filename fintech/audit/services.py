"""Sealing the event log."""

from fintech.audit import data
from fintech.audit.queries import LOG


def seal() -> data.Seal | None:
    """
    Seal every committed fact that is not sealed yet, up to 20,000 at once.

    Returns the new seal, or None when there is nothing to seal or another sealer is at
    work.
    """
    return LOG.seal()

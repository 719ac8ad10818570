"""
Limits: who may do how much, how often, within which time.

An operation reserves its share of every limit that it falls under in the transaction
that decides it, confirms it when the money moves, and gives it back when it doesn't.
Whoever counts a limit holds an advisory lock on it and its subject until the commit, so
two cannot both take the last of it; a merchant without limits costs one round trip.

What is used of a window stands in one counter (`Usage`), so an operation costs the same
however many came before it. A rolling window's counter says since when it counts; what
has left the window since is taken off when it is next looked at.
"""

from fintech.wallets.services.limiting.deciding import exceeded, reserve, reserve_or_refuse
from fintech.wallets.services.limiting.ending import (
    conclude,
    confirm,
    expire,
    free,
    reverse,
    reverse_parts,
)

__all__ = [
    "conclude",
    "confirm",
    "exceeded",
    "expire",
    "free",
    "reserve",
    "reserve_or_refuse",
    "reverse",
    "reverse_parts",
]

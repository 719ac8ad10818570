"""What velocity must be, by a loop over everything that was asked before."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django_subatomic import db

from fintech.fraud import data
from fintech.fraud.counters.windows import FIGURES, WINDOWS


class _Undone(Exception):
    """Ends a savepoint that leaves nothing."""


@contextmanager
def undone() -> Iterator[None]:
    """Take back what happens here: the next example begins with nothing."""
    try:
        with db.transaction_if_not_already(), db.savepoint():
            yield
            raise _Undone
    except _Undone:
        pass


def told(known: data.Features) -> dict[str, int]:
    """Return the velocity of a snapshot by name."""
    return {name: getattr(known, name) for name in FIGURES}


def counted(asked: data.Question, earlier: Sequence[data.Question]) -> dict[str, int]:
    """Count, for each subject and window, whoever came before."""
    found: dict[str, int] = {}
    for name, key, others, other in (
        ("card", "card_fingerprint", "ips", "ip_hash"),
        ("device", "device_hash", "cards", "card_fingerprint"),
        ("ip", "ip_hash", "cards", "card_fingerprint"),
        ("email", "email_hash", "cards", "card_fingerprint"),
        ("bin", "card_bin", "cards", "card_fingerprint"),
        ("customer", "customer_id", "cards", "card_fingerprint"),
        ("merchant", "merchant_id", "cards", "card_fingerprint"),
    ):
        for window, length in WINDOWS.items():
            here = [
                one
                for one in earlier
                if getattr(asked, key) is not None
                and getattr(one, key) == getattr(asked, key)
                and (name != "merchant" or one.amount.currency == asked.amount.currency)
                and asked.at - length < one.at <= asked.at
            ]
            same = [one for one in here if one.amount.currency == asked.amount.currency]
            found[f"{name}_{window}"] = len(here)
            found[f"{name}_sum_{window}_minor"] = sum(one.amount.minor for one in same)
            found[f"{name}_{others}_{window}"] = len({getattr(one, other) for one in here} - {None})
    return found

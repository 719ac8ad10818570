"""
Sharing commits: in a web worker, requests that meet decide and record together.

Where `COMBINE` is off (jobs, seeds, tests) each goes by itself. Either way it is the
same `begin` and `record`, which take batches.
"""

from collections.abc import Sequence
from functools import cache

from django.conf import settings

from fintech.kernel.actor import system
from fintech.kernel.group_commit import Combiner
from fintech.payments import data
from fintech.payments.services import deciding, recording, rehearsing


def begin(order: data.Begin) -> data.Begun:
    """Decide one order, alone or with those that others hand in at the same moment."""
    return _begins().submit(order) if _shared() else _begin([order])[0]


def record(answered: data.Answered) -> data.Payment:
    """Record one answer, alone or with others."""
    if _shared():
        return _records().submit(answered)
    return recording.record([answered], by=system("payments"))[0]


def _shared() -> bool:
    # A rehearsal is taken back, so nobody else's command may be in its transaction.
    return bool(settings.COMBINE) and rehearsing.current() is None


# Each order and each answer names its own actor; the batch itself is the platform's.
def _begin(orders: Sequence[data.Begin]) -> list[data.Begun]:
    return deciding.begin(orders, by=system("payments"))


def _record(answers: Sequence[data.Answered]) -> Sequence[data.Payment | BaseException]:
    return recording.record_each(answers, by=system("payments"))


@cache
def _begins() -> Combiner[data.Begin, data.Begun]:
    return Combiner(_begin)


@cache
def _records() -> Combiner[data.Answered, data.Payment]:
    return Combiner(_record)

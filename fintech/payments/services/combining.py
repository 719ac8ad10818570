"""
Sharing commits: in a web worker, requests that meet decide and record together.

Where `COMBINE` is off (jobs, seeds, tests) each goes by itself. Requests in threads meet
in one combiner, those on the event loop in another. Either way it is the same `begin`
and `record`, which take batches.
"""

from collections.abc import Sequence
from functools import cache

from django.conf import settings

from fintech.kernel import waiting
from fintech.kernel.actor import system
from fintech.kernel.group_commit import Combiner, LoopCombiner
from fintech.payments import data
from fintech.payments.services import deciding, recording, rehearsing


def begin(order: data.Begin) -> data.Begun:
    """Decide one order, alone or with those that others hand in at the same moment."""
    if not _shared():
        return waiting.aside(lambda: _begin([order])[0])
    if waiting.on_loop():
        return waiting.wait_for(_begins_of_loop().submit(order))
    return _begins().submit(order)


def record(answered: data.Answered) -> data.Payment:
    """Record one answer, alone or with others."""
    if not _shared():
        return waiting.aside(lambda: recording.record([answered], by=system("payments"))[0])
    if waiting.on_loop():
        return waiting.wait_for(_records_of_loop().submit(answered))
    return _records().submit(answered)


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


@cache
def _begins_of_loop() -> LoopCombiner[data.Begin, data.Begun]:
    return LoopCombiner(lambda orders: waiting.tidily(lambda: _begin(orders)), most=256)


@cache
def _records_of_loop() -> LoopCombiner[data.Answered, data.Payment]:
    return LoopCombiner(lambda answers: waiting.tidily(lambda: _record(answers)), most=256)

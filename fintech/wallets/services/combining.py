"""
Sharing commits: in a web worker, transfers that meet are carried out together.

Where `COMBINE` is off (jobs, seeds, tests) each goes by itself. Either way it is the same
`transfer_many`. A batch that the database refuses is tried again one by one, so strangers
do not share a fate.
"""

from collections.abc import Sequence
from functools import cache

from django.conf import settings
from django.db import Error

from fintech.kernel.actor import system
from fintech.kernel.errors import Refusal
from fintech.kernel.group_commit import Combiner
from fintech.kernel.idempotency import Done
from fintech.wallets import data
from fintech.wallets.services import transferring

type _Outcome = Done[data.Transfer] | Refusal


def transfer_shared(order: data.TransferOrder) -> Done[data.Transfer]:
    """
    Carry out one transfer, alone or with those that others hand in at the same moment.

    Raises:
        Refusal: as `transfer`.
    """
    if settings.COMBINE:
        return transfers().submit(order)
    (outcome,) = _carry_out([order])
    if isinstance(outcome, Refusal):
        raise outcome
    return outcome


@cache
def transfers() -> Combiner[data.TransferOrder, Done[data.Transfer]]:
    """Return this process's combiner."""
    return Combiner(_carry_out)


def _carry_out(orders: Sequence[data.TransferOrder]) -> Sequence[_Outcome]:
    # Each order names its own actor; the batch itself is the platform's.
    by = system("wallets")
    try:
        return transferring.transfer_many(orders, by=by, at=orders[0].at)
    except Error:
        if len(orders) == 1:
            raise
    return [_alone(order) for order in orders]


def _alone(order: data.TransferOrder) -> _Outcome:
    return transferring.transfer_many([order], by=system("wallets"), at=order.at)[0]

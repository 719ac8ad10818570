"""
Transfers between wallets: assessed, shown to a person where need be, then carried out.

What fraud knows of them is gathered before the transaction, its decision is pure, and it is
recorded in the commit that moves the money, or sets it aside until somebody else than who
asked agrees. What is blocked moves nothing, and leaves only the decision. `fraud` moves no
money, and `wallets` decides funds, limits and states.

In a web worker, transfers that meet are carried out together. Where `COMBINE` is off (jobs,
seeds, tests) each goes by itself, and a dry run always does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache

from django.conf import settings
from django.db import Error

from fintech.fraud import data as fraud_data
from fintech.fraud import queries as fraud_queries
from fintech.fraud import services as fraud
from fintech.kernel import money
from fintech.kernel.actor import Actor, system
from fintech.kernel.errors import Refusal
from fintech.kernel.group_commit import Combiner
from fintech.kernel.idempotency import Done
from fintech.kernel.money import Money
from fintech.payments import errors
from fintech.payments.services import rehearsing
from fintech.wallets import data as wallet_data
from fintech.wallets import queries as wallet_queries
from fintech.wallets import services as wallets

OVER_AMOUNT, REVIEW = "over_amount", "review"  # Why a person must agree.

type _Outcome = Done[wallet_data.Transfer] | Refusal


def transfer_between_wallets(order: wallet_data.TransferOrder) -> Done[wallet_data.Transfer]:
    """
    Carry out one transfer, alone or with those that others hand in at the same moment.

    What comes back has succeeded, or awaits approval.

    Raises:
        TransferBlocked: fraud has said no; nothing moved.
        Refusal: as `wallets.transfer`.
    """
    if settings.COMBINE and rehearsing.current() is None:
        return _together().submit(order)
    (outcome,) = _carry_out([order])
    if isinstance(outcome, Refusal):
        raise outcome
    return outcome


def transfer_many_between_wallets(
    orders: Sequence[wallet_data.TransferOrder], *, by: Actor
) -> list[_Outcome]:
    """
    Assess transfers and carry them out in order; say of each what came of it.

    One that is refused does not touch its neighbors.
    """
    if not orders:
        return []
    assessed = _assessed(orders)
    decided = [
        _decided(order, assessed.get(place), by=order.by or by)
        for place, order in enumerate(orders)
    ]

    def beside(outcomes: Mapping[int, wallet_data.Transfer | Refusal]) -> None:
        made: list[tuple[fraud_data.TransferAssessment, wallet_data.Transfer | None]] = []
        for place, outcome in sorted(outcomes.items()):
            assessment = assessed.get(place)
            if assessment is None:
                continue
            if not isinstance(outcome, Refusal):
                made.append((assessment, outcome))
            elif isinstance(outcome, errors.TransferBlocked):
                made.append((assessment, None))
        fraud.record_transfers([(one, of.id if of else None) for one, of in made], by=by)

    outcomes = wallets.transfer_many(decided, by=by, at=orders[0].at, beside=beside)
    _rehearse(assessed)
    return outcomes


def _assessed(
    orders: Sequence[wallet_data.TransferOrder],
) -> dict[int, fraud_data.TransferAssessment]:
    """Return what fraud says of each order, by its place; of what cannot be made, nothing."""
    asked = _questions(orders)
    questions = list(asked.values())
    made = fraud.assess_transfers(questions, fraud_queries.gather_transfers(questions))
    return dict(zip(asked, made, strict=True))


def _questions(
    orders: Sequence[wallet_data.TransferOrder],
) -> dict[int, fraud_data.TransferQuestion]:
    known = wallet_queries.ends({end for order in orders for end in order.ends})
    quoted = wallet_queries.quoted([order.quote_id for order in orders if order.quote_id])
    questions = {}
    for place, order in enumerate(orders):
        source, destination = (known.get(end) for end in order.ends)
        amount = quoted.get(order.quote_id) if order.quote_id else order.amount
        if source is None or destination is None or amount is None or amount.minor < 1:
            continue  # `wallets` will say what is wrong.
        if order.merchant_id not in {None, source.merchant_id}:
            continue
        if not money.is_known(amount.currency):
            continue
        questions[place] = fraud_data.TransferQuestion(
            merchant_id=source.merchant_id,
            source_wallet_id=source.id,
            destination_wallet_id=destination.id,
            source_customer_id=source.customer_id,
            destination_customer_id=destination.customer_id,
            source_since=source.created_at,
            source_is_merchants=source.type == wallet_data.WalletType.MERCHANT,
            destination_is_merchants=destination.type == wallet_data.WalletType.MERCHANT,
            amount=amount,
            at=order.at,
        )
    return questions


def _decided(
    order: wallet_data.TransferOrder,
    assessment: fraud_data.TransferAssessment | None,
    *,
    by: Actor,
) -> wallet_data.TransferOrder:
    """Return the order with what a person must agree to, or the refusal that it gets."""
    if assessment is None:
        return order
    if assessment.decision == fraud_data.Decision.BLOCK:
        return replace(order, refusal=errors.TransferBlocked(), by=by)
    reasons = []
    if assessment.decision == fraud_data.Decision.REVIEW:
        reasons.append(REVIEW)
    if is_over(assessment.amount):
        reasons.append(OVER_AMOUNT)
    return replace(order, reasons=tuple(reasons), by=by)


def is_over(amount: Money) -> bool:
    """Whether an amount needs a person's approval to go from one wallet to another."""
    most = settings.TRANSFER_APPROVAL_OVER * 10 ** money.exponent(amount.currency)
    return bool(most and amount.minor > most)


def _rehearse(assessed: Mapping[int, fraud_data.TransferAssessment]) -> None:
    """Note for a dry run what was said."""
    rehearsal = rehearsing.current()
    if rehearsal is not None:
        rehearsal.transfers.extend(assessed.values())


@cache
def _together() -> Combiner[wallet_data.TransferOrder, Done[wallet_data.Transfer]]:
    """Return this process's combiner."""
    return Combiner(_carry_out)


def _carry_out(orders: Sequence[wallet_data.TransferOrder]) -> Sequence[_Outcome]:
    # Each order names its own actor; the batch itself is the platform's.
    try:
        return transfer_many_between_wallets(orders, by=system("wallets"))
    except Error:
        if len(orders) == 1:
            raise
    # A batch that the database refuses is tried again one by one: strangers share no fate.
    return [transfer_many_between_wallets([order], by=system("wallets"))[0] for order in orders]

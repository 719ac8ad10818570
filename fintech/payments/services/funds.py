"""
What a merchant's refunds are taken from: E6 and E6f, and E11 when the merchant owes.

Funds before settlement (2000) give first, then what may be paid out (2010); what is in
neither, the merchant owes us (1200), and it is taken from what becomes available next.
Whoever takes from a merchant's funds does so alone: the balances that were read are those
that the journal entry takes from.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django_subatomic import db

from fintech.kernel import ids
from fintech.kernel.actor import Actor
from fintech.kernel.money import Money
from fintech.ledger import data as ledger_data
from fintech.ledger import queries as ledger_queries
from fintech.ledger import services as ledger
from fintech.ledger.data import templates

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%s, %s))"
_SEED = 0x6675_6E64  # "fund": apart from other advisory locks.


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Out of which of a merchant's accounts an amount comes; the sum of all three."""

    from_pending: Money
    from_available: Money
    owed: Money


def alone_with(merchant_id: UUID, currency: str) -> ledger_data.MerchantFunds:
    """Return a merchant's funds, and let nobody else take from them before the commit."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [f"{merchant_id} {currency}", _SEED])
    return ledger_queries.merchant_funds(merchant_id, [currency])[0]


def take(merchant_id: UUID, amount: Money) -> Taken:
    """Return out of what an amount is taken; needs the transaction that takes it."""
    funds = alone_with(merchant_id, amount.currency)
    nothing = Money.zero(amount.currency)
    first = min(amount, max(funds.pending, nothing))
    second = min(amount - first, max(funds.spendable, nothing))
    return Taken(from_pending=first, from_available=second, owed=amount - first - second)


def repay(merchant_id: UUID, amount: Money) -> Money:
    """Return how much of what a merchant gets back pays what the merchant owes."""
    return min(amount, alone_with(merchant_id, amount.currency).owed)


def recover_debts(*, by: Actor, at: datetime) -> int:
    """
    Take what merchants owe from what they may be paid, and return from how many: E11.

    One commit for each; a merchant who has nothing goes on owing. What is pending is left
    alone: what is owed is taken from it when it becomes available (`becoming`).
    """
    return sum(
        _recover(merchant_id, owed.currency, by=by, at=at)
        for merchant_id, owed in ledger_queries.owing()
    )


def _recover(merchant_id: UUID, currency: str, *, by: Actor, at: datetime) -> bool:
    with db.transaction_if_not_already():
        funds = alone_with(merchant_id, currency)
        available = min(funds.owed, max(funds.spendable, Money.zero(currency)))
        if not available:
            return False
        entry = templates.recover_debt(
            entry_id=ids.new(),
            merchant_id=merchant_id,
            amount=available,
            subject=merchant_id,
            at=at,
        )
        ledger.post([entry], by=by)
    return True

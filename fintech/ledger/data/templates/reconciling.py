"""What a comparison with the outside makes good: E5 in another currency, and E13."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from fintech.kernel.money import Money
from fintech.ledger.data import EntryKind, JournalEntry, chart
from fintech.ledger.data.templates.making import pairs, processor_fees, receivable

type Against = Literal["processor_fees", "suspense", "losses", "rounding"]


def convert_receivable(
    *, entry_id: UUID, provider: str, expected: Money, paid: Money, subject: UUID, at: datetime
) -> JournalEntry:
    """
    E5: a processor pays in another currency than the payer's, before it is settled.

    What was owed in one is owed in the other. Each currency balances by itself through the
    position account.
    """
    return JournalEntry(
        id=entry_id,
        kind=EntryKind.POSTED,
        template="convert_receivable",
        version=1,
        at=at,
        lines=pairs(
            (_position(expected), receivable(provider, expected), expected),
            (receivable(provider, paid), _position(paid), paid),
        ),
        subject=subject,
    )


def adjust_receivable(
    *,
    entry_id: UUID,
    provider: str,
    amount: Money,
    against: Against,
    subject: UUID,
    at: datetime,
) -> JournalEntry:
    """
    E13: a difference with a processor is made good: `amount` is what it owes us more.

    A negative amount is what it owes less. The other side is its fees, money nobody has
    explained, a loss, or rounding.
    """
    owes = receivable(provider, amount)
    other = {
        "processor_fees": processor_fees(amount),
        "suspense": chart.account(chart.SUSPENSE, amount.currency, provider),
        "losses": chart.account(chart.BAD_DEBT, amount.currency),
        "rounding": chart.account(chart.ROUNDING, amount.currency),
    }[against]
    pair = (owes, other, amount) if amount.minor >= 0 else (other, owes, -amount)
    return JournalEntry(
        id=entry_id,
        kind=EntryKind.POSTED,
        template="adjust_receivable",
        version=1,
        at=at,
        lines=pairs(pair),
        subject=subject,
    )


def _position(amount: Money) -> chart.Account:
    return chart.account(chart.FX_POSITION, amount.currency)

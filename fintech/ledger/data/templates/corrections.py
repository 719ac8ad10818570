"""What nobody foresaw: E12 and E14."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from fintech.kernel.money import Money
from fintech.ledger.data import (
    Direction,
    EntryKind,
    JournalEntry,
    JournalEntryView,
    Line,
    books,
    chart,
)
from fintech.ledger.data.templates.making import bank, pairs


def unknown_credit(
    *,
    entry_id: UUID,
    bank_account: str,
    amount: Money,
    subject: UUID,
    at: datetime,
) -> JournalEntry:
    """E12: money arrived at a bank and nobody knows why; it waits in suspense."""
    suspense = chart.account(chart.SUSPENSE, amount.currency, bank_account)
    return JournalEntry(
        id=entry_id,
        kind=EntryKind.POSTED,
        template="unknown_credit",
        version=1,
        at=at,
        lines=pairs((bank(bank_account, amount), suspense, amount)),
        subject=subject,
    )


def explain_credit(
    *,
    entry_id: UUID,
    bank_account: str,
    target: str,
    amount: Money,
    subject: UUID,
    at: datetime,
) -> JournalEntry:
    """E12: the money in suspense is somebody's: `target` is that account's address."""
    suspense = chart.account(chart.SUSPENSE, amount.currency, bank_account)
    return JournalEntry(
        id=entry_id,
        kind=EntryKind.POSTED,
        template="explain_credit",
        version=1,
        at=at,
        lines=pairs((suspense, chart.at(target, amount.currency), amount)),
        subject=subject,
    )


def reversal(*, entry_id: UUID, of: JournalEntryView, at: datetime) -> JournalEntry:
    """
    E14: the exact opposite of a posted entry; what was wrong stays to be seen.

    Its subject is the entry it reverses. What was only pending is released instead.
    """
    return JournalEntry(
        id=entry_id,
        kind=EntryKind.POSTED,
        template="reversal",
        version=1,
        at=at,
        lines=tuple(
            Line(
                books.account_at(line.address, line.amount.currency),
                -line.amount.minor if line.direction == Direction.DEBIT else line.amount.minor,
            )
            for line in of.lines
        ),
        subject=of.id,
    )


def by_hand(*, entry_id: UUID, lines: Sequence[tuple[str, Money]], at: datetime) -> JournalEntry:
    """What two people agreed on; each line an address of the chart, debit positive."""
    return JournalEntry(
        id=entry_id,
        kind=EntryKind.POSTED,
        template="by_hand",
        version=1,
        at=at,
        lines=tuple(
            Line(chart.at(address, amount.currency), amount.minor) for address, amount in lines
        ),
    )

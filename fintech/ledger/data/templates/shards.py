"""A transfer between wallets whose books are on different shards: two entries, one in each."""

from datetime import datetime
from uuid import UUID

from fintech.kernel.money import Money
from fintech.ledger.data import EntryKind, JournalEntry, chart
from fintech.ledger.data.templates.making import pairs, wallet


def _transit(shard: int, amount: Money) -> chart.Account:
    """Return what a shard owes this one, or is owed by it."""
    return chart.account(chart.TRANSIT, amount.currency, str(shard))


def transfer_departs(
    *, entry_id: UUID, wallet_id: UUID, to_shard: int, amount: Money, subject: UUID, at: datetime
) -> JournalEntry:
    """E10 on the payer's shard: the wallet pays, and its shard owes the other."""
    return JournalEntry(
        id=entry_id,
        kind=EntryKind.POSTED,
        template="transfer_departs",
        version=1,
        at=at,
        lines=pairs((wallet(wallet_id, amount), _transit(to_shard, amount), amount)),
        subject=subject,
    )


def transfer_arrives(
    *, entry_id: UUID, wallet_id: UUID, from_shard: int, amount: Money, subject: UUID, at: datetime
) -> JournalEntry:
    """E10 on the payee's shard: the other shard owes this one, and the wallet is paid."""
    return JournalEntry(
        id=entry_id,
        kind=EntryKind.POSTED,
        template="transfer_arrives",
        version=1,
        at=at,
        lines=pairs((_transit(from_shard, amount), wallet(wallet_id, amount), amount)),
        subject=subject,
    )

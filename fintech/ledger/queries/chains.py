"""An account's chain of hashes, for whoever wants to check it."""

from django.db import connection

from fintech.ledger import data
from fintech.ledger.data import chart
from fintech.ledger.posting import SHARD


def chain(
    address: str, currency: str, *, after: int = 0, limit: int = 100
) -> tuple[bytes, list[data.ChainLine]]:
    """
    Return an account's lines after a sequence number, oldest first, with what was hashed.

    With them comes the hash that the first of them follows; nothing for an account that
    was never used.
    """
    account = chart.at(address, currency)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce((SELECT l.hash FROM ledger_line_whole l WHERE l.shard = a.shard "
            "AND l.account = a.account AND l.seq = %s), ledger_genesis(a.shard, a.account, "
            "a.digest, a.code, a.normal, a.floor)) FROM ledger_account a "
            "WHERE a.shard = %s AND a.digest = %s",
            [after, SHARD, account.digest],
        )
        row = cursor.fetchone()
        cursor.execute(
            "SELECT l.seq, l.entry_id, ledger_entry_hash(e.formula, e.id, e.shard, e.kind, "
            "e.version, e.template, e.subject, e.pending_id, e.occurred_at, e.expires_at, "
            "e.final, e.expected, e.lines), l.no, l.amount, l.pending, l.balance, l.hash "
            "FROM ledger_balance b "
            "JOIN ledger_line_whole l ON l.shard = b.shard AND l.account = b.account "
            "JOIN ledger_entry e ON e.shard = l.shard AND e.id = l.entry_id "
            "WHERE b.shard = %s AND b.digest = %s AND l.seq > %s ORDER BY l.seq LIMIT %s",
            [SHARD, account.digest, after, limit],
        )
        rows = cursor.fetchall()
    lines = [
        data.ChainLine(
            sequence=sequence,
            entry_id=entry_id,
            entry_hash=bytes(entry_hash),
            number=number,
            amount=amount,
            pending=pending,
            balance=balance,
            hash=bytes(hash_),
        )
        for sequence, entry_id, entry_hash, number, amount, pending, balance, hash_ in rows
    ]
    return (b"" if row is None else bytes(row[0])), lines

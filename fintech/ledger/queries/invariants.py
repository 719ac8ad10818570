"""What must always be true of the books, as SQL, and the books folded from their lines."""

from collections.abc import Iterator

from django.db import connection

from fintech.kernel.invariants import Invariant
from fintech.kernel.replay import Difference

INVARIANTS = (
    Invariant(
        id="I-1",
        rule="Every journal entry sums to zero per currency, posted and pending",
        sql="""
        SELECT l.entry_id, a.currency FROM ledger_line l
        JOIN ledger_account a ON a.shard = l.shard AND a.account = l.account
        GROUP BY l.entry_id, a.currency HAVING sum(l.amount) <> 0 OR sum(l.pending) <> 0
        """,
    ),
    Invariant(
        id="I-2",
        rule="Every journal entry has at least two lines, the ones it says, in accounts we know",
        sql="""
        SELECT coalesce(e.id, l.entry_id) FROM ledger_entry e
        FULL JOIN (
          SELECT l.shard, l.entry_id, count(*) AS lines, count(a.account) AS known,
            string_agg(int4send(l.account) || int8send(l.amount) || int8send(l.pending), ''::bytea
              ORDER BY l.no) AS packed
          FROM ledger_line l
          LEFT JOIN ledger_account a ON a.shard = l.shard AND a.account = l.account
          GROUP BY l.shard, l.entry_id) l
        ON l.shard = e.shard AND l.entry_id = e.id
        WHERE e.id IS NULL OR l.entry_id IS NULL OR l.lines < 2 OR l.known <> l.lines
          OR l.packed <> e.lines
        """,
    ),
    Invariant(
        id="I-3",
        rule="All accounts of a currency sum to zero",
        sql="""
        SELECT currency FROM ledger_balance GROUP BY currency HAVING sum(posted) <> 0
        """,
    ),
    Invariant(
        id="I-4",
        rule="A stored balance is the sum of its lines and the last balance after a line",
        sql="""
        SELECT coalesce(b.account, s.account) FROM ledger_balance b
        FULL JOIN (
          SELECT shard, account, sum(amount) AS posted, max(seq) AS seq,
            (array_agg(balance ORDER BY seq DESC))[1] AS last
          FROM ledger_line GROUP BY shard, account) s
        ON s.shard = b.shard AND s.account = b.account
        WHERE b.posted IS DISTINCT FROM coalesce(s.posted, 0)
          OR b.posted IS DISTINCT FROM coalesce(s.last, 0)
          OR b.seq IS DISTINCT FROM coalesce(s.seq, 0)
        """,
    ),
    Invariant(
        id="I-5",
        rule="An account's lines count without gaps, and each balance follows from the one before",
        sql="""
        SELECT account || '/' || seq FROM (
          SELECT account, seq, amount, balance, lag(seq, 1, 0::bigint) OVER w AS before,
            lag(balance, 1, 0::bigint) OVER w AS stood
          FROM ledger_line WINDOW w AS (PARTITION BY shard, account ORDER BY seq)) l
        WHERE seq <> before + 1 OR balance <> stood + amount
        """,
    ),
    Invariant(
        id="I-26",
        rule="What shards owe each other nets to nothing per currency",
        sql="""
        SELECT b.currency FROM ledger_balance b JOIN ledger_account a USING (shard, account)
        WHERE a.code = 1900 GROUP BY b.currency HAVING sum(b.posted) <> 0
        """,
    ),
)

# Balances as the lines tell them. What a pending entry adds and what a capture or a
# release takes away is on the same side, so the entry's kind says which side it is.
_FOLDED = """
SELECT a.address, a.currency, a.account, b.posted, b.pending_debit, b.pending_credit, b.seq,
  b.head, f.posted, f.debit, f.credit, f.seq, f.head
FROM ledger_account a
FULL JOIN ledger_balance b ON b.shard = a.shard AND b.account = a.account
LEFT JOIN (
  SELECT l.shard, l.account, sum(l.amount)::bigint AS posted,
    sum(CASE WHEN (e.kind = 1) = (l.pending > 0) THEN l.pending ELSE 0 END)::bigint AS debit,
    sum(CASE WHEN (e.kind = 1) = (l.pending > 0) THEN 0 ELSE -l.pending END)::bigint AS credit,
    max(l.seq) AS seq, (array_agg(l.hash ORDER BY l.seq DESC))[1] AS head
  FROM ledger_line l JOIN ledger_entry e ON e.shard = l.shard AND e.id = l.entry_id
  GROUP BY l.shard, l.account) f
ON f.shard = b.shard AND f.account = b.account
WHERE (b.posted, b.pending_debit, b.pending_credit, b.seq, b.head)
  IS DISTINCT FROM (f.posted, f.debit, f.credit, f.seq, f.head)
"""
_REMAINDERS = """
SELECT coalesce(p.id, f.id), p.remaining, f.remaining FROM ledger_pending p
FULL JOIN (
  SELECT e.shard, coalesce(e.pending_id, e.id) AS id, sum(l.pending)::bigint AS remaining
  FROM ledger_entry e
  JOIN ledger_line l ON l.shard = e.shard AND l.entry_id = e.id AND l.no = 1
  WHERE e.kind > 0 GROUP BY e.shard, coalesce(e.pending_id, e.id)) f
ON f.shard = p.shard AND f.id = p.id
WHERE p.remaining IS DISTINCT FROM f.remaining
"""


def replay() -> Iterator[Difference]:
    """Fold the journal into balances and remainders, and yield where the stored ones differ."""
    with connection.cursor() as cursor:
        cursor.execute(_FOLDED)
        for address, currency, account, *columns in cursor.fetchall():
            row = f"{address} {currency}" if address else f"account {account}"
            names = ("posted", "pending_debit", "pending_credit", "sequence", "head")
            for name, stored, folded in zip(names, columns[:5], columns[5:], strict=True):
                if stored != folded:
                    yield Difference(
                        row=row, column=name, stored=_shown(stored), folded=_shown(folded)
                    )
        cursor.execute(_REMAINDERS)
        for pending_id, stored, folded in cursor.fetchall():
            yield Difference(
                row=f"pending entry {pending_id}",
                column="remaining",
                stored=_shown(stored),
                folded=_shown(folded),
            )


def _shown(value: object) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return "nothing" if value is None else str(value)

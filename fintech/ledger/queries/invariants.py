"""What must always be true of the books, as SQL, and the books folded from their lines."""

from collections.abc import Iterator

from django.db import connection

from fintech.kernel.invariants import Invariant
from fintech.kernel.replay import Difference, Progress, quietly

INVARIANTS = (
    Invariant(
        id="I-1",
        rule="Every journal entry sums to zero per currency, posted and pending",
        sql="""
        SELECT l.entry_id, a.currency FROM ledger_line_whole l
        JOIN ledger_account a ON a.shard = l.shard AND a.account = l.account
        GROUP BY l.entry_id, a.currency HAVING sum(l.amount) <> 0 OR sum(l.pending) <> 0
        """,
    ),
    Invariant(
        id="I-2",
        rule="Every journal entry has at least two lines, the ones it says, in accounts we know",
        sql="""
        SELECT coalesce(e.id, l.entry_id) FROM ledger_entry_whole e
        FULL JOIN (
          SELECT l.shard, l.entry_id, count(*) AS lines, count(a.account) AS known,
            string_agg(int4send(l.account) || int8send(l.amount) || int8send(l.pending), ''::bytea
              ORDER BY l.no) AS packed,
            string_agg(int4send(l.account) || int8send(l.amount), ''::bytea
              ORDER BY l.no) AS posts,
            string_agg(int4send(l.account) || int8send(l.pending), ''::bytea
              ORDER BY l.no) AS holds,
            bool_or(l.amount <> 0) AS some_post, bool_or(l.pending <> 0) AS some_hold
          FROM ledger_line_whole l
          LEFT JOIN ledger_account a ON a.shard = l.shard AND a.account = l.account
          GROUP BY l.shard, l.entry_id) l
        ON l.shard = e.shard AND l.entry_id = e.id
        WHERE e.id IS NULL OR l.entry_id IS NULL OR l.lines < 2 OR l.known <> l.lines
          OR e.lines <> CASE WHEN e.formula = 1 OR e.kind = 2 THEN l.packed
            WHEN e.kind = 0 AND NOT l.some_hold THEN l.posts
            WHEN e.kind IN (1, 3) AND NOT l.some_post THEN l.holds ELSE '' END
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
          FROM ledger_line_whole GROUP BY shard, account) s
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
          FROM ledger_line_whole WINDOW w AS (PARTITION BY shard, account ORDER BY seq)) l
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

# Balances as the lines tell them. One whose floor was set before it was used has none, and its
# head is where its chain begins. What a pending entry adds and what a capture or a
# release takes away is on the same side, so the entry's kind says which side it is.
_FOLDED = """
SELECT a.address, a.currency, a.account, b.posted, b.pending_debit, b.pending_credit, b.seq,
  b.head, coalesce(f.posted, 0), coalesce(f.debit, 0), coalesce(f.credit, 0), coalesce(f.seq, 0),
  coalesce(f.head, b.head)
FROM ledger_account a
FULL JOIN ledger_balance b ON b.shard = a.shard AND b.account = a.account
LEFT JOIN (
  SELECT l.shard, l.account, sum(l.amount)::bigint AS posted,
    sum(CASE WHEN (e.kind = 1) = (l.pending > 0) THEN l.pending ELSE 0 END)::bigint AS debit,
    sum(CASE WHEN (e.kind = 1) = (l.pending > 0) THEN 0 ELSE -l.pending END)::bigint AS credit,
    max(l.seq) AS seq, (array_agg(l.hash ORDER BY l.seq DESC))[1] AS head
  FROM ledger_line_whole l JOIN ledger_entry_whole e ON e.shard = l.shard AND e.id = l.entry_id
  WHERE l.account BETWEEN %(low)s AND %(high)s
  GROUP BY l.shard, l.account) f
ON f.shard = b.shard AND f.account = b.account
WHERE coalesce(a.account, b.account) BETWEEN %(low)s AND %(high)s
  AND (b.posted, b.pending_debit, b.pending_credit, b.seq, b.head)
  IS DISTINCT FROM (coalesce(f.posted, 0), coalesce(f.debit, 0), coalesce(f.credit, 0),
    coalesce(f.seq, 0), coalesce(f.head, b.head))
"""
_REMAINDERS = """
SELECT coalesce(p.id, f.id), p.remaining, f.remaining FROM ledger_pending p
FULL JOIN (
  SELECT e.shard, coalesce(e.pending_id, e.id) AS id, sum(l.pending)::bigint AS remaining
  FROM ledger_entry_whole e
  JOIN ledger_line_whole l ON l.shard = e.shard AND l.entry_id = e.id AND l.no = 1
  WHERE e.kind > 0 GROUP BY e.shard, coalesce(e.pending_id, e.id)) f
ON f.shard = p.shard AND f.id = p.id
WHERE p.remaining IS DISTINCT FROM f.remaining
"""


# Snapshots beside the lines up to theirs.
_SNAPSHOTS = """
SELECT a.address, a.currency, s.seq, s.posted, s.head, l.balance, l.hash,
  s.pending_debit, s.pending_credit, l.debit, l.credit
FROM ledger_snapshot s
JOIN ledger_account a ON a.shard = s.shard AND a.account = s.account
LEFT JOIN (
  SELECT l.shard, l.account, l.seq, l.hash,
    sum(l.amount) OVER w AS balance,
    sum(CASE WHEN (e.kind = 1) = (l.pending > 0) THEN l.pending ELSE 0 END) OVER w AS debit,
    sum(CASE WHEN (e.kind = 1) = (l.pending > 0) THEN 0 ELSE -l.pending END) OVER w AS credit
  FROM ledger_line_whole l
  JOIN ledger_entry_whole e ON e.shard = l.shard AND e.id = l.entry_id
  WHERE (l.shard, l.account) IN (SELECT shard, account FROM ledger_snapshot)
  WINDOW w AS (PARTITION BY l.shard, l.account ORDER BY l.seq)) l
ON l.shard = s.shard AND l.account = s.account AND l.seq = s.seq
WHERE (s.posted, s.head, s.pending_debit, s.pending_credit)
  IS DISTINCT FROM (l.balance, l.hash, l.debit, l.credit)
"""
_AT_ONCE = 5_000  # Accounts.


def replay(*, progress: Progress = quietly) -> Iterator[Difference]:
    """
    Fold the journal into a shadow of all balances, remainders and snapshots.

    Yields where the stored ones differ. Accounts are folded some thousand at a time, and
    `progress` hears how many of all are done.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(account), 0) FROM ledger_account")
        last = cursor.fetchone()[0]
    for low in range(0, last + 1, _AT_ONCE):
        high = low + _AT_ONCE - 1
        yield from _folded(low, high)
        progress(min(high, last), last)
    yield from _others()


def _folded(low: int, high: int) -> Iterator[Difference]:
    with connection.cursor() as cursor:
        cursor.execute(_FOLDED, {"low": low, "high": high})
        for address, currency, account, *columns in cursor.fetchall():
            row = f"{address} {currency}" if address else f"account {account}"
            names = ("posted", "pending_debit", "pending_credit", "sequence", "head")
            for name, stored, folded in zip(names, columns[:5], columns[5:], strict=True):
                if stored != folded:
                    yield Difference(
                        row=row, column=name, stored=_shown(stored), folded=_shown(folded)
                    )


def _others() -> Iterator[Difference]:
    with connection.cursor() as cursor:
        cursor.execute(_SNAPSHOTS)
        for address, currency, seq, posted, _, folded, *_ in cursor.fetchall():
            yield Difference(
                row=f"snapshot of {address} {currency} at {seq}",
                column="posted",
                stored=_shown(posted),
                folded=_shown(folded),
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

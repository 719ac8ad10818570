"""
Posting entries.

An entry is posted whole or not at all, and an id is posted once: the same entry again
changes nothing, another one under its id is refused.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection
from django_subatomic import db

from fintech.kernel.actor import Actor
from fintech.ledger import data, errors, posting, queries
from fintech.ledger.data import Code, templates
from fintech.ledger.data.books import EntryAsked

MOST_ENTRIES = 1_000
MOST_LINES = 100

_REFUSALS: dict[Code, type[errors.PostingRefused]] = {
    Code.ACCOUNT_UNKNOWN: errors.AccountUnknown,
    Code.OVERDRAFT: errors.Overdraft,
    Code.CONFLICT: errors.EntryConflict,
    Code.ACCOUNT_CLOSED: errors.AccountClosed,
    Code.CURRENCY_MISMATCH: errors.EntryCurrencyMismatch,
    Code.UNBALANCED: errors.EntryUnbalanced,
    Code.PERIOD_CLOSED: errors.PeriodClosed,
    Code.ID_OUT_OF_WINDOW: errors.EntryIdOutOfWindow,
    Code.PENDING_NOT_FOUND: errors.PendingNotFound,
    Code.PENDING_EXCEEDED: errors.PendingExceeded,
    Code.PENDING_MISMATCH: errors.PendingMismatch,
    Code.AMOUNT_TOO_LARGE: errors.AmountTooLarge,
}


def post(
    entries: Sequence[data.JournalEntry], *, by: Actor, shard: int = posting.SHARD
) -> list[data.Posted]:
    """
    Post entries, all of them or none, in the caller's transaction or in one of its own.

    Call it last in a transaction: the accounts' balances stay locked until the commit.

    Args:
        entries: at most 1,000, made by templates.
        by: who posts them.
        shard: on whose books; the platform's own are on the first.

    Raises:
        PostingRefused: a subclass names the rule and the entry; nothing was written.
        BatchTooLarge: more than 1,000 entries, or 100 lines in one.
    """
    outcomes = _post(entries, whole=True, by=by, shard=shard)
    for outcome in outcomes:
        if not outcome.code.stands:
            raise refusal(outcome)
    return [
        data.Posted(outcome.entry_id, existed=outcome.code == Code.EXISTS) for outcome in outcomes
    ]


def refusal(outcome: data.Outcome) -> errors.PostingRefused:
    """Return why an entry that does not stand was refused, as the error that names the rule."""
    return _REFUSALS[outcome.code](outcome.entry_id)


def try_post(
    entries: Sequence[data.JournalEntry], *, by: Actor | Sequence[Actor]
) -> list[data.Outcome]:
    """
    Post each entry that can be, and say of each what came of it.

    Args:
        entries: at most 1,000, made by templates.
        by: who posts them, one for all or one for each.

    Raises:
        BatchTooLarge: more than 1,000 entries, or 100 lines in one; nothing was written.
    """
    return _post(entries, whole=False, by=by, shard=posting.SHARD)


def _post(
    entries: Sequence[data.JournalEntry],
    *,
    whole: bool,
    by: Actor | Sequence[Actor],
    shard: int,
) -> list[data.Outcome]:
    longest = max([len(entry.lines) for entry in entries], default=0)
    if len(entries) > MOST_ENTRIES or longest > MOST_LINES:
        raise errors.BatchTooLarge(entries=len(entries))
    with db.transaction_if_not_already():
        codes = posting.post(entries, whole=whole, by=by, shard=shard)
    return [data.Outcome(entry.id, code) for entry, code in zip(entries, codes, strict=True)]


def claims(entry: data.JournalEntry | EntryAsked, accounts: Iterable[UUID]) -> Iterable[int]:
    """
    Return what posting an entry locks: its id, the pending entry it ends, its accounts.

    Batches that share none of it do not wait for each other. That none waits in a circle is the
    order of locks in the database, and does not hang on this.
    """
    yield entry.id.int
    if entry.pending_id is not None:
        yield entry.pending_id.int
    for account in accounts:
        yield account.int


def reverse(*, entry_id: UUID, reversal_id: UUID, by: Actor, at: datetime) -> data.Posted:
    """
    Post the exact opposite of an entry (E14), once; both stay in the journal.

    Args:
        entry_id: the entry to take back.
        reversal_id: the id of the new entry; the same again changes nothing.

    Raises:
        EntryNotFound: there is no such entry.
        EntryNotReversible: it is a pending entry, the end of one, or itself a reversal.
        EntryAlreadyReversed: it was reversed under another id.
        PostingRefused: an account would break its floor.
    """
    with db.transaction_if_not_already():
        with connection.cursor() as cursor:
            # Two that reverse one entry take turns; the second finds the first's.
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"reverse {entry_id}"]
            )
        found = queries.entry(entry_id)
        if found.kind != data.EntryKind.POSTED or found.template == "reversal":
            raise errors.EntryNotReversible(entry_id)
        if any(one.id != reversal_id for one in queries.reversals_of(entry_id)):
            raise errors.EntryAlreadyReversed(entry_id)
        entry = templates.reversal(entry_id=reversal_id, of=found, at=at)
        return post([entry], by=by)[0]

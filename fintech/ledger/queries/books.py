"""What is in the books that merchants keep for themselves."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection

from fintech.kernel import columns
from fintech.kernel.columns import Column
from fintech.kernel.money import Money
from fintech.ledger import data, errors
from fintech.ledger.data import books
from fintech.ledger.models import BookAccount
from fintech.ledger.posting import SHARD
from fintech.ledger.queries import balances, journal


def book_account(account_id: UUID, book: UUID) -> books.BookAccount:
    """
    Return an account of a book.

    Raises:
        BookAccountNotFound: there is none, or it is another's.
    """
    row = BookAccount.objects.filter(id=account_id, book=book).first()
    if row is None:
        raise errors.BookAccountNotFound(account_id)
    return as_data(row)


def book_accounts(
    book: UUID, *, limit: int, after: UUID | None = None, before: UUID | None = None
) -> list[books.BookAccount]:
    """Return accounts of a book, newest first; one more than `limit` if there are more."""
    rows = BookAccount.objects.filter(book=book)
    if before is not None:
        newer = rows.filter(id__gt=before).order_by("id")[: limit + 1]
        return [as_data(row) for row in reversed(newer)]
    if after is not None:
        rows = rows.filter(id__lt=after)
    return [as_data(row) for row in rows.order_by("-id")[: limit + 1]]


def named_accounts(account_ids: Iterable[UUID]) -> dict[UUID, books.NamedAccount]:
    """Return those of some accounts that are there, of whatever book, by id."""
    with columns.cursor() as cursor:
        cursor.execute(
            "SELECT id, book, type, currency, floor, closed FROM ledger_bookaccount "
            "WHERE id = ANY(%b)",
            [Column("uuid", [*set(account_ids)])],
        )
        return {
            account_id: books.NamedAccount(
                books.account_of(book, data.Type(kind), account_id, currency, floor), closed
            )
            for account_id, book, kind, currency, floor, closed in cursor.fetchall()
        }


def book_balances(accounts: Sequence[books.BookAccount]) -> dict[UUID, data.Balance]:
    """Return what accounts hold, by id, in one read."""
    found = balances.of_accounts([one.account for one in accounts])
    return {one.id: balance for one, balance in zip(accounts, found, strict=True)}


def own_pending(book: UUID, pending_ids: Sequence[UUID]) -> set[UUID]:
    """Return those of some pending entries that are in a book."""
    if not pending_ids:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.id FROM ledger_pending p "
            "JOIN ledger_account a ON a.shard = p.shard AND a.account = p.debit "
            "WHERE p.shard = %s AND p.id = ANY(%s) AND a.book = %s",
            [SHARD, [*pending_ids], book],
        )
        return {row[0] for row in cursor.fetchall()}


def book_entries(
    account: books.BookAccount, *, limit: int, before: UUID | None = None
) -> list[data.JournalEntryView]:
    """Return entries that touch an account, the last posted first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT l.entry_id FROM ledger_balance b "
            "JOIN ledger_line_whole l ON l.shard = b.shard AND l.account = b.account "
            "WHERE b.shard = %s AND b.digest = %s AND l.seq < coalesce((SELECT min(m.seq) "
            "FROM ledger_line_whole m WHERE m.shard = b.shard AND m.account = b.account "
            "AND m.entry_id = %s), 1::bigint << 62) ORDER BY l.seq DESC LIMIT %s",
            [SHARD, account.account.digest, before, 2 * limit + 2],
        )
        found = list(dict.fromkeys(row[0] for row in cursor.fetchall()))[: limit + 1]
    return journal.entries_by_id(found)


def book_trial_balance(book: UUID, *, as_of: datetime | None = None) -> list[books.BookTrialLine]:
    """Return what each account of a book holds, now or as of a moment; debits equal credits."""
    rows = [
        as_data(row) for row in BookAccount.objects.filter(book=book).order_by("currency", "code")
    ]
    sums = balances.posted_of([one.account for one in rows], as_of=as_of)
    return [
        books.BookTrialLine(
            account=one,
            debit=Money(max(posted, 0), one.currency),
            credit=Money(max(-posted, 0), one.currency),
        )
        for one, posted in zip(rows, sums, strict=True)
    ]


def as_data(row: BookAccount) -> books.BookAccount:
    """Return a row as a value."""
    return books.BookAccount(
        id=row.id,
        book=row.book,
        type=data.Type(row.type),
        currency=row.currency,
        code=row.code,
        name=row.name,
        floor=row.floor,
        closed=row.closed,
        metadata=row.metadata,
        opened_at=row.opened_at,
        version=row.version,
    )

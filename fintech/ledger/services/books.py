"""
Keeping a merchant's own book: its accounts, and entries between them.

A merchant posts only to accounts that it has opened; the platform's chart cannot be named
here at all.
"""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError
from django_subatomic import db

from fintech.kernel import event_log, ids
from fintech.kernel.actor import Actor
from fintech.kernel.events import Code as Word
from fintech.ledger import data, errors, events, queries
from fintech.ledger.data import EntryKind, JournalEntry, Line, Outcome, templates
from fintech.ledger.data.books import BookAccount, EntryAsked, NamedAccount, is_in
from fintech.ledger.data.chart import PLATFORM
from fintech.ledger.models import BookAccount as Row
from fintech.ledger.queries.books import as_data
from fintech.ledger.services import closing, posting

_V7 = 7


def open_book_account(
    *,
    book: UUID,
    type: data.Type,  # noqa: A002 - the field's term.
    currency: str,
    code: str,
    name: str,
    floor: int | None,
    metadata: dict[str, str],
    by: Actor,
    at: datetime,
) -> BookAccount:
    """
    Open an account in a merchant's book.

    Raises:
        BookAccountExists: the book has an account with this code.
    """
    if book == PLATFORM:
        raise errors.BookAccountNotFound(book)
    with db.transaction_if_not_already():
        try:
            with db.savepoint():
                row = Row.objects.create(
                    id=ids.new(),
                    book=book,
                    type=type,
                    currency=currency,
                    code=code,
                    name=name,
                    floor=floor,
                    metadata=metadata,
                    opened_at=at,
                )
        except IntegrityError:
            raise errors.BookAccountExists(code_of_account=code) from None
        fact = events.BookAccountOpened(
            book_account_id=row.id,
            book_id=book,
            type=Word(type),
            currency=Word(currency),
            version=1,
            at=at,
        )
        event_log.append([fact], by=by)
    return as_data(row)


def update_book_account(
    *,
    account_id: UUID,
    book: UUID,
    name: str | None,
    metadata: dict[str, str] | None,
    by: Actor,
    at: datetime,
) -> BookAccount:
    """
    Change what a merchant calls an account.

    Raises:
        BookAccountNotFound: there is none in this book.
    """
    with db.transaction_if_not_already():
        row = _locked(account_id, book)
        row.name = row.name if name is None else name
        row.metadata = row.metadata if metadata is None else metadata
        row.version += 1
        row.save()
        fact = events.BookAccountChanged(
            book_account_id=row.id, closed=row.closed, version=row.version, at=at
        )
        event_log.append([fact], by=by)
    return as_data(row)


def set_book_account_closed(
    *, account_id: UUID, book: UUID, closed: bool, by: Actor, at: datetime
) -> BookAccount:
    """
    Close an empty account of a book, or open it again; it may be so already.

    Raises:
        BookAccountNotFound: there is none in this book.
        AccountInUse: it holds money, or money is pending on it.
    """
    with db.transaction_if_not_already():
        row = _locked(account_id, book)
        if row.closed is closed:
            return as_data(row)
        row.closed = closed
        row.version += 1
        account = as_data(row).account
        act = closing.close_account if closed else closing.reopen_account
        with suppress(errors.AccountNotFound):  # Nothing was posted to it; its row says enough.
            act(account=account, by=by, at=at)
        row.save()
        fact = events.BookAccountChanged(
            book_account_id=row.id, closed=closed, version=row.version, at=at
        )
        event_log.append([fact], by=by)
    return as_data(row)


def post_to_book(
    *, book: UUID, entries: Sequence[EntryAsked], by: Actor | Sequence[Actor]
) -> list[Outcome]:
    """
    Post each entry to a merchant's book that can be, and say of each what came of it.

    Args:
        book: whose.
        entries: at most 1,000.
        by: who posts them, one for all or one for each.

    Raises:
        BatchTooLarge: more than 1,000 entries, or 100 lines in one; nothing was written.
    """
    posters = [by] * len(entries) if isinstance(by, Actor) else by
    return post_to_books(books=[book] * len(entries), entries=entries, by=posters)


def post_to_books(
    *, books: Sequence[UUID], entries: Sequence[EntryAsked], by: Sequence[Actor]
) -> list[Outcome]:
    """
    Post each entry that can be to the book of its merchant, all in one call.

    Args:
        books: whose, one for each entry.
        entries: at most 1,000.
        by: who posts them, one for each.

    Raises:
        BatchTooLarge: more than 1,000 entries, or 100 lines in one; nothing was written.
    """
    if len(entries) > posting.MOST_ENTRIES:
        raise errors.BatchTooLarge(entries=len(entries))
    accounts = queries.named_accounts([line.account_id for one in entries for line in one.lines])
    own = _own_pending(books, entries)
    refused: dict[int, data.Code] = {}
    sound: list[JournalEntry] = []
    posters: list[Actor] = []
    for place, (book, entry) in enumerate(zip(books, entries, strict=True)):
        code = _refusal(book, entry, accounts, own)
        if code is None:
            sound.append(_entry(entry, accounts))
            posters.append(by[place])
        else:
            refused[place] = code
    outcomes = iter(posting.try_post(sound, by=posters) if sound else ())
    return [
        Outcome(entry.id, refused[place]) if place in refused else next(outcomes)
        for place, entry in enumerate(entries)
    ]


def _own_pending(books: Sequence[UUID], entries: Sequence[EntryAsked]) -> set[tuple[UUID, UUID]]:
    """Return books with those of their pending entries, of this batch too, that entries end."""
    own = {(book, entry.id) for book, entry in zip(books, entries, strict=True) if entry.pending}
    asked: dict[UUID, list[UUID]] = defaultdict(list)
    for book, entry in zip(books, entries, strict=True):
        if entry.pending_id is not None and (book, entry.pending_id) not in own:
            asked[book].append(entry.pending_id)
    for book, ended in asked.items():
        own |= {(book, pending) for pending in queries.own_pending(book, ended)}
    return own


def post_one_to_book(*, book: UUID, entry: EntryAsked, by: Actor) -> data.Posted:
    """
    Post one entry to a merchant's book.

    Raises:
        PostingRefused: a subclass names the rule; nothing was written.
    """
    (outcome,) = post_to_book(book=book, entries=[entry], by=by)
    if not outcome.code.stands:
        raise posting.refusal(outcome)
    return data.Posted(outcome.entry_id, existed=outcome.code == data.Code.EXISTS)


def reverse_in_book(
    *, book: UUID, entry_id: UUID, reversal_id: UUID, by: Actor, at: datetime
) -> data.Posted:
    """
    Post the exact opposite of an entry of a merchant's book.

    Raises:
        EntryNotFound: there is none in this book; and what `reverse` raises.
    """
    found = queries.entry(entry_id)
    if not all(is_in(book, line.address) for line in found.lines):
        raise errors.EntryNotFound(entry_id)
    return posting.reverse(entry_id=entry_id, reversal_id=reversal_id, by=by, at=at)


def _refusal(
    book: UUID,
    entry: EntryAsked,
    accounts: dict[UUID, NamedAccount],
    own: set[tuple[UUID, UUID]],
) -> data.Code | None:
    """Return why an entry is not even asked for."""
    if entry.id.version != _V7:
        return data.Code.ID_OUT_OF_WINDOW
    if entry.pending_id is not None and (book, entry.pending_id) not in own:
        return data.Code.PENDING_NOT_FOUND
    for line in entry.lines:
        named = accounts.get(line.account_id)
        if named is None or named.account.book != book:
            return data.Code.ACCOUNT_UNKNOWN
        if named.closed:
            return data.Code.ACCOUNT_CLOSED
        if line.currency is not None and line.currency != named.account.currency:
            return data.Code.CURRENCY_MISMATCH
    return None


def _entry(entry: EntryAsked, accounts: dict[UUID, NamedAccount]) -> JournalEntry:
    lines = tuple(
        Line(accounts[line.account_id].account, line.amount_minor) for line in entry.lines
    )
    kind = EntryKind.PENDING if entry.pending else EntryKind.POSTED
    if entry.pending_id is not None:
        kind = EntryKind.CAPTURE if lines else EntryKind.RELEASE
    return templates.by_merchant(
        entry_id=entry.id,
        template=entry.template,
        kind=kind,
        lines=lines,
        at=entry.at,
        pending_id=entry.pending_id,
        final=kind == EntryKind.RELEASE or (kind == EntryKind.CAPTURE and entry.final),
        expires_at=entry.expires_at if kind == EntryKind.PENDING else None,
    )


def _locked(account_id: UUID, book: UUID) -> Row:
    row = Row.objects.select_for_update().filter(id=account_id, book=book).first()
    if row is None:
        raise errors.BookAccountNotFound(account_id)
    return row

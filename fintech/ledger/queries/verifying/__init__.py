"""
Is the journal what was written? Every row against its chain, its entry and its seal.

One pass over entries and lines as they are stored: contents are hashed here, chains and
balances are followed in memory, and only what does not fit is looked up again to say
which row explains it.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from uuid import UUID

from django.db import connection

from fintech.kernel import invariants
from fintech.kernel.sealing import SealedLog
from fintech.kernel.seals import Fault, Seal
from fintech.ledger import errors
from fintech.ledger.data import EntryProof
from fintech.ledger.queries.verifying import naming
from fintech.ledger.queries.verifying.books import Books
from fintech.ledger.queries.verifying.reading import CONTENT, RECORD, streams
from fintech.ledger.queries.verifying.sealed import Sealed

LOG = SealedLog(
    origin="ledger.journal",
    log="ledger_entry",
    seals="ledger_seal",
    leaf=f"sha256({RECORD} || sha256({CONTENT}))",
    lock=0x6A72_6E6C,
)


def verify(*, known: tuple[int, bytes] | None = None) -> list[Fault]:
    """
    Check every line, entry, balance, remainder and seal; return the rows that differ.

    Empty if the journal is intact. Reads one snapshot and stalls nobody.

    Args:
        known: a number and digest of a head kept elsewhere; without one, a journal that
            was cut off or rewritten together with its seals cannot be told from another.
    """
    with nullcontext() if connection.in_atomic_block else invariants.snapshot():
        books, sealed = Books(), Sealed(LOG, known)
        books.read_accounts()
        with _uncollected(), streams() as chunks:
            for kind, rows in chunks:
                if kind == "entries":
                    sealed.take(books.take_entries(rows))
                    books.take_up()
                else:
                    books.take_lines(rows)
        found = sealed.finish()
        return [*found, *naming.faults(books, {fault.row for fault in found})]


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the garbage collector from walking a million entries that are in use."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def verify_book(book: UUID) -> tuple[list[Fault], int, int]:
    """
    Check the chains, entries and balances of one book's accounts.

    Returns the rows that differ, and how many accounts and lines there are.
    """
    with nullcontext() if connection.in_atomic_block else invariants.snapshot():
        books = Books()
        books.read_accounts(book)
        with _uncollected(), streams(book) as chunks:
            for kind, rows in chunks:
                if kind == "entries":
                    books.take_entries(rows)
                    books.take_up()
                else:
                    books.take_lines(rows)
        found = list(naming.faults(books, set(), book))
        return found, len(books.chains), sum(chain.seq for chain in books.chains.values())


def proof(entry_id: UUID) -> EntryProof | None:
    """
    Return what shows an entry to be in the journal; None if it is not sealed yet.

    Raises:
        EntryNotFound: there is none with this id.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT position FROM ledger_entry WHERE id = %s", [entry_id])
        row = cursor.fetchone()
    if row is None:
        raise errors.EntryNotFound(entry_id)
    shown = LOG.inclusion(row[0])
    if shown is None:
        return None
    seal, index, path = shown
    leaf = dict(seal.leaves)[row[0]]
    return EntryProof(seal=seal, leaf=leaf, index=index, path=tuple(path))


def heads(*, limit: int = 20) -> list[Seal]:
    """Return the latest seals, newest first."""
    return LOG.heads(limit=limit)

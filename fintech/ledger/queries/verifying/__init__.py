"""
Is the journal what was written? Every row against its chain, its entry and its seal.

One pass over entries and lines as they are stored: contents are hashed here, chains and
balances are followed in memory, and only what does not fit is looked up again to say
which row explains it.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from django.db import connection

from fintech.kernel import invariants
from fintech.kernel.sealing import SealedLog
from fintech.kernel.seals import Fault, Seal
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


def heads(*, limit: int = 20) -> list[Seal]:
    """Return the latest seals, newest first."""
    return LOG.heads(limit=limit)

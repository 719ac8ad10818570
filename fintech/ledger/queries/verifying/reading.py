"""
The journal as bytes: two streams, read side by side ahead of who checks them.

What is hashed is put together by PostgreSQL's own functions, in the fixed form of the
posting function, and hashed here: a verifier that asked the database's own functions
would believe whoever replaced them.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, Full, Queue
from typing import Any, Literal
from uuid import UUID

import psycopg
from django.db import connection

_NOBODY = "'00000000-0000-0000-0000-000000000000'::uuid"
# What is hashed of an entry (integers big-endian); its formula says what its lines look like.
CONTENT = f"""int2send(formula) || uuid_send(id) || int2send(shard) || int2send(kind)
  || int2send(version) || uuid_send(coalesce(subject, {_NOBODY}))
  || uuid_send(coalesce(pending_id, {_NOBODY})) || timestamptz_send(occurred_at)
  || timestamptz_send(coalesce(expires_at, '-infinity')) || boolsend(final)
  || int4send(octet_length(template)) || convert_to(template, 'UTF8')
  || int4send(coalesce(octet_length(expected::text), 0))
  || convert_to(coalesce(expected::text, ''), 'UTF8') || lines"""
# What is sealed of it beside that: when, where and by whom it was recorded.
RECORD = """'\\x00'::bytea || int8send(position) || int8send(xid::text::bigint)
  || timestamptz_send(recorded_at) || int4send(octet_length(by)) || convert_to(by, 'UTF8')"""
_ENTRIES = f"SELECT uuid_send(id) || int4send(octet_length(lines)) || {RECORD} || {CONTENT} {{}}"
_LINES = """SELECT uuid_send(entry_id) || int4send(account) || int2send(shard) || int2send(no)
  || int8send(seq) || int8send(amount) || int8send(pending) || int8send(balance) || hash {}"""
_ACCOUNTS = "(SELECT shard, account FROM ledger_account WHERE book = %s)"
_IN_BOOK = {
    "entries": "WHERE id IN (SELECT entry_id FROM ledger_line_whole "
    f"WHERE (shard, account) IN {_ACCOUNTS})",
    "lines": f"WHERE (shard, account) IN {_ACCOUNTS} ORDER BY account, seq",
}
_CHUNK = {"entries": 10_000, "lines": 20_000}
_AHEAD = 3  # Chunks that wait, at most.

Kind = Literal["entries", "lines"]
Chunk = tuple[Kind, list[bytes]]


@contextmanager
def streams(book: UUID | None = None) -> Iterator[Iterator[Chunk]]:
    """
    Yield chunks of entries and of lines by turns, in the order in which they are stored.

    All of the journal, or what stands in one book.

    Needs the caller's transaction, which nobody else may use meanwhile.
    """
    connection.ensure_connection()
    chunks: Queue[Chunk | BaseException | None] = Queue(maxsize=_AHEAD)
    over = threading.Event()
    reader = threading.Thread(
        target=_read, args=(connection.connection, book, chunks, over), name="journal reader"
    )
    reader.start()
    try:
        yield _chunks(chunks)
    finally:
        over.set()
        while reader.is_alive():
            try:
                chunks.get_nowait()
            except Empty:
                reader.join(0.01)


def _chunks(chunks: "Queue[Chunk | BaseException | None]") -> Iterator[Chunk]:
    while (chunk := chunks.get()) is not None:
        if isinstance(chunk, BaseException):
            raise chunk
        yield chunk


def _read(
    database: psycopg.Connection[Any],
    book: UUID | None,
    chunks: "Queue[Chunk | BaseException | None]",
    over: threading.Event,
) -> None:
    """Read both streams so that about as many lines are read as the entries have."""
    try:
        with (
            _cursor(database, "entries", book) as entries,
            _cursor(database, "lines", book) as lines,
        ):
            open_: dict[Kind, Any] = {"entries": entries, "lines": lines}
            ahead = 0  # Lines of the entries that were read, less lines that were read.
            while open_ and not over.is_set():
                kind: Kind = "entries" if "entries" in open_ and ahead <= 0 else "lines"
                kind = kind if kind in open_ else "entries"
                rows = [row for (row,) in open_[kind].fetchmany(_CHUNK[kind])]
                if not rows:
                    del open_[kind]
                elif kind == "lines":
                    ahead -= len(rows)
                else:
                    ahead += sum(int.from_bytes(row[16:20]) for row in rows) // 12
                _put(chunks, (kind, rows), over)
        _put(chunks, None, over)
    except BaseException as error:  # noqa: BLE001 - raised where the chunks are read.
        _put(chunks, error, over)


def _cursor(
    database: psycopg.Connection[Any], kind: Kind, book: UUID | None
) -> psycopg.ServerCursor[Any]:
    cursor = database.cursor(name=f"verify_{kind}", binary=True)
    # In the order of storage, which is nearly that of posting: no sort, whatever the size.
    table = {"entries": "FROM ledger_entry_whole", "lines": "FROM ledger_line_whole"}[kind]
    query = {"entries": _ENTRIES, "lines": _LINES}[kind]
    if book is None:
        cursor.execute(query.format(table))
    else:
        cursor.execute(query.format(f"{table} {_IN_BOOK[kind]}"), [book])
    return cursor


def _put(chunks: "Queue[Any]", item: Any, over: threading.Event) -> None:
    while not over.is_set():
        try:
            chunks.put(item, timeout=0.1)
        except Full:
            continue
        return

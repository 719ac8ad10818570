"""
The journal as text, for judges from outside: a stream, whatever its length.

`jsonl` holds everything that is hashed and signed, for the stand-alone verifier; the
other formats hold what was posted, for other people's accounting programs.
"""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from django.db import connection

from fintech.kernel.money import Money
from fintech.ledger.data import packed
from fintech.ledger.queries.verifying import LOG

_CHUNK = 5_000

# Times as the hash has them: microseconds since 2000-01-01, in UTC.
_TIME = "(extract(epoch FROM {0} - timestamptz '2000-01-01 00:00+00') * 1000000)::bigint"
_ACCOUNTS = """
SELECT json_build_object('type', 'account', 'shard', shard, 'account', account,
  'digest', digest, 'book', book, 'code', code, 'normal', normal, 'floor', floor,
  'currency', currency, 'address', address)::text
FROM ledger_account ORDER BY shard, account
"""
_ENTRIES = f"""
SELECT json_build_object('type', 'entry', 'position', position, 'xid', xid::text::bigint,
  'id', id, 'shard', shard, 'kind', kind, 'version', version, 'formula', formula,
  'template', template, 'subject', subject, 'pending_id', pending_id, 'final', final,
  'occurred_at', {_TIME.format("occurred_at")}, 'expires_at', {_TIME.format("expires_at")},
  'recorded_at', {_TIME.format("recorded_at")}, 'by', by, 'lines', encode(lines, 'hex'),
  'expected', expected::text)::text
FROM ledger_entry_whole ORDER BY position
"""
_LINES = """
SELECT json_build_object('type', 'line', 'shard', shard, 'account', account, 'seq', seq,
  'no', no, 'entry_id', entry_id, 'amount', amount, 'pending', pending, 'balance', balance,
  'hash', encode(hash, 'hex'))::text
FROM ledger_line_whole ORDER BY shard, account, seq
"""
_POSTED = """
SELECT id, occurred_at, template, lines, formula, kind FROM ledger_entry_whole ORDER BY position
"""


def jsonl() -> Iterator[str]:
    """Yield accounts, entries, lines and seals, one JSON object a line."""
    for part in (_ACCOUNTS, _ENTRIES, _LINES):
        for (text,) in _stream(part):
            yield text
    for seal in LOG.each():
        yield json.dumps(
            {
                "type": "seal",
                "origin": seal.head.origin,
                "number": seal.head.number,
                "size": seal.head.size,
                "root": seal.head.root.hex(),
                "previous": seal.head.previous.hex(),
                "sealed_at_us": seal.head.sealed_at_us,
                "key_id": seal.signature.key_id,
                "signature": seal.signature.value.hex(),
                "positions": [position for position, _ in seal.leaves],
                "leaves": [leaf.hex() for _, leaf in seal.leaves],
            }
        )


def hledger() -> Iterator[str]:
    """Yield the posted lines as hledger and ledger read them."""
    for entry_id, at, template, lines in _posted():
        yield f"{at:%Y-%m-%d} * {template} | {entry_id}"
        for address, amount in lines:
            yield f"    {address}  {amount}"
        yield ""


def beancount() -> Iterator[str]:
    """Yield the posted lines as beancount reads them, all accounts opened at the first entry."""
    yield 'option "booking_method" "NONE"'
    with connection.cursor() as cursor:
        # Entries may be back-dated, and beancount wants an account open by then.
        cursor.execute("SELECT min(occurred_at) FROM ledger_entry_whole")
        first = cursor.fetchone()[0]
    for address, currency in _names().values():
        yield f"{first:%Y-%m-%d} open {_capitalized(f'{address}:{currency}')} {currency}"
    for entry_id, at, template, lines in _posted():
        yield f'{at:%Y-%m-%d} * "{template}" "{entry_id}"'
        for address, amount in lines:
            yield f"  {_capitalized(address)}  {amount}"
        yield ""


def _posted() -> Iterator[tuple[str, datetime, str, list[tuple[str, Money]]]]:
    """Yield entries that moved money, with a currency on each account's name."""
    names = _names()
    for entry_id, at, template, content, formula, kind in _stream(_POSTED):
        lines = [
            (f"{names[account][0]}:{names[account][1]}", Money(amount, names[account][1]))
            for account, amount, _ in packed.unpack(bytes(content), formula, kind)
            if amount
        ]
        if lines:
            yield str(entry_id), at, template, lines


def _names() -> dict[int, tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT account, address, currency FROM ledger_account ORDER BY account")
        return {number: (address, currency) for number, address, currency in cursor.fetchall()}


def _capitalized(address: str) -> str:
    parts = address.replace("_", "-").replace(".", "-").split(":")
    return ":".join(part[:1].upper() + part[1:] for part in parts)


def _stream(sql: str) -> Iterator[tuple[Any, ...]]:
    """Yield rows as they come; needs the caller's transaction."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql)
        while rows := cursor.fetchmany(_CHUNK):
            yield from rows


FORMATS: dict[str, Callable[[], Iterator[str]]] = {
    "jsonl": jsonl,
    "hledger": hledger,
    "ledger": hledger,
    "beancount": beancount,
}

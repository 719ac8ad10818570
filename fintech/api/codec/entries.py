"""
Journal entries as the outside writes them: one in a body, or many in an array or NDJSON.

Each entry is read by itself: what is wrong with one says nothing of the others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fintech.api.codec import strict_json
from fintech.api.codec.fields import (
    Amount,
    Boolean,
    Currency,
    Field,
    Group,
    Integer,
    Many,
    OneOf,
    Schema,
    Text,
    read_fields,
)
from fintech.api.codec.tree import Malformed, Node
from fintech.kernel import ids
from fintech.ledger.data.books import EntryAsked, LineAsked
from fintech.wire.errors import Fault

NDJSON, JSON = "application/x-ndjson", "application/json"
_LARGEST_AMOUNT = (1 << 62) - 1
_LAST_SECOND = 253_402_300_799
_UNKNOWN = UUID(int=0)  # Nobody's: what is no id at all sounds like one that never was.


@dataclass(frozen=True, slots=True, kw_only=True)
class NewId(Field):
    """An id that the caller has made."""

    prefix: str

    def read(self, node: Node, param: str, faults: list[Fault]) -> UUID | None:
        """Return the UUID."""
        try:
            return ids.parse(self.prefix, node if isinstance(node, str) else "")
        except ids.NotAnId:
            message = f"This must be {self.prefix}_ and 22 characters: a UUIDv7 in base 62."
            faults.append(Fault(param, "parameter_invalid", message))
            return None

    def schema(self) -> Schema:
        """Return a string with the prefix."""
        return {"type": "string", "pattern": f"^{self.prefix}_[0-9A-Za-z]{{22}}$"}


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnAccount(NewId):
    """An account of the caller's book; whether it is there is for the books to say."""

    prefix: str = "lac"

    def read(self, node: Node, param: str, faults: list[Fault]) -> UUID | None:
        """Return the UUID; nobody's, if this is no id."""
        if not isinstance(node, str):
            faults.append(Fault(param, "parameter_invalid", "This must be an id."))
            return None
        try:
            return ids.parse(self.prefix, node)
        except ids.NotAnId:
            return _UNKNOWN


ENTRY: Mapping[str, Field] = {
    "lines": Many(
        of=Group(
            fields={
                "account": OwnAccount(required=True, about="An account of your book."),
                "direction": OneOf(words=("debit", "credit"), required=True),
                "amount": Amount(required=True, most=_LARGEST_AMOUNT),
                "currency": Currency(about="Checked against the account's, if given."),
            }
        ),
        most=100,
        about="Debits equal credits in each currency.",
    ),
    "id": NewId(
        prefix="ltx", about="Made by you (UUIDv7): the same entry under the same id counts once."
    ),
    "occurred_at": Integer(
        least=0, most=_LAST_SECOND, about="When it happened; now, if not given."
    ),
    "template": Text(
        longest=40, pattern=r"[a-z0-9_]+", about="Your name for this kind of entry.", example="sale"
    ),
    "pending": Boolean(about="Only set the amount aside (two lines, the debit first)."),
    "pending_entry": NewId(
        prefix="ltx",
        about="Capture a part of this pending entry; without lines, release what is left.",
    ),
    "final": Boolean(about="Whether a capture releases what it leaves; true if not given."),
    "expires_at": Integer(least=0, most=_LAST_SECOND, about="For your information only."),
}


def read_one(values: Mapping[str, Any], *, at: datetime) -> tuple[EntryAsked | None, list[Fault]]:
    """Return an entry made of checked parameters, or what is wrong with it."""
    lines = values.get("lines") or []
    pending_id = values.get("pending_entry")
    if values.get("pending") and pending_id is not None:
        message = "An entry is pending itself, or ends a pending one."
        return None, [Fault("pending", "parameters_exclusive", message)]
    if not lines and pending_id is None:
        return None, [Fault("lines", "parameter_missing", "An entry has lines.")]
    occurred_at = values.get("occurred_at")
    expires_at = values.get("expires_at")
    final = values.get("final")
    return EntryAsked(
        id=values.get("id") or ids.new(),
        template=values.get("template") or "entry",
        at=at if occurred_at is None else datetime.fromtimestamp(occurred_at, tz=UTC),
        lines=tuple(
            LineAsked(
                account_id=line["account"],
                amount_minor=line["amount"] if line["direction"] == "debit" else -line["amount"],
                currency=line.get("currency"),
            )
            for line in lines
        ),
        pending=bool(values.get("pending")),
        pending_id=pending_id,
        final=True if final is None else final,
        expires_at=None if expires_at is None else datetime.fromtimestamp(expires_at, tz=UTC),
    ), []


def read_many(
    content: bytes, media_type: str, *, at: datetime
) -> list[tuple[EntryAsked | None, list[Fault]]]:
    """
    Return each entry of a batch, or what is wrong with it.

    Raises:
        Malformed: an array that is not JSON. A line of NDJSON is wrong by itself.
    """
    if media_type == JSON:
        return [_read(node, at=at) for node in strict_json.read_list(content)]
    return [_line(line, at=at) for line in content.splitlines() if line.strip()]


def count(content: bytes, media_type: str) -> int:
    """Return how many entries a batch of NDJSON has, without reading them; 0 for an array."""
    return sum(1 for line in content.splitlines() if line.strip()) if media_type == NDJSON else 0


def _line(line: bytes, *, at: datetime) -> tuple[EntryAsked | None, list[Fault]]:
    try:
        return _read(strict_json.read(line), at=at)
    except Malformed as broken:
        return None, [Fault("", "malformed_body", broken.message)]


def _read(node: Mapping[str, Node], *, at: datetime) -> tuple[EntryAsked | None, list[Fault]]:
    faults: list[Fault] = []
    values = read_fields(ENTRY, node, faults)
    return (None, faults) if faults else read_one(values, at=at)


def ids_of(read: Sequence[tuple[EntryAsked | None, list[Fault]]]) -> list[EntryAsked]:
    """Return the entries that could be read."""
    return [entry for entry, _ in read if entry is not None]

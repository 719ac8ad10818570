"""
The acquirer's own book: every operation once, by the caller's reference.

Answers are durable against a restart of the process, not of the machine: nothing here
waits for a disk, because the platform's throughput is measured against it.
"""

import hashlib
import json
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime

import iso4217

from sandbox.acquirer.cards import BEHAVIORS

AMOUNT_MAX = 10**15
REFERENCE_MAX = 100
FEE_BASIS_POINTS = 140  # Of a captured amount, rounded half up,
FEE_FIXED_MINOR = {0: 25, 2: 25, 3: 250}  # and a fixed part by the currency's exponent.

_SCHEMA = """
CREATE TABLE IF NOT EXISTS operation (
    reference TEXT PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    parent TEXT NOT NULL DEFAULT '',
    asked TEXT NOT NULL,
    card TEXT NOT NULL,
    status TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    currency TEXT NOT NULL,
    decline_code TEXT NOT NULL DEFAULT '',
    occurred_at TEXT NOT NULL,
    occurred_on TEXT NOT NULL,
    captured_minor INTEGER NOT NULL DEFAULT 0,
    refunded_minor INTEGER NOT NULL DEFAULT 0,
    voided INTEGER NOT NULL DEFAULT 0,
    ready_at REAL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS operation_settled ON operation (currency, occurred_on);
CREATE INDEX IF NOT EXISTS operation_pending ON operation (ready_at) WHERE status = 'pending';
"""
_COLUMNS = (
    "reference, id, kind, parent, asked, card, status, amount_minor, currency, decline_code, "
    "occurred_at, occurred_on, captured_minor, refunded_minor, voided, ready_at"
)
# What settles: captures, authorizations that captured at once, and refunds that went through.
_SENT = "status = 'sent' AND kind = 'bank_transfer'"
_SETTLES = (
    "status = 'succeeded' AND (kind = 'capture' OR kind = 'refund' OR "
    "(kind = 'authorization' AND captured_minor > 0))"
)


class Unreadable(Exception):
    """The request says something that cannot be meant; nothing was done."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class ReferenceReused(Exception):
    """The reference names another operation."""


@dataclass(slots=True, kw_only=True)
class Operation:
    """One thing that the acquirer was asked to do, and what came of it."""

    reference: str
    id: str
    kind: str
    parent: str
    asked: str
    card: str
    status: str
    amount_minor: int
    currency: str
    decline_code: str = ""
    occurred_at: str
    occurred_on: str
    captured_minor: int = 0
    refunded_minor: int = 0
    voided: int = 0
    ready_at: float | None = None

    def told(self) -> dict[str, object]:
        """Say it in the words of the HTTP contract."""
        return {
            "id": self.id,
            "reference": self.reference,
            "kind": self.kind,
            "status": self.status,
            "amount_minor": self.amount_minor,
            "currency": self.currency,
            "decline_code": self.decline_code or None,
            "occurred_at": self.occurred_at,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A row of a day's settlement; signs follow the money."""

    kind: str
    reference: str
    original_reference: str
    occurred_at: str
    gross_minor: int
    fee_minor: int

    @property
    def net_minor(self) -> int:
        """Return what is paid out for it."""
        return self.gross_minor - self.fee_minor


class Book:
    """The operations in one SQLite file. Calls come one at a time, from an event loop."""

    def __init__(self, path: str = ":memory:", *, pending_seconds: float = 3.0) -> None:
        """Open the file at `path`, or keep the book in memory."""
        self._pending_seconds = pending_seconds
        self._sql = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._sql.execute("PRAGMA journal_mode = WAL")
        self._sql.execute("PRAGMA synchronous = OFF")
        self._sql.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._sql.close()

    def authorize(self, body: Mapping[str, object]) -> tuple[Operation, bool]:
        """
        Reserve money on a card, and take it at once if asked to.

        Returns the operation, and whether it is new. A challenged operation goes on
        when it is asked for again with `authenticated`.
        """
        reference, at = _reference(body), _occurred_at(body)
        amount, currency = _amount(body), _currency(body)
        card = body.get("card")
        if not isinstance(card, str) or card not in BEHAVIORS:
            raise Unreadable("card_unknown", "card is not one of the sandbox's")
        capture = body.get("capture", False) is True
        asked = _asked("authorization", "", amount, currency, card, capture)
        known = self._known(reference, asked)
        behavior = BEHAVIORS[card]
        passed = body.get("authenticated", False) is True
        if known is not None and not (known.status == "challenge" and passed):
            return known, False
        status = "succeeded" if capture else "approved"
        if behavior.decline:
            status = "declined"
        elif behavior.challenge and not passed:
            status = "challenge"
        operation = Operation(
            reference=reference,
            id=_id(reference),
            kind="authorization",
            parent="",
            asked=asked,
            card=card,
            status=status,
            amount_minor=amount,
            currency=currency,
            decline_code=behavior.decline,
            occurred_at=at.isoformat(),
            occurred_on=at.date().isoformat(),
            captured_minor=amount if status == "succeeded" else 0,
        )
        self._write(operation)
        return operation, True

    def capture(self, authorization_id: str, body: Mapping[str, object]) -> tuple[Operation, bool]:
        """Take a part of what is reserved; more than is left fails."""
        parent = self._parent(authorization_id, {"authorization"})
        amount = _amount(body)
        operation, new = self._child("capture", parent, amount, body)
        if new:
            if parent.status != "approved" or parent.voided:
                operation.status, operation.decline_code = "failed", "authorization_not_open"
            elif parent.captured_minor + amount > parent.amount_minor:
                operation.status, operation.decline_code = (
                    "failed",
                    "capture_exceeds_authorization",
                )
            else:
                parent.captured_minor += amount
                # After the last capture nothing is reserved any more.
                parent.voided = int(body.get("final") is True)
            self._write(operation, parent)
        return operation, new

    def adjust(self, authorization_id: str, body: Mapping[str, object]) -> tuple[Operation, bool]:
        """Reserve another amount; never less than was taken."""
        parent = self._parent(authorization_id, {"authorization"})
        amount = _amount(body)
        operation, new = self._child("adjustment", parent, amount, body)
        if new:
            if parent.status != "approved" or parent.voided:
                operation.status, operation.decline_code = "failed", "authorization_not_open"
            elif amount < parent.captured_minor:
                operation.status, operation.decline_code = "failed", "adjustment_below_captured"
            else:
                parent.amount_minor = amount
            self._write(operation, parent)
        return operation, new

    def void(self, authorization_id: str, body: Mapping[str, object]) -> tuple[Operation, bool]:
        """Let go of what is left of an authorization."""
        parent = self._parent(authorization_id, {"authorization"})
        operation, new = self._child("void", parent, None, body)
        if new:
            if parent.status != "approved" or parent.voided:
                operation.status, operation.decline_code = "failed", "authorization_not_open"
            else:
                operation.amount_minor = parent.amount_minor - parent.captured_minor
                parent.voided = 1
            self._write(operation, parent)
        return operation, new

    def refund(self, capture_id: str, body: Mapping[str, object]) -> tuple[Operation, bool]:
        """Give back a part of what was taken, by a capture or an authorization that captured."""
        parent = self._parent(capture_id, {"capture", "authorization"})
        amount = _amount(body)
        operation, new = self._child("refund", parent, amount, body)
        if new:
            taken = parent.captured_minor if parent.kind == "authorization" else parent.amount_minor
            behavior = BEHAVIORS[parent.card]
            if parent.status != "succeeded":
                operation.status, operation.decline_code = "failed", "capture_not_settled"
            elif parent.refunded_minor + amount > taken:
                operation.status, operation.decline_code = "failed", "refund_exceeds_capture"
            elif behavior.refund == "failed":
                operation.status, operation.decline_code = "failed", "expired_or_canceled_card"
            else:
                operation.status = behavior.refund
                parent.refunded_minor += amount
                if operation.status == "pending":
                    operation.ready_at = time.time() + self._pending_seconds
            self._write(operation, parent)
        return operation, new

    def bank_transfer(self, body: Mapping[str, object]) -> Operation:
        """Send money to an account outside; one whose account ends in 0000 is rejected."""
        reference, at = _reference(body), _occurred_at(body)
        amount, currency = _amount(body), _currency(body)
        account = body.get("account")
        if not isinstance(account, str) or not account:
            raise Unreadable("account_unknown", "account is where the money goes")
        asked = _asked("bank_transfer", "", amount, currency, account)
        known = self._known(reference, asked)
        if known is not None:
            return known
        operation = Operation(
            reference=reference,
            id=_id(reference),
            kind="bank_transfer",
            parent="",
            asked=asked,
            card="",
            status="rejected" if account.endswith("0000") else "sent",
            amount_minor=amount,
            currency=currency,
            occurred_at=at.isoformat(),
            occurred_on=at.date().isoformat(),
        )
        self._write(operation)
        return operation

    def operation(self, reference: str) -> Operation | None:
        """Tell what became of an operation."""
        found = self._one("reference", reference)
        if found is not None and found.status == "pending" and _is_ready(found):
            found.status = "succeeded"
            self._write(found)
        return found

    def pending(self) -> list[Operation]:
        """List what still has no outcome."""
        return self._select("status = 'pending' ORDER BY ready_at")

    def latest(self, limit: int) -> list[Operation]:
        """List what happened last, by business time."""
        return self._select("1 ORDER BY occurred_at DESC, reference LIMIT ?", limit)

    def counts(self) -> dict[str, int]:
        """Count operations by kind and status."""
        rows = self._sql.execute(
            "SELECT kind || '_' || status, count(*) FROM operation GROUP BY 1 ORDER BY 1"
        )
        return dict(rows.fetchall())

    def settled(self, on: date, currency: str) -> list[Settled]:
        """List what settles for a business day, in its order."""
        rows = self._select(
            f"currency = ? AND occurred_on = ? AND {_SETTLES} ORDER BY occurred_at, reference",
            currency,
            on.isoformat(),
        )
        return [_settled(row) for row in rows]

    def sent(self, on: date, currency: str) -> list[Operation]:
        """List the transfers that the bank sent on a day, in its order."""
        return self._select(
            f"currency = ? AND occurred_on = ? AND {_SENT} ORDER BY occurred_at, reference",
            currency,
            on.isoformat(),
        )

    def held_before(self, on: date, currency: str) -> int:
        """Return what the account held before a day: what was paid in less what was sent."""
        sent = self._select(
            f"currency = ? AND occurred_on < ? AND {_SENT}", currency, on.isoformat()
        )
        return self.paid_before(on, currency) - sum(one.amount_minor for one in sent)

    def paid_before(self, on: date, currency: str) -> int:
        """Add up what was paid out for all days before one."""
        rows = self._select(
            f"currency = ? AND occurred_on < ? AND {_SETTLES}", currency, on.isoformat()
        )
        return sum(_settled(row).net_minor for row in rows)

    def _child(
        self, kind: str, parent: Operation, amount: int | None, body: Mapping[str, object]
    ) -> tuple[Operation, bool]:
        reference, at = _reference(body), _occurred_at(body)
        asked = _asked(kind, parent.reference, amount, parent.currency)
        known = self._known(reference, asked)
        if known is not None:
            return known, False
        return Operation(
            reference=reference,
            id=_id(reference),
            kind=kind,
            parent=parent.reference,
            asked=asked,
            card=parent.card,
            status="succeeded",
            amount_minor=amount or 0,
            currency=parent.currency,
            occurred_at=at.isoformat(),
            occurred_on=at.date().isoformat(),
        ), True

    def _known(self, reference: str, asked: str) -> Operation | None:
        known = self.operation(reference)
        if known is not None and known.asked != asked:
            raise ReferenceReused
        return known

    def _parent(self, operation_id: str, kinds: set[str]) -> Operation:
        found = self._one("id", operation_id)
        if found is None or found.kind not in kinds:
            raise Unreadable("operation_unknown", f"there is no such {' or '.join(sorted(kinds))}")
        return found

    def _one(self, column: str, value: str) -> Operation | None:
        return next(iter(self._select(f"{column} = ?", value)), None)

    def _select(self, where: str, *values: object) -> list[Operation]:
        rows = self._sql.execute(f"SELECT {_COLUMNS} FROM operation WHERE {where}", values)
        names = _COLUMNS.split(", ")
        return [Operation(**dict(zip(names, row, strict=True))) for row in rows]

    def _write(self, *operations: Operation) -> None:
        marks = ", ".join(f":{name}" for name in _COLUMNS.split(", "))
        self._sql.execute("BEGIN")
        self._sql.executemany(
            f"INSERT OR REPLACE INTO operation ({_COLUMNS}) VALUES ({marks})",
            [asdict(operation) for operation in operations],
        )
        self._sql.execute("COMMIT")


def fee_minor(amount_minor: int, currency: str) -> int:
    """Return what the acquirer keeps of a captured amount."""
    part = (amount_minor * FEE_BASIS_POINTS * 2 + 10_000) // 20_000
    return min(part + FEE_FIXED_MINOR.get(exponent(currency), 25), amount_minor)


def exponent(currency: str) -> int:
    """Return how many digits a currency has behind the point."""
    return int(iso4217.Currency(currency).exponent or 0)


def _settled(row: Operation) -> Settled:
    refund = row.kind == "refund"
    return Settled(
        kind="refund" if refund else "capture",
        reference=row.reference,
        original_reference=row.parent,
        occurred_at=row.occurred_at,
        gross_minor=-row.amount_minor if refund else row.amount_minor,
        fee_minor=0 if refund else fee_minor(row.amount_minor, row.currency),
    )


def _is_ready(operation: Operation) -> bool:
    return operation.ready_at is not None and operation.ready_at <= time.time()


def _id(reference: str) -> str:
    # Made of the reference: the same story has the same ids.
    return "sim_" + hashlib.sha256(reference.encode()).hexdigest()[:24]


def _asked(*parts: object) -> str:
    return json.dumps(parts)


def _reference(body: Mapping[str, object]) -> str:
    value = body.get("reference")
    if not isinstance(value, str) or not 0 < len(value) <= REFERENCE_MAX:
        raise Unreadable("invalid_request", f"reference is text of 1 to {REFERENCE_MAX} characters")
    return value


def _amount(body: Mapping[str, object]) -> int:
    value = body.get("amount_minor")
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= AMOUNT_MAX:
        raise Unreadable(
            "invalid_request", f"amount_minor is a whole number from 1 to {AMOUNT_MAX}"
        )
    return value


def _currency(body: Mapping[str, object]) -> str:
    value = body.get("currency")
    if not isinstance(value, str) or not is_currency(value):
        raise Unreadable("invalid_request", "currency is an ISO 4217 code in upper case")
    return value


def is_currency(value: str) -> bool:
    """Tell whether a text is an ISO 4217 code."""
    try:
        iso4217.Currency(value)
    except ValueError:
        return False
    return True


def _occurred_at(body: Mapping[str, object]) -> datetime:
    value = body.get("occurred_at")
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise Unreadable("invalid_request", "occurred_at is an ISO 8601 time with its offset")
    return at.astimezone(UTC)

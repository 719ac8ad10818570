"""
The books in plain Python: what posting must decide, said a second time and simply.

Nothing of the ledger is used here but the values that go in. One entry after another; an
entry is looked at in a fixed order, and the first rule that it breaks is its answer.
"""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

LARGE = 1 << 62
POSTED, PENDING, CAPTURE, RELEASE = range(4)
DEBIT = 1


@dataclass
class Stand:
    """What one account holds; amounts are signed, debit positive."""

    normal: int
    floor: int | None
    posted: int = 0
    debit: int = 0
    credit: int = 0
    lines: int = 0
    closed: bool = False

    @property
    def available(self) -> int:
        if self.normal == DEBIT:
            return self.posted - self.credit
        return -self.posted - self.debit

    @property
    def below_its_floor(self) -> bool:
        return self.floor is not None and self.available < self.floor

    @property
    def too_large(self) -> bool:
        return abs(self.posted) >= LARGE or self.debit >= LARGE or self.credit >= LARGE


@dataclass
class Held:
    debit: tuple
    credit: tuple
    remaining: int


@dataclass
class Model:
    oldest: UUID  # Ids made before or after these are refused.
    newest: UUID
    accounts: dict = field(default_factory=dict)
    entries: dict = field(default_factory=dict)
    pending: dict = field(default_factory=dict)
    closed_before: datetime | None = None

    def post(self, entry) -> str:
        """Decide about one entry, and let it happen if nothing speaks against it."""
        refusal = self._by_itself(entry) or self._by_its_time(entry)
        if refusal:
            return refusal
        held = None
        if entry.kind in {CAPTURE, RELEASE}:
            held = self.pending.get(entry.pending_id)
            if held is None:
                return "PENDING_NOT_FOUND"
        refusal = self._release(held) if entry.kind == RELEASE else self._lines(entry, held)
        return refusal or self._moved(entry, held)

    def _by_itself(self, entry) -> str | None:
        if any(abs(line.amount_minor) >= LARGE for line in entry.lines):
            return "AMOUNT_TOO_LARGE"
        if entry.kind != RELEASE and len(entry.lines) < 2:
            return "UNBALANCED"
        if entry.id in self.entries:
            return "EXISTS" if self.entries[entry.id] == _content(entry) else "CONFLICT"
        return None

    def _by_its_time(self, entry) -> str | None:
        if not self.oldest.int <= entry.id.int <= self.newest.int:
            return "ID_OUT_OF_WINDOW"
        # A release of nothing is in no book, and so in no period.
        in_a_book = entry.kind != RELEASE or entry.pending_id in self.pending
        if in_a_book and self.closed_before and entry.at < self.closed_before:
            return "PERIOD_CLOSED"
        return None

    def _moved(self, entry, held) -> str:
        """Let an entry happen; take it back if an account cannot bear it."""
        before = {key: replace(stand) for key, stand in self.accounts.items()}
        remaining = held and held.remaining
        touched = self._touched(entry, held)
        refusal = None
        if not self._move(entry, held, touched):
            refusal = "AMOUNT_TOO_LARGE"
        elif any(self.accounts[key].below_its_floor for key in touched):
            refusal = "OVERDRAFT"
        if refusal:
            self.accounts = before
            if held:
                held.remaining = remaining
            return refusal
        if entry.kind == PENDING:
            self.pending[entry.id] = Held(*touched, entry.lines[0].amount_minor)
        self.entries[entry.id] = _content(entry)
        return "POSTED"

    def _release(self, held) -> str | None:
        return None if held.remaining else "PENDING_EXCEEDED"

    def _lines(self, entry, held) -> str | None:
        if entry.kind == PENDING and len(entry.lines) != 2:
            return "UNBALANCED"
        sums, running = defaultdict(int), 0
        for line in entry.lines:
            stand = self.accounts.get(_key(line.account))
            if stand and stand.closed:
                return "ACCOUNT_CLOSED"
            if line.amount_minor == 0:
                return "UNBALANCED"
            if abs(running) >= LARGE:
                return "AMOUNT_TOO_LARGE"
            running += line.amount_minor
            sums[line.account.currency] += line.amount_minor
        if any(sums.values()):
            return "UNBALANCED" if running else "CURRENCY_MISMATCH"
        first, second = entry.lines[:2]
        if entry.kind == PENDING and first.amount_minor < 0:
            return "UNBALANCED"
        if entry.kind == CAPTURE:
            pair = (_key(first.account), _key(second.account))
            mirrored = first.amount_minor > 0 and second.amount_minor == -first.amount_minor
            if pair != (held.debit, held.credit) or not mirrored:
                return "PENDING_MISMATCH"
            if first.amount_minor > held.remaining:
                return "PENDING_EXCEEDED"
        return None

    def _touched(self, entry, held) -> list:
        if entry.kind == RELEASE:
            return [held.debit, held.credit]
        return [self._opened(line.account) for line in entry.lines]

    def _move(self, entry, held, touched) -> bool:
        """Let an entry happen, line by line; stop at what is too large."""
        freed = 0
        if held:
            part = entry.kind == CAPTURE and not entry.final
            freed = entry.lines[0].amount_minor if part else held.remaining
            held.remaining -= freed
        for number, key in enumerate(touched):
            stand = self.accounts[key]
            amount = entry.lines[number].amount_minor if entry.kind != RELEASE else 0
            stand.lines += 1
            if entry.kind == PENDING:
                stand.debit += max(amount, 0)
                stand.credit += max(-amount, 0)
            else:
                stand.posted += amount
                stand.debit -= freed if number == 0 else 0
                stand.credit -= freed if number == 1 else 0
            if stand.too_large:
                return False
        return True

    def _opened(self, account) -> tuple:
        key = _key(account)
        self.accounts.setdefault(key, Stand(int(account.normal), account.floor))
        return key


def _key(account) -> tuple:
    return account.book, account.address, account.currency


def _content(entry) -> tuple:
    lines = () if entry.kind == RELEASE else entry.lines
    return (
        entry.kind, entry.template, entry.version, entry.at, entry.subject, entry.pending_id,
        entry.final, entry.expires_at,
        tuple((_key(line.account), line.amount_minor, line.expected) for line in lines),
    )  # fmt: skip

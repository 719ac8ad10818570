"""What is in a wallet, and how it came about."""

import hashlib
import struct
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from fintech.kernel.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Balances:
    """
    What a wallet has: posted is what is in it, available is what can be spent.

    `held` is what holds set aside; `pending` is the same as the books tell it: what
    would come if everything pending were captured, so below zero where it would go.
    `floor` is how far it may fall, and what is below zero of it is available too.
    """

    currency: str
    posted: Money
    pending: Money
    held: Money
    available: Money
    floor: Money
    sequence: int = 0  # How many lines its account has; it changes with every one.


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """A line of a wallet's statement, with the balance after it."""

    sequence: int
    entry_id: UUID
    kind: str  # The template of its journal entry.
    subject_id: UUID | None  # The hold, transfer or payment that it belongs to.
    amount: Money
    balance: Money
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """
    A line of a wallet's account, with the balance after it and its link in the chain.

    `amount` and `balance` are the wallet's own: what came is positive. `pending` is what a
    hold set aside (negative) or let go.
    """

    sequence: int
    entry_id: UUID
    amount: Money
    pending: Money
    balance: Money
    number: int
    entry_hash: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """
    A stretch of a wallet's account in one currency, oldest first, that proves itself.

    Each line's hash is SHA-256 over the hash before it, its entry's hash, its number in the
    entry (2 bytes) and sequence, amount, pending and balance (8 bytes each, big-endian;
    as the books sign them, so the other way round than here).
    """

    wallet_id: UUID
    currency: str
    opening: Money
    closing: Money
    lines: tuple[StatementLine, ...]
    previous_hash: str

    def proves_itself(self) -> bool:
        """Whether every line follows the one before it, in hash, sequence and balance."""
        previous, balance = bytes.fromhex(self.previous_hash), self.opening.minor
        for line in self.lines:
            told = struct.pack(
                "!hqqqq",
                line.number,
                line.sequence,
                -line.amount.minor,
                -line.pending.minor,
                -line.balance.minor,
            )
            hashed = hashlib.sha256(previous + bytes.fromhex(line.entry_hash) + told).hexdigest()
            balance += line.amount.minor
            if hashed != line.hash or balance != line.balance.minor:
                return False
            previous = bytes.fromhex(line.hash)
        return balance == self.closing.minor

"""
Wallets as plain dictionaries: what each command must do, and by which name it is refused.

Pure Python and integers; written from what the room promises, not from its code. Limits
are the oracle's.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from tests.wallets.oracle import YEN_PER_EURO, Asked, Oracle

SPREAD = 50  # basis points


@dataclass
class HoldState:
    wallet: UUID
    currency: str
    amount: int
    captured: int = 0
    state: str = "active"
    expires_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.state in {"active", "partially_captured"}

    @property
    def left(self) -> int:
        return self.amount - self.captured if self.is_open else 0


@dataclass
class Model:
    merchant: UUID
    posted: dict[tuple[UUID, str], int] = field(default_factory=dict)
    frozen: set[UUID] = field(default_factory=set)
    holds: dict[UUID, HoldState] = field(default_factory=dict)
    transfers: dict[UUID, tuple] = field(default_factory=dict)  # id -> source, destination, …
    waiting: dict[UUID, datetime] = field(default_factory=dict)  # since when, for a person
    floors: dict[tuple[UUID, str], int] = field(default_factory=dict)
    may_lend: int = 0
    oracle: Oracle = field(default_factory=Oracle)

    def open(self, wallet: UUID, currencies) -> None:
        for currency in currencies:
            self.posted.setdefault((wallet, currency), 0)

    def keeps(self, wallet: UUID, currency: str) -> bool:
        return (wallet, currency) in self.posted

    def held(self, wallet: UUID, currency: str) -> int:
        return sum(
            hold.left
            for hold in self.holds.values()
            if (hold.wallet, hold.currency) == (wallet, currency)
        ) + sum(
            self.transfers[id_][3]
            for id_ in self.waiting
            if (self.transfers[id_][0], self.transfers[id_][2]) == (wallet, currency)
        )

    def coming(self, wallet: UUID, currency: str) -> int:
        return sum(
            self.transfers[id_][3]
            for id_ in self.waiting
            if (self.transfers[id_][1], self.transfers[id_][2]) == (wallet, currency)
        )

    def available(self, wallet: UUID, currency: str) -> int:
        floor = self.floors.get((wallet, currency), 0)
        return self.posted[wallet, currency] - self.held(wallet, currency) - floor

    def set_floor(self, wallet: UUID, currency: str, floor: int) -> str | None:
        """Return the name of the refusal, or None where the wallet falls so far from now on."""
        if not self.keeps(wallet, currency):
            return "CurrencyNotTheWallets"
        known = self.floors.get((wallet, currency), 0)
        if floor == known:
            return None
        if -floor > self.may_lend:
            return "OverdraftNotAllowed"
        if floor > self.available(wallet, currency) + known:
            return "BelowMinimum"
        self.floors[wallet, currency] = floor
        return None

    def may_leave(self, wallet: UUID, currency: str) -> str | None:
        if wallet in self.frozen:
            return "WalletFrozen"
        return None if self.keeps(wallet, currency) else "CurrencyNotTheWallets"

    def top_up(self, wallet: UUID, currency: str, minor: int) -> None:
        self.posted[wallet, currency] += minor

    def hold(self, wallet: UUID, currency: str, minor: int, at: datetime) -> str | None:
        """Return the name of the refusal, or None where it must go through."""
        return (
            self.may_leave(wallet, currency)
            or self.over_limits(self.asked(wallet, currency, minor, at, operation="hold"))
            or ("InsufficientFunds" if minor > self.available(wallet, currency) else None)
        )

    def held_as(self, hold: UUID, wallet: UUID, currency: str, minor: int, at, expires_at) -> None:  # noqa: PLR0917
        self.holds[hold] = HoldState(wallet, currency, minor, expires_at=expires_at)
        asked = self.asked(wallet, currency, minor, at, operation="hold")
        asked.id = hold
        self.oracle.count(asked)

    def capture(self, hold: UUID, minor: int, *, final: bool, at: datetime) -> str | None:
        known = self.holds[hold]
        over = known.expires_at is not None and known.expires_at <= at
        if over or not known.is_open:
            return "UnexpectedState"
        if minor > known.left:
            return "CaptureTooLarge"
        self.posted[known.wallet, known.currency] -= minor
        known.captured += minor
        if final or known.captured == known.amount:
            self.end(hold, "captured")
        else:
            known.state = "partially_captured"
        return None

    def release(self, hold: UUID) -> str | None:
        known = self.holds[hold]
        if known.state == "captured":
            return "UnexpectedState"
        if known.is_open:
            self.end(hold, "released")
        return None

    def expire(self, at: datetime) -> int:
        due = [
            id_
            for id_, hold in self.holds.items()
            if hold.is_open and hold.expires_at is not None and hold.expires_at <= at
        ]
        for id_ in due:
            self.end(id_, "expired")
        return len(due)

    def end(self, hold: UUID, state: str) -> None:
        self.holds[hold].state = state
        self.oracle.keep(hold, self.holds[hold].captured)

    def transfer(
        self, source, destination, currency: str, minor: int, at, *, stands: int | None = None
    ) -> str | None:
        """
        Return the name of the refusal; what goes through is done by `transferred`.

        Args:
            stands: what was in the destination when a batch began, with what came since.
        """
        if source == destination:
            return "ParameterInvalid"
        if not self.keeps(destination, currency):
            return "QuoteMissing"
        refusal = self.may_leave(source, currency)
        if refusal:
            return refusal
        asked = self.asked(source, currency, minor, at, to=destination)
        if stands is None:
            stands = self.posted[destination, currency]
        return self.over_limits(asked, stands=stands) or (
            "InsufficientFunds" if minor > self.available(source, currency) else None
        )

    def transferred(self, id_, source, destination, currency: str, minor: int, at) -> None:  # noqa: PLR0917
        self.posted[source, currency] -= minor
        self.posted[destination, currency] += minor
        self.transfers[id_] = (source, destination, currency, minor, "succeeded")
        asked = self.asked(source, currency, minor, at, to=destination)
        asked.id = id_
        self.oracle.count(asked)

    def waits(self, id_, source, destination, currency: str, minor: int, at) -> None:  # noqa: PLR0917
        """Set a transfer aside that went through but for a person's word."""
        self.transfers[id_] = (source, destination, currency, minor, "awaiting_approval")
        self.waiting[id_] = at
        asked = self.asked(source, currency, minor, at, to=destination)
        asked.id = id_
        self.oracle.count(asked)
        self.oracle.comes(asked)

    def decide(self, id_, *, yes: bool) -> str | None:
        source, destination, currency, minor, _ = self.transfers[id_]
        if id_ not in self.waiting:
            return "TransferUnexpectedState"
        if yes and source in self.frozen:
            return "WalletFrozen"
        del self.waiting[id_]
        self.oracle.came(id_)
        if yes:
            self.posted[source, currency] -= minor
            self.posted[destination, currency] += minor
        else:
            self.oracle.keep(id_, 0)
        state = "succeeded" if yes else "canceled"
        self.transfers[id_] = (source, destination, currency, minor, state)
        return None

    def expire_transfers(self, at: datetime) -> int:
        due = [id_ for id_, since in self.waiting.items() if at - since >= timedelta(days=3)]
        for id_ in due:
            self.decide(id_, yes=False)
        return len(due)

    def reverse(self, id_) -> str | None:
        source, destination, currency, minor, state = self.transfers[id_]
        if state != "succeeded":
            return "TransferNotReversible"
        refusal = self.may_leave(destination, currency)
        if refusal:
            return refusal
        if minor > self.available(destination, currency):
            return "InsufficientFunds"
        self.posted[source, currency] += minor
        self.posted[destination, currency] -= minor
        self.transfers[id_] = (source, destination, currency, minor, "reversed")
        self.oracle.reverse(id_)
        return None

    def yen(self, cents: int) -> int:
        """What cents become: the spread is rounded up, what arrives down."""
        spread = -(-cents * SPREAD // 10_000)
        return (cents - spread) * YEN_PER_EURO // 100

    def convert(self, source, destination, cents: int, at) -> str | None:
        if not self.keeps(destination, "JPY"):
            return "CurrencyNotTheWallets"
        refusal = self.may_leave(source, "EUR")
        if refusal:
            return refusal
        asked = self.asked(source, "EUR", cents, at, to=destination)
        asked.received, asked.received_currency = self.yen(cents), "JPY"
        return self.over_limits(asked, stands=self.posted[destination, "JPY"]) or (
            "InsufficientFunds" if cents > self.available(source, "EUR") else None
        )

    def converted(self, id_, source, destination, cents: int, at) -> None:
        self.posted[source, "EUR"] -= cents
        self.posted[destination, "JPY"] += self.yen(cents)
        asked = self.asked(source, "EUR", cents, at, to=destination)
        asked.id = id_
        self.oracle.count(asked)

    def over_limits(self, asked: Asked, *, stands: int = 0) -> str | None:
        return "LimitExceeded" if self.oracle.breaches(asked, stands=stands) else None

    def asked(self, wallet, currency: str, minor: int, at, *, to=None, operation="transfer"):
        return Asked(
            id=wallet,
            merchant=self.merchant,
            customer=None,
            wallet=wallet,
            minor=minor,
            currency=currency,
            to=str(to or self.merchant),
            at=at,
            operation=operation,
            receiver=to,
            received=minor if to else 0,
            received_currency=currency if to else "",
        )

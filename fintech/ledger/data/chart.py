"""
The chart of accounts: every account the platform's books may have, declared once.

An address says whose and what an account is; with its currency and its book it is the
account's whole identity, so accounts need no registration: they open on first use. The
floor bounds what is available, in the account's normal direction: 0 means that posted
minus what is pending against it never falls below nothing.

A merchant's pending money (2000) has no floor: a capture that had not happened is reversed
whatever is left there. Available money (2010) has one. What a refund finds in neither, the
merchant owes (1200): `payments` says so in the lines it asks for.
"""

import hashlib
import re
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import lru_cache
from uuid import UUID

PLATFORM = UUID(int=0)  # The platform's own book; a merchant's has its own id.
REMEMBERED = 100_000  # Accounts remembered per process; each is a few hundred bytes.


class Normal(IntEnum):
    """On which side an account normally stands; also the sign of what raises it."""

    DEBIT = 1
    CREDIT = -1


class Type(StrEnum):
    """What kind of thing an account measures."""

    ASSET = "asset"
    LIABILITY = "liability"
    EQUITY = "equity"
    INCOME = "income"
    EXPENSE = "expense"

    @property
    def normal(self) -> Normal:
        """Return the side on which accounts of this type stand."""
        return Normal.DEBIT if self in {Type.ASSET, Type.EXPENSE} else Normal.CREDIT


@dataclass(frozen=True, slots=True, eq=False)  # Each is declared once, here.
class Kind:
    """A row of the chart: a number, a pattern of addresses, and its rules."""

    code: int
    pattern: str
    type: Type
    floor: int | None
    meaning: str

    def matches(self, address: str) -> bool:
        """Whether an address is one of this kind."""
        return _expression(self.pattern).fullmatch(address) is not None


BANK = Kind(1000, "assets:bank:{account}", Type.ASSET, None, "money at a bank")
RECEIVABLE = Kind(
    1100, "assets:processor:{provider}:receivable", Type.ASSET, None, "captured, not settled"
)
PROCESSOR_RESERVE = Kind(
    1110, "assets:processor:{provider}:reserve", Type.ASSET, 0, "kept back by the processor"
)
DISPUTED = Kind(
    1130, "assets:processor:{provider}:disputed", Type.ASSET, 0, "withdrawn by the scheme"
)
MERCHANT_OWES = Kind(
    1200, "assets:merchant:{merchant}:receivable", Type.ASSET, 0, "a merchant's negative balance"
)
TRANSIT = Kind(1900, "assets:transit:{shard}", Type.ASSET, None, "between the books of two shards")
MERCHANT_PENDING = Kind(
    2000, "liabilities:merchant:{merchant}:pending", Type.LIABILITY, None, "before settlement"
)
MERCHANT_AVAILABLE = Kind(
    2010, "liabilities:merchant:{merchant}:available", Type.LIABILITY, 0, "may be paid out"
)
MERCHANT_RESERVE = Kind(
    2020, "liabilities:merchant:{merchant}:reserve", Type.LIABILITY, 0, "withheld"
)
DISPUTE_RESERVE = Kind(
    2030, "liabilities:merchant:{merchant}:dispute_reserve", Type.LIABILITY, 0, "frozen"
)
PAYOUT_IN_TRANSIT = Kind(
    2040, "liabilities:merchant:{merchant}:payout_in_transit", Type.LIABILITY, 0, "paid out, unseen"
)
WALLET = Kind(2100, "liabilities:wallet:{wallet}", Type.LIABILITY, 0, "a customer's money")
WITHDRAWAL_IN_TRANSIT = Kind(
    2110, "liabilities:wallet:{wallet}:withdrawal_in_transit", Type.LIABILITY, 0, "sent, unseen"
)
TAX = Kind(2200, "liabilities:tax:{jurisdiction}", Type.LIABILITY, None, "collected tax")
SUSPENSE = Kind(
    2900, "liabilities:suspense:{source}", Type.LIABILITY, None, "money nobody has explained"
)
FX_POSITION = Kind(3900, "equity:fx_position", Type.EQUITY, None, "what conversions stand on")
PROCESSING_FEES = Kind(4000, "income:fees:processing", Type.INCOME, None, "what merchants pay us")
DISPUTE_FEES = Kind(4010, "income:fees:dispute", Type.INCOME, None, "charged for disputes")
FX_SPREAD = Kind(4020, "income:fx_spread", Type.INCOME, None, "earned on conversions")
PROCESSOR_FEES = Kind(
    5000, "expenses:processor_fees", Type.EXPENSE, None, "what processors charge us"
)
PROCESSOR_DISPUTE_FEES = Kind(
    5010, "expenses:dispute_fees", Type.EXPENSE, None, "what disputes cost us"
)
FRAUD_LOSSES = Kind(5020, "expenses:losses:fraud", Type.EXPENSE, None, "disputes we answer for")
BAD_DEBT = Kind(5030, "expenses:losses:bad_debt", Type.EXPENSE, None, "written off")
ROUNDING = Kind(5090, "expenses:rounding", Type.EXPENSE, None, "fractions of a minor unit")

CHART = (
    BANK,
    RECEIVABLE,
    PROCESSOR_RESERVE,
    DISPUTED,
    MERCHANT_OWES,
    TRANSIT,
    MERCHANT_PENDING,
    MERCHANT_AVAILABLE,
    MERCHANT_RESERVE,
    DISPUTE_RESERVE,
    PAYOUT_IN_TRANSIT,
    WALLET,
    WITHDRAWAL_IN_TRANSIT,
    TAX,
    SUSPENSE,
    FX_POSITION,
    PROCESSING_FEES,
    DISPUTE_FEES,
    FX_SPREAD,
    PROCESSOR_FEES,
    PROCESSOR_DISPUTE_FEES,
    FRAUD_LOSSES,
    BAD_DEBT,
    ROUNDING,
)
BY_CODE = {kind.code: kind for kind in CHART}


class NotInTheChart(ValueError):
    """No kind of account has an address like this."""


@dataclass(frozen=True, slots=True)
class Account:
    """One account: an address and a currency in a book, with the rules of its kind."""

    digest: UUID
    address: str
    currency: str
    code: int
    normal: Normal
    floor: int | None
    book: UUID = PLATFORM


def digest_of(book: UUID, address: str, currency: str) -> UUID:
    """Return an account's identity: half a SHA-256, which nobody can steer onto another."""
    hashed = hashlib.sha256(book.bytes + f"{currency}{address}".encode()).digest()
    return UUID(bytes=hashed[:16])


@lru_cache(maxsize=REMEMBERED)
def account(kind: Kind, currency: str, of: str = "") -> Account:
    """Return the account of a kind that belongs to someone, in a currency."""
    address = re.sub(r"\{\w+\}", of, kind.pattern)
    if not kind.matches(address):
        raise NotInTheChart(address[:200])
    return Account(
        digest=digest_of(PLATFORM, address, currency),
        address=address,
        currency=currency,
        code=kind.code,
        normal=kind.type.normal,
        floor=kind.floor,
    )


@lru_cache(maxsize=REMEMBERED)
def account_by_id(kind: Kind, currency: str, of: UUID) -> Account:
    """Return the account of a kind that belongs to whom an id names."""
    return account(kind, currency, str(of))


def at(address: str, currency: str) -> Account:
    """
    Return the account at an address, in a currency.

    Raises:
        NotInTheChart: no kind of account has an address like this.
    """
    for kind in CHART:
        found = _expression(kind.pattern).fullmatch(address)
        if found is not None:
            return account(kind, currency, *found.groups())
    raise NotInTheChart(address[:200])


@lru_cache(maxsize=64)
def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{\w+\}", "([A-Za-z0-9_.-]+)", pattern))

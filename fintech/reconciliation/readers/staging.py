"""
The one shape every statement and report is read into.

Amounts here are exact decimals as the file wrote them. Whether an amount fits
its currency's minor unit is decided once, by `minor_units`, when it is staged:
what does not fit is kept aside exactly, never rounded.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from fintech.kernel import money

ZERO = Decimal(0)
TEXT_MAX = 1_000  # Characters of free text kept per line; a file may carry megabytes in one field.
AMOUNT_LENGTH_MAX = 40
MINOR_MAX = 2**63 - 1  # What a BIGINT column holds.


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """A balance as the bank states it, positive when the bank owes us."""

    amount: Decimal
    currency: str
    on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """
    One entry of a statement or one row of a processor's report.

    Amounts are signed: positive is money coming to us. For a bank entry `net`
    is the amount and `fee` zero.
    """

    statement: int  # Ordinal of the statement inside its file, from 0.
    line: int  # Where it begins in the file, from 1.
    kind: str
    currency: str
    gross: Decimal
    fee: Decimal = ZERO
    net: Decimal
    value_on: date | None = None
    booked_on: date | None = None
    booked: bool = True
    reversal: bool = False
    reference: str = ""
    other_references: tuple[str, ...] = ()
    batch: str = ""
    text: str = ""
    details: int = 0  # How many single transactions the entry lists.
    status: str = ""  # Empty for what has happened; else "failed" or "pending".
    # What the payer saw, where that was in another currency, and the rate it was changed at.
    original: Decimal | None = None
    original_currency: str = ""
    rate: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedRow:
    """A row that could not be read; the rows around it still count."""

    line: int
    reason: str
    column: int = 0
    expected: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What the entries of one currency add up to; debits are given positive."""

    entries: int = 0
    credits: Decimal = ZERO
    debits: Decimal = ZERO

    def with_entry(self, amount: Decimal) -> "Sums":
        """The sums with one more signed entry."""
        return Sums(
            entries=self.entries + 1,
            credits=self.credits + (amount if amount > 0 else ZERO),
            debits=self.debits - (amount if amount < 0 else ZERO),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BankStatement:
    """
    A statement after its last line was read.

    `difference` is closing - (opening + booked credits - booked debits), and
    None where the file gives no two comparable balances.
    """

    ordinal: int
    account: str = ""
    number: str = ""
    reference: str = ""
    currency: str = ""
    opening: Balance | None = None
    closing: Balance | None = None
    by_currency: dict[str, Sums] = field(default_factory=dict)
    entries: int = 0
    details: int = 0
    reversals: int = 0
    arithmetic_ok: bool | None = None
    difference: Decimal | None = None
    member: str = ""  # The file inside an archive.
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSums:
    """What a processor's report adds up to in one currency."""

    rows: int = 0
    gross: Decimal = ZERO
    fee: Decimal = ZERO
    net: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessorReport:
    """
    A report after its last row.

    `differences` names, for each currency that does not tie out, by how much: what the
    report states less what its rows add up to or, where payouts are rows themselves, what
    is left of all rows. None where the report states nothing to compare with.
    """

    ordinal: int
    source: str
    rows: int
    by_currency: dict[str, ReportSums]
    ties_out: bool | None
    differences: dict[str, Decimal] | None
    notes: tuple[str, ...] = ()


type Item = Line | RejectedRow | BankStatement | ProcessorReport
type Items = Iterator[Item]


def minor_units(amount: Decimal, currency: str) -> int | None:
    """
    The amount in its currency's minor units, or None when it does not fit.

    None means: the currency is not one we know, the amount is finer than its
    minor unit, or it is beyond what a column can hold. The caller keeps the
    exact amount aside.
    """
    if not money.is_known(currency):
        return None
    if amount.adjusted() > 25 or not amount.is_finite():  # noqa: PLR2004 -- far beyond 2**63, and scaling it could take forever.
        return None
    scaled = amount.scaleb(money.exponent(currency))
    if scaled != scaled.to_integral_value():
        return None
    minor = int(scaled)
    return minor if abs(minor) <= MINOR_MAX else None


def clean(text: str, limit: int = TEXT_MAX) -> str:
    """One line of readable text: no control characters, on which databases and terminals choke."""
    kept = "".join(c if c.isprintable() else " " for c in text[: limit * 2])
    return " ".join(kept.split())[:limit]


def exact(text: str) -> Decimal:
    """
    Read a decimal with a comma or a dot as its separator.

    Raises:
        ValueError: it is not a plain decimal number of at most 40 characters.
    """
    plain = text.strip().replace(",", ".")
    digits = plain.removeprefix("-").removeprefix("+")
    number = digits.replace(".", "", 1)
    if len(plain) > AMOUNT_LENGTH_MAX or not number.isdecimal() or not number.isascii():
        msg = f"{clean(text, 60)!r} is not an amount"
        raise ValueError(msg)
    return Decimal(plain)

"""
What all processors' reports have in common: rows that add up, and totals that may not.

An adapter says how its report is recognized and what one row means (`Entry`, or `Stated`
for a row that states a total). Here the rows become lines, are added up per currency, and
are held against what the report states or pays out.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import partial
from typing import BinaryIO

from fintech.kernel import money
from fintech.reconciliation.readers import figures, tables
from fintech.reconciliation.readers.staging import (
    ZERO,
    Items,
    Line,
    ProcessorReport,
    RejectedRow,
    ReportSums,
    clean,
)
from fintech.reconciliation.readers.tables import Row, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """
    What a row says: money moved, or nothing did.

    `gross` and `fee` are in `currency` unless the payer saw another one: then `gross` is
    what he saw, in `gross_currency`. A payout is what the processor sends to the bank.
    """

    kind: str
    currency: str
    net: Decimal
    fee: Decimal = ZERO
    gross: Decimal | None = None  # Without one it is what fee and net make.
    gross_currency: str = ""
    rate: Decimal | None = None
    reference: str = ""
    others: tuple[str, ...] = ()
    batch: str = ""
    on: date | None = None
    booked_on: date | None = None
    text: str = ""
    status: str = ""
    payout: bool = False
    # What a payout row adds to the sums: some reports list it as a movement, some as a total.
    counts: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A row that states what others add up to; what is None is not stated."""

    currency: str
    net: Decimal | None = None
    gross: Decimal | None = None
    fee: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A row that states how many others there are."""

    rows: int


type Told = Entry | Stated | Counted


@dataclass(frozen=True, slots=True)
class Cells:
    """A row, and how its table writes amounts and dates."""

    row: Row
    mark: figures.Mark
    order: figures.Order

    def text(self, *names: str) -> str:
        """Return the first cell under any of the names that is not empty."""
        return self.row.text(*names)

    def amount(self, *names: str) -> Decimal:
        """Return an amount; an empty cell is nothing."""
        return self.amount_or_none(*names) or ZERO

    def amount_or_none(self, *names: str) -> Decimal | None:
        """Return an amount, or None for an empty cell."""
        text = self.row.text(*names)
        if not text:
            return None
        try:
            return figures.amount(text, self.mark)
        except ValueError as refused:
            message = f"{names[0]}: {refused}"
            raise ValueError(message) from None

    def whole(self, *names: str) -> Decimal:
        """Return an amount of minor units, which has no decimals."""
        found = self.amount(*names)
        if found != found.to_integral_value():
            message = f"{names[0]}: {found} is not a whole number of minor units"
            raise ValueError(message)
        return found

    def day(self, *names: str) -> date | None:
        """Return a day, or None for an empty cell."""
        text = self.row.text(*names)
        return figures.day(text, self.order) if text else None

    def currency(self, *names: str) -> str:
        """Return a currency's code, or nothing for an empty cell."""
        code = self.row.text(*names).upper()
        if code and not (len(code) == 3 and code.isascii() and code.isalpha()):  # noqa: PLR2004 -- ISO 4217.
            message = f"{names[0]}: {clean(code, 20)!r} is no currency"
            raise ValueError(message)
        return code


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """How a processor's table is recognized and read."""

    source: str
    requires: tuple[frozenset[str], ...]  # Any of these sets of columns makes it this report.
    told: Callable[[Cells], Iterable[Told]]
    amounts: tuple[str, ...]  # Columns that show how amounts are written,
    days: tuple[str, ...]  # and dates.
    order: figures.Order = figures.Order.MONTH_FIRST

    def knows(self, header: frozenset[str]) -> bool:
        """Whether a header is this report's."""
        return any(wanted <= header for wanted in self.requires)

    def read(self, content: BinaryIO, table: Table) -> Items:
        """Yield each row, each row set aside, and at the end the report."""
        semicolons = table.delimiter != ","
        mark = figures.decimal_mark(
            table.samples(content, self.amounts), default="," if semicolons else "."
        )
        order = figures.day_order(table.samples(content, self.days), default=self.order)
        report = Report(self.source)
        for row in table.rows(content):
            if isinstance(row, tables.Broken):
                yield RejectedRow(line=row.line, reason=row.reason, expected="a row of CSV")
                continue
            cells = Cells(row, mark, order)
            yield from report.take(row.line, partial(self.told, cells), row.shown)
        yield report.ended()


@dataclass(slots=True)
class _Sum:
    rows: int = 0
    gross: Decimal = ZERO
    fee: Decimal = ZERO
    net: Decimal = ZERO


@dataclass(slots=True)
class Report:
    """A report being read: its rows as lines, and what they add up to."""

    source: str
    rows: int = 0
    notes: list[str] = field(default_factory=list)
    _sums: defaultdict[str, _Sum] = field(default_factory=lambda: defaultdict(_Sum))
    _items: defaultdict[str, Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))
    _payouts: defaultdict[str, Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))
    _stated: dict[str, Stated] = field(default_factory=dict)
    _counted: int | None = None

    def take(
        self, line: int, told: Callable[[], Iterable[Told]], shown: Callable[[], str]
    ) -> Iterator[Line | RejectedRow]:
        """Take what a row says, or set the row aside."""
        try:
            said = list(told())
        except (ValueError, ArithmeticError, LookupError, TypeError) as refused:
            yield RejectedRow(
                line=line,
                reason=clean(str(refused) or "it can't be read", 300),
                expected=f"a row of {self.source}'s report",
                text=shown(),
            )
            return
        for one in said:
            if isinstance(one, Entry):
                yield self._entry(line, one)
            elif isinstance(one, Counted):
                self._counted = one.rows
            else:
                self._state(one)

    def ended(self) -> ProcessorReport:
        """Return the report: what it adds up to, and how that fits what it states."""
        self.notes += self._counts()
        differences: dict[str, Decimal] | None = None
        ties = None
        if self._payouts or self._stated:
            differences = {}
            ties = True
            for currency in sorted({*self._items, *self._payouts, *self._stated}):
                by, fits = self._compared(currency)
                ties = ties and fits
                if by:
                    differences[currency] = by
        return ProcessorReport(
            ordinal=0,
            source=self.source,
            rows=self.rows,
            by_currency={
                currency: ReportSums(rows=sum_.rows, gross=sum_.gross, fee=sum_.fee, net=sum_.net)
                for currency, sum_ in sorted(self._sums.items())
            },
            ties_out=ties,
            differences=differences,
            notes=tuple(self.notes[:100]),
        )

    def _state(self, said: Stated) -> None:
        """Keep a stated total; several of one currency, such as one per section, add up."""
        before = self._stated.get(said.currency)
        if before is None or before == said:
            self._stated[said.currency] = said
            return
        self._stated[said.currency] = Stated(
            currency=said.currency,
            **{
                name: None
                if getattr(before, name) is None or getattr(said, name) is None
                else getattr(before, name) + getattr(said, name)
                for name in ("net", "gross", "fee")
            },
        )

    def _compared(self, currency: str) -> tuple[Decimal, bool]:
        """By how much a currency is off, and whether that is more than rounding."""
        stated = self._stated.get(currency)
        sums = self._sums[currency] if currency in self._sums else _Sum()
        if stated is None and not self._payouts:
            net = self._items[currency]
            if net:
                self.notes.append(f"{currency}: the report states no total for {net}")
            return -net, not net
        if stated is None:
            by = self._items[currency] - self._payouts[currency]
            if by:
                self.notes.append(
                    f"{currency}: the rows add up to {self._items[currency]}, and "
                    f"{self._payouts[currency]} is paid out"
                )
            return by, not by
        fits, by = True, ZERO
        for name in ("net", "gross", "fee"):
            said, found = getattr(stated, name), getattr(sums, name)
            if said is None:
                continue
            off = said - found
            # Rows may be finer than the minor unit in which the total is stated.
            fine = abs(off) * 2 < _unit(currency) and not _whole(found, currency)
            if off and not fine:
                fits = False
                self.notes.append(f"{currency}: the report states {name} {said}, its rows {found}")
            if not by:
                by = off
        return by, fits

    def _counts(self) -> Iterator[str]:
        if self._counted is not None and self._counted != self.rows:
            yield f"the report counts {self._counted} rows, it has {self.rows}"

    def _entry(self, line: int, said: Entry) -> Line:
        self.rows += 1
        seen = said.gross_currency or said.currency
        made = said.net + said.fee
        gross = made if said.gross is None else said.gross
        if said.counts and (gross or seen == said.currency):
            part = self._sums[seen]
            part.gross += gross
            part.rows += seen == said.currency
        if said.counts and (seen != said.currency):
            self._sums[said.currency].rows += 1
        if said.counts:
            self._sums[said.currency].fee += said.fee
            self._sums[said.currency].net += said.net
        if said.payout:
            self._payouts[said.currency] += -said.net if said.counts else said.net
        else:
            self._items[said.currency] += said.net
        foreign = seen != said.currency
        if not foreign and gross != made and not said.payout:
            self.notes.append(f"line {line}: {gross} less fees of {said.fee} is not {said.net}")
        return Line(
            statement=0,
            line=line,
            kind=clean(said.kind, 40),
            currency=said.currency,
            gross=made,
            fee=said.fee,
            net=said.net,
            value_on=said.on,
            booked_on=said.booked_on or said.on,
            reference=clean(said.reference, 200),
            other_references=tuple(
                dict.fromkeys(kept for other in said.others if (kept := clean(other, 200)))
            ),
            batch=clean(said.batch, 200),
            text=clean(said.text, 300),
            details=1,
            status=status_of(said.status),
            original=gross if foreign else None,
            original_currency=seen if foreign else "",
            rate=said.rate if foreign else None,
        )


def in_minor(amount: Decimal, currency: str) -> Decimal:
    """Turn minor units into the currency's own; a currency that we don't know has two decimals."""
    return amount.scaleb(-(money.exponent(currency) if money.is_known(currency) else 2))


def _unit(currency: str) -> Decimal:
    return in_minor(Decimal(1), currency)


def _whole(amount: Decimal, currency: str) -> bool:
    scaled = amount / _unit(currency)
    return scaled == scaled.to_integral_value()


KINDS = {
    "payment": "capture",
    "charge": "capture",
    "settled": "capture",
    "capture": "capture",
    "sale": "capture",
    "refunded": "refund",
    "refund": "refund",
    "credit": "refund",
    "chargeback": "chargeback",
    "chargebacks": "chargeback",
    "dispute": "chargeback",
    "chargebackreversed": "chargeback_reversed",
    "dispute reversal": "chargeback_reversed",
    "secondchargeback": "chargeback",
    "fee": "fee",
    "merchantpayout": "payout",
    "payout": "payout",
}


def kind_of(word: str) -> str:
    """Return our word for a processor's kind of row; what we have no word for stays its own."""
    plain = tables.normalized(word)
    return KINDS.get(plain) or KINDS.get(plain.replace(" ", "")) or plain.replace(" ", "_")


_FAILED = frozenset(
    {
        "d", "v", "denied", "reversed", "failed", "declined", "rejected", "cancelled", "canceled",
        "voided", "expired", "settlement_declined", "gateway_rejected", "processor_declined",
        "authorization_failed", "authorization_declined", "authorization_voided",
        "capture_failed", "capture_declined", "chargeback_lost",
    }
)  # fmt: skip
_PENDING = frozenset(
    {
        "p", "pending", "processing", "authorized", "settling", "submitted_for_settlement",
        "settlement_pending", "authorization_succeeded", "capture_pending",
        "buyer_approval_pending",
        "on hold",
    }
)  # fmt: skip


def status_of(word: str) -> str:
    """Return "failed" or "pending" for a processor's word, and nothing for what has happened."""
    plain = word.strip().lower()
    return "failed" if plain in _FAILED else "pending" if plain in _PENDING else ""

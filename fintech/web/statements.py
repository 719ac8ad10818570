"""
A month's statement, as it stands in the ledger: opening, what moved, closing, and its proof.

Everything is read from the lines of the merchant's own accounts, in one snapshot. What is
printed adds up because it is added up: opening and movements give the closing balance, and
the closing balance of the present month is what the ledger says now.
"""

import calendar
import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings

from fintech.audit import queries as audit_queries
from fintech.kernel import ids
from fintech.kernel.invariants import snapshot
from fintech.kernel.money import Money
from fintech.kernel.seals import Seal
from fintech.ledger import queries as ledger_queries
from fintech.ledger.data import StatementLine, chart
from fintech.web import formats

_LINES = 2_000  # Read at once.
_PAPER = Path(__file__).parent / "typst" / "statement.typ"
# What we owe the merchant, and what the merchant owes us.
_ACCOUNTS = (
    (chart.MERCHANT_PENDING, 1),
    (chart.MERCHANT_AVAILABLE, 1),
    (chart.MERCHANT_RESERVE, 1),
    (chart.DISPUTE_RESERVE, 1),
    (chart.PAYOUT_IN_TRANSIT, 1),
    (chart.MERCHANT_OWES, -1),
)
# A template's lines as people know them: what came, and what went.
_WORDS = {
    "capture_card": ("Payments", "Fees"),
    "capture_wallet": ("Payments from wallets", "Fees"),
    "refund_card": ("Refunds", "Refunds"),
    "refund_wallet": ("Refunds", "Refunds"),
    "refund_returned": ("Refunds that came back", "Refunds that came back"),
    "payout_paid": ("Payouts", "Payouts"),
    "recover_debt": ("Debts settled", "Debts settled"),
    "make_available": ("Made available", "Made available"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """One entry's effect on what we owe the merchant, of one kind."""

    at: datetime
    kind: str
    entry_id: UUID
    subject: UUID | None
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """All movements of one kind."""

    name: str
    count: int
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What one day brought, and the balance at its end."""

    day: date
    amount: Money
    closing: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A merchant's month in one currency."""

    merchant_id: UUID
    currency: str
    first: date
    last: date
    opening: Money
    kinds: tuple[Kind, ...]
    days: tuple[Day, ...]
    movements: tuple[Movement, ...]
    closing: Money
    journal: Seal | None
    log: Seal | None
    made_at: datetime

    @property
    def adds_up(self) -> bool:
        """Whether opening and movements give the closing balance, by kind and by day."""
        moved = sum(one.amount.minor for one in self.movements)
        by_kind = sum(one.amount.minor for one in self.kinds)
        last = self.days[-1].closing if self.days else self.opening
        return moved == by_kind == (self.closing - self.opening).minor and last == self.closing


def month(merchant_id: UUID, currency: str, first: date, *, at: datetime) -> Statement:
    """Return the statement of the month that begins with a day."""
    last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    since = datetime(first.year, first.month, 1, tzinfo=UTC)
    until = datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=1)
    opening = closing = 0
    found: list[Movement] = []
    with snapshot():
        for kind, sign in _ACCOUNTS:
            address = kind.pattern.format(merchant=merchant_id)
            for line in _lines(address, currency, since=since):
                if isinstance(line, int):
                    opening += sign * line
                    closing += sign * line
                elif line.occurred_at < until:
                    minor = sign * line.amount.minor
                    closing += minor
                    if line.occurred_at < since:
                        opening += minor
                    else:
                        found.append(_movement(line, Money(minor, currency)))
        journal, log = _newest(ledger_queries.heads(limit=1)), _newest(audit_queries.heads(limit=1))
    found = _put_together(found)
    return Statement(
        merchant_id=merchant_id,
        currency=currency,
        first=first,
        last=last,
        opening=Money(opening, currency),
        kinds=_kinds(found, currency),
        days=_days(found, Money(opening, currency)),
        movements=tuple(found),
        closing=Money(closing, currency),
        journal=journal,
        log=log,
        made_at=at,
    )


def _lines(address: str, currency: str, *, since: datetime) -> Iterator[StatementLine | int]:
    """
    Return an account's lines, newest first, back to those that can't be of the month.

    A live instance books nothing that has not happened yet, so a line recorded before the month
    belongs before it: what stands after that line is returned as a number, and nothing older.
    A sandbox's clock can be ahead, so all of its lines are read.
    """
    before: int | None = None
    while True:
        page = ledger_queries.statement(address, currency, limit=_LINES, before=before)
        for line in page:
            if settings.MODE == "live" and line.recorded_at < since:
                yield line.balance.minor
                return
            yield line
        if len(page) < _LINES:
            return
        before = page[-1].sequence


def _put_together(found: list[Movement]) -> list[Movement]:
    """Return one movement per entry and kind, in order; what an entry only moves about is none."""
    sums: dict[tuple[UUID, str], Movement] = {}
    for one in found:
        known = sums.get((one.entry_id, one.kind))
        both = one if known is None else replace(known, amount=known.amount + one.amount)
        sums[one.entry_id, one.kind] = both
    moved = [one for one in sums.values() if one.amount]
    return sorted(moved, key=lambda one: (one.at, one.entry_id))


def _movement(line: StatementLine, amount: Money) -> Movement:
    came, went = _WORDS.get(line.template, (line.template.replace("_", " ").capitalize(),) * 2)
    return Movement(
        at=line.occurred_at,
        kind=came if amount.minor >= 0 else went,
        entry_id=line.entry_id,
        subject=line.subject,
        amount=amount,
    )


def _kinds(found: list[Movement], currency: str) -> tuple[Kind, ...]:
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for one in found:
        sums[one.kind][0] += 1
        sums[one.kind][1] += one.amount.minor
    return tuple(
        Kind(name=name, count=count, amount=Money(minor, currency))
        for name, (count, minor) in sorted(sums.items(), key=lambda kind: -kind[1][1])
    )


def _days(found: list[Movement], opening: Money) -> tuple[Day, ...]:
    sums: dict[date, int] = defaultdict(int)
    for one in found:
        sums[one.at.astimezone(UTC).date()] += one.amount.minor
    balance, days = opening, []
    for day in sorted(sums):
        amount = Money(sums[day], opening.currency)
        balance += amount
        days.append(Day(day=day, amount=amount, closing=balance))
    return tuple(days)


def _newest(heads: list[Seal]) -> Seal | None:
    return heads[0] if heads else None


def as_csv(statement: Statement) -> Iterator[str]:
    """Return every movement as a line of CSV, between the opening and the closing balance."""
    written = io.StringIO()
    writer = csv.writer(written)

    def line(*cells: object) -> str:
        written.seek(0)
        written.truncate()
        writer.writerow(cells)
        return written.getvalue()

    yield line("at_utc", "kind", "entry", "payment", "amount", "balance", "currency")
    balance = statement.opening
    yield line("", "Opening", "", "", "", formats.plain_amount(balance), statement.currency)
    for one in statement.movements:
        balance += one.amount
        yield line(
            one.at.isoformat(),
            one.kind,
            ids.public("ltx", one.entry_id),
            "" if one.subject is None else ids.public("pi", one.subject),
            formats.plain_amount(one.amount),
            formats.plain_amount(balance),
            statement.currency,
        )
    yield line("", "Closing", "", "", "", formats.plain_amount(balance), statement.currency)


def as_pdf(statement: Statement, *, merchant: str) -> bytes:
    """Print the statement with its proof; what it says travels as data, never as markup."""
    import typst

    told = {
        "merchant": merchant,
        "month": f"{statement.first:%B %Y}",
        "currency": statement.currency,
        "made": formats.whole_moment(statement.made_at),
        "opening": formats.amount(statement.opening),
        "closing": formats.amount(statement.closing),
        "moved": formats.amount(statement.closing - statement.opening),
        "adds_up": statement.adds_up,
        "first": f"{statement.first.day} {statement.first:%B %Y}",
        "last": f"{statement.last.day} {statement.last:%B %Y}",
        "kinds": [
            [one.name, f"{one.count:,}", formats.amount(one.amount)] for one in statement.kinds
        ],
        "days": [
            [f"{one.day.day} {one.day:%b}", formats.amount(one.amount), formats.amount(one.closing)]
            for one in statement.days
        ],
        "seals": [
            [
                name,
                str(seal.head.number),
                f"{seal.head.size:,}",
                seal.head.root.hex(),
                seal.signature.key_id,
            ]
            for name, seal in (("Journal", statement.journal), ("Event log", statement.log))
            if seal is not None
        ],
    }
    printed: bytes = typst.compile(str(_PAPER), sys_inputs={"told": json.dumps(told)})
    return printed

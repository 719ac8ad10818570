"""
Leg 3: the bank's statements against each other, and against what our books hold at the bank.

A statement begins with what the one before it ended with, and its entries make the rest; where
not, a break says so. Beside that each run stores a proof per account: closing balance = what
was there before the first statement + what we have booked + entries that we have not booked.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import connection
from django_subatomic import db

from fintech.ledger import queries as ledger
from fintech.reconciliation import matching
from fintech.reconciliation.data import SOURCES, BreakKind, ImportState, Place
from fintech.reconciliation.models import BankProof, Run, Statement
from fintech.reconciliation.readers.staging import minor_units
from fintech.reconciliation.services.placing import Placing


@dataclass(frozen=True, slots=True)
class _Stated:
    row: Statement
    opening: int
    closing: int
    on: date | None
    off: int  # By how much entries and balances differ.


def check(placing: Placing) -> None:
    """Hold each statement that was not checked yet against the one before it."""
    run = placing.run
    told = _statements(run)
    for currency in sorted({one.row.currency for one in told}):
        ordered = [one for one in told if one.row.currency == currency]
        before: _Stated | None = None
        for one in ordered:
            if one.row.checked_in_id is None:
                for finding in _findings(before, one):
                    placing.open(finding, leg=3, reference=one.row.number or one.row.account)
            before = one
        _prove(run, currency, ordered)
    placing.checked = [one.row.id for one in told if one.row.checked_in_id is None]
    if placing.checked:
        placing.write()


def _findings(before: _Stated | None, one: _Stated) -> Iterable[matching.Finding]:
    currency = one.row.currency
    if one.off:
        made = one.closing - one.off
        yield matching.Finding(
            kind=BreakKind.BALANCE,
            currency=currency,
            amount_minor=one.off,
            ours_minor=made,
            theirs_minor=one.closing,
        )
    if before is not None and before.closing != one.opening:
        yield matching.Finding(
            kind=BreakKind.BALANCE,
            currency=currency,
            amount_minor=one.opening - before.closing,
            ours_minor=before.closing,
            theirs_minor=one.opening,
        )


def _statements(run: Run) -> list[_Stated]:
    """List the account's statements that give both balances, each day once, in their order."""
    rows = (
        Statement.objects.filter(
            account=SOURCES[run.source].account,
            file__state=ImportState.IMPORTED,
            file__sequence__lte=run.import_sequence,
        )
        .exclude(currency="")
        .order_by("file__sequence", "ordinal")
    )
    told: dict[tuple[object, ...], _Stated] = {}
    for row in rows:
        stated = _read(row)
        if stated is None:
            continue
        # The same statement in another format says the same; a corrected one says it better.
        told[row.currency, stated.on or row.id] = stated
    return sorted(told.values(), key=lambda one: (one.on or date.min, one.row.id))


def _read(row: Statement) -> _Stated | None:
    opening, closing = row.summary.get("opening"), row.summary.get("closing")
    if not opening or not closing or opening["currency"] != row.currency:
        return None
    minors = [
        minor_units(Decimal(text), row.currency)
        for text in (opening["amount"], closing["amount"], row.summary.get("difference") or "0")
    ]
    first, last, off = minors
    if first is None or last is None or off is None:
        return None
    on = closing.get("on")
    return _Stated(row, first, last, date.fromisoformat(on) if on else None, off)


def _prove(run: Run, currency: str, ordered: list[_Stated]) -> None:
    account = SOURCES[run.source].account
    last = ordered[-1]
    held = ledger.balance(f"assets:bank:{account}", currency).posted.minor
    unbooked = _unbooked(run, currency)
    before = ordered[0].opening
    with db.transaction():
        BankProof.objects.update_or_create(
            run=run,
            account=account,
            currency=currency,
            defaults={
                "on": last.on,
                "closing_minor": last.closing,
                "ledger_minor": held,
                "unbooked_minor": unbooked,
                "before_minor": before,
                "unexplained_minor": last.closing - before - held - unbooked,
            },
        )


def _unbooked(run: Run, currency: str) -> int:
    """Add up the account's entries that stand for themselves and are not in our books."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(l.net_minor), 0) FROM reconciliation_line l "
            "JOIN reconciliation_import f ON f.id = l.file_id AND f.sequence <= %s "
            "JOIN reconciliation_statement s ON s.file_id = l.file_id "
            "AND s.ordinal = l.statement AND s.account = %s "
            "WHERE l.witness = 'bank' AND l.currency = %s AND l.booked "
            "AND (l.place IN (%s, %s) OR (l.place = %s AND l.rule NOT IN "
            "('already_reported', 'adjusted')))",
            [
                run.import_sequence,
                SOURCES[run.source].account,
                currency,
                Place.OPEN,
                Place.BROKEN,
                Place.IGNORED,
            ],
        )
        return int(cursor.fetchone()[0])

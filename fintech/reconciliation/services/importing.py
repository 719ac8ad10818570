"""
Importing: a file is read row by row, staged in chunks, and shown at once.

No transaction is long, whatever the file's size, and nobody sees a part of a file: rows
belong to an import that only its last commit makes visible. A file that can't be read
leaves its reason and nothing else.
"""

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import BinaryIO, assert_never

from django.db import connection
from django.db.models import Max
from django_subatomic import db

from fintech.kernel import event_log
from fintech.kernel.actor import Actor
from fintech.kernel.events import Code
from fintech.reconciliation import data, errors, events
from fintech.reconciliation.data import ImportState, Place, Rule, Witness
from fintech.reconciliation.models import Import, Line, SetAside, Statement
from fintech.reconciliation.readers import recognize, staging
from fintech.reconciliation.services import locks

CHUNK = 2_000  # Rows per transaction.
_BANK = "bank"
_COLUMNS = (
    'file_id, witness, source, statement, "row", kind, currency, gross_minor, fee_minor, '
    'net_minor, value_on, booked_on, booked, reversal, reference, "references", batch, "text", '
    "details, status, original_currency, original_minor, rate, place, rule"
)


def import_file(
    *,
    content: bytes | BinaryIO,
    name: str,
    by: Actor,
    at: datetime,
    columns: Mapping[str, str] | None = None,
    source: str = "",
) -> data.Import:
    """
    Import a bank statement or a processor's report, whatever its format.

    The same content again is answered with the import it once was (`duplicate`) and adds
    no row. A row that can't be read is set aside and does not stop the others.

    Args:
        content: the file, best as a stream that can seek: then memory does not grow with
            it. Its format is told from this alone.
        name: what the file is called; for people only.
        columns: for a bank's CSV, which column has what (`readers/bank_tables.py`).
        source: the processor that it was fetched from; its reports are that one's whatever
            their format is called, and anything but a report is refused.

    Raises:
        FileRejected: it can't be read; only the reason is stored.
        ImportInProgress: somebody is importing this very file.
    """
    stream = io.BytesIO(content) if isinstance(content, bytes) else content
    stream.seek(0)
    sha256 = _sha256(stream)
    with locks.held(f"reconciliation import {sha256}") as alone:
        if not alone:
            raise errors.ImportInProgress(sha256=sha256)
        row = Import.objects.filter(sha256=sha256).first()
        if row is not None and row.state == ImportState.IMPORTED:
            return row.as_data(duplicate=True)
        row = _begun(row or Import(sha256=sha256), name=name, by=by, at=at)
        try:
            return _show(row, _stage(row, stream, columns, source), by=by, at=at)
        except errors.FileRejected as refused:
            refused.format = row.format
            _discard(row)
            _reject(row, refused)
            raise
        except BaseException:
            # Not the file's fault: it may be brought again as if it had never come.
            _discard(row)
            row.delete()
            raise


@dataclass(slots=True)
class _Staged:
    """What was read of a file so far."""

    lines: list[tuple[object, ...]] = field(default_factory=list)
    aside: list[SetAside] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    lines_count: int = 0
    aside_count: int = 0

    def flush(self) -> None:
        """Commit the rows gathered since the last time."""
        with db.transaction():
            _copy(self.lines)
            SetAside.objects.bulk_create(self.aside)
        self.lines.clear()
        self.aside.clear()


def _sha256(content: BinaryIO) -> str:
    digest = hashlib.sha256()
    while piece := content.read(1 << 20):
        digest.update(piece)
    return digest.hexdigest()


def _begun(row: Import, *, name: str, by: Actor, at: datetime) -> Import:
    """Take the file's row, new or left behind by an attempt that died or was refused."""
    if not row._state.adding:
        _discard(row)
    row.name = staging.clean(name, 300) or "unnamed"
    row.state, row.format = ImportState.READING, ""
    row.reason, row.reason_line, row.reason_column = "", 0, 0
    row.created_at = at
    row.actor_kind, row.actor_id = by.kind, by.id
    row.save()
    return row


def _stage(
    row: Import, content: BinaryIO, columns: Mapping[str, str] | None, source: str
) -> _Staged:
    found = recognize.recognize(content, columns=columns)
    row.format = found.format
    if source and not found.processor:
        raise errors.FileRejected(f"{source} sent something else than a processor's report")
    row.witness = (Witness.PROCESSOR if found.processor else Witness.BANK).value
    row.source = source or found.source or _BANK
    staged = _Staged()
    for item in found.items:
        if isinstance(item, staging.Line):
            _take(row, item, staged)
        elif isinstance(item, staging.RejectedRow):
            staged.aside.append(_aside(row, item))
            staged.aside_count += 1
        elif isinstance(item, staging.BankStatement):
            staged.statements.append(_bank_statement(row, item))
        elif isinstance(item, staging.ProcessorReport):
            staged.statements.append(_report(row, item))
        else:
            assert_never(item)
        if len(staged.lines) + len(staged.aside) >= CHUNK:
            staged.flush()
    staged.flush()
    return staged


def _take(row: Import, line: staging.Line, staged: _Staged) -> None:
    """Stage a line, or set it aside exactly if no column can hold its amounts."""
    minors = [
        staging.minor_units(amount, line.currency) for amount in (line.gross, line.fee, line.net)
    ]
    gross, fee, net = minors
    if gross is None or fee is None or net is None:
        staged.aside.append(_aside(row, _finer(line)))
        staged.aside_count += 1
        return
    staged.lines_count += 1
    staged.lines.append(
        (
            row.id,
            row.witness,
            row.source,
            line.statement,
            line.line,
            line.kind[:40],
            line.currency,
            gross,
            fee,
            net,
            line.value_on,
            line.booked_on,
            line.booked,
            line.reversal,
            line.reference[:200],
            [other[:200] for other in line.other_references],
            line.batch[:200],
            line.text[: staging.TEXT_MAX],
            line.details,
            line.status,
            staging.clean(line.original_currency, 3),
            None
            if line.original is None
            else staging.minor_units(line.original, line.original_currency),
            _rate(line.rate),
            Place.OPEN.value,
            Rule.NONE.value,
        )
    )


def _rate(rate: Decimal | None) -> Decimal | None:
    """Return a rate as its column holds it; an absurd one is none."""
    if rate is None or not -18 <= rate.adjusted() < 18:  # noqa: PLR2004 -- the column's digits.
        return None
    return round(rate, 18)


def _copy(lines: Sequence[tuple[object, ...]]) -> None:
    """Send staged lines by COPY, several times as fast as an INSERT of as many values."""
    if not lines:
        return
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY reconciliation_line ({_COLUMNS}) FROM STDIN") as copy,
    ):
        for line in lines:
            copy.write_row(line)


def _finer(line: staging.Line) -> staging.RejectedRow:
    if not line.currency:
        reason = "the statement does not say in which currency the amount is"
    else:
        reason = f"{line.net:f} {line.currency} is not a whole number of minor units that we know"
    return staging.RejectedRow(
        line=line.line,
        reason=reason,
        expected="an amount in whole minor units of an active currency",
        text=f"{line.net:f} {line.currency} {line.reference}",
    )


def _aside(row: Import, item: staging.RejectedRow) -> SetAside:
    return SetAside(
        file=row,
        row=item.line,
        column=item.column,
        reason=staging.clean(item.reason, 1000),
        expected=staging.clean(item.expected, 300),
        text=staging.clean(item.text, 1000),
    )


def _bank_statement(row: Import, told: staging.BankStatement) -> Statement:
    return Statement(
        file=row,
        ordinal=told.ordinal,
        account=staging.clean(told.account, 100),
        number=staging.clean(told.number, 100),
        currency=staging.clean(told.currency, 3),
        entries=told.entries,
        arithmetic_ok=told.arithmetic_ok,
        summary={
            "reference": staging.clean(told.reference, 100),
            "opening": _balance(told.opening),
            "closing": _balance(told.closing),
            "by_currency": {
                staging.clean(currency, 20): {
                    "entries": sums.entries,
                    "credits": _text(sums.credits),
                    "debits": _text(sums.debits),
                }
                for currency, sums in told.by_currency.items()
            },
            "details": told.details,
            "reversals": told.reversals,
            "difference": _text(told.difference),
            "member": told.member,
            "notes": [staging.clean(note) for note in told.notes],
        },
    )


def _report(row: Import, told: staging.ProcessorReport) -> Statement:
    return Statement(
        file=row,
        ordinal=told.ordinal,
        account=row.source,
        entries=told.rows,
        arithmetic_ok=told.ties_out,
        summary={
            "by_currency": {
                staging.clean(currency, 20): {
                    "rows": sums.rows,
                    "gross": _text(sums.gross),
                    "fee": _text(sums.fee),
                    "net": _text(sums.net),
                }
                for currency, sums in told.by_currency.items()
            },
            "differences": None
            if told.differences is None
            else {currency: _text(by) for currency, by in told.differences.items()},
            "notes": [staging.clean(note) for note in told.notes],
        },
    )


def _balance(balance: staging.Balance | None) -> dict[str, str | None] | None:
    if balance is None:
        return None
    return {
        "amount": _text(balance.amount),
        "currency": staging.clean(balance.currency, 20),
        "on": balance.on.isoformat() if balance.on else None,
    }


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:f}"


def _discard(row: Import) -> None:
    """Throw away what was staged, a chunk at a time."""
    for model in (Line, SetAside, Statement):
        while True:
            with db.transaction():
                some: Sequence[int] = list(
                    model.objects.filter(file=row).values_list("id", flat=True)[: CHUNK * 2]
                )
                if some:
                    model.objects.filter(id__in=some)._raw_delete("default")
            if not some:
                break


def _reject(row: Import, refused: errors.FileRejected) -> None:
    row.state = ImportState.REJECTED
    row.lines = row.set_aside = 0
    row.reason = staging.clean(refused.reason) or "it can't be read"
    row.reason_line, row.reason_column = refused.line, refused.column
    row.save()


def _show(row: Import, staged: _Staged, *, by: Actor, at: datetime) -> data.Import:
    """Make all of a file visible in one commit."""
    with db.transaction():
        with connection.cursor() as cursor:
            # In this order imports become visible: a run that has seen one number will
            # never find a smaller one later.
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [__name__])
        last = Import.objects.aggregate(last=Max("sequence"))["last"] or 0
        Statement.objects.bulk_create(staged.statements)
        row.state, row.imported_at, row.sequence = ImportState.IMPORTED, at, last + 1
        row.lines, row.set_aside = staged.lines_count, staged.aside_count
        row.version += 1
        row.save()
        event_log.append(
            [
                events.FileImported(
                    import_id=row.id,
                    format=Code(row.format),
                    lines=row.lines,
                    set_aside=row.set_aside,
                    version=row.version,
                    at=at,
                )
            ],
            by=by,
        )
    return row.as_data()

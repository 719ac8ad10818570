"""Statements that were brought, runs that compared them, and the breaks they found."""

from collections.abc import Sequence
from hashlib import sha256
from uuid import UUID

from fintech.kernel import ids
from fintech.reconciliation.data import (
    Age,
    Break,
    DayFigures,
    Fees,
    Import,
    Proposal,
    Reading,
    Report,
    ReportRead,
    Run,
    Safeguarded,
    StatementRead,
    Suggestion,
    Total,
)
from fintech.wire.scalars import Json, currency, head, livemode, public, text, unix, unix_or_null

_NOTHING = Reading()


def render_statement(brought: Import, read: Reading = _NOTHING) -> Json:
    """
    Return a file that was brought, and what it says; one known already is a duplicate.

    Amounts inside are decimal strings: a file may be finer than a minor unit.
    """
    return {
        **head("reconciliation.statement", ids.public("rst", brought.id), brought.created_at, None),
        "duplicate": brought.duplicate,
        "format": text(brought.format),
        "imported_at": unix_or_null(brought.imported_at),
        "lines": brought.lines,
        "name": brought.name,
        "rejected_rows": [{"line": line, "reason": reason} for line, reason in read.rejected],
        "rejection": _rejection(brought),
        "report": None if read.report is None else _report(read.report),
        "set_aside": brought.set_aside,
        "sha256": brought.sha256,
        "source": text(brought.source),
        "statements": [_statement(statement) for statement in read.statements],
        "status": str(brought.state),
        "witness": text(brought.witness),
    }


def _statement(read: StatementRead) -> Json:
    return {
        "account": text(read.account),
        "arithmetic_ok": read.arithmetic_ok,
        "closing": read.closing,
        "credits": read.credits,
        "currency": currency(read.currency) if read.currency else None,
        "debits": read.debits,
        "difference": read.difference,
        "entries": read.entries,
        "opening": read.opening,
    }


def _report(read: ReportRead) -> Json:
    several = isinstance(read.difference, dict)
    return {
        "by_currency": [
            {
                "currency": currency(code),
                "difference": _difference(read, code),
                "fee": sums["fee"],
                "gross": sums["gross"],
                "net": sums["net"],
            }
            for code, sums in read.by_currency.items()
        ],
        "difference": None if several else read.difference,
        "rows": read.rows,
        "ties_out": read.ties_out,
    }


def _difference(read: ReportRead, code: str) -> str | None:
    if isinstance(read.difference, dict):
        return read.difference.get(code, "0")
    return read.difference if len(read.by_currency) == 1 else None


def _rejection(brought: Import) -> Json | None:
    if not brought.reason:
        return None
    return {
        "column": brought.reason_column or None,
        "line": brought.reason_line or None,
        "message": brought.reason,
    }


def render_run(run: Run) -> Json:
    """Return a run, with what it did to the rows of each witness and currency."""
    return {
        **head("reconciliation.run", ids.public("rrn", run.id), run.started_at, None),
        "breaks_opened": run.opened,
        "breaks_resolved": run.resolved,
        "ended_at": unix_or_null(run.ended_at),
        "error": text(run.error),
        "matched": run.matched,
        "open_breaks": run.open_breaks,
        "source": run.source,
        "started_at": unix(run.started_at),
        "status": str(run.state),
        "totals": [_total(total) for total in run.totals],
    }


def _total(total: Total) -> Json:
    return {
        "currency": currency(total.currency),
        "witness": str(total.witness),
        **{
            place: {
                "amount": getattr(total, f"{place}_minor"),
                "count": getattr(total, f"{place}_count"),
            }
            for place in ("input", "matched", "broken", "ignored", "waiting")
        },
    }


def render_break(found: Break) -> Json:
    """Return a break: what the outside says less what we say."""
    return {
        **head("reconciliation.break", ids.public("rbk", found.id), found.opened_at, None),
        "amount": found.amount_minor,
        "awaits_approval": found.approval_id is not None and found.resolved_at is None,
        "batch": text(found.batch),
        "currency": currency(found.currency),
        "journal_entry": public("ltx", found.entry_id),
        "kind": str(found.kind),
        "leg": found.leg,
        "note": text(found.note),
        "opened_at": unix(found.opened_at),
        "ours": found.ours_minor,
        "reference": text(found.reference),
        "resolution": text(found.resolution),
        "resolved_at": unix_or_null(found.resolved_at),
        "run": ids.public("rrn", found.run_id),
        "source": found.source,
        "status": str(found.state),
        "theirs": found.theirs_minor,
        "wait_until": None if found.wait_until is None else found.wait_until.isoformat(),
    }


def render_proposal(made: Proposal) -> Json:
    """Return the journal entry that `post_adjustment` would post for a break."""
    return {
        "break": ids.public("rbk", made.break_id),
        "lines": [
            {
                "account": line.address,
                "amount": line.amount.minor,
                "currency": currency(line.amount.currency),
                "direction": "debit" if line.debit else "credit",
            }
            for line in made.lines
        ],
        "livemode": livemode(),
        "needs_approval": made.needs_approval,
        "object": "reconciliation.proposal",
        "template": made.template,
        "why": made.why,
    }


def render_suggestions(break_id: UUID, found: Sequence[Suggestion]) -> Json:
    """Return what a break might belong to, best first, in points of a hundred."""
    return {
        "break": ids.public("rbk", break_id),
        "data": [
            {
                "amount": one.amount.minor,
                "break": public("rbk", one.break_id),
                "currency": currency(one.amount.currency),
                "on": None if one.on is None else one.on.isoformat(),
                "points": one.points,
                "reference": text(one.reference),
            }
            for one in found
        ],
        "livemode": livemode(),
        "object": "reconciliation.suggestions",
    }


def render_report(told: Report) -> Json:
    """
    Return a run's signed report.

    `statement` is the exact text that was signed: a line that names what it is, then the
    figures as canonical JSON.
    """
    return {
        "key": told.key_id,
        "livemode": livemode(),
        "object": "reconciliation.report",
        "run": ids.public("rrn", told.run.id),
        "sha256": sha256(told.statement).hexdigest(),
        "signature": told.signature.hex(),
        "statement": told.statement.decode(),
    }


def render_history(
    source: str, days: Sequence[DayFigures], fees: Sequence[Fees], ageing: Sequence[Age]
) -> Json:
    """Return a source over time; rates and days are decimals in text."""
    return {
        "days": [
            {
                "breaks": [
                    {"count": count, "kind": kind} for kind, count in sorted(day.mix.items())
                ],
                "date": day.on.isoformat(),
                "delay_days": str(day.delay_days),
                "fee_rate": str(day.fee_rate),
                "lines": day.lines,
                "match_rate": str(day.match_rate),
            }
            for day in days
        ],
        "fees": [
            {
                "charged": part.charged.minor,
                "contracted": part.expected.minor,
                "currency": currency(part.currency),
                "difference": part.difference.minor,
                "gross": part.gross.minor,
                "lines": part.lines,
            }
            for part in fees
        ],
        "livemode": livemode(),
        "object": "reconciliation.history",
        "source": source,
        "unpaid": [
            {
                "age_in_days": age.days,
                "amount": age.minor,
                "batches": age.count,
                "currency": currency(age.currency),
            }
            for age in ageing
        ],
    }


def render_safeguarding(on: str, rows: Sequence[Safeguarded]) -> Json:
    """Return client money owed against client money held on a day."""
    return {
        "currencies": [
            {
                "at_processors": row.at_processors.minor,
                "currency": currency(row.currency),
                "held": row.held.minor,
                "owed": row.owed.minor,
                "shortfall": row.shortfall.minor,
            }
            for row in rows
        ],
        "date": on,
        "livemode": livemode(),
        "object": "reconciliation.safeguarding",
    }

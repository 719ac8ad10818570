"""Statements that were brought, runs that compared them, and the breaks they found."""

from fintech.kernel import ids
from fintech.reconciliation.data import (
    Break,
    Import,
    Reading,
    ReportRead,
    Run,
    StatementRead,
    Total,
)
from fintech.wire.scalars import Json, currency, head, text, unix, unix_or_null

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
        "batch": text(found.batch),
        "currency": currency(found.currency),
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
    }

"""Import bank statements and processor reports from files, and say what was stored."""

import json
from argparse import ArgumentParser
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from fintech.kernel import actor, clock
from fintech.reconciliation import data, errors, queries, services
from fintech.reconciliation.data import Witness

_BY = actor.system("import_statement")


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--json", action="store_true", help="one JSON object per file")

    def handle(self, *args: Any, **options: Any) -> None:
        refused = 0
        for path in options["files"]:
            told = _imported(path)
            refused += told["status"] == "rejected"
            self.stdout.write(json.dumps(told) if options["json"] else _sentence(told))
        if refused:
            raise CommandError(f"{refused} of {len(options['files'])} files were refused")


def _imported(path: Path) -> dict[str, Any]:
    """Import one file, and tell of it in the shape that scripts read."""
    told: dict[str, Any] = {"file": str(path), "format": None, "error": None, "rejected": []}
    try:
        content = path.read_bytes()
    except OSError as unreadable:
        return told | {"status": "rejected", "error": unreadable.strerror or "cannot be opened"}
    try:
        found = services.import_file(content=content, name=path.name, by=_BY, at=clock.now())
    except (errors.FileRejected, errors.ImportInProgress) as refused:
        return told | {"status": "rejected", "error": str(refused)}
    told |= {
        "format": found.format,
        "status": "duplicate" if found.duplicate else "imported",
        "rejected": [
            {"line": aside.row, "reason": aside.reason}
            for aside in queries.rows_set_aside(found.id, limit=100_000)
        ],
    }
    inside = queries.statements(found.id)
    if found.witness == Witness.PROCESSOR:
        return told | _report(inside[0])
    return told | {"statements": [_statement(statement) for statement in inside]}


def _statement(told: data.Statement) -> dict[str, Any]:
    summary: dict[str, Any] = told.summary
    sums = summary["by_currency"].values()
    return {
        "account": told.account,
        "currency": told.currency,
        "opening": _amount(summary["opening"]),
        "closing": _amount(summary["closing"]),
        "entries": told.entries,
        "credits": str(sum((Decimal(one["credits"]) for one in sums), Decimal(0))),
        "debits": str(sum((Decimal(one["debits"]) for one in sums), Decimal(0))),
        "arithmetic_ok": told.arithmetic_ok,
        "difference": summary["difference"],
    }


def _report(told: data.Statement) -> dict[str, Any]:
    summary: dict[str, Any] = told.summary
    return {
        "rows": told.entries,
        "by_currency": {
            currency: {name: sums[name] for name in ("gross", "fee", "net")}
            for currency, sums in summary["by_currency"].items()
        },
        "ties_out": told.arithmetic_ok,
        "difference": summary["difference"],
    }


def _amount(balance: dict[str, Any] | None) -> str | None:
    return None if balance is None else str(balance["amount"])


def _sentence(told: dict[str, Any]) -> str:
    if told["status"] == "rejected":
        return f"{told['file']}: refused, nothing stored: {told['error']}"
    aside = f", {len(told['rejected'])} rows set aside" if told["rejected"] else ""
    if "rows" in told:
        sums = "; ".join(
            f"{currency} gross {sums['gross']}, fee {sums['fee']}, net {sums['net']}"
            for currency, sums in told["by_currency"].items()
        )
        tie = {True: "ties out", False: f"is off by {told['difference']}", None: "states no total"}
        what = f"{told['rows']} rows ({sums}); the report {tie[told['ties_out']]}"
    else:
        what = "; ".join(
            f"{one['account'] or 'unnamed account'}: {one['entries']} entries, "
            f"+{one['credits']} -{one['debits']} {one['currency']}, {_sum(one)}"
            for one in told["statements"]
        )
    return f"{told['file']}: {told['format']} {told['status']}: {what}{aside}"


def _sum(one: dict[str, Any]) -> str:
    if one["arithmetic_ok"] is None:
        return "no balances to check"
    if one["arithmetic_ok"]:
        return f"{one['opening']} to {one['closing']} adds up"
    return f"{one['opening']} to {one['closing']} is off by {one['difference']}"

"""Import bank statements and processor reports from files, and say what was stored."""

import json
from argparse import ArgumentParser, ArgumentTypeError
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from fintech.kernel import actor, clock
from fintech.reconciliation import errors, queries, services

_BY = actor.system("import_statement")
_ASIDE_MAX = 100_000


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--json", action="store_true", help="one JSON object per file")
        parser.add_argument(
            "--columns",
            type=_columns,
            metavar="ROLE=COLUMN;…",
            help="for a bank's CSV that is not known: date=Buchungstag;amount=Betrag;"
            "currency_is=EUR (also debit, credit, direction, balance, currency, account, "
            "reference, text, order=day_first, mark=,)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        refused = 0
        for path in options["files"]:
            told = _imported(path, options["columns"])
            refused += told["status"] == "rejected"
            self.stdout.write(json.dumps(told) if options["json"] else _sentence(told))
        if refused:
            raise CommandError(f"{refused} of {len(options['files'])} files were refused")


def _columns(text: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in text.split(";") if part.strip()]
    if not all(mark and name.strip() for name, mark, _ in pairs):
        message = "write it as role=column;role=column"
        raise ArgumentTypeError(message)
    return {name.strip(): column.strip() for name, _, column in pairs}


def _imported(path: Path, columns: dict[str, str] | None) -> dict[str, Any]:
    """Import one file, and tell of it in the shape that scripts read."""
    told: dict[str, Any] = {
        "file": str(path),
        "format": None,
        "status": "rejected",
        "error": None,
        "statements": [],
        "rejected": [],
    }
    try:
        with path.open("rb") as content:
            found = services.import_file(
                content=content, name=path.name, by=_BY, at=clock.now(), columns=columns
            )
    except OSError as unreadable:
        return told | {"error": unreadable.strerror or "cannot be opened"}
    except errors.FileRejected as refused:
        return told | {"error": str(refused), "format": refused.format or None}
    except errors.ImportInProgress as refused:
        return told | {"error": str(refused)}
    read = queries.readings([found.id], aside=_ASIDE_MAX)[found.id]
    told |= {
        "format": found.format,
        "status": "duplicate" if found.duplicate else "imported",
        "statements": [asdict(statement) for statement in read.statements],
        "rejected": [{"line": line, "reason": reason} for line, reason in read.rejected],
    }
    return told if read.report is None else told | asdict(read.report)


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

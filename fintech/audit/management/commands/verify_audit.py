"""Check the event log and the journal against their seals, from the first row."""

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils.module_loading import import_string

from fintech.audit import queries
from fintech.kernel import invariants

_SHOWN = 20


class Command(BaseCommand):
    help = "Check the logs against their seals; exit 1 and name the row if one was changed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON alone")

    def handle(self, *args: Any, **options: Any) -> None:
        checks = [queries.verify, *map(import_string, settings.AUDIT_VERIFIERS)]
        with invariants.snapshot():
            faults = [fault for check in checks for fault in check()]
            latest = queries.heads(limit=1)
        size = latest[0].size if latest else 0
        if options["json"]:
            named = [{"row": fault.row, "reason": fault.reason} for fault in faults]
            self.stdout.write(json.dumps({"ok": not faults, "sealed": size, "faults": named}))
        elif faults:
            for fault in faults[:_SHOWN]:
                self.stdout.write(f"{fault.row}: {fault.reason}")
            self.stdout.write(f"NOT INTACT: {len(faults)} faults")
        else:
            self.stdout.write(f"intact: {size} facts sealed, journal and log agree with them")
        if faults:
            raise SystemExit(1)

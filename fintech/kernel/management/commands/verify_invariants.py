"""Check every invariant that the rooms declare."""

import json
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils.module_loading import import_string

from fintech.kernel import invariants


class Command(BaseCommand):
    help = "Check every invariant; exit 1 if one does not hold."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON alone")

    def handle(self, *args: Any, **options: Any) -> None:
        declared = import_string(settings.INVARIANTS)
        began = time.monotonic()
        findings = {finding.id: finding for finding in invariants.check(declared)}
        took_ms = int((time.monotonic() - began) * 1000)
        if options["json"]:
            self.stdout.write(
                json.dumps(
                    {
                        "ok": not findings,
                        "checked": len(declared),
                        "ms": took_ms,
                        "findings": [
                            {"id": f.id, "violations": f.violations, "sample_ids": f.samples}
                            for f in findings.values()
                        ],
                    }
                )
            )
        else:
            for invariant in declared:
                finding = findings.get(invariant.id)
                word = "ok" if finding is None else f"{finding.violations} violations"
                self.stdout.write(f"{invariant.id:6} {word:16} {invariant.rule}")
                if finding is not None:
                    self.stdout.write(f"       such as {', '.join(finding.samples)}")
            self.stdout.write(f"{len(declared)} invariants, {len(findings)} broken, {took_ms} ms")
        if findings:
            raise SystemExit(1)

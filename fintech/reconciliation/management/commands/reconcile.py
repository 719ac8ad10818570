"""Compare what the ledger expects of a processor with its reports and with the bank."""

from argparse import ArgumentParser
from datetime import UTC, date, datetime, time
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from fintech.kernel import actor, clock
from fintech.kernel.errors import Refusal
from fintech.kernel.money import Money
from fintech.reconciliation import queries, services
from fintech.reconciliation.data import SOURCES


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--source", choices=sorted(SOURCES), help="all, if not given")
        parser.add_argument(
            "--date", type=date.fromisoformat, help="as of the end of this business day"
        )

        parser.add_argument(
            "--dry-run", action="store_true", help="say what there is to compare; change nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        at = clock.now()
        if options["date"] is not None:
            at = datetime.combine(options["date"], time.max, tzinfo=UTC)
        refused = []
        sources = [options["source"]] if options["source"] else sorted(SOURCES)
        for source in sources:
            told = f"{source} " if len(sources) > 1 else ""
            if options["dry_run"]:
                self._preview(source, told)
                continue
            try:
                self._run(source, told, at)
            except Refusal as refusal:
                refused.append(f"{told}{refusal}")
        if refused:
            raise CommandError("; ".join(refused))

    def _run(self, source: str, told: str, at: datetime) -> None:
        ended = services.run(source=source, by=actor.system("reconcile"), at=at)
        self.stdout.write(
            f"{told}{ended.state}: {ended.matched} rows matched, {ended.opened} breaks opened, "
            f"{ended.resolved} resolved, {ended.open_breaks} open"
        )
        for found in queries.open_breaks(source=ended.source):
            where = found.reference or found.batch
            self.stdout.write(f"  {found.kind} {found.amount} {where}")

    def _preview(self, source: str, told: str) -> None:
        found = services.preview(source=source)
        for (witness, currency), (count, minor) in sorted(found.items()):
            amount = Money(minor, currency)
            self.stdout.write(f"{told}would compare {count} {witness} rows, {amount} in sum")
        if not found:
            self.stdout.write(f"{told}nothing waits to be compared")

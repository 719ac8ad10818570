"""Train a fraud model and register it as a candidate."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from fintech.fraud import services as fraud
from fintech.kernel import clock
from fintech.kernel.actor import system
from fintech.kernel.errors import Refusal


class Command(BaseCommand):
    help = "Train a fraud model, measure it, sign it, and register it as a candidate."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--source", choices=["handbook", "payments"], required=True)
        parser.add_argument("--input", type=Path, help="a file of the handbook's columns")
        parser.add_argument("--days", type=int, default=365, help="of stored decisions")

    def handle(self, *args: Any, **options: Any) -> None:
        by, at = system("train_fraud"), clock.now()
        try:
            if options["source"] == "handbook":
                path = options["input"] or _newest()
                made = fraud.train_on_handbook(path=path, by=by, at=at)
            else:
                since = at - timedelta(days=options["days"])
                made = fraud.train_on_payments(since=since, until=at, by=by, at=at)
        except (Refusal, OSError, ValueError) as failed:
            raise CommandError(str(failed)) from failed
        self.stdout.write(made.card)
        self.stdout.write(f"Model {made.number} is a {made.stage}: {made.id}")


def _newest() -> Path:
    folder = Path(settings.REAL_DATA_DIR) / "fraud"
    found = sorted(folder.glob("handbook_simulated_*.csv*"))
    if not found:
        raise CommandError(f"There is no handbook file in {folder}; name one with --input.")
    return found[-1]

"""Score a file of transactions by the handbook's protocol."""

import argparse
import csv
import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

if TYPE_CHECKING:
    from fintech.fraud.learning.measures import Period

_DAY = 86_400


class Command(BaseCommand):
    help = (
        "Train on some days of a file and score others. Days are dates, both included; the"
        " file counts its seconds from 2018-04-01. No label younger than the delay is read."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--input", required=True, type=Path, help="CSV, packed or not")
        parser.add_argument("--train", required=True, type=_days, metavar="FROM:TO")
        parser.add_argument("--test", required=True, type=_days, metavar="FROM:TO")
        parser.add_argument("--labels-delay", default="7d", type=_delay, help="such as 7d")
        parser.add_argument("--output", required=True, type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        # Heavy: only who trains loads it.
        from fintech.fraud.learning import handbook, weeks
        from fintech.fraud.learning.forests import TooFewLabels

        delay, test = options["labels_delay"], options["test"]
        try:
            rows = handbook.read(options["input"])
        except (OSError, ValueError, EOFError) as unreadable:
            raise CommandError(str(unreadable)) from unreadable
        history = weeks.known(rows.until((test.last + 1) * _DAY), delay=delay)
        try:
            scored = weeks.score(history, train_on=options["train"], test=test)
        except TooFewLabels as empty:
            raise CommandError(f"{empty} Is anything labeled in --train?") from empty
        with options["output"].open("w", newline="") as file:
            written = csv.writer(file, lineterminator="\n")
            written.writerow(["TRANSACTION_ID", "SCORE"])
            written.writerows(
                [name, f"{value:.9f}"]
                for name, value in zip(
                    history.rows.ids[scored.rows].tolist(), scored.scores.tolist(), strict=True
                )
            )
        self.stdout.write(f"{len(scored.rows)} transactions scored.")


def _days(text: str) -> "Period":
    from fintech.fraud.learning.handbook import BEGINNING
    from fintech.fraud.learning.measures import Period

    try:
        first, last = (
            (date.fromisoformat(part.strip()) - BEGINNING).days for part in text.split(":")
        )
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is not FROM:TO, two dates.") from None
    if last < first:
        raise argparse.ArgumentTypeError(f"{text} ends before it begins.")
    return Period(first=first, last=last)


def _delay(text: str) -> int:
    found = re.fullmatch(r"(\d{1,4})d", text.strip())
    if found is None:
        raise argparse.ArgumentTypeError(f"{text} is not a number of days, such as 7d.")
    return int(found.group(1)) * _DAY

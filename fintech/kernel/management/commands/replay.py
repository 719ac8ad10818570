"""Fold a room's log and compare it with the room's rows."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils.module_loading import import_string

from fintech.kernel import invariants

_SHOWN = 20


class Command(BaseCommand):
    help = "Fold a room's log and compare it with its rows; exit 1 if they differ."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("room", choices=sorted(settings.REPLAYS))

    def handle(self, *args: Any, **options: Any) -> None:
        fold = import_string(settings.REPLAYS[options["room"]])
        differences = 0
        with invariants.snapshot():
            for difference in fold():
                differences += 1
                if differences <= _SHOWN:
                    self.stdout.write(
                        f"{difference.row}: {difference.column} is {difference.stored}, "
                        f"the log says {difference.folded}"
                    )
        if differences:
            self.stdout.write(f"{options['room']}: {differences} differences")
            raise SystemExit(1)
        self.stdout.write(f"{options['room']}: rows and log agree")

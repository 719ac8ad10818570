"""Fold a room's log and compare it with the room's rows."""

from collections.abc import Callable, Iterable
from inspect import signature
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils.module_loading import import_string

from fintech.kernel import invariants
from fintech.kernel.replay import Difference

_SHOWN = 20


class Command(BaseCommand):
    help = "Fold a room's log and compare it with its rows; exit 1 if they differ."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("room", choices=sorted(settings.REPLAYS))

    def _folding(self, fold: Callable[..., Iterable[Difference]]) -> Iterable[Difference]:
        """Fold, and where the room tells its progress, show it on a terminal."""
        if "progress" not in signature(fold).parameters:
            return fold()

        def say(done: int, of: int) -> None:
            if self.stderr.isatty():
                self.stderr.write(f"\r{done:,} of {of:,}", ending="")

        return fold(progress=say)

    def handle(self, *args: Any, **options: Any) -> None:
        fold = import_string(settings.REPLAYS[options["room"]])
        differences = 0
        with invariants.snapshot():
            for difference in self._folding(fold):
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

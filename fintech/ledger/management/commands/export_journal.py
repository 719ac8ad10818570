"""Write the journal as text, for the stand-alone verifier or an accounting program."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from fintech.kernel import invariants
from fintech.ledger import queries


class Command(BaseCommand):
    help = "Write the journal to standard output, as it stands in one moment."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--format", choices=sorted(queries.EXPORTS), default="jsonl")

    def handle(self, *args: Any, **options: Any) -> None:
        with invariants.snapshot():
            for line in queries.EXPORTS[options["format"]]():
                self.stdout.write(line)

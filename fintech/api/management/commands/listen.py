"""Forward a merchant's events to an address of this machine, signed as a webhook is."""

import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from fintech.api import listening, triggers


class Command(BaseCommand):
    help = "Forward events to a local address, for developers without a public one"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--forward-to", required=True, help="http://127.0.0.1:3000/hooks")
        parser.add_argument("--key", default=os.environ.get("API_KEY", ""), help="or API_KEY")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.MODE == "live":
            raise CommandError("Listening is for a sandbox; a live instance has endpoints.")
        secret = listening.new_secret()
        try:
            listener = listening.Listener(
                key=options["key"], url=options["forward_to"], secret=secret
            )
            self.stdout.write(f"Forwarding to {options['forward_to']}; the secret is {secret}")
            self.stdout.flush()
            listener.follow(self._say)
        except triggers.Refused as refused:
            raise CommandError(str(refused)) from refused
        except KeyboardInterrupt:
            return

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()

"""Make an event happen in a sandbox, by asking the API for what it takes."""

import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from fintech.api import triggers


class Command(BaseCommand):
    help = "Make an event happen, such as payment_intent.succeeded"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("event", nargs="?", help="without one, the events are listed")
        parser.add_argument("--key", default=os.environ.get("API_KEY", ""), help="or API_KEY")

    def handle(self, *args: Any, **options: Any) -> None:
        event = options["event"]
        if not event:
            self.stdout.write("\n".join(sorted(triggers.EVENTS)))
            return
        if settings.MODE == "live":
            raise CommandError("A live instance makes nothing up.")
        if event not in triggers.EVENTS:
            raise CommandError(f"There is no script for {event}; without one they are listed.")
        try:
            triggers.trigger(event, key=options["key"], say=self.stdout.write)
        except triggers.Refused as refused:
            raise CommandError(str(refused)) from refused

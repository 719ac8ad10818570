"""Follow the event log and the journal for all subscriptions."""

import signal
from typing import Any

from django.core.management.base import BaseCommand

from fintech.kernel import subscriptions


class Command(BaseCommand):
    help = "Follow the event log and the journal until told to stop."

    def handle(self, *args: Any, **options: Any) -> None:
        told: list[int] = []
        signal.signal(signal.SIGTERM, lambda number, _: told.append(number))
        signal.signal(signal.SIGINT, lambda number, _: told.append(number))
        self.stdout.write("Following the event log.")
        subscriptions.serve(stop=lambda: bool(told))

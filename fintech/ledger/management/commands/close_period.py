"""Close the platform's books up to a day."""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from fintech.kernel import actor, clock
from fintech.ledger import errors, services


class Command(BaseCommand):
    help = "Let nothing be booked before a day any more (UTC). This cannot be taken back."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "day", type=datetime.fromisoformat, help="the first open one: 2026-11-01"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        before = options["day"].replace(tzinfo=UTC)
        by = actor.system("close_period")
        try:
            closed = services.close_period(before=before, by=by, at=clock.now())
        except errors.PeriodNotOver as refused:
            raise CommandError(refused.message) from None
        self.stdout.write(f"closed before {before:%Y-%m-%d}" if closed else "closed already")

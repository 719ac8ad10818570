"""Let a program of a merchant ask for access tokens; its secret is shown once."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from fintech.kernel import actor, clock, ids
from fintech.merchants import data, services


class Command(BaseCommand):
    help = "Make an OAuth 2.0 client for a merchant"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--merchant", required=True, help="acct_…")
        parser.add_argument("--name", required=True)
        parser.add_argument("--scope", action="append", choices=sorted(data.SCOPES), required=True)
        parser.add_argument("--certificate", default="", help="SHA-256 in base64url, to bind it")

    def handle(self, *args: Any, **options: Any) -> None:
        made = services.create_oauth_client(
            merchant_id=ids.parse("acct", options["merchant"]),
            name=options["name"],
            scopes=options["scope"],
            certificate=options["certificate"],
            by=actor.system("shell"),
            at=clock.now(),
        )
        self.stdout.write(f"client_id     {made.client.client_id}")
        self.stdout.write(f"client_secret {made.secret}")

"""Open a merchant from the command line, by the service that the dashboard uses."""

import json
import secrets
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django_subatomic import db

from fintech.kernel import actor, clock, ids
from fintech.kernel.errors import Refusal
from fintech.merchants import services as merchants


class Command(BaseCommand):
    """Opens a merchant with an owner and a secret key, and tells all three once."""

    help = "Open a merchant with an owner and a secret key."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--name", default="Example Shop")
        parser.add_argument("--country", default="DE", help="two letters, ISO 3166-1")
        parser.add_argument("--currency", default="EUR", help="three letters, ISO 4217")
        parser.add_argument("--email", help="the owner's address; made up when left out")
        parser.add_argument("--password", help="the owner's password; made up when left out")
        parser.add_argument("--json", action="store_true", help="one line of JSON, for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        email = options["email"] or f"owner-{secrets.token_hex(4)}@example.com"
        password = options["password"] or secrets.token_urlsafe(15)
        by, at = actor.system("open_merchant"), clock.now()
        try:
            with db.transaction():
                merchant = merchants.open_merchant(
                    name=options["name"],
                    country=options["country"],
                    default_currency=options["currency"],
                    owner_email=email,
                    owner_name="Owner",
                    owner_password=password,
                    by=by,
                    at=at,
                )
                key = merchants.create_api_key(
                    merchant_id=merchant.id, name="First key", by=by, at=at
                )
        except Refusal as refused:
            raise CommandError(refused.message) from refused
        told = {
            "merchant": ids.public("acct", merchant.id),
            "secret_key": key.secret,
            "owner": {"email": email, "password": password},
        }
        if options["json"]:
            self.stdout.write(json.dumps(told))
            return
        self.stdout.write(f"Merchant    {told['merchant']}  {merchant.name}")
        self.stdout.write(f"Secret key  {key.secret}  (shown this once)")
        self.stdout.write(f"Owner       {email}  {password}")

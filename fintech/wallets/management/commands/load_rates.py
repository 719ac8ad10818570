"""Load the exchange rates that came with us: the ECB's reference rates."""

from argparse import ArgumentParser
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand

from fintech.kernel import clock
from fintech.wallets import services as wallets


class Command(BaseCommand):
    help = "Load the European Central Bank's reference rates that the package brings along."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--since", type=date.fromisoformat, help="the first day; 400 days ago when left out"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        from currency_converter import CurrencyConverter

        since = options["since"] or clock.now().date() - timedelta(days=400)
        converter: Any = CurrencyConverter(decimal=True)  # type: ignore[no-untyped-call]
        published: dict[str, dict[date, Decimal | None]] = converter._rates
        new = wallets.record_rates(
            (
                (currency, day, rate)
                for currency, days in published.items()
                for day, rate in days.items()
                if rate is not None and day >= since
            ),
            source="ecb",
        )
        self.stdout.write(f"{new} new rates.")

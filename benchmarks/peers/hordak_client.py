"""
A client of django-hordak, run by the peer's own Python; knows nothing of this project.

`prepare N` migrates and opens N accounts. `serve SEED` answers each line on its standard
input, a number of seconds, with how many transfers it committed in them. Settings and
calls are those of hordak's documentation: installed apps `mptt` and `hordak`, one
currency, `Account.transfer_to` inside `transaction.atomic`, which its deferred trigger
(legs sum to zero) needs.
"""

import os
import random
import sys
import time
from urllib.parse import parse_qs, unquote, urlsplit

import django
from django.conf import settings


def set_up(url: str) -> None:
    """Configure Django for hordak's database."""
    parts = urlsplit(url)
    host = parts.hostname or parse_qs(parts.query).get("host", [""])[0]
    settings.configure(
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "mptt",
            "hordak",
        ],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": parts.path.lstrip("/"),
                "USER": unquote(parts.username or ""),
                "PASSWORD": unquote(parts.password or ""),
                "HOST": host,
                "PORT": str(parts.port or ""),
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        DEFAULT_CURRENCY="EUR",
        CURRENCIES=["EUR"],
        USE_TZ=True,
    )
    django.setup()


def prepare(accounts: int) -> None:
    """Migrate, and open accounts as customers' wallets would be: liabilities in euros."""
    from django.core.management import call_command
    from hordak.models import Account, AccountType

    call_command("migrate", verbosity=0)
    for number in range(accounts):
        Account.objects.create(
            name=f"Wallet {number}", code="", type=AccountType.liability, currencies=["EUR"]
        )


def serve(seed: int) -> None:
    """Transfer one euro between two accounts at random, as often as time allows."""
    from django.db import transaction
    from hordak.models import Account
    from moneyed import Money

    random.seed(seed)
    accounts = list(Account.objects.all())
    amount = Money(1, "EUR")

    def transfer() -> None:
        source, destination = random.sample(accounts, 2)
        with transaction.atomic():  # noqa: TID251 - as hordak's documentation does.
            source.transfer_to(destination, amount)

    transfer()  # Connects and plans.
    print("ready", flush=True)
    for line in sys.stdin:
        done, until = 0, time.perf_counter() + float(line)
        while time.perf_counter() < until:
            transfer()
            done += 1
        print(done, flush=True)


if __name__ == "__main__":
    set_up(os.environ["PEER_URL"])
    {"prepare": prepare, "serve": serve}[sys.argv[1]](int(sys.argv[2]))

"""
Posting as a Django shop would write it at first: models, row locks, two entries a transfer.

Knows nothing of this project. One transfer: lock both accounts in id order, refuse an
overdraft, move the balances, insert the transfer and its two entries, in one commit.
"""

import os
import random
import sys
import time
import uuid
from urllib.parse import parse_qs, unquote, urlsplit

import django
from django.conf import settings

FUNDS = 1_000_000_000


def set_up(url: str) -> None:
    """Configure Django for the peer's database."""
    parts = urlsplit(url)
    host = parts.hostname or parse_qs(parts.query).get("host", [""])[0]
    settings.configure(
        INSTALLED_APPS=[],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": parts.path.lstrip("/"),
                "USER": unquote(parts.username or ""),
                "PASSWORD": unquote(parts.password or ""),
                "HOST": host,
                "PORT": str(parts.port or ""),
                "CONN_MAX_AGE": None,
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
    )
    django.setup()


set_up(os.environ["PEER_URL"])

from django.db import connection, models, transaction  # noqa: E402 - settings come first.


class Account(models.Model):
    """An account and its balance."""

    balance = models.BigIntegerField(default=0)

    class Meta:
        app_label = "books"


class Transfer(models.Model):
    """One movement between two accounts."""

    id = models.UUIDField(primary_key=True)
    amount = models.BigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "books"


class Entry(models.Model):
    """One side of it, with the balance after."""

    transfer = models.ForeignKey(Transfer, models.PROTECT)
    account = models.ForeignKey(Account, models.PROTECT)
    amount = models.BigIntegerField()
    balance_after = models.BigIntegerField()

    class Meta:
        app_label = "books"


def prepare(accounts: int) -> None:
    """Make the tables and open funded accounts."""
    with connection.schema_editor() as editor:
        for model in (Account, Transfer, Entry):
            editor.create_model(model)
    Account.objects.bulk_create([Account(balance=FUNDS) for _ in range(accounts)])


def transfer(source_id: int, destination_id: int, amount: int) -> None:
    """Move money between two accounts, or raise."""
    with transaction.atomic():  # noqa: TID251 - as any Django project does.
        locked = {
            account.pk: account
            for account in Account.objects.select_for_update()
            .filter(pk__in=(source_id, destination_id))
            .order_by("pk")
        }
        source, destination = locked[source_id], locked[destination_id]
        if source.balance < amount:
            raise ValueError("overdraft")
        moved = Transfer.objects.create(id=uuid.uuid4(), amount=amount)
        source.balance -= amount
        destination.balance += amount
        source.save(update_fields=["balance"])
        destination.save(update_fields=["balance"])
        Entry.objects.bulk_create(
            [
                Entry(transfer=moved, account=source, amount=-amount, balance_after=source.balance),
                Entry(
                    transfer=moved,
                    account=destination,
                    amount=amount,
                    balance_after=destination.balance,
                ),
            ]
        )


def serve(seed: int) -> None:
    """Transfer between two accounts at random, as often as time allows."""
    random.seed(seed)
    known = list(Account.objects.values_list("pk", flat=True))
    transfer(*random.sample(known, 2), 1)  # Connects.
    print("ready", flush=True)
    for line in sys.stdin:
        done, until = 0, time.perf_counter() + float(line)
        while time.perf_counter() < until:
            transfer(*random.sample(known, 2), 1)
            done += 1
        print(done, flush=True)


if __name__ == "__main__":
    {"prepare": prepare, "serve": serve}[sys.argv[1]](int(sys.argv[2]))

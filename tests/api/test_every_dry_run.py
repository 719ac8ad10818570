"""
Every call that moves money can be tried first: the API's own declarations say which they are.

A new operation is in these tests by being declared. If it posts to the journal or asks a
provider it must heed `Dry-Run`; if it heeds it, not a row of any table may change.
"""

from collections.abc import Callable
from decimal import Decimal
from functools import partial

import pytest
import redis
from django.conf import settings
from django.db import connection

from fintech.ledger import queries as ledger
from fintech.payments.services import withdrawals
from fintech.wallets import services as wallets
from tests.api.conftest import Api
from tests.api.money_doors import READY, REHEARSING, send
from tests.api.operations import OPERATIONS, named, path_of, prefix_of
from tests.api.test_tenants import MADE, asked_for
from tests.make.merchants import NOON

WRITES = [one for one in OPERATIONS if one.method != "GET"]
OTHERS = [one for one in WRITES if not one.rehearses]
# What a payer does, or a clock: nobody tries that first.
NOT_A_CALLERS = {
    "test_helpers.authenticate",
    "test_helpers.fail_authentication",
    "test_helpers.advance",
}


def _quoted(_api: Api) -> dict:
    rates = [("USD", NOON.date(), Decimal("1.1"))]
    wallets.record_rates(rates, source="ecb")
    return {"amount": 100, "currency": "eur", "destination_currency": "usd"}


# What is asked for where an example from the declaration would be refused.
BODIES: dict[str, Callable[[Api], dict]] = {
    "fraud.add_item": lambda _api: {"kind": "country", "value": "AQ"},
    "limits.create": lambda _api: {
        "scope": "card",
        "kind": "count",
        "window": "day",
        "maximum": 9,
        "zone": "UTC",
    },
    "message_preferences.prefer": lambda _api: {},
    "payment_links.create": lambda _api: {"title": "Tea", "currency": "eur"},
    "payment_methods.create": lambda _api: {"type": "card", "card": {"token": "tok_visa"}},
    "prices.create": lambda api: {
        "currency": "eur",
        "unit_amount": 100,
        "product": MADE["prod"](api),
    },
    "wallet_transfers.create_quote": _quoted,
    "wallets.set_minimum_balance": lambda _api: {"minimum_balance": 0, "currency": "eur"},
}
# What cannot be brought about here, and who looks at it instead.
UNTRIED = {
    "fraud_rules.assign_case": "cases are made by a subscription: tests/fraud",
    "fraud_rules.snooze_case": "the same",
    "fraud_rules.escalate_case": "the same",
    "fraud_rules.snooze_rule": "a rule of theirs is a draft: tests/fraud",
    "fraud_rules.wake_rule": "the same",
    "message_preferences.prefer": "needs a template's kind: tests/notifications",
    "reconciliation.bring_statement": "the platform's own books: tests/reconciliation",
    "reconciliation.resolve": "the same; what is booked there, two people book",
    "reconciliation.wait": "the same",
    "webhook_endpoints.resend": "deliveries are made by a subscription: tests/notifications",
}


@pytest.fixture
def bank(monkeypatch):
    """What the bank was asked; it sends everything."""
    asked = []

    def send(begun, at):
        asked.append(begun.id)
        return "sent", f"bank_{begun.id}"

    monkeypatch.setattr(withdrawals, "_ask", send)
    return asked


@pytest.fixture
def world(acquirer, bank, unhurried):
    """All there is: each table's rows, what Valkey keeps, what was asked outside."""
    valkey = redis.Redis.from_url(settings.REDIS_URL)

    def now() -> dict[str, object]:
        kept = {key: valkey.dump(key) for key in valkey.scan_iter() if not key.startswith(b"api:")}
        return {
            **rows(),
            "valkey": kept,
            "acquirer": (acquirer.counts(), dict(acquirer.asked)),
            "bank": list(bank),
        }

    return now


def rows() -> dict[str, object]:
    """How many rows each table has, and a digest of them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c "
            "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') "
            "AND NOT c.relispartition AND n.nspname NOT LIKE 'pg\\_%' "
            "AND n.nspname NOT IN ('information_schema', 'pristine') "
            "AND has_table_privilege(c.oid, 'SELECT') ORDER BY 1"
        )
        tables = [name for (name,) in cursor.fetchall()]
        assert len(tables) > 80
        cursor.execute(
            " UNION ALL ".join(
                f"SELECT '{table}', count(*), "
                f"md5(coalesce(string_agg(t::text, ' ' ORDER BY t::text), '')) FROM {table} t"
                for table in tables
            )
        )
        return {table: (count, digest) for table, count, digest in cursor.fetchall()}


def changes(before: dict, after: dict) -> dict[str, object]:
    return {name: after[name] for name in before if after[name] != before[name]}


def shape(postings: list[dict]) -> list[object]:
    return [
        (one["template"], sorted((line["amount"], line["currency"]) for line in one["lines"]))
        for one in postings
    ]


def booked(before: set) -> list[object]:
    """What has been posted since, in the form of a dry run's postings."""
    return [
        (
            entry.template,
            sorted(
                (
                    line.amount.minor if line.direction == "debit" else -line.amount.minor,
                    line.amount.currency.lower(),
                )
                for line in entry.lines
            ),
        )
        for entry in ledger.entries_of_this_transaction()
        if entry.id not in before
    ]


def test_there_is_a_way_to_try_each():
    missing = sorted({one.name for one in REHEARSING} - READY.keys())
    assert missing == [], (
        f"{missing} heed Dry-Run. Say in READY of {__file__} how a merchant comes to a thing in "
        "the state in which each can be done, and what to ask for."
    )


@pytest.mark.parametrize("operation", REHEARSING, ids=named)
def test_a_dry_run_changes_no_row_and_says_what_the_call_then_does(operation, api, world):
    asked = READY[operation.name](api)
    before, posted = world(), {entry.id for entry in ledger.entries_of_this_transaction()}

    told = send(api, operation, asked, **{"Dry-Run": "true", "Idempotency-Key": "once"})

    assert changes(before, world()) == {}
    assert (told.status, told.body["object"]) == (200, "dry_run"), told.body
    assert "error" not in told.body["result"]
    meant = send(api, operation, asked, **{"Idempotency-Key": "once"})
    assert "Idempotent-Replayed" not in meant.headers
    assert meant.status == 200
    assert changes(before, world())
    assert shape(told.body["postings"]) == booked(posted)
    assert told.body["result"].get("status") == meant.body.get("status")


@pytest.mark.parametrize("operation", OTHERS, ids=named)
def test_a_call_that_cannot_be_tried_moves_no_money(operation, api, world):
    path = path_of(operation)
    if "{id}" in operation.path and prefix_of(operation) in MADE:
        path = path_of(operation, at=MADE[prefix_of(operation)](api))
    body = BODIES.get(operation.name, partial(asked_for, operation))(api)
    before, posted = world(), {entry.id for entry in ledger.entries_of_this_transaction()}

    refused = send(api, operation, (path, body), **{"Dry-Run": "true"})

    assert refused.refusal == (400, "parameter_unknown", "Dry-Run")
    assert changes(before, world()) == {}, "A call that cannot be tried was done."
    if operation.name in NOT_A_CALLERS:
        return
    told = send(api, operation, (path, body))
    assert told.status == 200 or operation.name in UNTRIED, told.body
    after = world()
    assert booked(posted) == [], "It posts to the journal: declare it with `rehearses=True`."
    assert {name: after[name] for name in ("acquirer", "bank")} == {
        name: before[name] for name in ("acquirer", "bank")
    }

"""Limits against an oracle that remembers everything and adds it up by hand."""

import os
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django_subatomic import db
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from fintech.kernel import ids, invariants
from fintech.kernel.money import Money
from fintech.wallets import data, queries
from fintech.wallets import services as wallets
from tests.make import wallets as make
from tests.wallets.oracle import YEN_PER_EURO, Asked, Oracle, told

# Real commits: all histories in one transaction would outlast what a transaction may.
pytestmark = pytest.mark.django_db(transaction=True)
EFFORT = float(os.environ.get("EFFORT", "0.02"))
HISTORIES = max(30, int(10_000 * EFFORT**1.5))
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe")
# Changes of clocks, ends of months and of a leap February.
TURNS = (
    datetime(2026, 3, 29, 1, tzinfo=UTC),
    datetime(2026, 10, 25, 1, tzinfo=UTC),
    datetime(2026, 11, 1, 6, tzinfo=UTC),
    datetime(2028, 2, 29, 12, tzinfo=UTC),
    datetime(2026, 12, 31, 20, tzinfo=UTC),
    datetime(2026, 4, 4, 15, tzinfo=UTC),
)
DONE: list[int] = []  # How long each history was.
_WORD = st.sampled_from(["", "", "a", "b"])
_LIMIT = st.fixed_dictionaries(
    {
        "scope": st.sampled_from(["merchant", "customer", "wallet"]),
        "kind": st.sampled_from(["amount", "amount", "count", "counterparties"]),
        "window": st.sampled_from(
            ["rolling", "rolling", "day", "week", "month", "per_transaction"]
        ),
        "maximum": st.integers(0, 6),
        "currency": st.sampled_from(["EUR", "JPY", ""]),
        "seconds": st.sampled_from([60, 3_600, 86_400, 700_000]),
        "zone": st.sampled_from([*ZONES, "owner"]),
        "named": st.booleans(),
        "tier": _WORD,
        "operation": st.sampled_from(["", "", "payment", "transfer"]),
        "channel": _WORD,
        "category": _WORD,
        "reversal": st.sampled_from(["gives_back", "keeps"]),
        "converts": st.booleans(),
    }
)
_STEP = st.fixed_dictionaries(
    {
        "who": st.sampled_from([0, 1]),
        "wallet": st.sampled_from([None, 0, 1]),
        "currency": st.sampled_from(["EUR", "JPY"]),
        "minor": st.integers(1, 3),
        "to": st.sampled_from(["a", "b", "c"]),
        # Mostly on, at times back: operations need not come in the order of their clocks.
        "later": st.sampled_from(
            [0, 1, 59, 60, 1_800, 3_600, 43_200, 86_400, 300_000, -60, -4_000, -90_000]
        ),
        "operation": st.sampled_from(["payment", "transfer"]),
        "channel": _WORD,
        "category": _WORD,
        "batch": st.booleans(),  # Asked together with the one before.
        "then": st.sampled_from(
            [
                None,
                None,
                None,
                "confirm",
                "free",
                "expire",
                "reverse",
                "part",
                "none",
                "refund",
                "refund",
                "returned",
            ]
        ),
    }
)


def _limit(merchant, customers, purses, each) -> data.Limit:
    kind, window = each["kind"], each["window"]
    if window == "per_transaction":
        kind = "amount"
    calendar = window in {"day", "week", "month"}
    named = {"customer": str(customers[0]), "wallet": str(purses[0].id)}.get(each["scope"], "")
    return wallets.create_limit(
        merchant_id=merchant,
        scope=each["scope"],
        kind=kind,
        window=window,
        maximum=each["maximum"],
        currency=each["currency"] or ("EUR" if kind == "amount" else ""),
        subject=named if each["named"] else "",
        seconds=each["seconds"] if window == "rolling" else None,
        zone=_zone(each) if calendar else "",
        tier=each["tier"],
        operation=each["operation"],
        channel=each["channel"],
        category=each["category"],
        reversal=each["reversal"],
        converts=each["converts"] and kind == "amount",
        by=make.BY,
        at=make.NOON,
    ).value


def _zone(each) -> str:
    return (
        "Asia/Tokyo"
        if (each["zone"], each["scope"] == "wallet") == ("owner", False)
        else each["zone"]
    )


def _purses(merchant):
    return [
        wallets.create_wallet(
            merchant_id=merchant, currency="EUR", tier=tier, zone=zone, by=make.BY, at=make.NOON
        ).value
        for tier, zone in (("a", "Asia/Tokyo"), ("b", ""))
    ]


@settings(
    max_examples=HISTORIES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
)
@given(
    limits=st.lists(_LIMIT, min_size=1, max_size=5),
    steps=st.lists(_STEP, min_size=3, max_size=14),
    begin=st.sampled_from(TURNS),
)
def _what_fits_goes_through_and_nothing_else(limits, steps, begin):
    merchant, customers = ids.new(), [ids.new(), ids.new()]
    wallets.record_rates([("JPY", date(2026, 1, 1), Decimal(YEN_PER_EURO))], source="tests")
    purses = _purses(merchant)
    oracle = Oracle([_limit(merchant, customers, purses, each) for each in limits])
    at, batches = begin - timedelta(hours=12), []
    for step in steps:
        at += timedelta(seconds=step["later"])
        purse = None if step["wallet"] is None else purses[step["wallet"]]
        one = Asked(
            id=ids.new(),
            merchant=merchant,
            customer=customers[step["who"]],
            wallet=purse and purse.id,
            minor=step["minor"],
            currency=step["currency"],
            to=step["to"],
            at=at,
            operation=step["operation"],
            channel=step["channel"],
            category=step["category"],
            tier=purse.tier if purse else "",
            zone=purse.zone if purse else "",
        )
        if batches and step["batch"]:
            batches[-1].append((one, step))
        else:
            batches.append([(one, step)])
    for batch in batches:
        with db.transaction_if_not_already():
            answers = wallets.reserve([_request(one) for one, _ in batch])
        passed = []
        for (one, step), breaches in zip(batch, answers, strict=True):
            assert _arithmetic(breaches, batched=len(batch) > 1) == _arithmetic(
                oracle.breaches(one), batched=len(batch) > 1
            )
            if not breaches:
                oracle.count(one)
                passed.append((one, step["then"]))
        for one, then in passed:
            _end(one, then, oracle)
    assert list(invariants.check([i for i in queries.INVARIANTS if i.id == "W-4"])) == []
    _forget()
    DONE.append(len(steps))


def test_what_fits_goes_through_and_nothing_else(record_property):
    _what_fits_goes_through_and_nothing_else()
    record_property("histories", len(DONE))
    record_property("operations", sum(DONE))


def _arithmetic(breaches, *, batched: bool):
    """Return what is told of breaches; when a batch's own room frees is not searched for."""
    found = breaches if isinstance(breaches, set) else told(breaches)
    return {(t.limit, t.used, t.asked, None if batched else t.frees_at) for t in found}


def _request(one: Asked) -> data.LimitRequest:
    return data.LimitRequest(
        operation_id=one.id,
        merchant_id=one.merchant,
        customer_id=one.customer,
        card_fingerprint="",
        amount=Money(one.minor, one.currency),
        at=one.at,
        wallet_id=one.wallet,
        counterparty=one.to,
        operation=one.operation,
        channel=one.channel,
        category=one.category,
    )


def _refunded(one: Asked, *parts: int) -> None:
    wallets.confirm([one.id])
    for part in parts:
        wallets.reverse_parts([(one.id, part)])


def _reversed(one: Asked) -> None:
    wallets.confirm([one.id])
    wallets.reverse([one.id])


# What is done to an operation, and what the oracle must make of it.
_ENDS = {
    "confirm": (lambda one: wallets.confirm([one.id]), lambda *_: None),
    "reverse": (_reversed, lambda oracle, one: oracle.reverse(one.id)),
    "free": (lambda one: wallets.free([one.id]), lambda oracle, one: oracle.keep(one.id, 0)),
    "expire": (lambda one: wallets.expire([one.id]), lambda oracle, one: oracle.keep(one.id, 0)),
    "part": (
        lambda one: wallets.conclude([(one.id, 1)]),
        lambda oracle, one: oracle.keep(one.id, 1),
    ),
    "none": (
        lambda one: wallets.conclude([(one.id, 0)]),
        lambda oracle, one: oracle.keep(one.id, 0),
    ),
    "refund": (lambda one: _refunded(one, 1, 1), lambda oracle, one: oracle.refund(one.id, 2)),
    # More came back than it ever was, where it was one.
    "returned": (
        lambda one: _refunded(one, 2, -2),
        lambda oracle, one: oracle.refund(one.id, -max(0, 2 - one.minor)),
    ),
}


def _end(one: Asked, then: str | None, oracle: Oracle) -> None:
    if then is None:
        return
    act, expect = _ENDS[then]
    with db.transaction_if_not_already():
        act(one)
    expect(oracle, one)


def _forget() -> None:
    """Take the history away, so that ten thousand do not slow one another."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM wallets_usage")
        cursor.execute("DELETE FROM wallets_reservation")

"""Limits against an oracle that remembers everything and adds it up by hand."""

import os
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django_subatomic import db
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fintech.kernel import ids
from fintech.kernel.money import Money
from fintech.wallets import data
from fintech.wallets import services as wallets
from tests.make import wallets as make

# Real commits: all histories in one transaction would outlast what a transaction may.
pytestmark = pytest.mark.django_db(transaction=True)
HISTORIES = max(10, int(10_000 * float(os.environ.get("EFFORT", "0.02")) / 4))
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


@dataclass
class Done:
    customer: int
    currency: str
    minor: int
    to: str
    at: datetime


@dataclass
class Oracle:
    """What a limit lets through, from its words alone."""

    limit: data.Limit
    customers: list
    done: list[Done] = field(default_factory=list)

    def of(self, asked: Done) -> list[Done]:
        limit, found = self.limit, []
        for each in self.done:
            if limit.currency and each.currency != limit.currency:
                continue
            if limit.scope == "customer" and each.customer != asked.customer:
                continue
            if self.together(each.at, asked.at):
                found.append(each)
        return found

    def together(self, then: datetime, now: datetime) -> bool:
        limit = self.limit
        if limit.window == "rolling":
            return (now - then).total_seconds() < limit.seconds
        zone = ZoneInfo(limit.zone)
        a, b = then.astimezone(zone).date(), now.astimezone(zone).date()
        return {
            "day": a == b,
            "week": a.isocalendar()[:2] == b.isocalendar()[:2],
            "month": (a.year, a.month) == (b.year, b.month),
        }[str(limit.window)]

    def lets(self, asked: Done) -> bool:
        limit = self.limit
        if limit.currency and asked.currency != limit.currency:
            return True
        if limit.subject and limit.subject != str(self.customers[asked.customer]):
            return True
        before = self.of(asked)
        if limit.kind == "amount":
            return sum(each.minor for each in before) + asked.minor <= limit.maximum
        if limit.kind == "count":
            return len(before) + 1 <= limit.maximum
        known = {each.to for each in before}
        return asked.to in known or len(known) + 1 <= limit.maximum


def _limits():
    return st.fixed_dictionaries(
        {
            "scope": st.sampled_from(["merchant", "customer"]),
            "kind": st.sampled_from(["amount", "count", "counterparties"]),
            "window": st.sampled_from(["rolling", "day", "week", "month"]),
            "maximum": st.integers(0, 6),
            "currency": st.sampled_from(["EUR", "JPY", ""]),
            "seconds": st.sampled_from([60, 3_600, 86_400, 700_000]),
            "zone": st.sampled_from(ZONES),
            "named": st.booleans(),
        }
    )


def _steps():
    return st.lists(
        st.tuples(
            st.sampled_from([0, 1]),
            st.sampled_from(["EUR", "JPY"]),
            st.integers(1, 3),
            st.sampled_from(["a", "b", "c"]),
            st.sampled_from([0, 1, 59, 60, 1_800, 3_600, 43_200, 86_400, 300_000]),
            st.booleans(),
        ),
        min_size=3,
        max_size=14,
    )


@settings(
    max_examples=HISTORIES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    limits=st.lists(_limits(), min_size=1, max_size=4),
    steps=_steps(),
    begin=st.sampled_from(TURNS),
    batched=st.booleans(),
)
def test_what_fits_goes_through_and_nothing_else(limits, steps, begin, batched):
    merchant, customers = ids.new(), [ids.new(), ids.new()]
    oracles = [Oracle(_made(merchant, customers, each), customers) for each in limits]
    at, requests, asked = begin - timedelta(hours=12), [], []
    for customer, currency, minor, to, later, _ in steps:
        at += timedelta(seconds=later)
        asked.append(Done(customer, currency, minor, to, at))
        requests.append(
            data.LimitRequest(
                operation_id=ids.new(),
                merchant_id=merchant,
                customer_id=customers[customer],
                card_fingerprint="",
                amount=Money(minor, currency),
                at=at,
                counterparty=to,
            )
        )
    batches = [list(range(len(steps)))] if batched else [[n] for n in range(len(steps))]
    for batch in batches:
        with db.transaction_if_not_already():
            answers = wallets.reserve([requests[n] for n in batch])
        for n, breaches in zip(batch, answers, strict=True):
            over = {oracle.limit.id for oracle in oracles if not oracle.lets(asked[n])}
            assert {breach.limit.id for breach in breaches} == over
            if over:
                continue
            for oracle in oracles:
                oracle.done.append(asked[n])
            if steps[n][5] and not batched:
                with db.transaction_if_not_already():
                    wallets.free([requests[n].operation_id])
                for oracle in oracles:
                    oracle.done.pop()


def _made(merchant, customers, each) -> data.Limit:
    kind, window = each["kind"], each["window"]
    return wallets.create_limit(
        merchant_id=merchant,
        scope=each["scope"],
        kind=kind,
        window=window,
        maximum=each["maximum"],
        currency=each["currency"] or ("EUR" if kind == "amount" else ""),
        subject=str(customers[0]) if each["named"] and each["scope"] == "customer" else "",
        seconds=each["seconds"] if window == "rolling" else None,
        zone=each["zone"] if window != "rolling" else "",
        by=make.BY,
        at=make.NOON,
    ).value


def test_the_oracle_knows_its_calendar():
    assert date(2026, 10, 25).weekday() == 6
    assert HISTORIES >= 10

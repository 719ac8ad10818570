"""The quick door on the event loop: the same answers as Django's, for the same bytes."""

import asyncio
import json

import pytest
from django.conf import settings
from django.db import connection

from fintech.kernel import ids
from fintech.ledger import queries as ledger
from fintech.ledger.services import sharing
from fintech.payments.services import combining
from tests.asking import asked

pytestmark = pytest.mark.django_db(transaction=True)


def ask(*requests, hot: bool, combine: bool = True) -> list[dict]:
    """Serve requests at the same time, by the quick door or by Django's."""
    sharing._posts.cache_clear()

    async def crowd():
        return await asyncio.gather(*(asked(*request) for request in requests))

    before = settings.HOT_DOOR, settings.COMBINE
    settings.HOT_DOOR, settings.COMBINE = hot, combine
    try:
        return asyncio.run(crowd())
    finally:
        settings.HOT_DOOR, settings.COMBINE = before
        combining._begins_of_loop.cache_clear()
        combining._records_of_loop.cache_clear()


FORM = b"amount=4250&currency=eur&payment_method=pm_card_visa&confirm=true"


@pytest.fixture
def headers(api):
    return {
        "Authorization": f"Bearer {api.secret}",
        "Content-Type": "application/x-www-form-urlencoded",
    }


def paid(body: dict) -> int:
    return body["amount_received"]


@pytest.mark.parametrize("combine", [True, False])
def test_many_pay_at_the_same_time_and_each_gets_his_own_answer(headers, acquirer, combine):
    requests = [
        (
            "/v1/payment_intents",
            f"amount={1000 + n}&currency=eur&payment_method=pm_card_visa&confirm=true".encode(),
            headers,
        )
        for n in range(20)
    ]
    told = ask(*requests, hot=True, combine=combine)
    assert [one["status"] for one in told] == [200] * 20
    assert [paid(one["body"]) for one in told] == [1000 + n for n in range(20)]
    assert ledger.verify() == []


def test_a_created_intent_is_confirmed(headers, acquirer):
    (made,) = ask(("/v1/payment_intents", b"amount=700&currency=jpy", headers), hot=True)
    assert made["body"]["status"] == "requires_payment_method"
    path = f"/v1/payment_intents/{made['body']['id']}/confirm"
    (told,) = ask((path, b"payment_method=pm_card_visa", headers), hot=True)
    assert told["body"]["status"] == "succeeded"


def test_the_same_key_twice_at_once_has_one_effect(headers, acquirer):
    keyed = {**headers, "Idempotency-Key": "order-1"}
    told = ask(*[("/v1/payment_intents", FORM, keyed)] * 10, hot=True)
    effects = {one["body"]["id"] for one in told if one["status"] == 200}
    assert len(effects) == 1
    assert {one["status"] for one in told} <= {200, 409}
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM payments_payment")
        assert cursor.fetchone() == (1,)


# The framework says of every answer which methods a path has.
VARIABLE = {b"request-id", b"ratelimit", b"allow", b"traceparent"}


@pytest.mark.parametrize(
    ("content", "extra", "status"),
    [
        (b"amount=1", {}, 400),
        (b"amount=10&currency=eur&colour=red", {}, 400),
        (b"{", {"Content-Type": "application/json"}, 400),
        (FORM, {"Authorization": "Bearer sk_test_ffp_no"}, 401),
        (FORM, {"Authorization": ""}, 401),
        (FORM, {"Accept": "text/html"}, 406),
        (FORM, {"Content-Type": "text/plain"}, 400),
        (FORM, {"API-Version": "1999-01-01"}, 400),
        (FORM, {"Idempotency-Key": " "}, 400),
        (FORM, {"Dry-Run": "maybe"}, 400),
        (FORM + b"&description=" + b"x" * 300_000, {}, 413),
        (FORM.replace(b"pm_card_visa", b"pm_card_visa_chargeDeclined"), {}, 402),
    ],
)
def test_both_doors_refuse_alike(headers, acquirer, content, extra, status):
    request = ("/v1/payment_intents", content, {**headers, **extra})
    (hot,), (django,) = ask(request, hot=True), ask(request, hot=False)
    assert hot["status"] == django["status"] == status
    if status != 402:
        for told in (hot, django):
            told["body"]["error"].pop("request_id", None)
            told["body"]["error"].pop("request_log_url", None)
        assert hot["body"] == django["body"]
    names = set(hot["headers"]) ^ set(django["headers"])
    assert names <= VARIABLE
    for name in hot["headers"].keys() - VARIABLE - {b"content-length"}:
        assert hot["headers"][name] == django["headers"][name], name


def test_a_dry_run_leaves_nothing(headers, acquirer):
    (told,) = ask(("/v1/payment_intents", FORM, {**headers, "Dry-Run": "true"}), hot=True)
    assert told["body"]["object"] == "dry_run"
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM payments_payment")
        assert cursor.fetchone() == (0,)


def opened(api, code: str, type_: str) -> str:
    return api.post("/v1/ledger/accounts", code=code, type=type_, currency="eur", name=code).body[
        "id"
    ]


def sold(cash: str, income: str, amount: int) -> bytes:
    lines = [
        {"account": cash, "direction": "debit", "amount": amount},
        {"account": income, "direction": "credit", "amount": amount},
    ]
    return json.dumps({"lines": lines}).encode()


@pytest.mark.parametrize("combine", [True, False])
def test_entries_that_come_at_the_same_time_are_posted_together(api, headers, combine):
    cash, income = opened(api, "1000", "asset"), opened(api, "4000", "income")
    as_json = {**headers, "Content-Type": "application/json"}
    requests = [("/v1/ledger/entries", sold(cash, income, 1 + n), as_json) for n in range(30)]
    unknown = sold(cash, income.replace(income[-4:], "0000"), 5)
    told = ask(*requests, ("/v1/ledger/entries", unknown, as_json), hot=True, combine=combine)
    assert [one["status"] for one in told[:30]] == [200] * 30
    assert [one["body"]["lines"][0]["amount"] for one in told[:30]] == [1 + n for n in range(30)]
    assert told[30]["status"] == 400
    assert api.get(f"/v1/ledger/accounts/{cash}").body["posted"] == sum(range(1, 31))
    posters = {view.by for view in ledger.entries_by_id(ledger_ids(told[:30]))}
    assert len(posters) == 30, "each entry names the request that posted it"
    assert ledger.verify() == []


def ledger_ids(told: list[dict]):
    return [ids.parse("ltx", one["body"]["id"]) for one in told]


def test_a_keyed_entry_counts_once(api, headers):
    cash, income = opened(api, "1000", "asset"), opened(api, "4000", "income")
    keyed = {**headers, "Content-Type": "application/json", "Idempotency-Key": "sale-1"}
    told = ask(*[("/v1/ledger/entries", sold(cash, income, 7), keyed)] * 5, hot=True)
    assert {one["status"] for one in told} <= {200, 409}
    assert api.get(f"/v1/ledger/accounts/{cash}").body["posted"] == 7

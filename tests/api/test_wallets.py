"""Wallets through the door: currencies, versions, transfers, quotes, limits, streams."""

import asyncio
import json
from datetime import date
from decimal import Decimal

import pytest

from config import asgi
from fintech.api import streams
from fintech.fraud import services as fraud
from fintech.kernel import ids
from fintech.wallets import services as wallets
from tests.make import wallets as make

WALLETS = "/v1/wallets"
TRANSFERS = "/v1/wallet_transfers"


def _wallet(api, minor=0, **given):
    made = api.post(WALLETS, **{"currency": "eur", **given}).body["id"]
    if minor:
        api.post(
            f"{WALLETS}/{made}/top_ups",
            amount=minor,
            currency="eur",
            payment_method="pm_card_visa",
        )
    return made


def _if(api, tag, path, **given):
    content = json.dumps(given).encode()
    return api.send("POST", path, content, headers={"If-Match": tag})


def _available(api, wallet, currency="eur"):
    told = api.get(f"{WALLETS}/{wallet}/balances").body["balances"]
    return next(part["available"] for part in told if part["currency"] == currency)


def test_a_wallet_keeps_many_currencies(api):
    made = api.post(WALLETS, currency="eur", currencies=["usd", "jpy"], tier="basic").body
    path = f"{WALLETS}/{made['id']}"

    more = api.post(f"{path}/currencies", currencies=["gbp", "usd"]).body

    assert (made["currencies"], made["tier"]) == (["eur", "usd", "jpy"], "basic")
    assert more["currencies"] == ["eur", "usd", "jpy", "gbp"]
    told = api.get(path).body["balances"]
    assert [part["currency"] for part in told] == ["eur", "usd", "jpy", "gbp"]


def _allow_overdraft(shop, most):
    wallets.allow_overdraft(
        merchant_id=shop.id, currency="EUR", most_minor=most, by=make.BY, at=make.NOON
    )


def test_a_wallet_may_be_overdrawn_as_far_as_its_merchant_may_lend(api, shop):
    _allow_overdraft(shop, 50_00)
    wallet, other = _wallet(api), _wallet(api)
    path = f"{WALLETS}/{wallet}/minimum_balances"

    changed = api.post(path, currency="eur", minimum_balance=-50_00)
    further = api.post(path, currency="eur", minimum_balance=-50_01)
    asked = {"source": wallet, "destination": other, "currency": "eur"}
    paid = api.post(TRANSFERS, **asked, amount=50_00)
    refused = api.post(TRANSFERS, **asked, amount=1)
    kept = api.post(f"{WALLETS}/{other}/minimum_balances", currency="eur", minimum_balance=50_01)

    assert changed.body["minimum_balances"] == [{"currency": "eur", "minimum_balance": -50_00}]
    assert further.refusal == (400, "overdraft_not_allowed", "minimum_balance")
    assert (paid.status, refused.refusal[:2]) == (200, (400, "balance_insufficient"))
    assert kept.refusal == (400, "wallet_below_minimum", "minimum_balance")
    (told,) = api.get(f"{WALLETS}/{wallet}").body["balances"]
    assert (told["posted"], told["available"], told["minimum_balance"]) == (-50_00, 0, -50_00)
    begun = api.post(WALLETS, currency="eur", minimum_balance=-1).body
    assert begun["minimum_balances"] == [{"currency": "eur", "minimum_balance": -1}]
    assert api.post(WALLETS, currency="eur", minimum_balance=1).status == 400


def test_a_large_transfer_waits_for_a_person_and_a_dry_run_says_so(api):
    wallet, other = _wallet(api, 20_000_00), _wallet(api)
    asked = {"source": wallet, "destination": other, "currency": "eur", "amount": 10_000_01}

    content = json.dumps(asked).encode()
    told = api.send("POST", TRANSFERS, content, headers={"Dry-Run": "true"})
    assert _available(api, wallet) == 20_000_00
    made = api.post(TRANSFERS, **asked, key="large")
    again = api.post(TRANSFERS, **asked, key="large")

    assert (told.status, told.body["object"]) == (200, "dry_run")
    assert told.body["result"]["status"] == "awaiting_approval"
    assert told.body["assessment"]["decision"] == "allow"
    assert [part["available"] for part in told.body["balances"]] == [9_999_99, 0]
    assert (made.body["status"], made.body["approval_reasons"]) == (
        "awaiting_approval",
        ["over_amount"],
    )
    assert (again.body, again.headers["Idempotent-Replayed"]) == (made.body, "true")
    assert _available(api, wallet) == 9_999_99
    entry = api.get(f"/v1/ledger/entries/{made.body['ledger_entry']}").body
    assert (entry["object"], entry["template"]) == ("ledger.entry", "hold_transfer")
    assert api.post(f"{TRANSFERS}/{made.body['id']}/reverse").refusal[:2] == (
        400,
        "transfer_unexpected_state",
    )


def test_a_blocked_transfer_is_refused_and_moves_nothing(api, shop):
    customer = api.post("/v1/customers", email="thief@example.com").body["id"]
    wallet, other = _wallet(api, 10_00, customer=customer), _wallet(api)
    fraud.add_to_list(
        merchant_id=shop.id,
        kind="customer",
        value=str(ids.parse("cus", customer)),
        action="block",
        reason="",
        by=make.BY,
        at=make.NOON,
    )

    refused = api.post(TRANSFERS, source=wallet, destination=other, currency="eur", amount=1_00)

    assert refused.refusal[:2] == (400, "transfer_blocked")
    assert (_available(api, wallet), api.get(TRANSFERS).body["data"]) == (10_00, [])


def test_a_change_of_another_version_is_refused_with_412(api):
    made = api.post(WALLETS, currency="eur")
    path = f"{WALLETS}/{made.body['id']}"
    tag = made.headers["ETag"]

    first = _if(api, tag, path, owner="Ada")
    stale = _if(api, tag, path, owner="Bob")

    assert (first.status, first.headers["ETag"]) == (200, '"2"')
    assert stale.refusal[:2] == (412, "precondition_failed")
    assert api.get(path).body["owner"] == "Ada"
    needed = {
        "currencies": {"currencies": ["usd"]},
        "minimum_balances": {"currency": "eur", "minimum_balance": 0},
    }
    for verb in ("freeze", "unfreeze", "close", "currencies", "minimum_balances"):
        given = needed.get(verb, {})
        answer = _if(api, '"1"', f"{path}/{verb}", **given)
        assert answer.refusal[:2] == (412, "precondition_failed")
    assert _if(api, "*", path, owner="Cem").status == 200
    assert _if(api, "me", path, owner="Dan").status == 400


def test_money_goes_from_wallet_to_wallet_and_back(api):
    ada, bob = _wallet(api, 10_00), _wallet(api)

    sent = api.post(TRANSFERS, source=ada, destination=bob, amount=4_00, currency="eur").body
    assert (sent["status"], _available(api, ada), _available(api, bob)) == ("succeeded", 6_00, 4_00)
    back = api.post(f"{TRANSFERS}/{sent['id']}/reverse").body

    assert (back["status"], _available(api, ada)) == ("reversed", 10_00)
    assert api.get(f"{TRANSFERS}/{sent['id']}").body == back
    assert api.get(TRANSFERS, wallet=bob).body["data"] == [back]
    short = api.post(TRANSFERS, source=ada, destination=bob, amount=10_01, currency="eur")
    assert short.refusal[:2] == (400, "balance_insufficient")
    assert api.post(TRANSFERS, source=ada, destination=bob, amount=1).status == 400


def test_a_quote_converts_within_a_wallet_once(api):
    wallets.record_rates([("USD", date(2026, 10, 30), Decimal("1.1"))], source="ecb")
    purse = _wallet(api, 100_00, currencies=["usd"])
    quote = api.post(
        "/v1/wallet_quotes", amount=100_00, currency="eur", destination_currency="usd"
    ).body
    assert (quote["spread"]["amount"], quote["destination"]["amount"]) == (50, 109_45)

    done = api.post(TRANSFERS, source=purse, destination=purse, quote=quote["id"])
    again = api.post(TRANSFERS, source=purse, destination=purse, quote=quote["id"])

    assert done.body["received"] == {"amount": 109_45, "currency": "usd"}
    assert _available(api, purse, "usd") == 109_45
    assert again.refusal[:2] == (400, "quote_expired")
    assert api.get(f"/v1/wallet_quotes/{quote['id']}").body["status"] == "used"


def test_a_limit_is_told_with_its_arithmetic_and_its_usage_can_be_asked(api):
    ada, bob = _wallet(api, 2_000_00), _wallet(api)
    limit = api.post(
        "/v1/limits",
        scope="wallet",
        kind="amount",
        window="day",
        maximum=1_000_00,
        currency="eur",
        operation="transfer",
    ).body
    ends = {"source": ada, "destination": bob, "currency": "eur"}
    api.post(TRANSFERS, **ends, amount=940_00)

    over = api.post(TRANSFERS, **ends, amount=60_01)

    assert over.refusal[:2] == (400, "limit_exceeded")
    (told,) = over.body["error"]["breaches"]
    assert told.startswith("daily 1,000.00 EUR by wallet, used 940.00, asked 60.01, frees 20")
    assert _available(api, bob) == 940_00
    assert limit["operation"] == "transfer"


async def _follow(api, wallet, *, last_id="", until=1, act=None):
    """Open a stream through the ASGI callable; return its status, headers and events."""
    headers = [(b"authorization", f"Bearer {api.secret}".encode())]
    if last_id:
        headers.append((b"last-event-id", last_id.encode()))
    sent, enough = [], asyncio.Event()
    acting = [act]

    async def receive():
        await enough.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)
        told = b"".join(one.get("body", b"") for one in sent).count(b"event:")
        if told + 1 == until and acting[0]:
            change, acting[0] = acting[0], None
            await asyncio.get_running_loop().run_in_executor(asgi._threads, change)
        if told >= until or message.get("more_body") is False:
            enough.set()

    scope = {
        "type": "http",
        "method": "GET",
        "path": f"{WALLETS}/{wallet}/balances/stream",
        "query_string": b"",
        "headers": headers,
    }
    await asyncio.wait_for(asgi.application(scope, receive, send), timeout=20)
    start, *bodies = sent
    text = b"".join(one["body"] for one in bodies).decode()
    return start["status"], dict(start["headers"]), _events(text)


def _events(text):
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if "event" in fields:
            found.append((fields["id"], json.loads(fields["data"])["balances"]))
    return found


@pytest.mark.django_db(transaction=True)
def test_what_is_in_a_wallet_is_told_as_it_changes(api):
    purse = _wallet(api, 10_00)
    path = f"{WALLETS}/{purse}/holds"

    status, headers, told = asyncio.run(
        _follow(api, purse, until=2, act=lambda: api.post(path, amount=3_00, currency="eur"))
    )

    assert (status, headers[b"content-type"]) == (200, b"text/event-stream")
    assert [part["available"] for _, (part,) in told] == [10_00, 7_00]
    assert told[0][0] != told[1][0]


@pytest.mark.django_db(transaction=True)
def test_a_client_that_comes_back_is_told_what_it_has_missed_and_only_that(api):
    purse = _wallet(api, 10_00)
    path = f"{WALLETS}/{purse}/holds"
    _, _, ((seen, _),) = asyncio.run(_follow(api, purse))

    missed = asyncio.run(
        _follow(
            api,
            purse,
            last_id=seen,
            act=lambda: api.post(path, amount=1_00, currency="eur"),
        )
    )
    api.post(path, amount=2_00, currency="eur")
    at_once = asyncio.run(_follow(api, purse, last_id=missed[2][0][0]))

    assert [part["available"] for _, (part,) in missed[2]] == [9_00]
    assert [part["available"] for _, (part,) in at_once[2]] == [7_00]


@pytest.mark.django_db(transaction=True)
def test_who_may_not_look_is_refused_before_the_stream_begins(api, stranger):
    purse = _wallet(api)

    assert asyncio.run(_follow(stranger, purse))[0] == 404
    assert asyncio.run(_follow(api, "wal_none"))[0] == 404
    assert asyncio.run(_follow(type(api)("sk_test_nobody"), purse))[0] == 401


@pytest.mark.django_db(transaction=True)
def test_only_so_many_streams_are_open_at_once(api, monkeypatch):
    monkeypatch.setattr(streams, "_MOST", 0)

    assert asyncio.run(_follow(api, _wallet(api)))[0] == 429

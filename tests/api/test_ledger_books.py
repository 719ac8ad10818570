"""A merchant's own book over HTTP: accounts, entries one by one and in batches, proofs."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings

from fintech.kernel import ids, proof
from fintech.ledger import queries, services
from fintech.wire import json
from tests.make.ledger import BY

pytestmark = pytest.mark.django_db

ENTRIES, BATCHES = "/v1/ledger/entries", "/v1/ledger/entry_batches"


def account(api, code, type_="asset", **more):
    return api.post("/v1/ledger/accounts", code=code, type=type_, currency="eur", **more).body["id"]


def line(of, direction, amount):
    return {"account": of, "direction": direction, "amount": amount}


def sale(cash, income, amount, **more):
    return {"lines": [line(cash, "debit", amount), line(income, "credit", amount)], **more}


def new_id():
    return ids.public("ltx", ids.new())


def batch(api, entries, *, ndjson=False, **headers):
    if ndjson:
        content = b"\n".join(json.dumps(entry) for entry in entries)
        return api.send(
            "POST", BATCHES, content, content_type="application/x-ndjson", headers=headers
        )
    return api.send("POST", BATCHES, json.dumps(entries), headers=headers)


@pytest.fixture
def cash(api):
    return account(api, "1000", name="Cash")


@pytest.fixture
def income(api):
    return account(api, "4000", "income")


def holds(api, of):
    found = api.get(f"/v1/ledger/accounts/{of}").body
    return found["posted"], found["pending"], found["available"]


def test_an_account_is_opened_and_shown(api, shop):
    made = api.post(
        "/v1/ledger/accounts", code="2000", type="liability", currency="EUR",
        name="Vouchers", minimum_balance=0, metadata={"shelf": "3"},
    ).body  # fmt: skip

    assert made["id"].startswith("lac_")
    assert made["ledger"] == ids.public("lgr", shop.id)
    assert (made["normal_balance"], made["status"], made["currency"]) == ("credit", "open", "eur")
    assert (made["posted"], made["sequence"], made["metadata"]) == (0, 0, {"shelf": "3"})
    assert api.get(f"/v1/ledger/accounts/{made['id']}").body == made
    assert api.get("/v1/ledger/accounts").body["data"] == [made]


def test_a_code_is_given_once(api, stranger, cash):
    again = api.post("/v1/ledger/accounts", code="1000", type="asset", currency="usd")
    assert again.refusal == (400, "resource_already_exists", None)
    assert account(stranger, "1000")  # In another book it is another account.


def test_accounts_are_listed_by_pages(api):
    made = [account(api, f"{n}") for n in range(5)]
    first = api.get("/v1/ledger/accounts", limit=2).body
    assert [one["id"] for one in first["data"]] == made[:2:-1]
    assert first["has_more"]
    rest = api.get("/v1/ledger/accounts", limit=3, starting_after=made[3]).body
    assert ([one["id"] for one in rest["data"]], rest["has_more"]) == (made[2::-1], False)
    newer = api.get("/v1/ledger/accounts", limit=2, ending_before=made[0]).body
    assert ([one["id"] for one in newer["data"]], newer["has_more"]) == (made[2:0:-1], True)


def test_an_entry_moves_money_between_own_accounts(api, cash, income):
    entry = api.post(ENTRIES, sale(cash, income, 42_50, template="sale")).body

    assert (entry["template"], entry["status"], entry["kind"]) == ("book.sale", "posted", "posted")
    assert [(one["account"], one["amount"]) for one in entry["lines"]] == [
        (cash, 42_50),
        (income, 42_50),
    ]
    assert holds(api, cash) == holds(api, income) == (42_50, 0, 42_50)
    assert api.get(f"{ENTRIES}/{entry['id']}").body == entry
    assert api.get(ENTRIES, account=cash).body["data"] == [entry]
    (stood,) = api.get(f"/v1/ledger/accounts/{cash}/lines").body["data"]
    assert (stood["entry"], stood["amount"], stood["balance"]) == (entry["id"], 42_50, 42_50)


def test_the_same_id_counts_once(api, cash, income):
    entry = sale(cash, income, 5, id=new_id(), occurred_at=1_795_000_000)
    first, second = api.post(ENTRIES, entry), api.post(ENTRIES, entry)
    assert first.body == second.body
    other = api.post(ENTRIES, {**entry, "template": "other"})
    assert other.refusal == (400, "entry_conflict", None)
    assert holds(api, cash)[0] == 5


def test_the_same_key_answers_the_same_bytes(api, cash, income):
    first = api.post(ENTRIES, sale(cash, income, 5), key="k")
    second = api.post(ENTRIES, sale(cash, income, 5), key="k")
    assert first.content == second.content
    assert second.headers["Idempotent-Replayed"] == "true"
    assert holds(api, cash)[0] == 5


def test_money_is_set_aside_captured_in_parts_and_released(api, cash, income):
    pending = api.post(ENTRIES, sale(cash, income, 10_00, pending=True)).body
    assert holds(api, cash) == (0, 10_00, 0)
    part = sale(cash, income, 4_00, pending_entry=pending["id"], final=False)
    assert api.post(ENTRIES, part).body["kind"] == "capture"
    assert holds(api, cash) == (4_00, 6_00, 4_00)
    assert api.get(f"{ENTRIES}/{pending['id']}").body["amount_remaining"] == 6_00
    assert api.post(ENTRIES, pending_entry=pending["id"]).body["kind"] == "release"
    assert holds(api, cash) == (4_00, 0, 4_00)


def test_nobody_ends_what_another_has_set_aside(api, stranger, cash, income):
    pending = api.post(ENTRIES, sale(cash, income, 10_00, pending=True)).body
    refused = stranger.post(ENTRIES, pending_entry=pending["id"])
    assert refused.refusal == (400, "pending_not_found", None)
    assert holds(api, cash) == (0, 10_00, 0)


def test_an_entry_is_reversed_once(api, stranger, cash, income):
    entry = api.post(ENTRIES, sale(cash, income, 5_00)).body
    assert stranger.post(f"{ENTRIES}/{entry['id']}/reverse").status == 404
    reversal = api.post(f"{ENTRIES}/{entry['id']}/reverse").body
    assert reversal["template"] == "reversal"
    assert holds(api, cash) == (0, 0, 0)
    again = api.post(f"{ENTRIES}/{entry['id']}/reverse")
    assert again.refusal == (400, "entry_already_reversed", None)


def test_an_account_closes_when_it_is_empty(api, cash, income):
    entry = api.post(ENTRIES, sale(cash, income, 5_00)).body
    close = f"/v1/ledger/accounts/{cash}/close"
    assert api.post(close).refusal == (400, "ledger_account_in_use", None)
    api.post(f"{ENTRIES}/{entry['id']}/reverse")
    assert api.post(close).body["status"] == "closed"
    refused = api.post(ENTRIES, sale(cash, income, 5_00))
    assert refused.refusal == (400, "ledger_account_closed", None)
    assert api.post(f"/v1/ledger/accounts/{cash}/reopen").body["status"] == "open"
    assert api.post(ENTRIES, sale(cash, income, 5_00)).status == 200


def test_an_account_without_lines_closes_too(api, cash, income):
    api.post(f"/v1/ledger/accounts/{cash}/close")
    refused = api.post(ENTRIES, sale(cash, income, 5_00))
    assert refused.refusal == (400, "ledger_account_closed", None)


def test_what_an_account_is_called_may_change(api, cash):
    changed = api.post(f"/v1/ledger/accounts/{cash}", name="Till", metadata={"a": "b"}).body
    assert (changed["name"], changed["metadata"], changed["code"]) == ("Till", {"a": "b"}, "1000")


def test_a_minimum_balance_is_kept(api, income):
    vouchers = account(api, "2000", "asset", minimum_balance=0)
    refused = api.post(ENTRIES, sale(income, vouchers, 1))
    assert refused.refusal == (400, "entry_overdraft", None)


@pytest.mark.parametrize("ndjson", [False, True])
def test_a_batch_posts_what_it_can_and_says_so_of_each(api, cash, income, ndjson):
    again = sale(cash, income, 1, id=new_id(), occurred_at=1_795_000_000)
    told = batch(
        api,
        [again, again, sale(cash, income, 2), {"lines": [line(cash, "debit", 7)]}, {"x": 1}],
        ndjson=ndjson,
    ).body

    assert [one["status"] for one in told["results"]] == [
        "posted", "exists", "posted", "rejected", "rejected",
    ]  # fmt: skip
    assert (told["posted"], told["existing"], told["rejected"]) == (2, 1, 2)
    assert told["results"][0]["entry"] == again["id"]
    assert told["results"][3]["errors"][0]["code"] == "entry_unbalanced"
    assert told["results"][4]["errors"][0]["code"] == "parameter_unknown"
    assert holds(api, cash)[0] == 3


def test_a_batch_takes_a_thousand(api, cash, income):
    told = batch(api, [sale(cash, income, 1) for _ in range(1_000)], ndjson=True).body
    assert told["posted"] == 1_000
    assert holds(api, cash)[0] == 1_000


def test_a_batch_under_a_key_is_posted_once(api, cash, income):
    entries = [sale(cash, income, 1), {"lines": []}, sale(cash, income, 2)]
    first = batch(api, entries, **{"Idempotency-Key": "b"})
    second = batch(api, entries, **{"Idempotency-Key": "b"})
    assert first.content == second.content
    assert holds(api, cash)[0] == 3


def test_the_trial_balance_is_of_a_moment(api, stranger, cash, income):
    early, late = 1_790_000_000, 1_790_100_000
    api.post(ENTRIES, sale(cash, income, 5, occurred_at=early))
    api.post(ENTRIES, sale(cash, income, 7, occurred_at=late))
    path = "/v1/ledger/trial_balance"

    assert api.get(path).body["totals"] == [{"credit": 12, "currency": "eur", "debit": 12}]
    assert [one["debit"] for one in api.get(path, as_of=early).body["accounts"]] == [5, 0]
    assert api.get(path, as_of=early - 1).body["totals"][0]["debit"] == 0
    assert stranger.get(path).body["accounts"] == []


def test_the_platforms_accounts_cannot_be_named(api, income):
    for name in ("assets:bank:main", "liabilities:wallet:x", f"lac_{'0' * 22}"):
        refused = api.post(ENTRIES, sale(name, income, 5))
        assert refused.refusal == (400, "ledger_account_unknown", None)


def test_another_merchants_accounts_cannot_be_named(api, stranger, cash, income):
    theirs = account(stranger, "1000")
    for entry in (sale(theirs, income, 5), sale(cash, theirs, 5)):
        assert api.post(ENTRIES, entry).refusal == (400, "ledger_account_unknown", None)
    assert api.get(f"/v1/ledger/accounts/{theirs}").status == 404
    assert api.get(f"/v1/ledger/accounts/{theirs}/lines").status == 404


def test_a_closed_period_of_the_book_refuses(api, shop, cash, income):
    now = datetime.now(UTC)
    services.close_period(before=now - timedelta(days=1), book=shop.id, by=BY, at=now)
    refused = api.post(ENTRIES, sale(cash, income, 5, occurred_at=1_600_000_000))
    assert refused.refusal == (400, "period_closed", None)


def test_scopes(restricted):
    reader = restricted("ledger:read")
    assert reader.post(ENTRIES, lines=[]).refusal[:2] == (403, "permission_denied")
    assert reader.get("/v1/ledger/trial_balance").status == 200


@pytest.mark.django_db(transaction=True)
class TestProof:
    def test_an_entry_is_shown_to_be_in_the_journal(self, api, stranger, cash, income):
        early = api.post(ENTRIES, sale(cash, income, 1)).body["id"]
        while services.seal():
            pass
        entry = api.post(ENTRIES, sale(cash, income, 5)).body["id"]
        assert api.get(f"{ENTRIES}/{entry}/proof").refusal == (400, "entry_not_sealed", None)
        services.seal()

        for one in (early, entry):
            shown = api.get(f"{ENTRIES}/{one}/proof").body
            assert proof.included(
                bytes.fromhex(shown["leaf_hash"]),
                index=shown["leaf_index"],
                size=shown["tree_size"],
                proof=[bytes.fromhex(node) for node in shown["path"]],
                root=bytes.fromhex(shown["head"]["root_hash"]),
            )
            assert proof.verified(
                proof.public_key(settings.SIGNING_KEY),
                base64.b64decode(shown["head"]["signature"]),
                shown["head"]["statement"].encode(),
            )
        assert stranger.get(f"{ENTRIES}/{entry}/proof").status == 404

    def test_a_book_is_verified(self, api, stranger, owner, cash, income):
        for amount in (1, 2, 3):
            api.post(ENTRIES, sale(cash, income, amount))
        told = api.get("/v1/ledger/verification").body
        assert (told["ok"], told["accounts"], told["lines"]) == (True, 2, 6)

        owner.execute("SET session_replication_role = replica")
        owner.execute("UPDATE ledger_line SET amount = 9 WHERE seq = 2 AND amount > 0")
        told = api.get("/v1/ledger/verification").body
        assert not told["ok"]
        assert told["faults"][0]["row"].endswith("/2")
        assert stranger.get("/v1/ledger/verification").body["ok"]
        assert {fault.row for fault in queries.verify()} >= {told["faults"][0]["row"]}

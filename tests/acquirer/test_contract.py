"""The sandbox's acquirer and bank, asked as the platform asks them."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.acquirer.app import Acquirer
from sandbox.acquirer.book import Book
from sandbox.acquirer.callbacks import Callbacks
from tests.acquirer.serving import served

AT = "2026-11-24T10:00:00+00:00"
SECRET = "shared"


class Listener(httpx.AsyncBaseTransport):
    """Where callbacks arrive; it fails as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.failures, self.heard = failures, []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        if self.failures:
            self.failures -= 1
            return httpx.Response(503)
        self.heard.append((dict(request.headers), body))
        return httpx.Response(200)

    def wait_for(self, count: int) -> list[dict[str, Any]]:
        deadline = time.monotonic() + 5
        while len(self.heard) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        return [json.loads(body) for _, body in self.heard]


@contextmanager
def running(
    state: str = ":memory:", *, listener: Listener | None = None, pending_seconds: float = 0.05
) -> Iterator[httpx.Client]:
    callbacks = Callbacks("http://platform/inbound" if listener else "", SECRET, transport=listener)
    book = Book(state, pending_seconds=pending_seconds)
    app = Acquirer(book, callbacks, late_seconds=0.05).app()
    with served(app, headers={"X-Api-Key": "sandbox"}) as client:
        yield client


@pytest.fixture
def acquirer() -> Iterator[httpx.Client]:
    with running() as client:
        yield client


def authorize(client: httpx.Client, reference: str = "a-1", **changed: object) -> dict[str, Any]:
    body = {
        "reference": reference,
        "amount_minor": 42_50,
        "currency": "EUR",
        "card": "visa",
        "capture": False,
        "occurred_at": AT,
        **changed,
    }
    answer = client.post("/authorizations", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def capture(client: httpx.Client, authorization: str, reference: str, minor: int) -> dict[str, Any]:
    return client.post(
        f"/authorizations/{authorization}/captures",
        json={"reference": reference, "amount_minor": minor, "occurred_at": AT},
    ).json()


def void(client: httpx.Client, authorization: str, reference: str) -> dict[str, Any]:
    return client.post(
        f"/authorizations/{authorization}/voids",
        json={"reference": reference, "occurred_at": AT},
    ).json()


def refund(client: httpx.Client, taken: str, reference: str, minor: int) -> dict[str, Any]:
    return client.post(
        f"/captures/{taken}/refunds",
        json={"reference": reference, "amount_minor": minor, "occurred_at": AT},
    ).json()


def test_reserves_takes_and_gives_back(acquirer):
    reserved = authorize(acquirer)
    taken = capture(acquirer, reserved["id"], "c-1", 42_50)
    given = refund(acquirer, taken["id"], "r-1", 10_00)

    assert [one["status"] for one in (reserved, taken, given)] == [
        "approved",
        "succeeded",
        "succeeded",
    ]
    assert given == {
        "id": given["id"],
        "reference": "r-1",
        "kind": "refund",
        "status": "succeeded",
        "amount_minor": 10_00,
        "currency": "EUR",
        "decline_code": None,
        "occurred_at": AT,
    }


def test_takes_at_once_and_gives_back_from_the_same_id(acquirer):
    taken = authorize(acquirer, capture=True)

    assert taken["status"] == "succeeded"
    assert refund(acquirer, taken["id"], "r-1", 42_50)["status"] == "succeeded"
    assert refund(acquirer, taken["id"], "r-2", 1)["decline_code"] == "refund_exceeds_capture"


def test_one_reference_has_one_effect(acquirer):
    reserved = authorize(acquirer)
    first = capture(acquirer, reserved["id"], "c-1", 30_00)
    second = capture(acquirer, reserved["id"], "c-1", 30_00)

    assert second == first
    assert capture(acquirer, reserved["id"], "c-2", 12_51)["decline_code"] == (
        "capture_exceeds_authorization"
    )
    assert capture(acquirer, reserved["id"], "c-3", 12_50)["status"] == "succeeded"


def test_a_reference_can_not_name_two_things(acquirer):
    authorize(acquirer)

    answer = acquirer.post(
        "/authorizations",
        json={
            "reference": "a-1",
            "amount_minor": 1,
            "currency": "EUR",
            "card": "visa",
            "occurred_at": AT,
        },
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "reference_reused")
    assert acquirer.get("/operations/a-1").json()["amount_minor"] == 42_50


def test_what_is_let_go_can_not_be_taken(acquirer):
    reserved = authorize(acquirer)
    capture(acquirer, reserved["id"], "c-1", 30_00)

    assert void(acquirer, reserved["id"], "v-1")["amount_minor"] == 12_50
    assert capture(acquirer, reserved["id"], "c-2", 1)["decline_code"] == "authorization_not_open"


@pytest.mark.parametrize(
    ("card", "code"),
    [
        ("declined", "generic_decline"),
        ("decline_after_attach", "generic_decline"),
        ("insufficient_funds", "insufficient_funds"),
        ("stolen_card", "stolen_card"),
        ("processing_error", "processing_error"),
    ],
)
def test_declines_the_cards_that_are_made_for_it(acquirer, card, code):
    refused = authorize(acquirer, card=card)

    assert (refused["status"], refused["decline_code"]) == ("declined", code)
    assert capture(acquirer, refused["id"], "c-1", 1)["status"] == "failed"


def test_a_challenged_payment_goes_on_only_when_the_payer_has_passed(acquirer):
    assert authorize(acquirer, card="three_d_secure")["status"] == "challenge"
    assert authorize(acquirer, card="three_d_secure")["status"] == "challenge"
    assert authorize(acquirer, card="three_d_secure", authenticated=True)["status"] == "approved"
    assert authorize(acquirer, card="three_d_secure")["status"] == "approved"


def test_a_lost_answer_is_found_by_asking(acquirer):
    began = time.monotonic()
    authorize(acquirer, card="acquirer_timeout")

    assert time.monotonic() - began >= 0.05
    assert acquirer.get("/operations/a-1").json()["status"] == "approved"


def test_a_broken_acquirer_has_done_nothing(acquirer):
    answer = acquirer.post(
        "/authorizations",
        json={
            "reference": "a-1",
            "amount_minor": 1,
            "currency": "EUR",
            "card": "acquirer_error",
            "occurred_at": AT,
        },
    )

    assert answer.status_code == 503
    assert acquirer.get("/operations/a-1").status_code == 404


def test_a_refund_can_fail_and_can_come_late():
    listener = Listener(failures=1)
    with running(listener=listener) as client:
        failing = authorize(client, "a-1", card="refund_fails", capture=True)
        waiting = authorize(client, "a-2", card="refund_pending", capture=True)

        assert refund(client, failing["id"], "r-1", 1)["status"] == "failed"
        assert refund(client, waiting["id"], "r-2", 1)["status"] == "pending"

        (told,) = listener.wait_for(1)
        assert (told["reference"], told["status"], told["kind"]) == ("r-2", "succeeded", "refund")
        assert client.get("/operations/r-2").json()["status"] == "succeeded"


def test_callbacks_are_signed_and_can_come_twice():
    listener = Listener()
    with running(listener=listener) as client:
        authorize(client, card="duplicate_callback")
        first, second = listener.wait_for(2)

    assert first == second
    assert first["reference"] == "a-1"
    headers, body = listener.heard[0]
    signed = headers["x-timestamp"].encode() + b"." + body
    assert headers["x-signature"] == hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()


def test_a_restart_forgets_nothing(tmp_path: Path):
    state, listener = str(tmp_path / "acquirer.db"), Listener()
    with running(state, pending_seconds=1) as client:
        taken = authorize(client, card="refund_pending", capture=True)
        assert refund(client, taken["id"], "r-1", 5)["status"] == "pending"
    with running(state, listener=listener) as client:
        assert client.get("/operations/a-1").json() == taken
        assert [told["status"] for told in listener.wait_for(1)] == ["succeeded"]


@pytest.mark.parametrize(
    "changed",
    [
        {"amount_minor": 0},
        {"amount_minor": -1},
        {"amount_minor": True},
        {"amount_minor": "1"},
        {"currency": "eur"},
        {"currency": "ZZZ"},
        {"card": "4242424242424242"},
        {"reference": ""},
        {"occurred_at": "yesterday"},
        {"occurred_at": "2026-11-24T10:00:00"},
    ],
)
def test_what_can_not_be_meant_has_no_effect(acquirer, changed):
    body = {
        "reference": "a-1",
        "amount_minor": 1,
        "currency": "EUR",
        "card": "visa",
        "occurred_at": AT,
    }

    assert acquirer.post("/authorizations", json=body | changed).status_code == 400
    assert acquirer.get("/operations").json()["counts"] == {}


def test_strangers_are_turned_away(acquirer):
    assert acquirer.get("/operations", headers={"X-Api-Key": "guess"}).status_code == 401
    assert acquirer.post("/authorizations", content=b"[1]").status_code == 400
    assert capture(acquirer, "sim_unknown", "c-1", 1)["code"] == "operation_unknown"


@pytest.fixture
def settled(acquirer) -> httpx.Client:
    """42.50 taken, 10.00 given back, 5.00 taken at once; the day before, 1.00."""
    authorize(
        acquirer, "early", amount_minor=1_00, capture=True, occurred_at="2026-11-23T23:59:59+00:00"
    )
    reserved = authorize(acquirer)
    taken = capture(acquirer, reserved["id"], "c-1", 42_50)
    refund(acquirer, taken["id"], "r-1", 10_00)
    authorize(
        acquirer, "z-2", amount_minor=5_00, capture=True, occurred_at="2026-11-24T23:30:00+01:00"
    )
    authorize(acquirer, "yen", amount_minor=500, currency="JPY", capture=True)
    authorize(acquirer, "open")
    return acquirer


def test_settles_a_business_day_per_currency(settled):
    report = settled.get("/settlements/2026-11-24.csv", params={"currency": "EUR"})

    assert report.text.splitlines() == [
        "type,reference,original_reference,occurred_at,currency,gross_minor,fee_minor,net_minor,batch",
        f"capture,c-1,a-1,{AT},EUR,4250,85,4165,SIM-EUR-20261124",
        f"refund,r-1,c-1,{AT},EUR,-1000,0,-1000,SIM-EUR-20261124",
        "capture,z-2,,2026-11-24T22:30:00+00:00,EUR,500,32,468,SIM-EUR-20261124",
        "TOTAL,,,,EUR,3750,117,3633,SIM-EUR-20261124",
    ]
    yen = settled.get("/settlements/2026-11-24.csv", params={"currency": "JPY"}).text
    assert yen.splitlines()[-1] == "TOTAL,,,,JPY,500,32,468,SIM-JPY-20261124"


@pytest.mark.parametrize(
    ("wrong", "total"),
    [("", "3750,117,3633"), ("amount", "3650,117,3533"), ("missing", "3250,85,3165")],
)
def test_the_report_errs_only_when_asked(settled, wrong, total):
    query = {"currency": "EUR", "break": wrong}
    report = settled.get("/settlements/2026-11-24.csv", params=query).text

    assert report.splitlines()[-1] == f"TOTAL,,,,EUR,{total},SIM-EUR-20261124"


@pytest.mark.parametrize(
    ("query", "entry", "closing"),
    [
        ({}, "C36,33", "C261124EUR37,07"),
        ({"break": "amount"}, "C35,33", "C261124EUR36,07"),
        ({"break": "missing"}, None, "C261124EUR0,74"),
        ({"settlement_break": "missing"}, "C31,65", "C261124EUR32,39"),
    ],
)
def test_the_bank_says_what_was_paid(settled, query, entry, closing):
    swift = settled.get("/bank/statements/2026-11-24.sta", params={"currency": "EUR", **query}).text
    lines = swift.splitlines()

    assert ":60F:C261124EUR0,74" in lines  # 1.00 less its fee, paid the day before.
    assert f":62F:{closing}" in lines
    entries = [line for line in lines if line.startswith(":61:")]
    wanted = [] if entry is None else [f":61:2611241124{entry}NTRFSIM-EUR-20261124//BK20261124"]
    assert entries == wanted


def test_both_kinds_of_statement_say_the_same(settled):
    query = {"currency": "EUR", "break": "amount"}
    camt = settled.get("/bank/statements/2026-11-24.xml", params=query).text

    for amount in (Decimal("0.74"), Decimal("36.07"), Decimal("35.33")):
        assert f'<Amt Ccy="EUR">{amount}</Amt>' in camt
    assert "<EndToEndId>SIM-EUR-20261124</EndToEndId>" in camt


def test_a_day_without_money_has_an_empty_report(acquirer):
    report = acquirer.get("/settlements/2026-11-24.csv", params={"currency": "KWD"}).text
    assert report.splitlines()[1:] == ["TOTAL,,,,KWD,0,0,0,SIM-KWD-20261124"]
    assert acquirer.get("/settlements/today.csv", params={"currency": "KWD"}).status_code == 400
    assert acquirer.get("/settlements/2026-11-24.csv").status_code == 400


def test_a_person_can_look(settled):
    page = settled.get("/", headers={})
    assert page.status_code == 200
    assert "c-1" in page.text


def test_the_bank_sends_money_once_per_reference_and_rejects_what_it_does_not_know(acquirer):
    asked = {
        "reference": "w-1",
        "amount_minor": 4_00,
        "currency": "EUR",
        "account": "DE89370400440532013000",
        "occurred_at": AT,
    }

    sent = acquirer.post("/bank/transfers", json=asked).json()
    again = acquirer.post("/bank/transfers", json=asked).json()
    other = acquirer.post("/bank/transfers", json={**asked, "amount_minor": 5_00})
    wrong = {**asked, "reference": "w-2", "account": "XX0000"}
    rejected = acquirer.post("/bank/transfers", json=wrong).json()

    assert (sent["status"], sent["kind"]) == ("sent", "bank_transfer")
    assert again == sent
    assert other.status_code == 409
    assert rejected["status"] == "rejected"
    assert acquirer.post("/bank/transfers", json={**asked, "account": ""}).status_code == 400

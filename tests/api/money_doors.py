"""
The calls that move money, as the API declares them, each with a thing it can be done to.

What heeds `Dry-Run` moves money, and what moves money heeds it (`test_every_dry_run.py`).
"""

import json
from collections.abc import Callable
from itertools import count
from urllib.parse import quote

from fintech.kernel import ids
from fintech.payments.models import Payment
from tests.api.conftest import Answered, Api
from tests.api.operations import OPERATIONS

INTENT = "/v1/payment_intents"
SALE = {"amount": 4250, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True}
IBAN = "DE89370400440532013000"
REHEARSING = [one for one in OPERATIONS if one.rehearses]

type Asked = tuple[str, dict | list]


def _paid(api: Api, **more) -> str:
    return api.post(INTENT, {**SALE, **more}).body["id"]


def _reserved(api: Api) -> str:
    return _paid(api, capture_method="manual")


def _wallet(api: Api, minor: int = 0) -> str:
    wallet = api.post("/v1/wallets", currency="eur").body["id"]
    if minor:
        api.post(
            f"/v1/wallets/{wallet}/top_ups",
            amount=minor,
            currency="eur",
            payment_method="pm_card_visa",
        )
    return wallet


def _held(api: Api) -> str:
    return api.post(f"/v1/wallets/{_wallet(api, 9_00)}/holds", amount=5_00, currency="eur").body[
        "id"
    ]


def _between_wallets(api: Api) -> dict:
    ends = {"source": _wallet(api, 5_00), "destination": _wallet(api)}
    return {**ends, "amount": 3_00, "currency": "eur"}


_codes = count(1000)


def _lines(api: Api) -> dict:
    accounts = [
        api.post("/v1/ledger/accounts", code=str(next(_codes)), type=kind, currency="eur").body[
            "id"
        ]
        for kind in ("asset", "income")
    ]
    return {
        "lines": [
            {"account": account, "direction": direction, "amount": 7_00}
            for account, direction in zip(accounts, ("debit", "credit"), strict=True)
        ]
    }


def _entry(api: Api) -> str:
    return api.post("/v1/ledger/entries", _lines(api)).body["id"]


def _case(api: Api) -> str:
    public_id = _paid(api, payment_method="pm_card_riskLevelElevated")
    payment = Payment.objects.get(id=ids.parse("pi", public_id))
    return ids.public("fcs", payment.review_id)


def _at(path: str, make: Callable[[Api], str], body: dict | None = None) -> Callable[[Api], Asked]:
    return lambda api: (path.format(id=make(api)), body or {})


# A thing in the state in which each can be done, and what to ask for.
READY: dict[str, Callable[[Api], Asked]] = {
    "payment_intents.create": lambda _api: (INTENT, SALE),
    "payment_intents.confirm": _at(
        f"{INTENT}/{{id}}/confirm", lambda api: _paid(api, confirm=False)
    ),
    "payment_intents.capture": _at(
        f"{INTENT}/{{id}}/capture", _reserved, {"amount_to_capture": 10_00}
    ),
    "payment_intents.increment_authorization": _at(
        f"{INTENT}/{{id}}/increment_authorization", _reserved, {"amount": 50_00}
    ),
    "payment_intents.cancel": _at(f"{INTENT}/{{id}}/cancel", _reserved),
    "refunds.create": lambda api: (
        "/v1/refunds",
        {"payment_intent": _paid(api), "amount": 1_00},
    ),
    "wallets.top_up": _at(
        "/v1/wallets/{id}/top_ups",
        _wallet,
        {"amount": 20_00, "currency": "eur", "payment_method": "pm_card_visa"},
    ),
    "wallets.hold": _at(
        "/v1/wallets/{id}/holds",
        lambda api: _wallet(api, 9_00),
        {"amount": 5_00, "currency": "eur"},
    ),
    "wallets.capture_hold": _at("/v1/wallet_holds/{id}/capture", _held, {"amount": 2_00}),
    "wallets.release_hold": _at("/v1/wallet_holds/{id}/release", _held),
    "wallet_transfers.create": lambda api: ("/v1/wallet_transfers", _between_wallets(api)),
    "wallet_transfers.reverse": _at(
        "/v1/wallet_transfers/{id}/reverse",
        lambda api: api.post("/v1/wallet_transfers", _between_wallets(api)).body["id"],
    ),
    "wallet_withdrawals.create": _at(
        "/v1/wallets/{id}/withdrawals",
        lambda api: _wallet(api, 9_00),
        {"amount": 5_00, "currency": "eur", "account": IBAN},
    ),
    "ledger.create": lambda api: ("/v1/ledger/entries", _lines(api)),
    "ledger.reverse": _at("/v1/ledger/entries/{id}/reverse", _entry),
    "ledger_batches.post": lambda api: ("/v1/ledger/entry_batches", [_lines(api)]),
    "fraud.approve_case": _at("/v1/fraud/cases/{id}/approve", _case),
    "fraud.decline_case": _at("/v1/fraud/cases/{id}/decline", _case),
}


def send(api: Api, operation, asked: Asked, **headers: str) -> Answered:
    """Ask for an operation."""
    path, body = asked
    content = json.dumps(body).encode() if operation.method == "POST" else b""
    return api.send(operation.method, quote(path), content, headers=headers)

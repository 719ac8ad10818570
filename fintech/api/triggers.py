"""
What has to be asked of the API so that an event happens: one short script per event.

A step names method, path and body; `{n.field}` stands for a field of the nth answer. The
steps go in by the front door, with the developer's own key, so that what happens is what
happens to anybody.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from fintech.api import front
from fintech.wire import dialect, json

type Step = tuple[str, str, Mapping[str, Any]]

_ORDER: Mapping[str, Any] = {"amount": 4250, "currency": "eur"}
_VISA = dialect.card_token("visa")
_CARD = {"payment_method": _VISA}
_INTENTS, _WALLETS = "/v1/payment_intents", "/v1/wallets"
_CREATE: Step = ("POST", _INTENTS, _ORDER)
_PAID: Step = ("POST", _INTENTS, {**_ORDER, **_CARD, "confirm": True})
_HELD: Step = ("POST", _INTENTS, {**_ORDER, **_CARD, "confirm": True, "capture_method": "manual"})
_CUSTOMER: Step = ("POST", "/v1/customers", {"name": "Ada Example"})
_WALLET: Step = ("POST", _WALLETS, {"currency": "eur", "owner": "Ada Example"})
_TOPPED: Step = ("POST", _WALLETS + "/{0.id}/top_ups", {**_ORDER, **_CARD})
_HOLD: Step = ("POST", _WALLETS + "/{0.id}/holds", {"amount": 500, "currency": "eur"})
_CAPTURE: Step = ("POST", "/v1/wallet_holds/{2.id}/capture", {})
_RELEASE: Step = ("POST", "/v1/wallet_holds/{2.id}/release", {})
_LINK: Step = ("POST", "/v1/payment_links", {"title": "A book", **_ORDER})

_PRODUCTS, _PRICES = "/v1/products", "/v1/prices"
_PRODUCT: Step = ("POST", _PRODUCTS, {"name": "A book"})
_PRICE: Step = (
    "POST",
    _PRICES,
    {"product": "{0.id}", "unit_amount": 1200, "currency": "eur"},
)

_SESSIONS = "/v1/checkout/sessions"
_SESSION: Step = (
    "POST",
    _SESSIONS,
    {
        "success_url": "https://example.com/thanks",
        "line_items": [
            {
                "price_data": {
                    "currency": "eur",
                    "unit_amount": 1200,
                    "product_data": {"name": "A book"},
                }
            }
        ],
    },
)


def _card(name: str) -> Step:
    return "POST", _INTENTS, {**_ORDER, "payment_method": dialect.card_named(name), "confirm": True}


_REFUND: Step = ("POST", "/v1/refunds", {"payment_intent": "{0.id}", "amount": 1000})
_ATTACH: Step = ("POST", f"/v1/payment_methods/{_VISA}/attach", {"customer": "{0.id}"})
EVENTS: Mapping[str, tuple[Step, ...]] = {
    "charge.captured": (_HELD, ("POST", _INTENTS + "/{0.id}/capture", {})),
    "charge.failed": (_card("chargeDeclined"),),
    "charge.refunded": (_PAID, _REFUND),
    "charge.succeeded": (_PAID,),
    "checkout.session.expired": (_SESSION, ("POST", _SESSIONS + "/{0.id}/expire", {})),
    "customer.created": (_CUSTOMER,),
    "customer.deleted": (_CUSTOMER, ("DELETE", "/v1/customers/{0.id}", {})),
    "customer.updated": (_CUSTOMER, ("POST", "/v1/customers/{0.id}", {"name": "Eve Example"})),
    "fraud.assessment.block": (_card("radarBlock"),),
    "fraud.assessment.review": (_card("riskLevelElevated"),),
    "payment_intent.amount_capturable_updated": (_HELD,),
    "payment_intent.canceled": (_CREATE, ("POST", _INTENTS + "/{0.id}/cancel", {})),
    "payment_intent.created": (_CREATE,),
    "payment_intent.payment_failed": (_card("chargeDeclined"),),
    "payment_intent.requires_action": (_card("authenticationRequired"),),
    "payment_intent.succeeded": (_PAID,),
    "payment_link.created": (_LINK,),
    "payment_link.updated": (_LINK, ("POST", "/v1/payment_links/{0.id}", {"active": False})),
    "payment_method.attached": (_CUSTOMER, _ATTACH),
    "payment_method.detached": (
        _CUSTOMER,
        _ATTACH,
        ("POST", "/v1/payment_methods/{1.id}/detach", {}),
    ),
    "price.created": (_PRODUCT, _PRICE),
    "price.updated": (_PRODUCT, _PRICE, ("POST", _PRICES + "/{1.id}", {"active": False})),
    "product.created": (_PRODUCT,),
    "product.deleted": (_PRODUCT, ("DELETE", _PRODUCTS + "/{0.id}", {})),
    "product.updated": (_PRODUCT, ("POST", _PRODUCTS + "/{0.id}", {"name": "Two books"})),
    "refund.created": (_PAID, _REFUND),
    "review.opened": (_card("riskLevelElevated"),),
    "wallet.closed": (_WALLET, ("POST", _WALLETS + "/{0.id}/close", {})),
    "wallet.created": (_WALLET,),
    "wallet.frozen": (_WALLET, ("POST", _WALLETS + "/{0.id}/freeze", {})),
    "wallet.hold.captured": (
        _WALLET,
        _TOPPED,
        _HOLD,
        ("POST", "/v1/wallet_holds/{2.id}/capture", {}),
    ),
    "wallet.hold.created": (_WALLET, _TOPPED, _HOLD),
    "wallet.hold.released": (
        _WALLET,
        _TOPPED,
        _HOLD,
        ("POST", "/v1/wallet_holds/{2.id}/release", {}),
    ),
    "wallet.updated": (_WALLET, ("POST", _WALLETS + "/{0.id}", {"owner": "Eve Example"})),
}


class Refused(Exception):
    """The API refused a step; the message is its answer."""


def trigger(event: str, *, key: str, say: Callable[[str], object]) -> None:
    """
    Make an event happen.

    Raises:
        Refused: the API refused a step. A declined card is what some events are about.
    """
    answers: list[dict[str, Any]] = []
    for method, path, body in EVENTS[event]:
        told = ask(method, _filled(path, answers), _filled(dict(body), answers), key=key)
        answer = json.loads(told.content)
        say(f"{method} {_filled(path, answers)} {told.status}")
        is_the_point = told.status == 402  # noqa: PLR2004 - Payment Required.
        if told.status != 200 and not is_the_point:  # noqa: PLR2004 - OK.
            raise Refused(answer["error"]["message"])
        answers.append(answer)


def ask(method: str, path: str, body: Any, *, key: str) -> front.Told:
    """Ask the API at its own front door, in this process."""
    bare, _, query = path.partition("?")
    content = json.dumps(body) if method == "POST" else b""
    headers = [("Authorization", f"Bearer {key}")]
    if content:
        headers.append(("Content-Type", "application/json"))
    return front.answer(
        front.Asked(
            method=method,
            path=bare,
            query=query,
            headers=front.Headers(headers),
            read=lambda _limit: content,
        )
    )


def _filled(part: Any, answers: list[dict[str, Any]]) -> Any:
    if isinstance(part, dict):
        return {name: _filled(below, answers) for name, below in part.items()}
    if isinstance(part, list):
        return [_filled(below, answers) for below in part]
    if isinstance(part, str):
        return re.sub(r"\{(\d)\.(\w+)\}", lambda found: str(answers[int(found[1])][found[2]]), part)
    return part

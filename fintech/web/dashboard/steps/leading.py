"""Where each step of a timeline leads on."""

from urllib.parse import urlencode

from django.urls import reverse

from fintech.web import pills
from fintech.web.data import Item

Links = tuple[tuple[str, str], ...]
_REQUEST = "The request"
_PLACES = {
    "payment_captured": ("web:balance", "?kind=charge", "Charges in the balance"),
    "refund_created": ("web:refunds", "", "Refunds"),
    "refund_succeeded": ("web:balance", "?kind=refund", "Refunds in the balance"),
    "refund_failed": ("web:refunds", "?state=failed", "Refunds that did not happen"),
    "refund_returned": ("web:refunds", "?state=failed", "Refunds that did not happen"),
}


def links_of(item: Item) -> Links:
    """Return the ways on from a fact: the request behind it, and what it means or moved."""
    found = []
    if item.by == "api_key" and item.request_id:
        asked = urlencode({"request": item.request_id, "at": int(item.recorded_at.timestamp())})
        found.append((f"{reverse('web:requests')}?{asked}", _REQUEST))
    if item.kind in _PLACES:
        name, query, words = _PLACES[item.kind]
        found.append((f"{reverse(name)}{query}", words))
    elif item.kind == "payment_assessed":
        found.append((_state("decision", item.data["decision"]), "What was decided"))
    elif item.kind in {"payment_declined", "payment_blocked"}:
        found.append(("/docs/errors#card_declined", "What to do"))
    elif item.data.get("to_state") in pills.PAYMENT and item.kind.startswith("payment_"):
        found.append((_state("payment", item.data["to_state"]), "What this means"))
    else:
        found.append((reverse("web:refunds"), "Refunds"))
    return tuple(found)


def without_request(links: Links) -> Links:
    """Return the ways on but the one to the request."""
    return tuple(link for link in links if link[1] != _REQUEST)


def _state(machine: str, state: str) -> str:
    return f"{reverse('web:states')}#{pills.anchor(machine, state)}"

"""
From facts to rows, as pure functions: the same facts give the same rows.

A payment's line is folded from its whole timeline, so the order in which windows arrive
does not matter. A day's totals are sums over timeline items, so each item counts once.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date
from typing import Any
from uuid import UUID

from fintech.kernel.event_log import Recorded
from fintech.web.data import Item

EVENTS = "events"
JOURNAL = "journal"
OPENED = "checkout_opened"
_FACTS = ("payments.payment_", "payments.refund_")
_VISIT = f"web.{OPENED}."
_ENTRIES = "ledger.entry_"
_OF_PAYMENTS = frozenset(
    {"authorize_card", "release", "capture_card", "refund_card", "refund_returned", "top_up"}
)
_OWNER = re.compile(r"(?:liabilities|assets):merchant:([0-9a-f-]{36}):")
_SAID_ELSEWHERE = frozenset({"payment_id", "visit_id", "merchant_id"})
DayKey = tuple[UUID, str, date]
FunnelKey = tuple[UUID, UUID, date]


def items(window: Iterable[Recorded]) -> list[Item]:
    """Return the timeline items of a window, from either source."""
    found = []
    for recorded in window:
        if recorded.name.startswith(_FACTS):
            item = _fact(recorded)
        elif recorded.name.startswith(_ENTRIES):
            item = _entry(recorded)
        elif recorded.name.startswith(_VISIT):
            item = _visit(recorded)
        else:
            item = None
        if item is not None:
            found.append(item)
    return found


def _fact(recorded: Recorded) -> Item | None:
    payment_id = recorded.id("payment_id")
    return None if payment_id is None else _item(recorded, payment_id)


def _visit(recorded: Recorded) -> Item | None:
    """Return somebody's visit to a hosted page; it stands in the place of a payment."""
    visit_id = recorded.id("visit_id")
    return None if visit_id is None else _item(recorded, visit_id)


def _item(recorded: Recorded, about: UUID) -> Item:
    return Item(
        source=EVENTS,
        position=recorded.position,
        payment_id=about,
        merchant_id=recorded.id("merchant_id"),
        kind=_kind(recorded.name),
        version=recorded.version,
        data={key: value for key, value in recorded.data.items() if key not in _SAID_ELSEWHERE},
        by=str(recorded.meta.get("by", "")),
        request_id=str(recorded.meta.get("request_id", "")),
        occurred_at=recorded.occurred_at,
        recorded_at=recorded.recorded_at,
    )


def _entry(recorded: Recorded) -> Item | None:
    """Return a journal entry about a payment; those about wallets are told elsewhere."""
    payment_id = recorded.id("subject_id")
    if payment_id is None or recorded.data["template"] not in _OF_PAYMENTS:
        return None
    return Item(
        source=JOURNAL,
        position=recorded.position,
        payment_id=payment_id,
        merchant_id=_merchant(recorded.data["lines"]),
        kind=f"journal_{recorded.data['template']}",
        version=recorded.version,
        data={key: value for key, value in recorded.data.items() if key != "subject_id"},
        by=str(recorded.meta.get("by", "")),
        request_id=str(recorded.meta.get("request_id", "")),
        occurred_at=recorded.occurred_at,
        recorded_at=recorded.recorded_at,
    )


def _merchant(lines: Iterable[dict[str, Any]]) -> UUID | None:
    """Return whose account is among an entry's lines."""
    for line in lines:
        owner = _OWNER.match(line["address"])
        if owner:
            return UUID(owner[1])
    return None


def _kind(name: str) -> str:
    """Return `payment_captured` of `payments.payment_captured.v1`."""
    return name.split(".")[1]


def payment(timeline: Sequence[Item]) -> dict[str, object] | None:
    """Return the columns of a payment's line, or None before its first own fact."""
    facts = sorted((item for item in timeline if item.source == EVENTS), key=lambda i: i.position)
    own = [item for item in facts if item.kind.startswith("payment_")]
    if not own:
        return None
    newest = max(own, key=lambda item: item.version)
    line: dict[str, object] = {
        "id": newest.payment_id,
        "merchant_id": newest.merchant_id,
        "state": newest.data["to_state"],
        "currency": newest.data["currency"],
        "purpose": "sale",
        "amount_minor": own[0].data["amount_minor"],
        "captured_minor": _sum(own, "payment_captured", "amount_minor"),
        "fee_minor": _sum(own, "payment_captured", "fee_minor"),
        "refunded_minor": refunded(facts),
        "score": None,
        "decision": "",
        "decline_code": "",
        "customer_id": None,
        "link_id": None,
        "session_id": None,
        "tried": False,
        "paid": False,
        "created_at": own[0].occurred_at,
        "changed_at": newest.occurred_at,
        "version": newest.version,
    }
    for item in own:
        _learn(line, item)
    return line


def _learn(line: dict[str, object], item: Item) -> None:
    """Take from one fact what a list shows of it."""
    match item.kind:
        case "payment_created":
            line["purpose"] = item.data["purpose"]
            line["amount_minor"] = item.data["amount_minor"]
            line["customer_id"] = item.data.get("customer_id")
            line["link_id"] = item.data.get("link_id")
            line["session_id"] = item.data.get("session_id")
        case "payment_updated":
            line["amount_minor"] = item.data["amount_minor"]
            line["customer_id"] = item.data.get("customer_id")
        case "payment_confirmed":
            line["decline_code"] = ""
            line["tried"] = True
        case "payment_authorized" | "payment_captured":
            line["paid"] = bool(line["tried"])
        case "payment_assessed":
            line["score"], line["decision"] = item.data["score"], item.data["decision"]
        case "payment_declined":
            line["decline_code"] = item.data["decline_code"]
        case "payment_blocked":
            line["decline_code"] = "fraudulent"
        case "payment_attempt_errored":
            line["decline_code"] = "acquirer_unavailable"
        case _:
            pass


def method(timeline: Iterable[Item]) -> UUID | None:
    """Return the way of paying that was tried last."""
    tried = [item for item in timeline if item.kind == "payment_confirmed"]
    if not tried:
        return None
    return UUID(max(tried, key=lambda item: item.version).data["payment_method_id"])


def _sum(facts: Iterable[Item], kind: str, name: str) -> int:
    return sum(item.data[name] for item in facts if item.kind == kind)


def refunded(facts: Iterable[Item]) -> int:
    """Sum refunds that succeeded; one that the bank sent back later does not count."""
    arrived: dict[str, int] = {}
    for item in facts:
        if item.kind == "refund_succeeded":
            arrived[item.data["refund_id"]] = item.data["amount_minor"]
        elif item.kind in {"refund_failed", "refund_returned"}:
            arrived.pop(item.data["refund_id"], None)
    return sum(arrived.values())


def visits(found: Iterable[Item]) -> dict[FunnelKey, dict[str, int]]:
    """Return how often which hosted page was opened on which day."""
    sums: dict[FunnelKey, dict[str, int]] = defaultdict(lambda: {"opened": 0})
    for item in found:
        if item.kind == OPENED and item.merchant_id is not None:
            day = item.occurred_at.astimezone(UTC).date()
            sums[item.merchant_id, UUID(item.data["page_id"]), day]["opened"] += 1
    return dict(sums)


def days(found: Iterable[Item]) -> dict[DayKey, dict[str, int]]:
    """Return what items add to which day's totals."""
    sums: dict[DayKey, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for item in found:
        if item.merchant_id is None or item.source != EVENTS:
            continue
        added = _adds(item)
        if added:
            key = (
                item.merchant_id,
                item.data["currency"],
                item.occurred_at.astimezone(UTC).date(),
            )
            for column, amount in added.items():
                sums[key][column] += amount
    return {key: dict(columns) for key, columns in sums.items()}


def _adds(item: Item) -> dict[str, int]:
    match item.kind:
        case "payment_created":
            return {"created": 1}
        case "payment_authorized" if item.data["from_state"] != "in_review":
            return {"authorized": 1}
        case "payment_review_opened":
            return {"authorized": 1}
        case "payment_declined":
            return {"declined": 1}
        case "payment_blocked":
            return {"blocked": 1}
        case "payment_captured":
            return {
                "captures": 1,
                "captured_minor": item.data["amount_minor"],
                "fee_minor": item.data["fee_minor"],
            }
        case "refund_succeeded":
            return {"refunds": _counts(item), "refunded_minor": item.data["amount_minor"]}
        case "refund_completed" if item.data["amount_minor"]:
            return {"refunds": 1}
        case "refund_returned":
            return {"refunds": -_counts(item), "refunded_minor": -item.data["amount_minor"]}
        case _:
            return {}


def _counts(item: Item) -> int:
    """Count a refund once: one in parts when its last part has come to an end."""
    return 0 if item.data.get("whole_id") else 1

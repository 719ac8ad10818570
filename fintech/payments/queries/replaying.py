"""
Folding the log of payments, and comparing what comes out with the rows.

Left out are only what is personal or free text (it is never in the log) and the times
at which something is done next, which are promises and not history.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db import connection

from fintech.kernel import event_log
from fintech.kernel.event_log import Recorded
from fintech.kernel.replay import Difference
from fintech.payments import errors
from fintech.payments.models import Payment, Refund

_WINDOW = 2_000
_FACTS = """
SELECT position, xid::text::bigint, stream, version, name, data, meta, occurred_at, recorded_at
FROM kernel_event WHERE starts_with(name, 'payments.') AND data ? 'payment_id'
ORDER BY data->>'payment_id', position
"""

type Folded = dict[str, Any]


def replay() -> Iterator[Difference]:
    """Yield every column of a payment or refund that its facts do not explain."""
    seen = 0
    window: list[tuple[UUID, list[Recorded]]] = []
    for payment_id, facts in groupby(_facts(), key=lambda fact: fact.id("payment_id")):
        if payment_id is None:
            continue
        seen += 1
        window.append((payment_id, list(facts)))
        if len(window) >= _WINDOW:
            yield from _compared(window)
            window = []
    yield from _compared(window)
    stored = Payment.objects.count()
    if stored != seen:
        yield Difference(row="payments", column="count", stored=str(stored), folded=str(seen))


def _facts() -> Iterator[Recorded]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(_FACTS)
        while rows := cursor.fetchmany(_WINDOW):
            yield from map(event_log.recorded, rows)


def _compared(window: list[tuple[UUID, list[Recorded]]]) -> Iterator[Difference]:
    payments = Payment.objects.in_bulk([payment_id for payment_id, _ in window])
    refunds = {
        refund.id: refund
        for refund in Refund.objects.filter(payment_id__in=[payment_id for payment_id, _ in window])
    }
    for payment_id, facts in window:
        payment, given_back = fold(facts)
        yield from _differences(payment_id, payments.get(payment_id), payment)
        for refund_id, folded in given_back.items():
            yield from _differences(refund_id, refunds.get(refund_id), folded)


def _differences(row_id: UUID, row: Any, folded: Folded) -> Iterator[Difference]:
    if row is None:
        yield Difference(row=str(row_id), column="", stored="missing", folded="told of")
        return
    for column, expected in folded.items():
        stored = getattr(row, column)
        if column == "state" and stored == "unknown":
            stored = "submitted"  # An open refund: whether we know or not is no history.
        if _text(stored) != _text(expected):
            yield Difference(
                row=str(row_id), column=column, stored=_text(stored), folded=_text(expected)
            )


def _text(value: object) -> str:
    return "" if value is None else str(value)


def fold(facts: list[Recorded]) -> tuple[Folded, dict[UUID, Folded]]:
    """Return the columns of a payment, and of its refunds, that its facts lead to."""
    payment: Folded = {}
    refunds: dict[UUID, Folded] = {}
    for fact in facts:
        kind = fact.name.split(".")[1]
        if kind.startswith("refund_"):
            refund_id = fact.id("refund_id")
            if refund_id is not None:
                _fold_refund(kind, fact, payment, refunds.setdefault(refund_id, {}))
        elif kind.startswith("payment_"):
            _fold_payment(kind, fact, payment)
    return payment, refunds


def _fold_payment(kind: str, fact: Recorded, payment: Folded) -> None:
    if kind == "payment_created":
        payment.update(_born(fact))
    payment["state"], payment["version"] = fact.data["to_state"], fact.version
    change = _CHANGES.get(kind)
    if change is not None:
        change(fact, payment)


def _born(fact: Recorded) -> Folded:
    told = fact.data
    return {
        "merchant_id": told["merchant_id"],
        "purpose": told["purpose"],
        "wallet_id": told["wallet_id"],
        "currency": told["currency"],
        "amount_minor": told["amount_minor"],
        "capture_method": told["capture_method"],
        "customer_id": told["customer_id"],
        "payment_method_id": told["payment_method_id"],
        "link_id": told["link_id"],
        "session_id": told.get("session_id"),  # Older facts know of none.
        "fee_basis_points": told["fee_basis_points"],
        "fee_fixed_minor": told["fee_fixed_minor"],
        "created_at": fact.occurred_at,
        "attempts": 0,
        "authorized_minor": 0,
        "captured_minor": 0,
        "refunded_minor": 0,
        "refund_pending_minor": 0,
        "fee_minor": 0,
        "cancellation_reason": "",
        "error_code": "",
        "decline_code": "",
        "error_attempt_id": None,
        "review_id": None,
        "conflicted_from": "",
        "conflict_reason": "",
        "conflict_operation_id": None,
        "corrected_at": None,
        "captured_at": None,
        "canceled_at": None,
    }


def _updated(fact: Recorded, payment: Folded) -> None:
    payment["amount_minor"], payment["currency"] = fact.data["amount_minor"], fact.data["currency"]
    payment["customer_id"] = fact.data["customer_id"]
    payment["payment_method_id"] = fact.data["payment_method_id"]
    if "fee_fixed_minor" in fact.data:
        payment["fee_fixed_minor"] = fact.data["fee_fixed_minor"]


def _confirmed(fact: Recorded, payment: Folded) -> None:
    payment["attempts"] += 1
    payment["payment_method_id"] = fact.data["payment_method_id"]
    payment["error_code"] = payment["decline_code"] = ""
    payment["error_attempt_id"] = None


def _rerouted(_fact: Recorded, payment: Folded) -> None:
    payment["attempts"] += 1


def _failed(fact: Recorded, payment: Folded) -> None:
    code = fact.data.get("decline_code") or {
        "payments.payment_blocked.v1": "fraudulent",
        "payments.payment_attempt_errored.v1": "acquirer_unavailable",
    }.get(fact.name, "")
    payment["decline_code"], payment["error_code"] = code, errors.public_code(code)
    payment["error_attempt_id"] = fact.data["attempt_id"]


def _reserved(fact: Recorded, payment: Folded) -> None:
    payment["authorized_minor"] = fact.data["amount_minor"]
    payment["review_id"] = fact.data.get("case_id")


def _approved(_fact: Recorded, payment: Folded) -> None:
    payment["review_id"] = None


def _declined_by_a_person(fact: Recorded, payment: Folded) -> None:
    payment["review_id"] = None
    payment["cancellation_reason"], payment["canceled_at"] = "fraudulent", fact.occurred_at


def _captured(fact: Recorded, payment: Folded) -> None:
    payment["captured_minor"] += fact.data["amount_minor"]
    payment["fee_minor"] += fact.data["fee_minor"]
    payment["captured_at"] = payment["captured_at"] or fact.occurred_at
    if payment["state"] == "conflicted":
        payment["conflicted_from"] = "captured" if fact.data["final"] else "partially_captured"


def _canceled(fact: Recorded, payment: Folded) -> None:
    payment["cancellation_reason"] = fact.data["reason"]
    payment["canceled_at"] = fact.occurred_at


def _conflicted(fact: Recorded, payment: Folded) -> None:
    payment["conflicted_from"] = fact.data["from_state"]
    payment["conflict_reason"] = fact.data["reason"]
    payment["review_id"] = fact.data["review_id"]
    payment["conflict_operation_id"] = fact.data["operation_id"]
    payment["corrected_at"] = None


def _reversed(fact: Recorded, payment: Folded) -> None:
    payment["captured_minor"] -= fact.data["amount_minor"]
    payment["fee_minor"] -= fact.data["fee_minor"]
    if not payment["captured_minor"]:
        payment["captured_at"] = None


def _corrected(fact: Recorded, payment: Folded) -> None:
    payment["authorized_minor"] = fact.data["authorized_minor"]
    payment["conflicted_from"], payment["review_id"] = "", None
    payment["corrected_at"] = fact.occurred_at
    if fact.data["to_state"] == "canceled":
        payment["cancellation_reason"] = fact.data["cancellation_reason"]
        payment["canceled_at"] = payment["canceled_at"] or fact.occurred_at


def _adjusted(fact: Recorded, payment: Folded) -> None:
    payment["amount_minor"] = payment["authorized_minor"] = fact.data["amount_minor"]


_CHANGES = {
    "payment_updated": _updated,
    "payment_confirmed": _confirmed,
    "payment_rerouted": _rerouted,
    "payment_blocked": _failed,
    "payment_declined": _failed,
    "payment_attempt_errored": _failed,
    "payment_authorized": _reserved,
    "payment_authorization_adjusted": _adjusted,
    "payment_review_opened": _reserved,
    "payment_review_approved": _approved,
    "payment_review_declined": _declined_by_a_person,
    "payment_captured": _captured,
    "payment_canceled": _canceled,
    "payment_conflicted": _conflicted,
    "payment_capture_reversed": _reversed,
    "payment_status_corrected": _corrected,
}


def _fold_refund(kind: str, fact: Recorded, payment: Folded, refund: Folded) -> None:
    told, amount = fact.data, fact.data["amount_minor"]
    refund["version"] = fact.version
    if kind == "refund_created":
        refund.update(
            merchant_id=told["merchant_id"],
            payment_id=told["payment_id"],
            attempt_id=told["attempt_id"],
            capture_id=told["capture_id"],
            whole_id=told.get("whole_id"),
            currency=told["currency"],
            amount_minor=amount,
            reason=told["reason"],
            created_at=fact.occurred_at,
            state="submitted",
            failure_code="",
            entry_id=None,
            return_entry_id=None,
        )
        payment["refund_pending_minor"] += amount
    elif kind == "refund_succeeded":
        refund.update(state="succeeded", entry_id=told["entry_id"])
        payment["refund_pending_minor"] -= amount
        payment["refunded_minor"] += amount
    elif kind == "refund_failed":
        refund.update(state="failed", failure_code=told["failure_reason"])
        payment["refund_pending_minor"] -= amount
    elif kind == "refund_returned":
        refund.update(
            state="failed",
            failure_code=told["failure_reason"],
            return_entry_id=told["entry_id"],
        )
        payment["refunded_minor"] -= amount

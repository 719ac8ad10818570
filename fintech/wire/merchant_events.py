"""
Which events merchants are told of a fact, and which object each of them shows.

Facts are known here by their logged name and data alone; nothing of the rooms that log
them is imported, so this also reads what an older release has logged.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol
from uuid import UUID


class Recorded(Protocol):
    """What is needed of a fact in the log."""

    @property
    def name(self) -> str:
        """Return the fact's versioned name."""

    @property
    def data(self) -> Mapping[str, Any]:
        """Return the fact's ids, codes and numbers."""


type _Data = Mapping[str, Any]

TEST = "webhook_endpoint.test"  # Sent to one endpoint when its owner asks for it.

_FAILED = ("charge.failed", "payment_intent.payment_failed")


def _authorized(data: _Data) -> tuple[str, ...]:
    # An automatic capture follows in the same commit and tells of the payment itself.
    if data.get("captures_at_once"):
        return ("charge.succeeded",)
    return ("charge.succeeded", "payment_intent.amount_capturable_updated")


def _outcome_unknown(data: _Data) -> tuple[str, ...]:
    is_first = data.get("checks") == 0 and data.get("operation") == "authorization"
    return ("payment_intent.processing",) if is_first else ()


def _captured(data: _Data) -> tuple[str, ...]:
    if data.get("to_state") == "captured":
        return ("charge.captured", "payment_intent.succeeded")
    return ("charge.captured", "payment_intent.amount_capturable_updated")


def _corrected(data: _Data) -> tuple[str, ...]:
    told = {
        "captured": "payment_intent.succeeded",
        "authorized": "payment_intent.amount_capturable_updated",
        "canceled": "payment_intent.canceled",
    }
    return ("review.closed", told[data["to_state"]])


def _canceled(data: _Data) -> tuple[str, ...]:
    if data.get("reason") == "expired" and data.get("entry_id"):
        return ("charge.expired", "payment_intent.canceled")
    return ("payment_intent.canceled",)


def _assessed(data: _Data) -> tuple[str, ...]:
    decision = data.get("decision")
    return (f"fraud.assessment.{decision}",) if decision in {"review", "block"} else ()


def _refund_created(data: _Data) -> tuple[str, ...]:
    """A refund that spans several captures is told of once, though each part is a fact."""
    is_one = data.get("whole_id") in {None, data.get("refund_id")}
    return ("refund.created",) if is_one else ()


# Messages to payers; what is told of webhooks would lead to webhooks, without an end.
_TO_PAYERS = frozenset({"payment_receipt", "refund_receipt"})


def _message_arrived(data: _Data) -> tuple[str, ...]:
    return ("notification.delivered",) if data.get("template") in _TO_PAYERS else ()


def _message_given_up(data: _Data) -> tuple[str, ...]:
    return ("notification.failed",) if data.get("template") in _TO_PAYERS else ()


_TOLD: Mapping[str, tuple[str, ...] | Callable[[_Data], tuple[str, ...]]] = {
    "payments.payment_created": ("payment_intent.created",),
    "payments.payment_challenged": ("payment_intent.requires_action",),
    "payments.payment_outcome_unknown": _outcome_unknown,
    "payments.payment_authorized": _authorized,
    "payments.payment_declined": _FAILED,
    "payments.payment_blocked": _FAILED,
    "payments.payment_attempt_errored": _FAILED,
    "payments.payment_rerouted": ("charge.failed",),  # Another charge follows.
    "payments.payment_review_opened": ("payment_intent.processing", "review.opened"),
    "payments.payment_review_approved": ("review.closed",),
    "payments.payment_review_declined": ("review.closed", "payment_intent.canceled"),
    "payments.payment_conflicted": ("review.opened",),
    "payments.payment_status_corrected": _corrected,
    "payments.payment_authorization_adjusted": (
        "charge.updated",
        "payment_intent.amount_capturable_updated",
    ),
    "payments.payment_captured": _captured,
    "payments.payment_canceled": _canceled,
    "payments.payment_remainder_released": ("payment_intent.succeeded",),
    "payments.refund_created": _refund_created,
    "payments.refund_completed": ("charge.refund.updated", "refund.updated"),
    "payments.refund_updated": ("charge.refund.updated", "refund.updated"),
    "payments.refund_returned": ("charge.refund.updated", "refund.failed", "refund.updated"),
    "payments.refund_succeeded": ("charge.refunded", "charge.refund.updated", "refund.updated"),
    "payments.refund_failed": ("charge.refund.updated", "refund.failed", "refund.updated"),
    "payments.became_available": ("balance.available",),
    "payments.customer_created": ("customer.created",),
    "payments.customer_updated": ("customer.updated",),
    "payments.customer_deleted": ("customer.deleted",),
    "payments.payment_method_attached": ("payment_method.attached",),
    "payments.payment_method_detached": ("payment_method.detached",),
    "payments.product_created": ("product.created",),
    "payments.product_updated": ("product.updated",),
    "payments.product_deleted": ("product.deleted",),
    "payments.price_created": ("price.created",),
    "payments.price_updated": ("price.updated",),
    "payments.checkout_session_completed": ("checkout.session.completed",),
    "payments.checkout_session_paid": ("checkout.session.async_payment_succeeded",),
    "payments.checkout_session_failed": ("checkout.session.async_payment_failed",),
    "payments.checkout_session_expired": ("checkout.session.expired",),
    "payments.link_created": ("payment_link.created",),
    "payments.link_updated": ("payment_link.updated",),
    "wallets.wallet_created": ("wallet.created",),
    "wallets.wallet_updated": ("wallet.updated",),
    "wallets.currency_added": ("wallet.updated",),
    "wallets.floor_set": ("wallet.updated",),
    "wallets.wallet_frozen": ("wallet.frozen",),
    "wallets.wallet_unfrozen": ("wallet.updated",),
    "wallets.wallet_closed": ("wallet.closed",),
    "wallets.wallet_reopened": ("wallet.updated",),
    "wallets.hold_created": ("wallet.hold.created",),
    "wallets.hold_captured": ("wallet.hold.captured",),
    "wallets.hold_released": ("wallet.hold.released",),
    "wallets.hold_expired": ("wallet.hold.expired",),
    "wallets.transfer_succeeded": ("wallet.transfer.succeeded",),
    "wallets.transfer_begun": ("wallet.transfer.created",),
    "wallets.transfer_canceled": ("wallet.transfer.canceled",),
    "wallets.transfer_reversed": ("wallet.transfer.reversed",),
    "wallets.withdrawal_begun": ("wallet.withdrawal.created",),
    "wallets.withdrawal_canceled": ("wallet.withdrawal.canceled",),
    "wallets.withdrawal_paid": ("wallet.withdrawal.paid",),
    "wallets.withdrawal_failed": ("wallet.withdrawal.failed",),
    "fraud.assessment_made": _assessed,
    "fraud.case_opened": ("fraud.case.opened",),
    "fraud.case_closed": ("fraud.case.closed",),
    "reconciliation.run_completed": ("reconciliation.run.completed",),
    "reconciliation.run_failed": ("reconciliation.run.failed",),
    "reconciliation.break_opened": ("reconciliation.break.opened",),
    "reconciliation.break_resolved": ("reconciliation.break.resolved",),
    "merchants.api_key_created": ("api_key.created",),
    "merchants.api_key_rolled": ("api_key.rolled",),
    "merchants.api_key_revoked": ("api_key.revoked",),
    "notifications.delivery_arrived": _message_arrived,
    "notifications.delivery_given_up": _message_given_up,
}

# The longest prefix of an event's type says which object it shows, and where its id is.
_OBJECTS: Mapping[str, tuple[str, str]] = {
    "payment_intent": ("payment_intent", "payment_id"),
    "charge": ("charge", "attempt_id"),
    "charge.refund": ("refund", "refund_id"),
    "review": ("payment_intent", "payment_id"),
    "refund": ("refund", "refund_id"),
    "balance": ("balance", "merchant_id"),
    "customer": ("customer", "customer_id"),
    "payment_method": ("payment_method", "payment_method_id"),
    "payment_link": ("payment_link", "link_id"),
    "checkout.session": ("checkout.session", "session_id"),
    "price": ("price", "price_id"),
    "product": ("product", "product_id"),
    "wallet": ("wallet", "wallet_id"),
    "wallet.hold": ("wallet_hold", "hold_id"),
    "wallet.transfer": ("wallet_transfer", "transfer_id"),
    "wallet.withdrawal": ("wallet_withdrawal", "withdrawal_id"),
    "fraud.assessment": ("fraud.assessment", "assessment_id"),
    "fraud.case": ("fraud.case", "case_id"),
    "reconciliation.run": ("reconciliation.run", "run_id"),
    "reconciliation.break": ("reconciliation.break", "break_id"),
    "api_key": ("api_key", "api_key_id"),
    "notification": ("notification", "delivery_id"),
}


def of(recorded: Recorded) -> tuple[str, ...]:
    """Return the types of the events that merchants are told of a fact; mostly one or none."""
    told = _TOLD.get(recorded.name.rpartition(".v")[0], ())
    return told if isinstance(told, tuple) else told(recorded.data)


def subject(event_type: str, recorded: Recorded) -> tuple[str, UUID] | None:
    """
    Return which object an event shows, and its id; None if the fact does not name one.

    The object is a name of this package's: `payment_intent`, `charge`, `wallet_hold` …
    """
    prefix = event_type
    while prefix not in _OBJECTS:
        prefix = prefix.rpartition(".")[0]
        if not prefix:
            return None
    name, field = _OBJECTS[prefix]
    found = recorded.data.get(field)
    if name == "refund":  # A part is shown as the refund that it is a part of.
        found = recorded.data.get("whole_id") or found
    return (name, UUID(str(found))) if found else None


def types() -> tuple[str, ...]:
    """Return every event type that may be told, sorted: what an endpoint may listen to."""
    told: set[str] = set()
    for types_or_rule in _TOLD.values():
        if isinstance(types_or_rule, tuple):
            told.update(types_or_rule)
    told.update(
        (
            "charge.captured",
            "charge.expired",
            "charge.succeeded",
            "fraud.assessment.block",
            "fraud.assessment.review",
            "notification.delivered",
            "notification.failed",
            "payment_intent.amount_capturable_updated",
            "payment_intent.canceled",
            "payment_intent.processing",
            "payment_intent.succeeded",
            "refund.created",
        )
    )
    return tuple(sorted(told))


def is_listened_to(event_type: str, patterns: tuple[str, ...] | list[str]) -> bool:
    """Whether a type is among what an endpoint listens to: names, `prefix.*`, or `*`."""
    return any(
        pattern in {"*", event_type}
        or (pattern.endswith(".*") and event_type.startswith(pattern[:-1]))
        for pattern in patterns
    )

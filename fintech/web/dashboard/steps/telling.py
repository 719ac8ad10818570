"""Facts about payments in words: tone, icon, title, and lines below it."""

from typing import Any

from fintech.kernel.money import Money
from fintech.web import formats

DECLINES = {
    "insufficient_funds": "Not enough money on the card.",
    "lost_card": "The card was reported lost.",
    "stolen_card": "The card was reported stolen.",
    "expired_card": "The card has expired.",
    "incorrect_cvc": "The security code is wrong.",
    "incorrect_number": "The card number is wrong.",
    "processing_error": "The bank could not process the card.",
    "authentication_required": "The payer did not prove who they are.",
    "acquirer_unavailable": "The acquirer was not available; nothing was charged.",
    "fraudulent": "Our risk decision refused it; no bank was asked.",
    "generic_decline": "The bank gave no reason.",
}
_CANCELS = {
    "requested_by_customer": "The payer asked for it.",
    "duplicate": "It was a duplicate.",
    "fraudulent": "It was held to be fraud.",
    "abandoned": "The payer did not go on.",
    "expired": "Nobody took the money in time.",
    "attempts_exhausted": "Too many attempts came to nothing.",
}


def _money(data: dict[str, Any], name: str = "amount_minor") -> Money:
    return Money(data[name], data["currency"])


def _amount(data: dict[str, Any], name: str = "amount_minor") -> str:
    return formats.amount(_money(data, name))


Told = tuple[str, str, str, tuple[str, ...]]


def _created(data: dict[str, Any]) -> Told:
    how = (
        "The money is taken with the authorization."
        if data["capture_method"] == "automatic"
        else "The money is reserved first and taken on your word."
    )
    what = "Payment" if data["purpose"] == "sale" else "Wallet top-up"
    through = "Through a payment link." if data.get("link_id") else ""
    through = "In a checkout session." if data.get("session_id") else through
    return "quiet", "plus-lg", f"{what} of {_amount(data)} created", (how, through)


def _confirmed(_: dict[str, Any]) -> Told:
    return "quiet", "credit-card", "Payer confirmed with a card", ()


def _assessed(data: dict[str, Any]) -> Told:
    tone = {"allow": "ok", "block": "bad"}.get(data["decision"], "warn")
    icon = "shield-check" if data["decision"] == "allow" else "shield-exclamation"
    word = {"allow": "allowed", "block": "blocked", "review": "to be reviewed"}.get(
        data["decision"], "payer must prove who they are"
    )
    return tone, icon, f"Risk {data['score']} of 100: {word}", ()


def _blocked(_: dict[str, Any]) -> Told:
    return "bad", "x-circle-fill", "Blocked", ("No bank was asked and nothing was taken.",)


def _challenged(_: dict[str, Any]) -> Told:
    return "warn", "lock", "Payer asked to confirm with their bank", ()


def _challenge_answered(_: dict[str, Any]) -> Told:
    return "ok", "lock", "Payer confirmed with their bank", ()


def _review_opened(data: dict[str, Any]) -> Told:
    line = f"{_amount(data)} is reserved at the payer's bank meanwhile."
    return "warn", "hourglass-split", "Waits for a person's decision", (line,)


def _review_approved(_: dict[str, Any]) -> Told:
    return "ok", "check-circle-fill", "Approved by a person", ()


def _review_declined(_: dict[str, Any]) -> Told:
    return "bad", "x-circle-fill", "Declined by a person", ("What was reserved was let go.",)


def _authorized(data: dict[str, Any]) -> Told:
    line = f"The acquirer “{data['provider']}” reserved it at the payer's bank."
    return "info", "check-circle-fill", f"{_amount(data)} authorized", (line,)


def _declined(data: dict[str, Any]) -> Told:
    code = data["decline_code"]
    line = DECLINES.get(code, DECLINES["generic_decline"])
    return "bad", "x-circle-fill", "Declined by the payer's bank", (line, f"Code: {code}")


def _errored(_: dict[str, Any]) -> Told:
    line = "It did nothing, for reasons of its own; nothing was charged."
    return "bad", "exclamation-triangle-fill", "The acquirer was not available", (line,)


def _rerouted(data: dict[str, Any]) -> Told:
    why = DECLINES.get(data["reason"], DECLINES["generic_decline"])
    line = f"Nothing was charged there. At “{data['provider']}”: {why}"
    return "warn", "arrow-up-right", f"Goes over to the acquirer “{data['next_provider']}”", (line,)


def _unknown(_: dict[str, Any]) -> Told:
    line = "It is asked again under the same reference, so nothing can be charged twice."
    return "warn", "clock", "No answer from the acquirer yet", (line,)


def _capture_requested(data: dict[str, Any]) -> Told:
    return "quiet", "clock", f"Capture of {_amount(data)} asked for", ()


def _capture_failed(_: dict[str, Any]) -> Told:
    return "bad", "x-circle-fill", "The acquirer did not take the money", ()


def _captured(data: dict[str, Any]) -> Told:
    fee = _amount(data, "fee_minor")
    net = formats.amount(_money(data) - _money(data, "fee_minor"))
    part = "" if data["final"] else "More may be captured."
    return (
        "ok",
        "check-circle-fill",
        f"{_amount(data)} captured",
        (f"Fee {fee} · you get {net}", part),
    )


def _cancel_requested(_: dict[str, Any]) -> Told:
    return "quiet", "clock", "Cancellation asked for", ()


def _cancel_failed(_: dict[str, Any]) -> Told:
    return "bad", "x-circle-fill", "The acquirer did not let go", ()


def _canceled(data: dict[str, Any]) -> Told:
    return "quiet", "dash-circle", "Canceled", (_CANCELS.get(data["reason"], ""),)


def _released(data: dict[str, Any]) -> Told:
    return "quiet", "dash-circle", f"The remaining {_amount(data)} was let go", ()


def _conflicted(data: dict[str, Any]) -> Told:
    line = "Nothing moves until two people have decided what is true."
    return "bad", "flag", "The acquirer contradicts our records", (line, f"Code: {data['reason']}")


def _adjustment_requested(data: dict[str, Any]) -> Told:
    return "quiet", "arrow-counterclockwise", f"{_amount(data)} is to be reserved instead", ()


def _adjustment_failed(data: dict[str, Any]) -> Told:
    return "bad", "x-circle-fill", f"{_amount(data)} could not be reserved", ("As before.",)


def _adjusted(data: dict[str, Any]) -> Told:
    return "ok", "arrow-counterclockwise", f"{_amount(data)} is reserved now", ()


def _capture_reversed(data: dict[str, Any]) -> Told:
    line = "It had been booked and had not happened; the books are corrected."
    return "bad", "arrow-counterclockwise", f"{_amount(data)} was not taken after all", (line,)


def _corrected(data: dict[str, Any]) -> Told:
    line = f"It is {data['to_state'].replace('_', ' ')}."
    return "ok", "person-circle", "Two people have decided what is true", (line,)


def _refund_created(data: dict[str, Any]) -> Told:
    reason = data.get("reason", "").replace("_", " ")
    line = f"Reason: {reason}" if reason else ""
    return "quiet", "arrow-counterclockwise", f"Refund of {_amount(data)} asked for", (line,)


def _refund_succeeded(data: dict[str, Any]) -> Told:
    line = "It is on its way to the payer; banks take 5 to 10 days to show it."
    return "ok", "arrow-counterclockwise", f"{_amount(data)} refunded", (line,)


def _refund_completed(data: dict[str, Any]) -> Told:
    line = f"It spans several captures; {data['parts']} of its parts went back."
    return "quiet", "arrow-counterclockwise", f"{_amount(data)} refunded in all", (line,)


def _refund_failed(data: dict[str, Any]) -> Told:
    line = f"Code: {data['failure_reason']}"
    return "bad", "x-circle-fill", f"Refund of {_amount(data)} failed", (line,)


def _refund_returned(data: dict[str, Any]) -> Told:
    line = "The payer's bank sent it back; it is yours again."
    return "warn", "exclamation-triangle-fill", f"Refund of {_amount(data)} came back", (line,)


def _refund_updated(_: dict[str, Any]) -> Told:
    return "quiet", "gear", "Details of the refund changed", ()


def _updated(data: dict[str, Any]) -> Told:
    return "quiet", "gear", f"Payment changed; it is for {_amount(data)}", ()


TOLD = {
    "payment_updated": _updated,
    "refund_returned": _refund_returned,
    "refund_updated": _refund_updated,
    "payment_created": _created,
    "payment_confirmed": _confirmed,
    "payment_assessed": _assessed,
    "payment_blocked": _blocked,
    "payment_challenged": _challenged,
    "payment_challenge_answered": _challenge_answered,
    "payment_review_opened": _review_opened,
    "payment_review_approved": _review_approved,
    "payment_review_declined": _review_declined,
    "payment_authorized": _authorized,
    "payment_declined": _declined,
    "payment_attempt_errored": _errored,
    "payment_rerouted": _rerouted,
    "payment_outcome_unknown": _unknown,
    "payment_capture_requested": _capture_requested,
    "payment_capture_failed": _capture_failed,
    "payment_captured": _captured,
    "payment_cancel_requested": _cancel_requested,
    "payment_cancel_failed": _cancel_failed,
    "payment_canceled": _canceled,
    "payment_remainder_released": _released,
    "payment_adjustment_requested": _adjustment_requested,
    "payment_adjustment_failed": _adjustment_failed,
    "payment_authorization_adjusted": _adjusted,
    "payment_conflicted": _conflicted,
    "payment_capture_reversed": _capture_reversed,
    "payment_status_corrected": _corrected,
    "refund_created": _refund_created,
    "refund_succeeded": _refund_succeeded,
    "refund_completed": _refund_completed,
    "refund_failed": _refund_failed,
    "refund_outcome_unknown": _unknown,
}
KINDS = frozenset(TOLD)
# Steps that follow from the one before; who did it is said there.
SILENT = frozenset(
    {
        "payment_assessed",
        "payment_blocked",
        "payment_challenged",
        "payment_review_opened",
        "payment_authorized",
        "payment_declined",
        "payment_attempt_errored",
        "payment_rerouted",
        "payment_outcome_unknown",
        "refund_succeeded",
        "refund_completed",
        "refund_failed",
        "refund_outcome_unknown",
    }
)

"""
The timeline of a payment in words.

What the read model holds is joined with the reasons of the risk decision, the lines of
the journal, and the webhooks that were sent.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.urls import reverse

from fintech.fraud.data import Assessment
from fintech.kernel import ids
from fintech.kernel.money import Money
from fintech.notifications.data import Channel, Delivery, DeliveryState
from fintech.web import charts, fold, formats
from fintech.web.data import Item

_WHO = {
    "api_key": "through the API",
    "user": "in the dashboard",
    "staff": "by our staff",
    "payer": "by the payer",
    "provider": "by the acquirer",
    "system": "by the platform",
}
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonBar:
    """One reason of a risk decision, as a bar."""

    points: str
    sentence: str
    share: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalLine:
    """One line of a journal entry: an account, and an amount on one of two sides."""

    account: str
    address: str
    debit: Money | None
    credit: Money | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the timeline as it is drawn."""

    tone: str
    icon: str
    title: str
    at: datetime
    recorded_at: datetime
    lines: tuple[str, ...] = ()
    by: str = ""
    gap: str = ""
    reasons: tuple[ReasonBar, ...] = ()
    journal: tuple[JournalLine, ...] = ()
    total: Money | None = None  # Of either side; the ledger takes no entry where they differ.
    reference: str = ""
    url: str = ""
    link: str = ""
    request_id: str = ""
    group: str = ""
    order: tuple[int, int] = field(default=(0, 0))


def of_items(items: Iterable[Item], assessments: dict[UUID, Assessment]) -> list[Step]:
    """Return a step per timeline item that says something to people."""
    steps = []
    for item in items:
        step = _entry(item) if item.source == fold.JOURNAL else _fact(item, assessments)
        if step is not None:
            steps.append(step)
    return steps


def in_order(steps: Sequence[Step]) -> list[Step]:
    """Return steps in the order they happened, each with the time since the one before."""
    ordered = sorted(steps, key=lambda step: (step.recorded_at, step.order))
    timed = []
    before: Step | None = None
    who = ""
    for _, together in itertools.groupby(ordered, key=lambda step: step.group or id(step)):
        step = _together(list(together))
        if step.by:
            step, who = replace(step, by="" if step.by == who else step.by), step.by
        timed.append(_with_gap(step, before))
        before = step
    return timed


def _together(steps: Sequence[Step]) -> Step:
    """Draw messages that went the same way one after the other as one step."""
    first = steps[0]
    if len(steps) == 1:
        return first
    told = ", ".join(step.lines[0] for step in steps)
    return replace(
        first,
        title=f"{len(steps)} webhooks{first.title.removeprefix('Webhook')}",
        lines=(told, *first.lines[1:]),
    )


def _with_gap(step: Step, before: Step | None) -> Step:
    if before is None:
        return step
    # Steps of one request share its business instant; the real clock tells them apart.
    gap = step.at - before.at
    if gap < timedelta(seconds=1):
        gap = step.recorded_at - before.recorded_at
    gap = max(gap, timedelta())
    text = formats.after(gap) if gap >= timedelta(milliseconds=1) else ""
    return replace(step, gap=text)


def _fact(item: Item, assessments: dict[UUID, Assessment]) -> Step | None:
    told = _TOLD.get(item.kind)
    if told is None:
        return None
    tone, icon, title, lines = told(item.data)
    reasons: tuple[ReasonBar, ...] = ()
    if item.kind == "payment_assessed":
        reasons = _reasons(assessments.get(UUID(item.data["assessment_id"])))
    return Step(
        tone=tone,
        icon=icon,
        title=title,
        lines=tuple(line for line in lines if line),
        at=item.occurred_at,
        recorded_at=item.recorded_at,
        by=_WHO.get(item.by, "") if item.kind not in _SILENT else "",
        reasons=reasons,
        request_id=item.request_id,
        order=(0, item.position),
    )


def _reasons(assessment: Assessment | None) -> tuple[ReasonBar, ...]:
    if assessment is None:
        return ()
    largest = max((abs(reason.weight) for reason in assessment.reasons), default=0)
    return tuple(
        ReasonBar(
            points=f"+{reason.weight}" if reason.weight >= 0 else f"−{-reason.weight}",
            sentence=str(reason),
            share=charts.share(reason.weight, largest),
        )
        for reason in assessment.reasons
    )


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


def _refund_created(data: dict[str, Any]) -> Told:
    reason = data.get("reason", "").replace("_", " ")
    line = f"Reason: {reason}" if reason else ""
    return "quiet", "arrow-counterclockwise", f"Refund of {_amount(data)} asked for", (line,)


def _refund_succeeded(data: dict[str, Any]) -> Told:
    line = "It is on its way to the payer; banks take 5 to 10 days to show it."
    return "ok", "arrow-counterclockwise", f"{_amount(data)} refunded", (line,)


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


_TOLD = {
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
    "payment_outcome_unknown": _unknown,
    "payment_capture_requested": _capture_requested,
    "payment_capture_failed": _capture_failed,
    "payment_captured": _captured,
    "payment_cancel_requested": _cancel_requested,
    "payment_cancel_failed": _cancel_failed,
    "payment_canceled": _canceled,
    "payment_remainder_released": _released,
    "payment_conflicted": _conflicted,
    "refund_created": _refund_created,
    "refund_succeeded": _refund_succeeded,
    "refund_failed": _refund_failed,
    "refund_outcome_unknown": _unknown,
}
KINDS = frozenset(_TOLD)
# Steps that follow from the one before; who did it is said there.
_SILENT = frozenset(
    {
        "payment_assessed",
        "payment_blocked",
        "payment_challenged",
        "payment_review_opened",
        "payment_authorized",
        "payment_declined",
        "payment_attempt_errored",
        "payment_outcome_unknown",
        "refund_succeeded",
        "refund_failed",
        "refund_outcome_unknown",
    }
)
_ENTRIES = {
    "authorize_card": "Booked: authorization, pending",
    "capture_card": "Booked: capture and fee",
    "release": "Booked: authorization released",
    "refund_card": "Booked: refund",
    "refund_returned": "Booked: refund came back",
    "top_up": "Booked: wallet top-up",
}
_ACCOUNTS = (
    ("assets:bank:", "Bank"),
    ("assets:processor:", "Acquirer owes us"),
    ("assets:merchant:", "Merchant owes us"),
    ("liabilities:wallet:", "Wallet"),
    ("income:fees:processing", "Our fee"),
    ("expenses:processor_fees", "Acquirer's fee"),
)


def account(address: str) -> str:
    """Return a ledger account's address in words."""
    if address.startswith("liabilities:merchant:"):
        part = address.split(":")[3] if address.count(":") >= 3 else ""  # noqa: PLR2004
        return f"Your {part.replace('_', ' ')} balance"
    for start, name in _ACCOUNTS:
        if address.startswith(start):
            return name
    return address


def _entry(item: Item) -> Step:
    """Draw a journal entry with its lines on two sides."""
    template = str(item.data.get("template", ""))
    entry_id = UUID(item.data["entry_id"])
    lines = tuple(
        JournalLine(
            account=account(line["address"]),
            address=line["address"],
            debit=Money(line["minor"], line["currency"]) if line["side"] == "debit" else None,
            credit=Money(line["minor"], line["currency"]) if line["side"] == "credit" else None,
        )
        for line in item.data.get("lines", ())
    )
    return Step(
        tone="info",
        icon="journal-text",
        title=_ENTRIES.get(template, f"Booked: {template.replace('_', ' ')}"),
        at=item.occurred_at,
        recorded_at=item.recorded_at,
        journal=lines,
        total=_total(lines),
        reference=ids.public("ltx", entry_id),
        order=(1, item.position),
    )


def _total(lines: Iterable[JournalLine]) -> Money | None:
    debits = [line.debit for line in lines if line.debit is not None]
    if not debits:
        return None
    return sum(debits[1:], start=debits[0])


def of_deliveries(deliveries: Iterable[Delivery]) -> list[Step]:
    """Return a step per message about the payment."""
    return [_mail(one) if one.channel == Channel.MAIL else _webhook(one) for one in deliveries]


_WEBHOOKS = {
    DeliveryState.DELIVERED: ("ok", "Webhook delivered"),
    DeliveryState.PENDING: ("info", "Webhook waits to be sent"),
    DeliveryState.FAILED: ("bad", "Webhook refused by the receiver"),
    DeliveryState.ABANDONED: ("bad", "Webhook given up"),
}


def _webhook(delivery: Delivery) -> Step:
    tone, title = _WEBHOOKS[DeliveryState(delivery.state)]
    trouble = ""
    if delivery.attempts and delivery.state != DeliveryState.DELIVERED:
        answer = delivery.last_status or delivery.last_error or "no answer"
        tone = "bad" if tone == "bad" else "warn"
        title = f"Webhook failed {delivery.attempts}×" if tone == "warn" else title
        trouble = f"The last answer: {answer}"
    return Step(
        tone=tone,
        icon="broadcast",
        title=title,
        lines=tuple(line for line in (delivery.event_type, delivery.url, trouble) if line),
        at=delivery.delivered_at or delivery.created_at,
        recorded_at=ids.at(delivery.id),
        url=""
        if delivery.endpoint_id is None
        else reverse("web:webhook", args=[delivery.endpoint_id]),
        link="See the deliveries",
        group=f"{delivery.endpoint_id}:{delivery.state}:{trouble}",
        order=(2, 0),
    )


_MAILS = {
    "payment_receipt": ("Receipt", "to the payer"),
    "refund_receipt": ("Receipt of the refund", "to the payer"),
    "review_opened": ("Notice of the review", "to you"),
}


def _mail(delivery: Delivery) -> Step:
    sent = delivery.state == DeliveryState.DELIVERED
    what, whom = _MAILS.get(delivery.template, ("Mail", ""))
    return Step(
        tone="ok" if sent else "info",
        icon="envelope",
        title=f"{what} mailed {whom}" if sent else f"{what} waits to be mailed {whom}",
        at=delivery.delivered_at or delivery.created_at,
        recorded_at=ids.at(delivery.id),
        order=(3, 0),
    )

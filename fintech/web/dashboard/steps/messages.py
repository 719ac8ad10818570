"""Webhooks and mails about a payment in words."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.urls import reverse

from fintech.kernel import ids
from fintech.notifications.data import Channel, Delivery, DeliveryState
from fintech.web.dashboard.steps.drawn import Step
from fintech.web.pills import anchor


def of_deliveries(deliveries: Iterable[Delivery]) -> list[Step]:
    """Return a step per message about the payment."""
    return [
        _webhook(one) if one.channel == Channel.WEBHOOK else _message(one) for one in deliveries
    ]


_WEBHOOKS = {
    DeliveryState.DELIVERED: ("ok", "Webhook delivered"),
    DeliveryState.PENDING: ("info", "Webhook waits to be sent"),
    DeliveryState.SENT: ("info", "Webhook sent"),
    DeliveryState.FAILED: ("bad", "Webhook refused by the receiver"),
    DeliveryState.ABANDONED: ("bad", "Webhook given up"),
}


def _arrived(delivery: Delivery) -> datetime:
    """Return when a message came through, by the real clock that orders the timeline."""
    took = (delivery.delivered_at or delivery.created_at) - delivery.created_at
    return ids.at(delivery.id) + max(took, timedelta())


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
        recorded_at=_arrived(delivery),
        links=()
        if delivery.endpoint_id is None
        else ((reverse("web:webhook", args=[delivery.endpoint_id]), "See the deliveries"),),
        group=f"{delivery.endpoint_id}:{delivery.state}:{trouble}",
        order=(2, 0),
    )


_MAILS = {
    "payment_receipt": ("Receipt", "to the payer"),
    "refund_receipt": ("Receipt of the refund", "to the payer"),
    "review_opened": ("Notice of the review", "to you"),
}


_STAGES = {
    DeliveryState.DELIVERED: "ok",
    DeliveryState.FAILED: "bad",
    DeliveryState.ABANDONED: "bad",
}


def _message(delivery: Delivery) -> Step:
    """Draw a mail or a text message."""
    state = DeliveryState(delivery.state)
    what, whom = _MAILS.get(delivery.template, ("Message", ""))
    by, done = ("mail", "mailed") if delivery.channel == Channel.MAIL else ("text", "texted")
    title = {
        DeliveryState.PENDING: f"{what} waits to be {done} {whom}",
        DeliveryState.FAILED: f"{what} could not be {done} {whom}",
        DeliveryState.ABANDONED: f"{what} could not be {done} {whom}",
    }.get(state, f"{what} {done} {whom}")
    return Step(
        tone=_STAGES.get(state, "info"),
        icon="envelope",
        title=title.strip(),
        at=delivery.delivered_at or delivery.created_at,
        recorded_at=_arrived(delivery),
        links=((f"{reverse('web:states')}#{anchor('delivery', state)}", f"About this {by}"),),
        order=(3, 0),
    )

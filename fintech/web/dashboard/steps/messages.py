"""Webhooks and mails about a payment in words."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.urls import reverse

from fintech.kernel import ids
from fintech.notifications.data import Channel, Delivery, DeliveryState
from fintech.web.dashboard.steps.drawn import Step


def of_deliveries(deliveries: Iterable[Delivery]) -> list[Step]:
    """Return a step per message about the payment."""
    return [_mail(one) if one.channel == Channel.MAIL else _webhook(one) for one in deliveries]


_WEBHOOKS = {
    DeliveryState.DELIVERED: ("ok", "Webhook delivered"),
    DeliveryState.PENDING: ("info", "Webhook waits to be sent"),
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
        recorded_at=_arrived(delivery),
        order=(3, 0),
    )

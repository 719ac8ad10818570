"""Endpoints, and facts told, through the doors that life uses."""

from datetime import datetime

from django_subatomic import db

from fintech.kernel import event_log
from fintech.merchants.data import Merchant
from fintech.notifications import data, handlers
from fintech.notifications import services as notifications
from fintech.notifications.models import Delivery
from fintech.payments import services as payments
from fintech.payments.data import Customer
from tests.make.merchants import BY, NOON


def endpoint(
    of: Merchant,
    url: str = "http://127.0.0.1:9999/hooks",
    *,
    events: tuple[str, ...] = ("*",),
    is_ordered: bool = False,
    at: datetime = NOON,
) -> data.Endpoint:
    """Return an endpoint of a merchant, with its secret."""
    return notifications.create_endpoint(
        merchant_id=of.id, url=url, events=events, is_ordered=is_ordered, by=BY, at=at
    ).value


def customer(of: Merchant, *, name: str = "Carla Customer", at: datetime = NOON) -> Customer:
    """Return a customer: the smallest thing of which a merchant is told."""
    return payments.create_customer(merchant_id=of.id, name=name, by=BY, at=at).value


def told_so_far() -> None:
    """Hear all facts of the log as the subscription would, in the test's own transaction."""
    with db.transaction():
        handlers.hear(event_log.after(0, 10_000))


def all_given_up() -> None:
    """Make every message a dead letter, as its last try would have."""
    Delivery.objects.update(
        state="abandoned",
        next_attempt_at=None,
        last_error="http_error",
        failure="temporary",
        tries_left=0,
    )

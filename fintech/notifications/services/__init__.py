"""What notifications can be told to do. Keyword-only; values in and out."""

from fintech.notifications.services.delivering import deliver, deliver_due
from fintech.notifications.services.endpoints import (
    create_endpoint,
    delete_endpoint,
    roll_secret,
    update_endpoint,
)
from fintech.notifications.services.publishing import publish
from fintech.notifications.services.resending import resend, resend_failed

__all__ = [
    "create_endpoint",
    "delete_endpoint",
    "deliver",
    "deliver_due",
    "publish",
    "resend",
    "resend_failed",
    "roll_secret",
    "update_endpoint",
]

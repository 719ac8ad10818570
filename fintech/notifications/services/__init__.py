"""What notifications can be told to do. Keyword-only; values in and out."""

from fintech.notifications.services.delivering import (
    deliver,
    deliver_due,
    is_under_way,
)
from fintech.notifications.services.endpoints import (
    create_endpoint,
    delete_endpoint,
    roll_secret,
    update_endpoint,
)
from fintech.notifications.services.preferences import (
    keep_quiet,
    kind_of,
    prefer,
    unsubscribe,
)
from fintech.notifications.services.providing import receive
from fintech.notifications.services.publishing import publish
from fintech.notifications.services.resending import resend, resend_failed
from fintech.notifications.services.wordings import (
    check_wording,
    preview,
    save_wording,
    send_test,
)

__all__ = [
    "check_wording",
    "create_endpoint",
    "delete_endpoint",
    "deliver",
    "deliver_due",
    "is_under_way",
    "keep_quiet",
    "kind_of",
    "prefer",
    "preview",
    "publish",
    "receive",
    "resend",
    "resend_failed",
    "roll_secret",
    "save_wording",
    "send_test",
    "unsubscribe",
    "update_endpoint",
]

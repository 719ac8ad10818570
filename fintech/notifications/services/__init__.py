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
    send_test_event,
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
from fintech.notifications.services.resending import (
    resend,
    resend_agreed,
    resend_failed,
    resend_range,
)
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
    "resend_agreed",
    "resend_failed",
    "resend_range",
    "roll_secret",
    "save_wording",
    "send_test",
    "send_test_event",
    "unsubscribe",
    "update_endpoint",
]

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
from fintech.notifications.services.opening import note_opened
from fintech.notifications.services.preferences import (
    choices,
    choices_token,
    choices_token_of,
    choose,
    keep_quiet,
    kind_of,
    prefer,
    prefer_of_customer,
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
from fintech.notifications.services.trying import send_copy, send_test_event
from fintech.notifications.services.wordings import (
    check_wording,
    preview,
    save_wording,
    send_test,
)

__all__ = [
    "check_wording",
    "choices",
    "choices_token",
    "choices_token_of",
    "choose",
    "create_endpoint",
    "delete_endpoint",
    "deliver",
    "deliver_due",
    "is_under_way",
    "keep_quiet",
    "kind_of",
    "note_opened",
    "prefer",
    "prefer_of_customer",
    "preview",
    "publish",
    "receive",
    "resend",
    "resend_agreed",
    "resend_failed",
    "resend_range",
    "roll_secret",
    "save_wording",
    "send_copy",
    "send_test",
    "send_test_event",
    "unsubscribe",
    "update_endpoint",
]

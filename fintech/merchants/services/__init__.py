"""What merchants can be told to do. Keyword-only; values in and out."""

from fintech.merchants.services.keys import create_api_key, revoke_api_key, roll_api_key
from fintech.merchants.services.oauth import (
    create_oauth_client,
    forget_expired_tokens,
    revoke_oauth_client,
    rotate_signing_key,
    signing_keys,
)
from fintech.merchants.services.opening import open_merchant, pin_version, set_price
from fintech.merchants.services.people import (
    change_role,
    invite_user,
    remove_member,
)
from fintech.merchants.services.requests import (
    flush_requests,
    forget_requests,
    log_request,
    record_requests,
)
from fintech.merchants.services.staff import (
    create_staff,
    propose_staff_role,
    staff_role_agreed,
    withdraw_staff_roles,
)

__all__ = [
    "change_role",
    "create_api_key",
    "create_oauth_client",
    "create_staff",
    "flush_requests",
    "forget_expired_tokens",
    "forget_requests",
    "invite_user",
    "log_request",
    "open_merchant",
    "pin_version",
    "propose_staff_role",
    "record_requests",
    "remove_member",
    "revoke_api_key",
    "revoke_oauth_client",
    "roll_api_key",
    "rotate_signing_key",
    "set_price",
    "signing_keys",
    "staff_role_agreed",
    "withdraw_staff_roles",
]

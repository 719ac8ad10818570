"""
Who may do what: one matrix for the people of merchants, one for staff.

`ROLES` says what a person may do for a merchant; rights are granted on the merchant as an
object, so nobody has one everywhere. `STAFF_ROLES` says what staff may do in the back
office, and `PERMISSIONS` which of Django's permissions each of those rights is. How far
one person goes alone is an attribute of the right: beyond `ALONE_UP_TO`, and always for
what is in `TWO_PEOPLE`, a second person agrees (`kernel.approvals`).
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from fnmatch import fnmatchcase

from fintech.kernel.money import Money, exponent


class Role(StrEnum):
    """What a person does for a merchant."""

    OWNER = "owner"
    FINANCE = "finance"
    SUPPORT = "support"
    DEVELOPER = "developer"
    VIEWER = "viewer"


class Right(StrEnum):
    """One thing a person may do for a merchant."""

    VIEW_PAYMENTS = "view_payments"
    TAKE_PAYMENTS = "take_payments"
    REFUND_PAYMENTS = "refund_payments"
    VIEW_CUSTOMERS = "view_customers"
    EDIT_CUSTOMERS = "edit_customers"
    VIEW_BALANCE = "view_balance"
    VIEW_WALLETS = "view_wallets"
    MOVE_WALLETS = "move_wallets"
    VIEW_RISK = "view_risk"
    DECIDE_RISK = "decide_risk"
    VIEW_REPORTS = "view_reports"
    VIEW_WEBHOOKS = "view_webhooks"
    MANAGE_WEBHOOKS = "manage_webhooks"
    MANAGE_KEYS = "manage_keys"
    VIEW_REQUEST_LOG = "view_request_log"
    MANAGE_PEOPLE = "manage_people"
    MANAGE_SETTINGS = "manage_settings"


_SEES = frozenset(
    {
        Right.VIEW_PAYMENTS,
        Right.VIEW_CUSTOMERS,
        Right.VIEW_BALANCE,
        Right.VIEW_WALLETS,
        Right.VIEW_REPORTS,
    }
)

ROLES: Mapping[Role, frozenset[Right]] = {
    Role.OWNER: frozenset(Right),
    Role.FINANCE: _SEES
    | {Right.TAKE_PAYMENTS, Right.REFUND_PAYMENTS, Right.MOVE_WALLETS, Right.VIEW_RISK},
    Role.SUPPORT: frozenset(
        {
            Right.VIEW_PAYMENTS,
            Right.VIEW_CUSTOMERS,
            Right.EDIT_CUSTOMERS,
            Right.REFUND_PAYMENTS,
            Right.VIEW_RISK,
            Right.DECIDE_RISK,
        }
    ),
    Role.DEVELOPER: frozenset(
        {
            Right.VIEW_PAYMENTS,
            Right.VIEW_WEBHOOKS,
            Right.MANAGE_WEBHOOKS,
            Right.MANAGE_KEYS,
            Right.VIEW_REQUEST_LOG,
        }
    ),
    Role.VIEWER: _SEES,
}

# Whole units of the currency that one person of a role moves alone; who is not named, any amount.
ALONE_UP_TO: Mapping[Right, Mapping[Role, int]] = {
    Right.REFUND_PAYMENTS: {Role.FINANCE: 5_000, Role.SUPPORT: 500},
}
_HUNDREDTHS = 2  # Where a currency has no minor unit, a unit is taken as a hundredth of one.


def is_alone(role: Role, right: Right, amount: Money) -> bool:
    """Whether one person in a role may do this with so much; beyond it a second agrees."""
    units = ALONE_UP_TO.get(right, {}).get(role)
    if units is None:
        return True
    most: int = units * 10 ** max(exponent(amount.currency), _HUNDREDTHS)
    return amount.minor <= most


class StaffRole(StrEnum):
    """What a person does in the back office."""

    RISK_ANALYST = "risk_analyst"
    FINANCE = "finance"
    SUPPORT = "support"
    COMPLIANCE = "compliance"
    ADMINISTRATOR = "administrator"


class StaffRight(StrEnum):
    """One thing that staff may do."""

    VIEW_PAYMENTS = "view_payments"
    DECIDE_REVIEWS = "decide_reviews"
    CORRECT_PAYMENTS = "correct_payments"
    ROUTE_PAYMENTS = "route_payments"
    VIEW_BOOKS = "view_books"
    PROPOSE_ENTRIES = "propose_entries"
    VIEW_WALLETS = "view_wallets"
    FREEZE_WALLETS = "freeze_wallets"
    DECIDE_WITHDRAWALS = "decide_withdrawals"
    DECIDE_TRANSFERS = "decide_transfers"
    ALLOW_OVERDRAFTS = "allow_overdrafts"
    VIEW_RISK = "view_risk"
    TUNE_RISK = "tune_risk"
    VIEW_MERCHANTS = "view_merchants"
    VIEW_PEOPLE = "view_people"
    GRANT_ROLES = "grant_roles"
    VIEW_MESSAGES = "view_messages"
    SEND_MESSAGES = "send_messages"
    VIEW_RECONCILIATION = "view_reconciliation"
    RESOLVE_BREAKS = "resolve_breaks"
    VIEW_TRAIL = "view_trail"
    VIEW_APPROVALS = "view_approvals"


PERMISSIONS: Mapping[StaffRight, tuple[str, ...]] = {
    StaffRight.VIEW_PAYMENTS: ("payments.view_*", "web.view_*"),
    StaffRight.DECIDE_REVIEWS: ("payments.change_review",),
    StaffRight.CORRECT_PAYMENTS: ("payments.change_payment",),
    StaffRight.ROUTE_PAYMENTS: (
        "payments.add_route",
        "payments.change_route",
        "payments.add_providercost",
        "payments.change_providercost",
        "payments.change_providerhold",
    ),
    StaffRight.VIEW_BOOKS: ("ledger.view_*",),
    StaffRight.PROPOSE_ENTRIES: ("ledger.add_*", "ledger.change_*"),
    StaffRight.VIEW_WALLETS: ("wallets.view_*",),
    StaffRight.FREEZE_WALLETS: ("wallets.change_wallet",),
    StaffRight.DECIDE_WITHDRAWALS: ("wallets.change_withdrawal",),
    StaffRight.DECIDE_TRANSFERS: ("wallets.change_transfer",),
    StaffRight.ALLOW_OVERDRAFTS: ("wallets.change_allowance",),
    StaffRight.VIEW_RISK: ("fraud.view_*",),
    StaffRight.TUNE_RISK: ("fraud.add_*", "fraud.change_*", "fraud.delete_*"),
    StaffRight.VIEW_MERCHANTS: (
        "merchants.view_merchant",
        "merchants.view_membership",
        "merchants.view_apikey",
        "merchants.view_requestlogline",
        "allauth_idp_oidc.view_client",
    ),
    StaffRight.VIEW_PEOPLE: ("merchants.view_user",),
    StaffRight.GRANT_ROLES: ("merchants.change_user",),
    StaffRight.VIEW_MESSAGES: ("notifications.view_*",),
    StaffRight.SEND_MESSAGES: ("notifications.add_*", "notifications.change_*"),
    StaffRight.VIEW_RECONCILIATION: ("reconciliation.view_*",),
    StaffRight.RESOLVE_BREAKS: ("reconciliation.add_*", "reconciliation.change_*"),
    StaffRight.VIEW_TRAIL: ("audit.view_*", "kernel.view_*"),
    # Which kinds a person decides follows from what their role may do otherwise.
    StaffRight.VIEW_APPROVALS: ("kernel.view_approval", "kernel.change_approval"),
}

_SHOWS = frozenset(right for right in StaffRight if right.startswith("view_"))

STAFF_ROLES: Mapping[StaffRole, frozenset[StaffRight]] = {
    StaffRole.RISK_ANALYST: frozenset(
        {
            StaffRight.VIEW_PAYMENTS,
            StaffRight.DECIDE_REVIEWS,
            StaffRight.VIEW_RISK,
            StaffRight.TUNE_RISK,
            StaffRight.VIEW_MERCHANTS,
            StaffRight.VIEW_APPROVALS,
        }
    ),
    StaffRole.FINANCE: frozenset(
        {
            StaffRight.VIEW_PAYMENTS,
            StaffRight.CORRECT_PAYMENTS,
            StaffRight.ROUTE_PAYMENTS,
            StaffRight.VIEW_BOOKS,
            StaffRight.PROPOSE_ENTRIES,
            StaffRight.VIEW_WALLETS,
            StaffRight.DECIDE_WITHDRAWALS,
            StaffRight.DECIDE_TRANSFERS,
            StaffRight.ALLOW_OVERDRAFTS,
            StaffRight.VIEW_MERCHANTS,
            StaffRight.VIEW_RECONCILIATION,
            StaffRight.RESOLVE_BREAKS,
            StaffRight.VIEW_APPROVALS,
        }
    ),
    StaffRole.SUPPORT: frozenset(
        {
            StaffRight.VIEW_PAYMENTS,
            StaffRight.VIEW_WALLETS,
            StaffRight.VIEW_MERCHANTS,
            StaffRight.VIEW_PEOPLE,
            StaffRight.VIEW_MESSAGES,
            StaffRight.SEND_MESSAGES,
        }
    ),
    StaffRole.COMPLIANCE: _SHOWS | {StaffRight.FREEZE_WALLETS},
    StaffRole.ADMINISTRATOR: frozenset(StaffRight),
}

# What takes two people whatever the amount: one proposes, another carries it out.
TWO_PEOPLE = frozenset(
    {StaffRight.CORRECT_PAYMENTS, StaffRight.PROPOSE_ENTRIES, StaffRight.GRANT_ROLES}
)


def permits(roles: Iterable[StaffRole], permission: str) -> bool:
    """Whether one of the roles has a permission of Django's, such as `fraud.change_rule`."""
    return any(
        fnmatchcase(permission, pattern)
        for role in roles
        for right in STAFF_ROLES[role]
        for pattern in PERMISSIONS[right]
    )

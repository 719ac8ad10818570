"""
The verbs of payments. Money moves in three beats: decide and commit, ask, record and commit.

Every command is keyword-only, names who gives it (`by`) and when (`at`), and joins or
opens its transaction as its docstring says. Refusals are `fintech.payments.errors`.
"""

from fintech.payments.services.adjusting import adjust_authorization
from fintech.payments.services.becoming import make_available
from fintech.payments.services.canceling import cancel
from fintech.payments.services.capturing import capture
from fintech.payments.services.catalog import (
    create_price,
    create_product,
    delete_product,
    update_price,
    update_product,
)
from fintech.payments.services.challenging import answer_challenge
from fintech.payments.services.checkout_sessions import (
    expire_session,
    expire_sessions_due,
    open_session,
    pay_by_session,
)
from fintech.payments.services.confirming import confirm, confirm_all, confirm_one
from fintech.payments.services.correcting import correct, propose_correction
from fintech.payments.services.creating import create
from fintech.payments.services.customers import create_customer, delete_customer, update_customer
from fintech.payments.services.deciding import begin
from fintech.payments.services.expiring import expire_due
from fintech.payments.services.funds import recover_debts
from fintech.payments.services.holding import hold_provider, keep_holds
from fintech.payments.services.janitor import resolve_due
from fintech.payments.services.links import create_link, pay_by_link, update_link
from fintech.payments.services.methods import (
    attach,
    create_payment_method,
    detach,
    update_payment_method,
)
from fintech.payments.services.receiving import receive
from fintech.payments.services.recording import ask, record
from fintech.payments.services.refunding import refund
from fintech.payments.services.refunding_by_two import REFUND_KIND, propose_refund, refund_agreed
from fintech.payments.services.rehearsing import dry_run
from fintech.payments.services.reviewing import (
    REVIEW_KIND,
    decide_review,
    needs_two,
    propose_approval,
    review_agreed,
)
from fintech.payments.services.routes import (
    ROUTE_KIND,
    check_route,
    propose_route,
    route_agreed,
    set_provider_cost,
    write_route,
)
from fintech.payments.services.settling import settlement_file
from fintech.payments.services.topping_up import top_up_wallet
from fintech.payments.services.transfers import (
    transfer_between_wallets,
    transfer_many_between_wallets,
)
from fintech.payments.services.updating import update_payment, update_refund
from fintech.payments.services.withdrawals import (
    send_pending_withdrawals,
    withdraw_from_wallet,
)

__all__ = [
    "REFUND_KIND",
    "REVIEW_KIND",
    "ROUTE_KIND",
    "adjust_authorization",
    "answer_challenge",
    "ask",
    "attach",
    "begin",
    "cancel",
    "capture",
    "check_route",
    "confirm",
    "confirm_all",
    "confirm_one",
    "correct",
    "create",
    "create_customer",
    "create_link",
    "create_payment_method",
    "create_price",
    "create_product",
    "decide_review",
    "delete_customer",
    "delete_product",
    "detach",
    "dry_run",
    "expire_due",
    "expire_session",
    "expire_sessions_due",
    "hold_provider",
    "keep_holds",
    "make_available",
    "needs_two",
    "open_session",
    "pay_by_link",
    "pay_by_session",
    "propose_approval",
    "propose_correction",
    "propose_refund",
    "propose_route",
    "receive",
    "record",
    "recover_debts",
    "refund",
    "refund_agreed",
    "resolve_due",
    "review_agreed",
    "route_agreed",
    "send_pending_withdrawals",
    "set_provider_cost",
    "settlement_file",
    "top_up_wallet",
    "transfer_between_wallets",
    "transfer_many_between_wallets",
    "update_customer",
    "update_link",
    "update_payment",
    "update_payment_method",
    "update_price",
    "update_product",
    "update_refund",
    "withdraw_from_wallet",
    "write_route",
]

"""
The object of an event, as `wire` shows it, read from the room that owns it.

An object is read once per window. It is rendered as it is when we tell of it, which is
a moment after the fact: a receiver that needs the newest state asks for it.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from uuid import UUID

from fintech.fraud import queries as fraud
from fintech.kernel.errors import NotFound
from fintech.merchants import queries as merchants
from fintech.notifications import queries
from fintech.payments import queries as payments
from fintech.payments.data import Attempt, Payment, PaymentMethod, Refund
from fintech.reconciliation import queries as reconciliation
from fintech.wallets import queries as wallets
from fintech.wire import (
    api_keys,
    balance,
    charges,
    checkout_sessions,
    customers,
    fraud_assessments,
    fraud_cases,
    notifications,
    payment_intents,
    payment_links,
    payment_methods,
    prices,
    products,
    refunds,
)
from fintech.wire import reconciliation as wire_reconciliation
from fintech.wire import wallets as wire_wallets
from fintech.wire.scalars import Json

_REFUNDS_SHOWN = 10  # As the API shows a charge.


class Objects:
    """What events of one window show; every object is read and rendered once."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, UUID], Json | None] = {}
        self._payments: dict[UUID, Payment] = {}
        self._attempts: dict[UUID, Attempt] = {}
        self._methods: dict[UUID, PaymentMethod] = {}
        self._refunds: Mapping[UUID, Sequence[Refund]] = {}

    def shown(self, name: str, object_id: UUID, merchant_id: UUID) -> Json | None:
        """Return an object by its public kind and id; None where there is nothing to show."""
        place = (name, object_id)
        if place not in self._seen:
            render = _RENDERERS.get(name)
            try:
                self._seen[place] = render(self, object_id, merchant_id) if render else None
            except NotFound:
                self._seen[place] = None
        return self._seen[place]

    def read_ahead(self, payment_ids: Collection[UUID]) -> None:
        """Read all payments of a window at once, with what is shown of them."""
        told = payments.told_of(payment_ids)
        for found in told.payments:
            self._keep(found)
        self._methods = {method.id: method for method in told.methods}
        self._refunds = told.refunds

    def payment(self, payment_id: UUID, merchant_id: UUID) -> Payment:
        """Return a payment, read once per window."""
        known = self._payments.get(payment_id)
        if known is None or known.merchant_id != merchant_id:
            self._keep(payments.payment(payment_id, merchant_id))
        return self._payments[payment_id]

    def attempt(self, attempt_id: UUID, merchant_id: UUID) -> Attempt:
        """Return an attempt; most came along with their payment."""
        known = self._attempts.get(attempt_id)
        return payments.charge(attempt_id, merchant_id) if known is None else known

    def method(self, method_id: UUID, merchant_id: UUID) -> PaymentMethod:
        """Return a card; most came along with their payment."""
        known = self._methods.get(method_id)
        return payments.payment_method(method_id, merchant_id) if known is None else known

    def refunds(self, attempt_id: UUID, merchant_id: UUID) -> Sequence[Refund]:
        """Return the newest refunds of an attempt."""
        known = self._refunds.get(attempt_id)
        if known is not None:
            return known[:_REFUNDS_SHOWN]
        return payments.refunds(merchant_id, limit=_REFUNDS_SHOWN, attempt_id=attempt_id).items

    def number(self, payment_id: UUID, merchant_id: UUID) -> str:
        """Return the telephone number of a payment's customer, or nothing."""
        customer_id = self.payment(payment_id, merchant_id).customer_id
        if customer_id is None:
            return ""
        try:
            return payments.customer(customer_id, merchant_id).phone
        except NotFound:
            return ""

    def _keep(self, found: Payment) -> None:
        self._payments[found.id] = found
        if found.latest_attempt is not None:
            self._attempts[found.latest_attempt.id] = found.latest_attempt


def _payment_intent(objects: Objects, object_id: UUID, merchant_id: UUID) -> Json:
    return payment_intents.render(objects.payment(object_id, merchant_id))


def _charge(objects: Objects, object_id: UUID, merchant_id: UUID) -> Json:
    attempt = objects.attempt(object_id, merchant_id)
    payment = objects.payment(attempt.payment_id, merchant_id)
    given_back: Sequence[Refund] = ()
    if payment.captured.minor:  # Otherwise there is nothing to give back.
        given_back = objects.refunds(attempt.id, merchant_id)
    return charges.render(
        attempt,
        payment,
        method=objects.method(attempt.payment_method_id, merchant_id),
        given_back=given_back,
    )


def _refund(_: Objects, object_id: UUID, merchant_id: UUID) -> Json:
    return refunds.render(payments.refund(object_id, merchant_id))


def _balance(_: Objects, _object_id: UUID, merchant_id: UUID) -> Json:
    now = payments.balance(merchant_id)
    return balance.render(available=now.available, pending=now.pending)


def _customer(_: Objects, object_id: UUID, merchant_id: UUID) -> Json:
    return customers.render(payments.customer(object_id, merchant_id))


def _payment_method(_: Objects, object_id: UUID, merchant_id: UUID) -> Json:
    return payment_methods.render(payments.payment_method(object_id, merchant_id))


def _payment_link(_: Objects, object_id: UUID, merchant_id: UUID) -> Json:
    return payment_links.render(payments.link(object_id, merchant_id))


def _product(_: Objects, object_id: UUID, merchant_id: UUID) -> Json:
    return products.render(payments.product(object_id, merchant_id))


def _price(_: Objects, object_id: UUID, merchant_id: UUID) -> Json:
    return prices.render(payments.price(object_id, merchant_id))


def _session(_: Objects, object_id: UUID, merchant_id: UUID) -> Json:
    return checkout_sessions.render(payments.session(object_id, merchant_id))


def _assessment(_: Objects, object_id: UUID, merchant_id: UUID) -> Json:
    return fraud_assessments.render(fraud.assessment(object_id, merchant_id=merchant_id))


def _case(_: Objects, object_id: UUID, merchant_id: UUID) -> Json:
    return fraud_cases.render(fraud.case(object_id, merchant_id=merchant_id))


def _api_key(_: Objects, object_id: UUID, merchant_id: UUID) -> Json:
    return api_keys.render(merchants.api_key(object_id, merchant_id))


def _notification(_: Objects, object_id: UUID, merchant_id: UUID) -> Json:
    return notifications.render(queries.delivery(object_id, merchant_id))


def _run(_: Objects, object_id: UUID, _merchant_id: UUID) -> Json:
    return wire_reconciliation.render_run(reconciliation.run(object_id))


def _break(_: Objects, object_id: UUID, _merchant_id: UUID) -> Json:
    return wire_reconciliation.render_break(reconciliation.found_break(object_id))


def _wallet(_: Objects, object_id: UUID, merchant_id: UUID) -> Json:
    return wire_wallets.render(
        wallets.wallet(object_id, merchant_id), wallets.balances(object_id, merchant_id)
    )


def _hold(_: Objects, object_id: UUID, merchant_id: UUID) -> Json:
    return wire_wallets.render_hold(wallets.hold(object_id, merchant_id))


def _transfer(_: Objects, object_id: UUID, merchant_id: UUID) -> Json:
    return wire_wallets.render_transfer(wallets.transfer(object_id, merchant_id))


def _withdrawal(_: Objects, object_id: UUID, merchant_id: UUID) -> Json:
    return wire_wallets.render_withdrawal(wallets.withdrawal(object_id, merchant_id))


_RENDERERS: dict[str, Callable[[Objects, UUID, UUID], Json]] = {
    "payment_intent": _payment_intent,
    "charge": _charge,
    "refund": _refund,
    "balance": _balance,
    "customer": _customer,
    "payment_method": _payment_method,
    "payment_link": _payment_link,
    "checkout.session": _session,
    "price": _price,
    "product": _product,
    "fraud.assessment": _assessment,
    "fraud.case": _case,
    "api_key": _api_key,
    "notification": _notification,
    "reconciliation.run": _run,
    "reconciliation.break": _break,
    "wallet": _wallet,
    "wallet_hold": _hold,
    "wallet_transfer": _transfer,
    "wallet_withdrawal": _withdrawal,
}

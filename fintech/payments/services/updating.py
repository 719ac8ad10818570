"""Changing what a merchant keeps with a payment or a refund, and what is owed before it is paid."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django_subatomic import db

from fintech.kernel import event_log, idempotency
from fintech.kernel.actor import Actor
from fintech.kernel.idempotency import Done, Key
from fintech.kernel.money import Money
from fintech.merchants import queries as merchant_queries
from fintech.payments import data, errors, events
from fintech.payments.data import PaymentState
from fintech.payments.models import Customer, Payment, PaymentMethod, Refund, batch
from fintech.payments.models.refund import as_one
from fintech.payments.services import drafting, methods, rows


def update_payment(
    *,
    merchant_id: UUID,
    payment_id: UUID,
    amount: Money | None = None,
    customer_id: UUID | None = None,
    payment_method: UUID | None = None,
    token: str = "",
    wallet: UUID | None = None,
    description: str | None = None,
    metadata: Mapping[str, str] | None = None,
    receipt_email: str | None = None,
    statement_descriptor: str | None = None,
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.Payment]:
    """
    Change what is given. What is owed and with which card only before it is confirmed.

    Metadata is merged, and an empty value removes its key.

    Raises:
        PaymentNotFound, CustomerNotFound, PaymentMethodNotFound: the merchant has none such.
        UnexpectedState: the payment is past the point where that can change.
        AmountTooSmall, AmountTooLarge, CurrencyNotSupported, ParameterInvalid: bad input.
    """
    if amount is not None:
        drafting.check_amount(amount)
    with db.transaction_if_not_already():
        payment, attempt = rows.locked(payment_id, merchant_id=merchant_id)

        def work() -> data.Payment:
            _fill(
                payment,
                description=description,
                metadata=metadata,
                receipt_email=receipt_email,
                statement_descriptor=statement_descriptor,
            )
            method, is_new = methods.chosen(
                token=token,
                wallet_id=wallet,
                method_id=payment_method,
                merchant_id=merchant_id,
                at=at,
            )
            made = [method] if method is not None and is_new else []
            if amount is not None or method is not None or customer_id is not None:
                _change(payment, amount=amount, customer_id=customer_id, method=method)
            fact = rows.tell(
                events.PaymentUpdated,
                payment,
                was=payment.state,
                at=at,
                customer_id=payment.customer_id,
                payment_method_id=payment.payment_method_id,
                fee_fixed_minor=payment.fee_fixed_minor,
            )
            batch.write(insert=made, update=[payment])
            event_log.append([fact], by=by)
            return rows.value(payment, attempt)

        return idempotency.once(key, work, at=at)


def update_refund(
    *,
    merchant_id: UUID,
    refund_id: UUID,
    metadata: Mapping[str, str],
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.Refund]:
    """Change a refund's metadata; `RefundNotFound` if the merchant has none such."""
    drafting.check_metadata(metadata)
    payment_id = (
        Refund.objects.filter(as_one(), id=refund_id, merchant_id=merchant_id)
        .values_list("payment_id", flat=True)
        .first()
    )
    if payment_id is None:
        raise errors.RefundNotFound(refund_id)
    with db.transaction_if_not_already():
        rows.locked(payment_id)

        def work() -> data.Refund:
            refund = Refund.objects.get(id=refund_id)
            refund.metadata = drafting.merged(refund.metadata, metadata)
            fact = rows.tell_refund(events.RefundUpdated, refund, at=at)
            batch.write(update=[refund])
            event_log.append([fact], by=by)
            return rows.refund_value(refund)

        return idempotency.once(key, work, at=at)


def _change(
    payment: Payment,
    *,
    amount: Money | None,
    customer_id: UUID | None,
    method: PaymentMethod | None,
) -> None:
    if payment.state != PaymentState.CREATED:
        raise errors.UnexpectedState(
            payment_id=payment.id, state=payment.state, action="be changed"
        )
    if amount is not None and payment.session_id is not None:
        raise errors.UnexpectedState(
            payment_id=payment.id,
            state=payment.state,
            action="ask for another amount",
            because="its checkout session says what is sold",
        )
    if customer_id is not None:
        if not Customer.objects.filter(
            id=customer_id, merchant_id=payment.merchant_id, deleted_at=None
        ).exists():
            raise errors.CustomerNotFound(customer_id)
        payment.customer_id = customer_id
    if amount is not None and amount.currency != payment.currency:
        price = merchant_queries.merchant(payment.merchant_id)
        payment.fee_fixed_minor = drafting.fixed_fee(price, amount.currency)
    payment.change(amount=amount, card=method)  # `method` is a name of django-fsm's own.


def _fill(
    payment: Payment,
    *,
    description: str | None,
    metadata: Mapping[str, str] | None,
    receipt_email: str | None,
    statement_descriptor: str | None,
) -> None:
    if metadata is not None:
        drafting.check_metadata(metadata)
        payment.metadata = drafting.merged(payment.metadata, metadata)
    if description is not None:
        payment.description = drafting.short(description, 1000, "description")
    if receipt_email is not None:
        payment.receipt_email = drafting.short(receipt_email, 512, "receipt_email")
    if statement_descriptor is not None:
        payment.statement_descriptor = drafting.short(
            statement_descriptor, 22, "statement_descriptor"
        )

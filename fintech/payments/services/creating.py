"""Making payments: what is asked for, by whom, at which price."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from fintech.kernel import event_log, idempotency
from fintech.kernel.actor import Actor
from fintech.kernel.idempotency import Done, Key
from fintech.kernel.money import Money
from fintech.payments import data, errors
from fintech.payments.models import batch
from fintech.payments.services import confirming, drafting, methods, rows


def create(
    *,
    merchant_id: UUID,
    amount: Money,
    capture_method: str = "automatic",
    customer_id: UUID | None = None,
    payment_method: UUID | None = None,
    token: str = "",
    wallet: UUID | None = None,
    description: str = "",
    metadata: Mapping[str, str] | None = None,
    receipt_email: str = "",
    return_url: str = "",
    statement_descriptor: str = "",
    purpose: str = "sale",
    wallet_id: UUID | None = None,
    link_id: UUID | None = None,
    confirm: bool = False,
    ip: str = "",
    device: str = "",
    payer_is_there: bool = True,
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.Payment]:
    """
    Make a payment, and confirm it at once if `confirm`.

    Args:
        merchant_id: whose sale it is.
        amount: what the payer owes, at least one minor unit.
        capture_method: "automatic" takes the money with the authorization.
        payment_method: what is stored, or `token`: the neutral code of a sandbox card, or
            `wallet`: a wallet of this merchant's that the payer pays from.
        key: the caller's idempotency key; the same key has one effect.
        at: the business clock.

    Raises:
        AmountTooSmall, AmountTooLarge, CurrencyNotSupported, ParameterInvalid: bad input.
        CustomerNotFound, PaymentMethodNotFound: the merchant has no such thing.
        CardDeclined, LimitExceeded, AcquirerUnavailable: see `confirm`.
    """
    new = data.NewPayment(
        amount=amount,
        capture_method=_capture_method(capture_method),
        customer_id=customer_id,
        description=description,
        metadata=dict(metadata or {}),
        receipt_email=receipt_email,
        return_url=return_url,
        statement_descriptor=statement_descriptor,
        purpose=data.Purpose(purpose),
        wallet_id=wallet_id,
        link_id=link_id,
    )
    if confirm:
        order = data.Begin(
            merchant_id=merchant_id,
            at=at,
            new=new,
            payment_method_id=payment_method,
            token=token,
            wallet_id=wallet,
            return_url=return_url,
            ip=ip,
            device=device,
            payer_is_there=payer_is_there,
            key=key,
        )
        return confirming.confirm_one(order, by=by)
    if customer_id is not None and not drafting.known_customers([(merchant_id, customer_id)]):
        raise errors.CustomerNotFound(customer_id)
    payment = drafting.new_row(new, merchant_id=merchant_id, prices=drafting.Prices(), at=at)
    method, is_new = methods.chosen(
        token=token, wallet_id=wallet, method_id=payment_method, merchant_id=merchant_id, at=at
    )
    payment.payment_method = method
    made = [method] if method is not None and is_new else []

    def work() -> data.Payment:
        fact = drafting.created(payment, at=at)
        batch.write(insert=[*made, payment])
        event_log.append([fact], by=by)
        return rows.value(payment, None)

    return idempotency.once(key, work, at=at)


def _capture_method(name: str) -> data.CaptureMethod:
    try:
        return data.CaptureMethod(name)
    except ValueError:
        raise errors.ParameterInvalid(
            "capture_method", "This must be automatic or manual."
        ) from None

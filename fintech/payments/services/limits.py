"""What an attempt asks of the limits that `wallets` keeps."""

from datetime import datetime
from uuid import UUID

from fintech.payments import data
from fintech.payments.models import Payment, PaymentMethod
from fintech.wallets import data as wallet_data


def request_for(
    payment: Payment, method: PaymentMethod, *, attempt_id: UUID, at: datetime
) -> wallet_data.LimitRequest:
    """Return what is to be reserved for an attempt to pay with this card or wallet."""
    return wallet_data.LimitRequest(
        operation_id=attempt_id,
        merchant_id=payment.merchant_id,
        customer_id=payment.customer_id,
        card_fingerprint="" if method.wallet_id else method.fingerprint,
        amount=payment.money(payment.amount_minor),
        at=at,
        wallet_id=method.wallet_id,
        operation="top_up" if payment.purpose == data.Purpose.TOP_UP else "payment",
        receiver_id=payment.wallet_id,
    )

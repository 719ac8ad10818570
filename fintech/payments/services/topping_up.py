"""Putting money into a wallet with a card: a payment whose books credit the wallet."""

from datetime import datetime
from uuid import UUID

from fintech.kernel.actor import Actor
from fintech.kernel.idempotency import Done, Key
from fintech.kernel.money import CurrencyMismatch, Money
from fintech.payments import data, errors
from fintech.payments.services import creating
from fintech.wallets import queries as wallet_queries


def top_up_wallet(
    *,
    merchant_id: UUID,
    wallet_id: UUID,
    amount: Money,
    payment_method: UUID | None = None,
    token: str = "",
    customer_id: UUID | None = None,
    description: str = "",
    ip: str = "",
    device: str = "",
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.Payment]:
    """
    Charge a card, and credit the wallet in the commit that records the charge.

    Raises:
        WalletNotFound: the merchant has no such wallet.
        WalletUnfit: the wallet is not active.
        CurrencyMismatch: the wallet does not keep this currency.
        CardDeclined, LimitExceeded, AcquirerUnavailable: see `confirm`.
    """
    wallet = wallet_queries.wallet(wallet_id, merchant_id)
    if str(wallet.state) != "active":
        raise errors.WalletUnfit(wallet_id=wallet_id, state=str(wallet.state))
    if amount.currency not in wallet.currencies:
        raise CurrencyMismatch(amount.currency, wallet.currency)
    return creating.create(
        merchant_id=merchant_id,
        amount=amount,
        purpose=data.Purpose.TOP_UP,
        wallet_id=wallet_id,
        customer_id=customer_id or wallet.customer_id,
        payment_method=payment_method,
        token=token,
        description=description,
        confirm=True,
        ip=ip,
        device=device,
        key=key,
        by=by,
        at=at,
    )

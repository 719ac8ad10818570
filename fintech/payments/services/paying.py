"""
Paying from a wallet: the decision, the money and the record are one commit.

A wallet is no provider. Where a provider is asked with no transaction open, a wallet's
money is set aside and taken by the journal itself, inside the deciding transaction, so
nothing is ever unknown and nobody has to ask again. The machines, facts and books of a
payment are the same.
"""

from django_subatomic import db

from fintech.kernel.actor import Actor
from fintech.kernel.errors import Refused
from fintech.kernel.money import CurrencyMismatch
from fintech.payments import data, errors
from fintech.payments.data import AnswerStatus
from fintech.payments.models import Payment, PaymentMethod
from fintech.payments.services import recording
from fintech.wallets import errors as wallet_errors
from fintech.wallets import queries as wallet_queries

_DECLINES: dict[type[Refused], str] = {wallet_errors.InsufficientFunds: "insufficient_wallet_funds"}


def from_wallet(ask: data.Ask, *, by: Actor) -> data.Payment:
    """
    Take an attempt's money from its wallet, or decline the attempt; needs the transaction.

    The journal alone decides funds: what it refuses is taken back to here, and the
    attempt is declined in the same commit.
    """
    # Rows are read again: what the journal refuses leaves those in memory moved on.
    answered = data.Answered(attempt_id=ask.attempt_id, answer=answer(ask), at=ask.at, by=by)
    try:
        with db.savepoint():
            return recording.record_inside([answered], by=by)[0]
    except Refused as refused:
        code = _DECLINES.get(type(refused), "wallet_unfit")
    no = data.Answer(status=AnswerStatus.DECLINED, decline_code=code)
    declined = data.Answered(attempt_id=ask.attempt_id, answer=no, at=ask.at, by=by)
    return recording.record_inside([declined], by=by)[0]


def answer(asked: data.Ask | data.Errand) -> data.Answer:
    """Return a wallet's answer: what is asked is done, or the journal refuses it all."""
    reference = asked.attempt_id if isinstance(asked, data.Ask) else asked.reference
    return data.Answer(
        status=AnswerStatus.APPROVED if isinstance(asked, data.Ask) else AnswerStatus.SUCCEEDED,
        amount=asked.amount,
        provider_reference=str(reference),
    )


def refuse_if_unfit(method: PaymentMethod, payment: Payment) -> None:
    """
    Refuse a wallet that this payment cannot be paid from.

    Raises:
        PaymentMethodNotFound: it is gone.
        WalletUnfit: nothing leaves it now.
        CurrencyMismatch: it does not keep this currency.
        ParameterInvalid: the payment is itself to fill a wallet.
    """
    if method.wallet_id is None:
        return
    try:
        wallet = wallet_queries.wallet(method.wallet_id, payment.merchant_id)
    except wallet_errors.WalletNotFound:
        raise errors.PaymentMethodNotFound(method.id) from None
    if str(wallet.state) != "active":
        raise errors.WalletUnfit(wallet_id=wallet.id, state=str(wallet.state))
    if payment.currency not in wallet.currencies:
        raise CurrencyMismatch(payment.currency, wallet.currency)
    if payment.purpose != data.Purpose.SALE:
        raise errors.ParameterInvalid("payment_method", "A wallet is filled by a card.")

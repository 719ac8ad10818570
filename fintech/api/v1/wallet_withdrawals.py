"""Money from a wallet to a bank account outside."""

from fintech.api import pagination
from fintech.api.codec import fields
from fintech.api.operations import Answer, Call, list_parameters, operation
from fintech.kernel.money import Money
from fintech.payments import services as payments
from fintech.wallets import queries
from fintech.wallets.data import WithdrawalState
from fintech.wire import wallets as wire

_READ, _WRITE = "wallets:read", "wallets:write"


@operation(
    "POST",
    "/v1/wallets/{id}/withdrawals",
    scope=_WRITE,
    returns="wallet_withdrawal",
    noun="wallet",
    parameters={
        "amount": fields.Amount(required=True, example=500),
        "currency": fields.Currency(required=True),
        "account": fields.Text(longest=64, required=True, about="Where to, such as an IBAN."),
        "category": fields.Text(longest=40, about="What it is for, where limits name one."),
    },
    rehearses=True,
)
def create(call: Call) -> Answer:
    """Take money out of a wallet and have the bank send it; a large amount waits for a person."""
    done = payments.withdraw_from_wallet(
        merchant_id=call.merchant_id,
        wallet_id=call.this("wal"),
        amount=Money(call.values["amount"], call.values["currency"]),
        account=call.text("account"),
        category=call.text("category"),
        key=call.key,
        by=call.by,
        at=call.at,
    )
    return Answer(body=wire.render_withdrawal(done.value), replayed=done.replayed)


@operation(
    "GET",
    "/v1/wallets/{id}/withdrawals",
    scope=_READ,
    returns="list",
    of="wallet_withdrawal",
    noun="wallet",
    parameters=list_parameters(
        "wwd",
        "withdrawal",
        both_ways=False,
        status=fields.OneOf(words=tuple(state.value for state in WithdrawalState)),
    ),
)
def index(call: Call) -> Answer:
    """List a wallet's withdrawals, newest first."""
    wallet = queries.wallet(call.this("wal"), call.merchant_id)
    found = queries.withdrawals(
        call.merchant_id,
        wallet_id=wallet.id,
        state=call.get("status"),
        before=call.page.after,
        limit=call.page.limit + 1,
    )
    return pagination.answer_longer(call, found, wire.render_withdrawal)


@operation("GET", "/v1/wallet_withdrawals/{id}", scope=_READ, returns="wallet_withdrawal")
def retrieve(call: Call) -> Answer:
    """Retrieve a withdrawal."""
    found = queries.withdrawal(call.this("wwd"), call.merchant_id)
    return Answer(body=wire.render_withdrawal(found))

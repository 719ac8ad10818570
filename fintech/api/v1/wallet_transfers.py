"""Money from one wallet to another, and the terms at which it changes its currency."""

from fintech.api import pagination
from fintech.api.codec import fields
from fintech.api.operations import Answer, Call, list_parameters, operation
from fintech.kernel.money import Money
from fintech.payments import services as payments
from fintech.wallets import queries
from fintech.wallets import services as wallets
from fintech.wallets.data import TransferOrder
from fintech.wallets.errors import ParameterInvalid
from fintech.wire import wallets as wire

_READ, _WRITE = "wallets:read", "wallets:write"
_WALLET = fields.Id(prefix="wal", noun="wallet", about="From or to this wallet.")


@operation(
    "POST",
    "/v1/wallet_transfers",
    scope=_WRITE,
    returns="wallet_transfer",
    parameters={
        "source": fields.Id(prefix="wal", noun="wallet", required=True),
        "destination": fields.Id(prefix="wal", noun="wallet", required=True),
        "amount": fields.Amount(about="What leaves the source; with a quote, the quote's."),
        "currency": fields.Currency(),
        "quote": fields.Id(prefix="wqt", noun="quote", about="Terms, where currencies differ."),
        "category": fields.Text(longest=40, about="What it is for, where limits name one."),
    },
    rehearses=True,
)
def create(call: Call) -> Answer:
    """
    Move money from one wallet to another, or convert it within one.

    It is assessed first; a large or suspicious one is set aside until a person agrees.
    """
    done = payments.transfer_between_wallets(
        TransferOrder(
            source_id=call.values["source"],
            destination_id=call.values["destination"],
            amount=_amount(call),
            quote_id=call.get("quote"),
            merchant_id=call.merchant_id,
            channel="api",
            category=call.text("category"),
            key=call.key,
            by=call.by,
            at=call.at,
        )
    )
    body = wire.render_transfer(done.value)
    return Answer(body=body, replayed=done.replayed, value=done.value)


def _amount(call: Call) -> Money | None:
    minor, currency = call.get("amount"), call.get("currency")
    if (minor is None) != (currency is None):
        param = "amount" if minor is None else "currency"
        raise ParameterInvalid(param, "An amount and its currency come together.")
    return None if minor is None else Money(minor, currency)


@operation("GET", "/v1/wallet_transfers/{id}", scope=_READ, returns="wallet_transfer")
def retrieve(call: Call) -> Answer:
    """Retrieve a transfer."""
    found = queries.transfer(call.this("wtr"), call.merchant_id)
    return Answer(body=wire.render_transfer(found))


@operation(
    "POST",
    "/v1/wallet_transfers/{id}/reverse",
    scope=_WRITE,
    returns="wallet_transfer",
    rehearses=True,
)
def reverse(call: Call) -> Answer:
    """Let a transfer go back, whole; one that was converted does not."""
    done = wallets.reverse_transfer(
        transfer_id=call.this("wtr"),
        merchant_id=call.merchant_id,
        key=call.key,
        by=call.by,
        at=call.at,
    )
    return Answer(body=wire.render_transfer(done.value), replayed=done.replayed)


@operation(
    "GET",
    "/v1/wallet_transfers",
    scope=_READ,
    returns="list",
    of="wallet_transfer",
    parameters=list_parameters("wtr", "transfer", both_ways=False, wallet=_WALLET),
)
def index(call: Call) -> Answer:
    """List transfers, newest first."""
    found = queries.transfers(
        call.merchant_id,
        wallet_id=call.get("wallet"),
        before=call.page.after,
        limit=call.page.limit + 1,
    )
    return pagination.answer_longer(call, found, wire.render_transfer)


@operation(
    "POST",
    "/v1/wallet_quotes",
    scope=_WRITE,
    returns="wallet_quote",
    parameters={
        "amount": fields.Amount(required=True, example=10_000),
        "currency": fields.Currency(required=True, example="eur"),
        "destination_currency": fields.Currency(required=True, example="usd"),
    },
)
def create_quote(call: Call) -> Answer:
    """Be offered a conversion for two minutes, with its rate, spread and residue."""
    done = wallets.create_quote(
        merchant_id=call.merchant_id,
        source=Money(call.values["amount"], call.values["currency"]),
        destination_currency=call.values["destination_currency"],
        key=call.key,
        by=call.by,
        at=call.at,
    )
    return Answer(body=wire.render_quote(done.value), replayed=done.replayed)


@operation("GET", "/v1/wallet_quotes/{id}", scope=_READ, returns="wallet_quote")
def retrieve_quote(call: Call) -> Answer:
    """Retrieve the terms of a conversion."""
    return Answer(body=wire.render_quote(queries.quote(call.this("wqt"), call.merchant_id)))

"""Wallets: money that a customer keeps with a merchant, and what is set aside of it."""

from datetime import UTC, datetime

from fintech.api import pagination
from fintech.api.codec import fields
from fintech.api.operations import Answer, Call, list_parameters, operation
from fintech.api.v1.payment_intents import PAYER_IP, chosen
from fintech.kernel.money import Money
from fintech.payments import queries as customers
from fintech.payments import services as payments
from fintech.wallets import queries
from fintech.wallets import services as wallets
from fintech.wire import payment_intents
from fintech.wire import wallets as wire

_READ, _WRITE = "wallets:read", "wallets:write"
_CUSTOMER = fields.Id(prefix="cus", noun="customer", about="Whose money it is.")
_OWNER = fields.Text(longest=200, about="Your own name for whoever it belongs to.")


@operation(
    "POST",
    "/v1/wallets",
    scope=_WRITE,
    returns="wallet",
    parameters={
        "currency": fields.Currency(required=True, example="eur"),
        "customer": _CUSTOMER,
        "owner": _OWNER,
        "metadata": fields.Metadata(),
    },
)
def create(call: Call) -> Answer:
    """Open a wallet in one currency, with nothing in it."""
    if call.get("customer") is not None:
        customers.customer(call.values["customer"], call.merchant_id)  # Or it is missing.
    done = wallets.create_wallet(
        merchant_id=call.merchant_id,
        owner=call.text("owner"),
        currency=call.values["currency"],
        customer_id=call.get("customer"),
        metadata=call.new_labels(),
        key=call.key,
        by=call.by,
        at=call.at,
    )
    return Answer(body=wire.render(done.value), replayed=done.replayed)


@operation("GET", "/v1/wallets/{id}", scope=_READ, returns="wallet")
def retrieve(call: Call) -> Answer:
    """Retrieve a wallet, with what is in it."""
    wallet = queries.wallet(call.this("wal"), call.merchant_id)
    return Answer(body=wire.render(wallet, queries.balances(wallet.id, call.merchant_id)))


@operation(
    "POST",
    "/v1/wallets/{id}",
    scope=_WRITE,
    returns="wallet",
    parameters={"owner": _OWNER, "metadata": fields.Metadata()},
)
def update(call: Call) -> Answer:
    """Change a wallet's owner or metadata."""
    wallet_id = call.this("wal")
    done = wallets.update_wallet(
        wallet_id=wallet_id,
        merchant_id=call.merchant_id,
        owner=call.changed("owner"),
        metadata=call.labels(lambda: queries.wallet(wallet_id, call.merchant_id).metadata),
        key=call.key,
        by=call.by,
        at=call.at,
    )
    return Answer(body=wire.render(done.value), replayed=done.replayed)


@operation("POST", "/v1/wallets/{id}/freeze", scope=_WRITE, returns="wallet")
def freeze(call: Call) -> Answer:
    """Let nothing leave a wallet."""
    done = wallets.freeze(
        wallet_id=call.this("wal"),
        merchant_id=call.merchant_id,
        key=call.key,
        by=call.by,
        at=call.at,
    )
    return Answer(body=wire.render(done.value), replayed=done.replayed)


@operation("POST", "/v1/wallets/{id}/unfreeze", scope=_WRITE, returns="wallet")
def unfreeze(call: Call) -> Answer:
    """Let money leave a wallet again."""
    done = wallets.unfreeze(
        wallet_id=call.this("wal"),
        merchant_id=call.merchant_id,
        key=call.key,
        by=call.by,
        at=call.at,
    )
    return Answer(body=wire.render(done.value), replayed=done.replayed)


@operation("POST", "/v1/wallets/{id}/close", scope=_WRITE, returns="wallet")
def close(call: Call) -> Answer:
    """End a wallet in which nothing is."""
    done = wallets.close(
        wallet_id=call.this("wal"),
        merchant_id=call.merchant_id,
        key=call.key,
        by=call.by,
        at=call.at,
    )
    return Answer(body=wire.render(done.value), replayed=done.replayed)


@operation(
    "GET",
    "/v1/wallets",
    scope=_READ,
    returns="list",
    of="wallet",
    parameters=list_parameters("wal", "wallet", both_ways=False, customer=_CUSTOMER),
)
def index(call: Call) -> Answer:
    """List wallets, newest first."""
    found = queries.wallets(
        call.merchant_id,
        customer_id=call.get("customer"),
        before=call.page.after,
        limit=call.page.limit + 1,
    )
    return pagination.answer_longer(call, found, wire.render)


@operation(
    "GET", "/v1/wallets/{id}/balances", scope=_READ, returns="wallet_balances", noun="wallet"
)
def retrieve_balances(call: Call) -> Answer:
    """Retrieve what is in a wallet: posted, pending, held and available."""
    wallet = queries.wallet(call.this("wal"), call.merchant_id)
    return Answer(body=wire.render_balances(wallet, queries.balances(wallet.id, call.merchant_id)))


@operation(
    "GET",
    "/v1/wallets/{id}/movements",
    scope=_READ,
    returns="list",
    of="wallet_movement",
    noun="wallet",
    parameters={
        "limit": fields.Integer(least=1, most=100, about="How many to return; 10 if not given."),
        "before": fields.Integer(least=1, about="Only movements with a smaller `sequence`."),
    },
)
def list_movements(call: Call) -> Answer:
    """List what came and went, newest first, with the balance after each."""
    found = queries.movements(
        call.this("wal"),
        call.merchant_id,
        before=call.get("before"),
        limit=call.page.limit + 1,
    )
    return pagination.answer_longer(call, found, wire.render_movement)


@operation(
    "POST",
    "/v1/wallets/{id}/top_ups",
    scope=_WRITE,
    returns="payment_intent",
    noun="wallet",
    parameters={
        "amount": fields.Amount(required=True, example=2000),
        "currency": fields.Currency(required=True),
        "payment_method": fields.PaymentMethod(required=True),
        "payer_ip": PAYER_IP,
        "customer": _CUSTOMER,
        "description": fields.Text(longest=1000, lines=True),
    },
)
def top_up(call: Call) -> Answer:
    """Charge a card, and credit the wallet in the commit that records the charge."""
    done = payments.top_up_wallet(
        merchant_id=call.merchant_id,
        wallet_id=call.this("wal"),
        amount=Money(call.values["amount"], call.values["currency"]),
        customer_id=call.get("customer"),
        description=call.text("description"),
        ip=call.text("payer_ip"),
        key=call.key,
        by=call.by,
        at=call.at,
        **chosen(call),
    )
    return Answer(body=payment_intents.render(done.value), replayed=done.replayed)


@operation(
    "POST",
    "/v1/wallets/{id}/holds",
    scope=_WRITE,
    returns="wallet_hold",
    noun="wallet",
    parameters={
        "amount": fields.Amount(required=True, example=500),
        "currency": fields.Currency(required=True),
        "reason": fields.Text(longest=200),
        "expires_at": fields.Integer(
            least=0, most=253_402_300_799, about="When it is let go by itself, in unix seconds."
        ),
    },
)
def hold(call: Call) -> Answer:
    """Set money aside in a wallet, to be captured later."""
    expires = call.get("expires_at")
    done = wallets.hold(
        wallet_id=call.this("wal"),
        amount=Money(call.values["amount"], call.values["currency"]),
        reason=call.text("reason"),
        expires_at=None if expires is None else datetime.fromtimestamp(expires, tz=UTC),
        merchant_id=call.merchant_id,
        key=call.key,
        by=call.by,
        at=call.at,
    )
    return Answer(body=wire.render_hold(done.value), replayed=done.replayed)


@operation(
    "GET",
    "/v1/wallets/{id}/holds",
    scope=_READ,
    returns="list",
    of="wallet_hold",
    noun="wallet",
    parameters=list_parameters(
        "whd",
        "hold",
        both_ways=False,
        status=fields.OneOf(
            words=("active", "partially_captured", "captured", "released", "expired")
        ),
    ),
)
def list_holds(call: Call) -> Answer:
    """List a wallet's holds, newest first."""
    wallet = queries.wallet(call.this("wal"), call.merchant_id)
    found = queries.holds(
        call.merchant_id,
        wallet_id=wallet.id,
        state=call.get("status"),
        before=call.page.after,
        limit=call.page.limit + 1,
    )
    return pagination.answer_longer(call, found, wire.render_hold)


@operation("GET", "/v1/wallet_holds/{id}", scope=_READ, returns="wallet_hold")
def retrieve_hold(call: Call) -> Answer:
    """Retrieve a hold."""
    return Answer(body=wire.render_hold(queries.hold(call.this("whd"), call.merchant_id)))


@operation(
    "POST",
    "/v1/wallet_holds/{id}/capture",
    scope=_WRITE,
    returns="wallet_hold",
    parameters={
        "amount": fields.Amount(about="At most what is left; all of it if not given."),
        "final": fields.Boolean(about="Let go what is not captured; true if not given."),
    },
)
def capture_hold(call: Call) -> Answer:
    """Take what is held, or part of it, into the merchant's pending funds."""
    hold_id = call.this("whd")
    customers.refuse_held_for_payment(hold_id, call.merchant_id)
    amount = None
    if call.get("amount") is not None:
        held = queries.hold(hold_id, call.merchant_id).amount
        amount = Money(call.values["amount"], held.currency)
    done = wallets.capture(
        hold_id=hold_id,
        amount=amount,
        final=call.get("final", True),
        merchant_id=call.merchant_id,
        key=call.key,
        by=call.by,
        at=call.at,
    )
    return Answer(body=wire.render_hold(done.value), replayed=done.replayed)


@operation("POST", "/v1/wallet_holds/{id}/release", scope=_WRITE, returns="wallet_hold")
def release_hold(call: Call) -> Answer:
    """Let go what is left of a hold."""
    customers.refuse_held_for_payment(call.this("whd"), call.merchant_id)
    done = wallets.release(
        hold_id=call.this("whd"),
        merchant_id=call.merchant_id,
        key=call.key,
        by=call.by,
        at=call.at,
    )
    return Answer(body=wire.render_hold(done.value), replayed=done.replayed)

"""Wallets: money that a customer keeps with a merchant, and what is set aside of it."""

from datetime import UTC, datetime

from fintech.api import pagination
from fintech.api.codec import fields
from fintech.api.operations import Answer, Call, list_parameters, operation
from fintech.api.v1.payment_intents import PAYER_DEVICE, PAYER_IP, chosen
from fintech.kernel.idempotency import Done
from fintech.kernel.money import Money
from fintech.payments import queries as customers
from fintech.payments import services as payments
from fintech.wallets import queries
from fintech.wallets import services as wallets
from fintech.wallets.data import Wallet, WalletType
from fintech.wallets.errors import ParameterInvalid
from fintech.wire import payment_intents
from fintech.wire import wallets as wire

_READ, _WRITE = "wallets:read", "wallets:write"
_DIGITS = 18  # Of a version.
_CUSTOMER = fields.Id(prefix="cus", noun="customer", about="Whose money it is.")
_CURRENCIES = fields.Many(of=fields.Currency(), most=50, about="Currencies that it keeps too.")
_TIER = fields.Text(longest=40, about="A class of wallets that limits may name.")
_MOST = 999_999_999_999
_OVERDRAWN = "How far it may fall in minor units; below zero, an overdraft."
_OWNER = fields.Text(longest=200, about="Your own name for whoever it belongs to.")


@operation(
    "POST",
    "/v1/wallets",
    scope=_WRITE,
    returns="wallet",
    parameters={
        "currency": fields.Currency(required=True, example="eur"),
        "currencies": _CURRENCIES,
        "customer": _CUSTOMER,
        "owner": _OWNER,
        "tier": _TIER,
        "type": fields.OneOf(words=tuple(word.value for word in WalletType)),
        "zone": fields.Text(longest=60, about="Where its owner lives, such as Europe/Berlin."),
        "minimum_balance": fields.Integer(least=-_MOST, most=0, about=_OVERDRAWN),
        "metadata": fields.Metadata(),
    },
)
def create(call: Call) -> Answer:
    """Open a wallet, with nothing in it."""
    if call.get("customer") is not None:
        customers.customer(call.values["customer"], call.merchant_id)  # Or it is missing.
    done = wallets.create_wallet(
        merchant_id=call.merchant_id,
        owner=call.text("owner"),
        currency=call.values["currency"],
        currencies=call.get("currencies", ()),
        tier=call.text("tier"),
        type=call.text("type") or WalletType.CUSTOMER,
        zone=call.text("zone"),
        customer_id=call.get("customer"),
        metadata=call.new_labels(),
        floor_minor=call.get("minimum_balance", 0),
        key=call.key,
        by=call.by,
        at=call.at,
    )
    return _changed(done)


@operation("GET", "/v1/wallets/{id}", scope=_READ, returns="wallet")
def retrieve(call: Call) -> Answer:
    """Retrieve a wallet, with what is in it."""
    wallet = queries.wallet(call.this("wal"), call.merchant_id)
    body = wire.render(wallet, queries.balances(wallet.id, call.merchant_id))
    return Answer(body=body, headers=_tagged(wallet))


@operation(
    "POST",
    "/v1/wallets/{id}",
    scope=_WRITE,
    returns="wallet",
    parameters={"owner": _OWNER, "tier": _TIER, "metadata": fields.Metadata()},
)
def update(call: Call) -> Answer:
    """Change a wallet's owner, tier or metadata; with `If-Match`, only the version named."""
    wallet_id = call.this("wal")
    done = wallets.update_wallet(
        wallet_id=wallet_id,
        merchant_id=call.merchant_id,
        expected_version=_expected(call),
        owner=call.changed("owner"),
        tier=call.changed("tier"),
        metadata=call.labels(lambda: queries.wallet(wallet_id, call.merchant_id).metadata),
        key=call.key,
        by=call.by,
        at=call.at,
    )
    return _changed(done)


@operation("POST", "/v1/wallets/{id}/freeze", scope=_WRITE, returns="wallet")
def freeze(call: Call) -> Answer:
    """Let nothing leave a wallet."""
    done = wallets.freeze(
        wallet_id=call.this("wal"),
        merchant_id=call.merchant_id,
        expected_version=_expected(call),
        key=call.key,
        by=call.by,
        at=call.at,
    )
    return _changed(done)


@operation("POST", "/v1/wallets/{id}/unfreeze", scope=_WRITE, returns="wallet")
def unfreeze(call: Call) -> Answer:
    """Let money leave a wallet again."""
    done = wallets.unfreeze(
        wallet_id=call.this("wal"),
        merchant_id=call.merchant_id,
        expected_version=_expected(call),
        key=call.key,
        by=call.by,
        at=call.at,
    )
    return _changed(done)


@operation("POST", "/v1/wallets/{id}/close", scope=_WRITE, returns="wallet")
def close(call: Call) -> Answer:
    """End a wallet in which nothing is."""
    done = wallets.close(
        wallet_id=call.this("wal"),
        merchant_id=call.merchant_id,
        expected_version=_expected(call),
        key=call.key,
        by=call.by,
        at=call.at,
    )
    return _changed(done)


@operation(
    "POST",
    "/v1/wallets/{id}/currencies",
    scope=_WRITE,
    returns="wallet",
    parameters={
        "currencies": fields.Many(of=fields.Currency(), most=50, required=True, example=["usd"])
    },
)
def add_currencies(call: Call) -> Answer:
    """Let a wallet keep more currencies; those that it keeps already stay as they are."""
    done = wallets.add_currencies(
        wallet_id=call.this("wal"),
        merchant_id=call.merchant_id,
        currencies=call.values["currencies"],
        expected_version=_expected(call),
        key=call.key,
        by=call.by,
        at=call.at,
    )
    return _changed(done)


@operation(
    "POST",
    "/v1/wallets/{id}/minimum_balances",
    scope=_WRITE,
    returns="wallet",
    parameters={
        "currency": fields.Currency(required=True, example="eur"),
        "minimum_balance": fields.Integer(
            least=-_MOST,
            most=_MOST,
            required=True,
            example=100,
            about=f"{_OVERDRAWN} Above zero, what must stay in it.",
        ),
    },
)
def set_minimum_balance(call: Call) -> Answer:
    """Let a wallet be overdrawn so far, as far as you may lend, or keep so much in it."""
    done = wallets.set_floor(
        wallet_id=call.this("wal"),
        merchant_id=call.merchant_id,
        currency=call.values["currency"],
        floor_minor=call.values["minimum_balance"],
        expected_version=_expected(call),
        key=call.key,
        by=call.by,
        at=call.at,
    )
    return _changed(done)


def _changed(done: Done[Wallet]) -> Answer:
    headers = _tagged(done.value)
    return Answer(body=wire.render(done.value), replayed=done.replayed, headers=headers)


def _tagged(wallet: Wallet) -> dict[str, str]:
    """Return the header by which a client may say what it has seen (`If-Match`)."""
    return {"ETag": f'"{wallet.version}"'}


def _expected(call: Call) -> int | None:
    """Return the version that a change is meant for, if the client names one."""
    given = call.headers.get("If-Match", "").strip()
    if given in {"", "*"}:
        return None
    version = given.removeprefix("W/").strip('"')
    if not (version.isascii() and version.isdigit() and len(version) < _DIGITS):
        raise ParameterInvalid("If-Match", "This must be the ETag of a wallet.")
    return int(version)


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
        "currency": fields.Currency(about="One of the wallet's; its first if not given."),
    },
)
def list_movements(call: Call) -> Answer:
    """List what came and went, newest first, with the balance after each."""
    found = queries.movements(
        call.this("wal"),
        call.merchant_id,
        before=call.get("before"),
        currency=call.text("currency"),
        limit=call.page.limit + 1,
    )
    return pagination.answer_longer(call, found, wire.render_movement)


@operation(
    "GET",
    "/v1/wallets/{id}/statement",
    scope=_READ,
    returns="wallet_statement",
    noun="wallet",
    parameters={
        "limit": fields.Integer(least=1, most=100, about="How many lines; 10 if not given."),
        "after": fields.Integer(least=0, about="Only lines with a larger `sequence`."),
        "currency": fields.Currency(about="One of the wallet's; its first if not given."),
    },
)
def retrieve_statement(call: Call) -> Answer:
    """Retrieve a stretch of a wallet's account, oldest first, with its chain of hashes."""
    found = queries.statement(
        call.this("wal"),
        call.merchant_id,
        currency=call.text("currency"),
        after=call.get("after", 0),
        limit=call.page.limit,
    )
    return Answer(body=wire.render_statement(found))


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
        "payer_device": PAYER_DEVICE,
        "payer_ip": PAYER_IP,
        "customer": _CUSTOMER,
        "description": fields.Text(longest=1000, lines=True),
    },
    rehearses=True,
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
        device=call.text("payer_device"),
        key=call.key,
        by=call.by,
        at=call.at,
        **chosen(call),
    )
    return Answer(body=payment_intents.render(done.value), replayed=done.replayed, value=done.value)


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
        "category": fields.Text(longest=40, about="What it is for, where limits name one."),
        "expires_at": fields.Integer(
            least=0, most=253_402_300_799, about="When it is let go by itself, in unix seconds."
        ),
    },
    rehearses=True,
)
def hold(call: Call) -> Answer:
    """Set money aside in a wallet, to be captured later."""
    expires = call.get("expires_at")
    done = wallets.hold(
        wallet_id=call.this("wal"),
        amount=Money(call.values["amount"], call.values["currency"]),
        reason=call.text("reason"),
        expires_at=None if expires is None else datetime.fromtimestamp(expires, tz=UTC),
        channel="api",
        category=call.text("category"),
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
    rehearses=True,
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


@operation(
    "POST", "/v1/wallet_holds/{id}/release", scope=_WRITE, returns="wallet_hold", rehearses=True
)
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

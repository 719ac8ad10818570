"""Payment links: pages where anyone who has the address may pay."""

from datetime import UTC, datetime

from fintech.api import errors, pagination
from fintech.api.codec import fields
from fintech.api.operations import ONE_END, Answer, Call, list_parameters, operation
from fintech.kernel.money import Money
from fintech.payments import queries
from fintech.payments import services as payments
from fintech.wire import payment_links
from fintech.wire.errors import Fault

_READ, _WRITE = "payments:read", "payments:write"
_TITLE = fields.Text(longest=200, about="What the payer reads above the amount.")
_LINE_ITEM = fields.Group(
    fields={
        "price_data": fields.Group(
            required=True,
            fields={
                "currency": fields.Currency(required=True),
                "unit_amount": fields.Amount(required=True),
                "product_data": fields.Group(
                    required=True,
                    fields={"name": fields.Text(longest=200, required=True)},
                ),
            },
        ),
        "quantity": fields.Integer(least=1, most=10_000),
    }
)


@operation(
    "POST",
    "/v1/payment_links",
    scope=_WRITE,
    returns="payment_link",
    parameters={
        "title": _TITLE,
        "currency": fields.Currency(example="eur"),
        "line_items": fields.Many(
            of=_LINE_ITEM, most=1, about="One thing at a fixed price, instead of the above."
        ),
        "amount": fields.Amount(about="Without it the payer chooses."),
        "max_uses": fields.Integer(least=1, most=1_000_000),
        "expires_at": fields.Integer(least=0, most=253_402_300_799),
    },
    exclusive=tuple((name, "line_items") for name in ("title", "currency", "amount")),
)
def create(call: Call) -> Answer:
    """Make a page where anyone may pay."""
    title, amount, currency = _offer(call)
    expires = call.get("expires_at")
    done = payments.create_link(
        merchant_id=call.merchant_id,
        title=title,
        amount=None if amount is None else Money(amount, currency),
        currency=currency,
        max_uses=call.get("max_uses"),
        expires_at=None if expires is None else datetime.fromtimestamp(expires, tz=UTC),
        key=call.key,
        by=call.by,
        at=call.at,
    )
    return Answer(body=payment_links.render(done.value), replayed=done.replayed)


@operation("GET", "/v1/payment_links/{id}", scope=_READ, returns="payment_link")
def retrieve(call: Call) -> Answer:
    """Retrieve a payment link."""
    return Answer(body=payment_links.render(queries.link(call.this("plink"), call.merchant_id)))


@operation(
    "POST",
    "/v1/payment_links/{id}",
    scope=_WRITE,
    returns="payment_link",
    parameters={"active": fields.Boolean(), "title": _TITLE},
)
def update(call: Call) -> Answer:
    """Switch a payment link on or off, or rename it."""
    done = payments.update_link(
        merchant_id=call.merchant_id,
        link_id=call.this("plink"),
        active=call.get("active"),
        title=call.get("title"),
        key=call.key,
        by=call.by,
        at=call.at,
    )
    return Answer(body=payment_links.render(done.value), replayed=done.replayed)


@operation(
    "GET",
    "/v1/payment_links",
    scope=_READ,
    returns="list",
    of="payment_link",
    parameters=list_parameters("plink", "payment link", active=fields.Boolean()),
    exclusive=ONE_END,
)
def index(call: Call) -> Answer:
    """List payment links, newest first."""
    page = queries.links(
        call.merchant_id,
        limit=call.page.limit,
        after=call.page.after,
        before=call.page.before,
        active=call.get("active"),
    )
    return pagination.answer(call, page.items, payment_links.render, has_more=page.has_more)


def _offer(call: Call) -> tuple[str, int | None, str]:
    """Return what is offered: its title, amount and currency."""
    if call.get("line_items"):
        item = call.values["line_items"][0]
        price = item["price_data"]
        amount = price["unit_amount"] * (item.get("quantity") or 1)
        if amount > fields.LARGEST_AMOUNT:
            message = f"The amount is at most {fields.LARGEST_AMOUNT}."
            raise errors.ParametersWrong([Fault("line_items[0]", "amount_too_large", message)])
        return price["product_data"]["name"], amount, price["currency"]
    missing = [name for name in ("title", "currency") if call.get(name) is None]
    if missing:
        message = "This parameter is required, or line_items instead."
        raise errors.ParametersWrong(
            [Fault(name, "parameter_missing", message) for name in missing]
        )
    return call.values["title"], call.get("amount"), call.values["currency"]

"""Payment links: pages where anyone who has the address may pay."""

from datetime import UTC, datetime
from typing import Any

from fintech.api import errors, pagination
from fintech.api.choosing import one_of
from fintech.api.codec import fields
from fintech.api.operations import ONE_END, Answer, Call, list_parameters, operation
from fintech.kernel.money import Money
from fintech.payments import queries
from fintech.payments import services as payments
from fintech.payments.data import Link
from fintech.wire import line_items, payment_links
from fintech.wire.errors import Fault
from fintech.wire.scalars import Json

_READ, _WRITE = "payments:read", "payments:write"
_TITLE = fields.Text(longest=200, about="What the payer reads above the amount.")
_LINE_ITEM = fields.Group(
    fields={
        "price": fields.Id(prefix="price", noun="price", about="A price of your catalog."),
        "price_data": fields.Group(
            fields={
                "currency": fields.Currency(required=True),
                "unit_amount": fields.Amount(required=True),
                "product_data": fields.Group(
                    required=True,
                    fields={"name": fields.Text(longest=200, required=True)},
                ),
            },
            about="A price for this link, instead of one of the catalog.",
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
    offer = _offer(call)
    expires = call.get("expires_at")
    done = payments.create_link(
        merchant_id=call.merchant_id,
        **offer,
        max_uses=call.get("max_uses"),
        expires_at=None if expires is None else datetime.fromtimestamp(expires, tz=UTC),
        key=call.key,
        by=call.by,
        at=call.at,
    )
    return Answer(body=_shown(call, done.value), replayed=done.replayed)


@operation("GET", "/v1/payment_links/{id}", scope=_READ, returns="payment_link")
def retrieve(call: Call) -> Answer:
    """Retrieve a payment link."""
    return Answer(body=_shown(call, queries.link(call.this("plink"), call.merchant_id)))


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


@operation(
    "GET",
    "/v1/payment_links/{id}/line_items",
    scope=_READ,
    returns="list",
    of="item",
    noun="payment_link",
    parameters=list_parameters("li", "line item"),
    exclusive=ONE_END,
)
def list_line_items(call: Call) -> Answer:
    """List what a payment link sells; nothing where the payer chooses the amount."""
    link = queries.link(call.this("plink"), call.merchant_id)
    return pagination.answer_of_whole(call, queries.link_items(link), line_items.render)


def _shown(call: Call, link: Link) -> Json:
    if any(path.partition(".")[0] == "line_items" for path in call.get("expand") or ()):
        return payment_links.render_whole(link, queries.link_items(link))
    return payment_links.render(link)


def _offer(call: Call) -> dict[str, Any]:
    """Return what is offered, as services take it: a title and an amount, or a price."""
    if not call.get("line_items"):
        missing = [name for name in ("title", "currency") if call.get(name) is None]
        if missing:
            message = "This parameter is required, or line_items instead."
            raise errors.ParametersWrong(
                [Fault(name, "parameter_missing", message) for name in missing]
            )
        amount, currency = call.get("amount"), call.values["currency"]
        return {
            "title": call.values["title"],
            "amount": None if amount is None else Money(amount, currency),
            "currency": currency,
        }
    item = call.values["line_items"][0]
    quantity = item.get("quantity") or 1
    price = one_of(item, "price", "price_data", within="line_items[0]")
    if price == "price":
        known = queries.prices_by_id([item["price"]], call.merchant_id).get(item["price"])
        _refuse_too_much(0 if known is None else known.amount.minor * quantity)
        return {"price_id": item["price"], "quantity": quantity}
    told = item["price_data"]
    amount = told["unit_amount"] * quantity
    _refuse_too_much(amount)
    return {
        "title": told["product_data"]["name"],
        "amount": Money(amount, told["currency"]),
        "quantity": quantity,
    }


def _refuse_too_much(amount: int) -> None:
    if amount > fields.LARGEST_AMOUNT:
        message = f"The amount is at most {fields.LARGEST_AMOUNT}."
        raise errors.ParametersWrong([Fault("line_items[0]", "amount_too_large", message)])

"""Prices: what one piece of a product costs, once."""

from typing import Any

from fintech.api import pagination
from fintech.api.choosing import one_of
from fintech.api.codec import fields
from fintech.api.codec.fields import Field
from fintech.api.operations import ONE_END, Answer, Call, list_parameters, operation
from fintech.api.v1.products import PRODUCT_DATA, labels, new_product
from fintech.kernel.money import Money
from fintech.payments import queries
from fintech.payments import services as payments
from fintech.payments.data import NewPrice
from fintech.wire import prices

_READ, _WRITE = "payments:read", "payments:write"
_PRODUCT = fields.Id(prefix="prod", noun="product", about="What is sold.")
_FACETS: dict[str, Field] = {
    "active": fields.Boolean(about="Whether it can be used."),
    "lookup_key": fields.Text(longest=200, about="Your own name for it; one price has it."),
    "metadata": fields.Metadata(),
    "nickname": fields.Text(longest=250, about="Your own words; not for the payer."),
}
# A price that is made where it is used, and is not used again.
PRICE_DATA = fields.Group(
    fields={
        "currency": fields.Currency(required=True),
        "unit_amount": fields.Amount(required=True),
        "product": _PRODUCT,
        "product_data": PRODUCT_DATA,
    },
    about="A price for this once, instead of one that exists.",
)


def new_price(values: dict[str, Any], *, within: str = "") -> NewPrice:
    """
    Return what is asked for as services take it.

    One that is made where it is used (`within` says in which parameter) is for that once: it
    and a product made with it are not active.

    Raises:
        ParametersWrong: it names no product, or both one that exists and one to be made.
    """
    chosen = one_of(values, "product", "product_data", within=within)
    active = not within and values.get("active") is not False
    return NewPrice(
        amount=Money(values["unit_amount"], values["currency"]),
        product_id=values.get("product"),
        product=new_product(values["product_data"], active=not within)
        if chosen == "product_data"
        else None,
        active=active,
        nickname=values.get("nickname") or "",
        lookup_key=values.get("lookup_key") or "",
        metadata=labels(values),
    )


@operation(
    "POST",
    "/v1/prices",
    scope=_WRITE,
    returns="price",
    parameters={
        "currency": fields.Currency(required=True, example="eur"),
        "unit_amount": fields.Amount(required=True, about="In minor units.", example=1200),
        "product": _PRODUCT,
        "product_data": PRODUCT_DATA,
        **_FACETS,
        "billing_scheme": fields.OneOf(words=("per_unit",), inert=True),
        "tax_behavior": fields.OneOf(words=("unspecified",), inert=True),
    },
)
def create(call: Call) -> Answer:
    """Say what one piece of a product costs. Prices that recur are refused."""
    done = payments.create_price(
        new_price(call.values),
        merchant_id=call.merchant_id,
        key=call.key,
        by=call.by,
        at=call.at,
    )
    return Answer(body=prices.render(done.value), replayed=done.replayed)


@operation("GET", "/v1/prices/{id}", scope=_READ, returns="price")
def retrieve(call: Call) -> Answer:
    """Retrieve a price."""
    return Answer(body=prices.render(queries.price(call.this("price"), call.merchant_id)))


@operation("POST", "/v1/prices/{id}", scope=_WRITE, returns="price", parameters=_FACETS)
def update(call: Call) -> Answer:
    """Change a price's labels, or switch it on or off; what it asks for stays."""
    price_id = call.this("price")
    done = payments.update_price(
        merchant_id=call.merchant_id,
        price_id=price_id,
        active=call.get("active"),
        nickname=call.changed("nickname"),
        lookup_key=call.changed("lookup_key"),
        metadata=call.labels(lambda: queries.price(price_id, call.merchant_id).metadata),
        key=call.key,
        by=call.by,
        at=call.at,
    )
    return Answer(body=prices.render(done.value), replayed=done.replayed)


@operation(
    "GET",
    "/v1/prices",
    scope=_READ,
    returns="list",
    of="price",
    parameters=list_parameters(
        "price",
        "price",
        active=fields.Boolean(),
        created=fields.Range(),
        currency=fields.Currency(),
        lookup_keys=fields.Many(of=fields.Text(longest=200), most=10),
        product=_PRODUCT,
        type=fields.OneOf(words=("one_time",), inert=True),
    ),
    exclusive=ONE_END,
)
def index(call: Call) -> Answer:
    """List prices, newest first."""
    page = queries.prices(
        call.merchant_id,
        limit=call.page.limit,
        after=call.page.after,
        before=call.page.before,
        active=call.get("active"),
        product_id=call.get("product"),
        currency=call.get("currency"),
        lookup_keys=call.get("lookup_keys") or (),
        created=call.get("created"),
    )
    return pagination.answer(call, page.items, prices.render, has_more=page.has_more)

"""Products: what a merchant sells."""

from typing import Any

from fintech.api import pagination
from fintech.api.codec import fields
from fintech.api.codec.fields import Field
from fintech.api.operations import ONE_END, Answer, Call, list_parameters, operation
from fintech.kernel.money import Money
from fintech.payments import queries
from fintech.payments import services as payments
from fintech.payments.data import NewPrice, NewProduct
from fintech.wire import deleted, products

_READ, _WRITE = "payments:read", "payments:write"
_TEXTS = ("name", "description", "url", "unit_label", "statement_descriptor")
# What is told of a product, besides its name, wherever one is made.
TOLD: dict[str, Field] = {
    "description": fields.Text(longest=1000, lines=True, about="What payers may read of it."),
    "images": fields.Many(of=fields.Url(), most=8),
    "metadata": fields.Metadata(),
}
_FACETS: dict[str, Field] = {
    **TOLD,
    "active": fields.Boolean(about="Whether it is sold."),
    "shippable": fields.Boolean(about="Whether it is sent to people."),
    "statement_descriptor": fields.Text(longest=22),
    "unit_label": fields.Text(longest=40, about="What one piece is called, such as `seat`."),
    "url": fields.Url(about="Where more is told of it."),
}
# A product that is made together with its price.
PRODUCT_DATA = fields.Group(
    fields={"name": fields.Text(longest=250, required=True), **TOLD},
    about="A product that is made with the price, instead of one that exists.",
)


def labels(values: dict[str, Any]) -> dict[str, str]:
    """Return the metadata of something new: labels without text are left out."""
    return {name: text for name, text in (values.get("metadata") or {}).items() if text}


def new_product(values: dict[str, Any], *, active: bool = True) -> NewProduct:
    """Return what is asked for as services take it."""
    given = {name: values[name] for name in _TEXTS if values.get(name) is not None}
    return NewProduct(
        **given,
        active=active,
        images=tuple(values.get("images") or ()),
        shippable=values.get("shippable"),
        metadata=labels(values),
    )


@operation(
    "POST",
    "/v1/products",
    scope=_WRITE,
    returns="product",
    parameters={
        "name": fields.Text(
            longest=250, about="What payers read.", example="A book", required=True
        ),
        **_FACETS,
        "default_price_data": fields.Group(
            fields={
                "currency": fields.Currency(required=True),
                "unit_amount": fields.Amount(required=True),
                "metadata": fields.Metadata(),
            },
            about="The price of choice, made with the product.",
        ),
    },
)
def create(call: Call) -> Answer:
    """Put a product into the catalog."""
    priced = call.get("default_price_data")
    done = payments.create_product(
        new_product(call.values, active=call.get("active", True)),
        merchant_id=call.merchant_id,
        default_price=None
        if priced is None
        else NewPrice(
            amount=Money(priced["unit_amount"], priced["currency"]),
            metadata=labels(priced),
        ),
        key=call.key,
        by=call.by,
        at=call.at,
    )
    return Answer(body=products.render(done.value), replayed=done.replayed)


@operation("GET", "/v1/products/{id}", scope=_READ, returns="product")
def retrieve(call: Call) -> Answer:
    """Retrieve a product; one that was deleted says only so."""
    return Answer(body=products.render(queries.product(call.this("prod"), call.merchant_id)))


@operation(
    "POST",
    "/v1/products/{id}",
    scope=_WRITE,
    returns="product",
    parameters={
        "name": fields.Text(longest=250, about="What payers read."),
        **_FACETS,
        "default_price": fields.Id(
            prefix="price", noun="price", about="The price of choice: one of the product's own."
        ),
    },
)
def update(call: Call) -> Answer:
    """Change what is given of a product."""
    product_id = call.this("prod")
    images = (call.get("images") or []) if "images" in call.values else None
    done = payments.update_product(
        merchant_id=call.merchant_id,
        product_id=product_id,
        active=call.get("active"),
        texts={name: call.changed(name) for name in _TEXTS},
        images=images,
        shippable=call.get("shippable"),
        default_price_id=call.get("default_price"),
        metadata=call.labels(lambda: queries.product(product_id, call.merchant_id).metadata),
        key=call.key,
        by=call.by,
        at=call.at,
    )
    return Answer(body=products.render(done.value), replayed=done.replayed)


@operation("DELETE", "/v1/products/{id}", scope=_WRITE, returns="product", expands=False)
def delete(call: Call) -> Answer:
    """Delete a product that never had a price; switch off one that had."""
    payments.delete_product(
        merchant_id=call.merchant_id, product_id=call.this("prod"), by=call.by, at=call.at
    )
    return Answer(body=deleted.render("product", call.path["id"]))


@operation(
    "GET",
    "/v1/products",
    scope=_READ,
    returns="list",
    of="product",
    parameters=list_parameters(
        "prod",
        "product",
        active=fields.Boolean(),
        created=fields.Range(),
        ids=fields.Many(of=fields.Id(prefix="prod", noun="product")),
    ),
    exclusive=ONE_END,
)
def index(call: Call) -> Answer:
    """List products, newest first."""
    page = queries.products(
        call.merchant_id,
        limit=call.page.limit,
        after=call.page.after,
        before=call.page.before,
        active=call.get("active"),
        only=call.get("ids") or (),
        created=call.get("created"),
    )
    return pagination.answer(call, page.items, products.render, has_more=page.has_more)


@operation(
    "GET",
    "/v1/products/{id}/features",
    scope=_READ,
    returns="list",
    of="product_feature",
    noun="product",
    parameters=list_parameters("prodft", "product feature"),
    exclusive=ONE_END,
)
def list_features(call: Call) -> Answer:
    """List nothing: what a product entitles to is not kept here. For clients that ask."""
    queries.product(call.this("prod"), call.merchant_id)
    return pagination.answer(call, (), products.render, has_more=False)

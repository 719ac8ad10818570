"""Customers: who pays a merchant."""

from fintech.api import pagination
from fintech.api.codec import fields
from fintech.api.codec.fields import Field
from fintech.api.operations import ONE_END, Answer, Call, list_parameters, operation
from fintech.payments import queries
from fintech.payments import services as payments
from fintech.wire import customers, deleted, lists, payment_methods

_READ, _WRITE = "customers:read", "customers:write"
_FACETS: dict[str, Field] = {
    "email": fields.Email(),
    "name": fields.Text(longest=256),
    "phone": fields.Text(longest=40),
    "description": fields.Text(longest=1000, lines=True),
    "metadata": fields.Metadata(),
}


@operation("POST", "/v1/customers", scope=_WRITE, returns="customer", parameters=_FACETS)
def create(call: Call) -> Answer:
    """Remember somebody who pays."""
    done = payments.create_customer(
        merchant_id=call.merchant_id,
        email=call.text("email"),
        name=call.text("name"),
        phone=call.text("phone"),
        description=call.text("description"),
        metadata=call.new_labels(),
        key=call.key,
        by=call.by,
        at=call.at,
    )
    return Answer(body=customers.render(done.value), replayed=done.replayed)


@operation("GET", "/v1/customers/{id}", scope=_READ, returns="customer")
def retrieve(call: Call) -> Answer:
    """Retrieve a customer; one that was deleted says only so."""
    return Answer(body=customers.render(queries.customer(call.this("cus"), call.merchant_id)))


@operation("POST", "/v1/customers/{id}", scope=_WRITE, returns="customer", parameters=_FACETS)
def update(call: Call) -> Answer:
    """Change what is given of a customer."""
    customer_id = call.this("cus")
    done = payments.update_customer(
        merchant_id=call.merchant_id,
        customer_id=customer_id,
        email=call.changed("email"),
        name=call.changed("name"),
        phone=call.changed("phone"),
        description=call.changed("description"),
        metadata=call.labels(lambda: queries.customer(customer_id, call.merchant_id).metadata),
        key=call.key,
        by=call.by,
        at=call.at,
    )
    return Answer(body=customers.render(done.value), replayed=done.replayed)


@operation("DELETE", "/v1/customers/{id}", scope=_WRITE, returns="customer", expands=False)
def delete(call: Call) -> Answer:
    """Forget a customer: what was personal is emptied, the id stays for the books."""
    payments.delete_customer(
        merchant_id=call.merchant_id, customer_id=call.this("cus"), by=call.by, at=call.at
    )
    return Answer(body=deleted.render("customer", call.path["id"]))


@operation(
    "GET",
    "/v1/customers",
    scope=_READ,
    returns="list",
    of="customer",
    parameters=list_parameters("cus", "customer", email=fields.Email(), created=fields.Range()),
    exclusive=ONE_END,
)
def index(call: Call) -> Answer:
    """List customers, newest first."""
    page = queries.customers(
        call.merchant_id,
        limit=call.page.limit,
        after=call.page.after,
        before=call.page.before,
        email=call.get("email"),
        created=call.get("created"),
    )
    return pagination.answer(call, page.items, customers.render, has_more=page.has_more)


@operation(
    "GET",
    "/v1/customers/{id}/payment_methods",
    scope=_READ,
    returns="list",
    of="payment_method",
    noun="customer",
    parameters=list_parameters(
        "pm", "payment method", type=fields.OneOf(words=("card",), inert=True)
    ),
    exclusive=ONE_END,
)
def list_payment_methods(call: Call) -> Answer:
    """List a customer's cards, newest first."""
    customer = queries.customer(call.this("cus"), call.merchant_id)
    page = queries.payment_methods(
        call.merchant_id,
        limit=call.page.limit,
        after=call.page.after,
        before=call.page.before,
        customer_id=customer.id,
    )
    return pagination.answer(call, page.items, payment_methods.render, has_more=page.has_more)


@operation(
    "GET",
    "/v1/customers/{id}/sources",
    scope=_READ,
    returns="list",
    of="payment_method",
    noun="customer",
    parameters={
        **list_parameters("pm", "payment method"),
        "object": fields.OneOf(words=("card", "source", "bank_account"), inert=True),
    },
)
def list_sources(call: Call) -> Answer:
    """List nothing: cards are payment methods here. Kept for old clients."""
    queries.customer(call.this("cus"), call.merchant_id)
    return Answer(
        body=lists.render([], path=f"/v1/customers/{call.path['id']}/sources", has_more=False)
    )

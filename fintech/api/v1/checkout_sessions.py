"""Checkout sessions: a page made for one sale, to which a shop sends its payer."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fintech.api import errors, pagination
from fintech.api.choosing import one_of
from fintech.api.codec import fields
from fintech.api.operations import ONE_END, Answer, Call, list_parameters, operation
from fintech.api.v1.prices import PRICE_DATA, new_price
from fintech.api.v1.products import labels
from fintech.payments import queries
from fintech.payments import services as payments
from fintech.payments.data import (
    CaptureMethod,
    CheckoutSession,
    NewLine,
    NewSession,
    Price,
    Sale,
    SessionState,
)
from fintech.wire import checkout_sessions, line_items
from fintech.wire.errors import Fault
from fintech.wire.scalars import Json

_READ, _WRITE = "payments:read", "payments:write"
_CUSTOMER = fields.Id(prefix="cus", noun="customer", about="Who pays.")
_LINE_ITEM = fields.Group(
    fields={
        "price": fields.Id(prefix="price", noun="price", about="A price of your catalog."),
        "price_data": PRICE_DATA,
        "quantity": fields.Integer(least=1, most=10_000, about="1 if not given."),
    }
)
_PAYMENT = fields.Group(
    fields={
        "capture_method": fields.OneOf(
            words=("automatic", "automatic_async", "manual"),
            about="`manual` reserves the money until you capture it.",
        ),
        "description": fields.Text(
            longest=1000, lines=True, about="Your own words; not for the payer."
        ),
        "metadata": fields.Metadata(),
        "statement_descriptor": fields.Text(longest=22, about="What the statement says."),
    },
    about="How the payment is made, once somebody pays.",
)


@operation(
    "POST",
    "/v1/checkout/sessions",
    scope=_WRITE,
    returns="checkout.session",
    parameters={
        "line_items": fields.Many(
            of=_LINE_ITEM,
            most=100,
            required=True,
            about="What is sold.",
            example=[
                {
                    "price_data": {
                        "currency": "eur",
                        "unit_amount": 1200,
                        "product_data": {"name": "A book"},
                    },
                    "quantity": 2,
                }
            ],
        ),
        "success_url": fields.Url(
            required=True,
            about="Where a payer who is done goes; `{CHECKOUT_SESSION_ID}` becomes the id.",
            example="https://example.com/thanks?session={CHECKOUT_SESSION_ID}",
        ),
        "cancel_url": fields.Url(about="Where a payer goes who thinks better of it."),
        "client_reference_id": fields.Text(longest=200, about="Your own name for the sale."),
        "customer": _CUSTOMER,
        "customer_email": fields.Email(about="What the page's field says already."),
        "expires_at": fields.Integer(
            least=0,
            most=253_402_300_799,
            about="Unix seconds; 30 minutes to 24 hours from now, 24 hours if not given.",
        ),
        "metadata": fields.Metadata(),
        "mode": fields.OneOf(words=("payment",), about="One sale; nothing recurs here."),
        "payment_intent_data": _PAYMENT,
        "billing_address_collection": fields.OneOf(words=("auto",), inert=True),
        "customer_creation": fields.OneOf(words=("if_required",), inert=True),
        "locale": fields.OneOf(words=("auto",), inert=True),
        "payment_method_types": fields.Many(of=fields.OneOf(words=("card",)), inert=True),
        "submit_type": fields.OneOf(words=("auto", "pay"), inert=True),
        "ui_mode": fields.OneOf(words=("hosted", "hosted_page"), inert=True),
    },
    exclusive=(("customer", "customer_email"),),
)
def create(call: Call) -> Answer:
    """Make a page for one sale, and send your payer to its `url`."""
    expires, sale = call.get("expires_at"), call.get("payment_intent_data") or {}
    is_manual = sale.get("capture_method") == "manual"
    new = NewSession(
        lines=_lines(call),
        success_url=call.values["success_url"],
        cancel_url=call.text("cancel_url"),
        customer_id=call.get("customer"),
        customer_email=call.text("customer_email"),
        client_reference_id=call.text("client_reference_id"),
        metadata=call.new_labels(),
        sale=Sale(
            capture_method=CaptureMethod.MANUAL if is_manual else CaptureMethod.AUTOMATIC,
            description=sale.get("description") or "",
            metadata=labels(sale),
            statement_descriptor=sale.get("statement_descriptor") or "",
        ),
        expires_at=None if expires is None else datetime.fromtimestamp(expires, tz=UTC),
    )
    done = payments.open_session(
        new, merchant_id=call.merchant_id, key=call.key, by=call.by, at=call.at
    )
    return Answer(body=_shown(call, done.value), replayed=done.replayed)


@operation("GET", "/v1/checkout/sessions/{id}", scope=_READ, returns="checkout.session")
def retrieve(call: Call) -> Answer:
    """Retrieve a checkout session; `expand[]=line_items` shows what is sold."""
    return Answer(body=_shown(call, queries.session(call.this("cs"), call.merchant_id)))


@operation("POST", "/v1/checkout/sessions/{id}/expire", scope=_WRITE, returns="checkout.session")
def expire(call: Call) -> Answer:
    """Let nobody pay there any more; a payment that was begun is canceled."""
    done = payments.expire_session(
        session_id=call.this("cs"),
        merchant_id=call.merchant_id,
        key=call.key,
        by=call.by,
        at=call.at,
    )
    return Answer(body=_shown(call, done.value), replayed=done.replayed)


@operation(
    "GET",
    "/v1/checkout/sessions",
    scope=_READ,
    returns="list",
    of="checkout.session",
    parameters=list_parameters(
        "cs",
        "checkout session",
        created=fields.Range(),
        customer=_CUSTOMER,
        payment_intent=fields.Id(prefix="pi", noun="payment intent"),
        status=fields.OneOf(words=tuple(state.value for state in SessionState)),
    ),
    exclusive=ONE_END,
)
def index(call: Call) -> Answer:
    """List checkout sessions, newest first."""
    page = queries.sessions(
        call.merchant_id,
        limit=call.page.limit,
        after=call.page.after,
        before=call.page.before,
        state=call.get("status"),
        customer_id=call.get("customer"),
        payment_id=call.get("payment_intent"),
        created=call.get("created"),
    )
    is_whole = "data.line_items" in _begun(call)
    render = checkout_sessions.render_whole if is_whole else checkout_sessions.render
    return pagination.answer(call, page.items, render, has_more=page.has_more)


@operation(
    "GET",
    "/v1/checkout/sessions/{id}/line_items",
    scope=_READ,
    returns="list",
    of="item",
    noun="checkout.session",
    parameters=list_parameters("li", "line item"),
    exclusive=ONE_END,
)
def list_line_items(call: Call) -> Answer:
    """List what is sold, in the order in which it was given."""
    session = queries.session(call.this("cs"), call.merchant_id)
    return pagination.answer_of_whole(call, session.items, line_items.render)


def _shown(call: Call, session: CheckoutSession) -> Json:
    if "line_items" in _begun(call):
        return checkout_sessions.render_whole(session)
    return checkout_sessions.render(session)


def _begun(call: Call) -> set[str]:
    """Return the paths of `expand`, and where each of them begins."""
    steps = [path.split(".") for path in call.get("expand") or ()]
    return {".".join(path[:depth]) for path in steps for depth in range(1, len(path) + 1)}


def _lines(call: Call) -> tuple[NewLine, ...]:
    """Return what is sold, as services take it; refuse more than a payment may be."""
    items: Sequence[Mapping[str, Any]] = call.values["line_items"]
    named: set[UUID] = {item["price"] for item in items if item.get("price") is not None}
    known = queries.prices_by_id(named, call.merchant_id) if named else {}
    found, total = [], 0
    for place, item in enumerate(items):
        within, quantity = f"line_items[{place}]", item.get("quantity") or 1
        if one_of(item, "price", "price_data", within=within) == "price":
            price: Price | None = known.get(item["price"])
            total += quantity * (0 if price is None else price.amount.minor)
            found.append(NewLine(price_id=item["price"], quantity=quantity))
        else:
            told = item["price_data"]
            total += quantity * told["unit_amount"]
            made = new_price(told, within=f"{within}[price_data]")
            found.append(NewLine(price=made, quantity=quantity))
    if total > fields.LARGEST_AMOUNT:
        message = f"The amount is at most {fields.LARGEST_AMOUNT}."
        raise errors.ParametersWrong([Fault("line_items", "amount_too_large", message)])
    return tuple(found)

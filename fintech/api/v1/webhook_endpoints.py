"""Webhook endpoints: addresses to which a merchant wants events delivered."""

from fintech.api import pagination
from fintech.api.codec import fields
from fintech.api.operations import ONE_END, Answer, Call, list_parameters, operation
from fintech.notifications import queries
from fintech.notifications import services as notifications
from fintech.wire import deleted, events, webhook_endpoints
from fintech.wire.events import API_VERSION

_READ, _WRITE = "webhooks:read", "webhooks:write"
_EVENTS = fields.Many(
    of=fields.Text(longest=80),
    about="Event types, `prefix.*`, or `*` for all.",
    example=["payment_intent.succeeded"],
)
_DESCRIPTION = fields.Text(longest=500, lines=True)
_ORDER = "Tell the events of one object one after the other, each when the one before has ended."


@operation(
    "POST",
    "/v1/webhook_endpoints",
    scope=_WRITE,
    returns="webhook_endpoint",
    parameters={
        "url": fields.Url(required=True, example="https://example.com/webhooks"),
        "enabled_events": fields.Many(of=fields.Text(longest=80), required=True, example=["*"]),
        "description": _DESCRIPTION,
        "metadata": fields.Metadata(),
        "strict_order": fields.Boolean(about=_ORDER),
        "api_version": fields.OneOf(words=(API_VERSION,), inert=True),
    },
)
def create(call: Call) -> Answer:
    """Have events delivered. The answer carries the signing secret, this once."""
    done = notifications.create_endpoint(
        merchant_id=call.merchant_id,
        url=call.values["url"],
        events=call.values["enabled_events"],
        description=call.text("description"),
        metadata=call.new_labels(),
        is_ordered=bool(call.get("strict_order")),
        key=call.key,
        by=call.by,
        at=call.at,
    )
    return Answer(
        body=webhook_endpoints.render(done.value, secret=done.value.secret),
        replayed=done.replayed,
    )


@operation("GET", "/v1/webhook_endpoints/{id}", scope=_READ, returns="webhook_endpoint")
def retrieve(call: Call) -> Answer:
    """Retrieve a webhook endpoint."""
    return Answer(
        body=webhook_endpoints.render(queries.endpoint(call.this("we"), call.merchant_id))
    )


@operation(
    "POST",
    "/v1/webhook_endpoints/{id}",
    scope=_WRITE,
    returns="webhook_endpoint",
    parameters={
        "url": fields.Url(),
        "enabled_events": _EVENTS,
        "description": _DESCRIPTION,
        "disabled": fields.Boolean(),
        "metadata": fields.Metadata(),
        "strict_order": fields.Boolean(about=_ORDER),
    },
)
def update(call: Call) -> Answer:
    """Change a webhook endpoint, or switch it off and on."""
    endpoint_id = call.this("we")
    is_disabled = call.get("disabled")
    done = notifications.update_endpoint(
        endpoint_id=endpoint_id,
        merchant_id=call.merchant_id,
        url=call.get("url"),
        events=call.get("enabled_events"),
        description=call.changed("description"),
        metadata=call.merged(lambda: queries.endpoint(endpoint_id, call.merchant_id).metadata),
        is_enabled=None if is_disabled is None else not is_disabled,
        is_ordered=call.get("strict_order"),
        key=call.key,
        by=call.by,
        at=call.at,
    )
    return Answer(body=webhook_endpoints.render(done.value), replayed=done.replayed)


@operation(
    "DELETE",
    "/v1/webhook_endpoints/{id}",
    scope=_WRITE,
    returns="webhook_endpoint",
    expands=False,
)
def delete(call: Call) -> Answer:
    """Have no more events delivered there."""
    notifications.delete_endpoint(
        endpoint_id=call.this("we"), merchant_id=call.merchant_id, by=call.by, at=call.at
    )
    return Answer(body=deleted.render("webhook_endpoint", call.path["id"]))


@operation(
    "GET",
    "/v1/webhook_endpoints",
    scope=_READ,
    returns="list",
    of="webhook_endpoint",
    parameters=list_parameters("we", "webhook endpoint"),
    exclusive=ONE_END,
)
def index(call: Call) -> Answer:
    """List webhook endpoints, newest first."""
    page = queries.endpoints(
        call.merchant_id,
        limit=call.page.limit,
        after=call.page.after,
        before=call.page.before,
    )
    return pagination.answer(call, page.items, webhook_endpoints.render, has_more=page.has_more)


@operation(
    "GET",
    "/v1/webhook_endpoints/{id}/deliveries",
    scope=_READ,
    returns="list",
    of="webhook_delivery",
    noun="webhook endpoint",
    parameters=list_parameters("wd", "delivery"),
    exclusive=ONE_END,
)
def list_deliveries(call: Call) -> Answer:
    """List what was delivered to an endpoint, and what was not, newest first."""
    endpoint = queries.endpoint(call.this("we"), call.merchant_id)
    page = queries.deliveries(
        call.merchant_id,
        endpoint_id=endpoint.id,
        limit=call.page.limit,
        after=call.page.after,
        before=call.page.before,
    )
    return pagination.answer(
        call, page.items, webhook_endpoints.render_delivery, has_more=page.has_more
    )


@operation(
    "POST",
    "/v1/webhook_endpoints/{id}/roll_secret",
    scope=_WRITE,
    returns="webhook_endpoint",
    noun="webhook endpoint",
)
def roll_secret(call: Call) -> Answer:
    """Give an endpoint a new secret, told this once; for a day both sign."""
    endpoint_id = call.this("we")
    done = call.once(
        lambda: notifications.roll_secret(
            endpoint_id=endpoint_id, merchant_id=call.merchant_id, by=call.by, at=call.at
        )
    )
    return Answer(
        body=webhook_endpoints.render(done.value, secret=done.value.secret),
        replayed=done.replayed,
    )


@operation(
    "POST",
    "/v1/webhook_endpoints/{id}/test",
    scope=_WRITE,
    returns="event",
    noun="webhook endpoint",
)
def send_test(call: Call) -> Answer:
    """Send this endpoint a test event, once, and answer with it."""
    endpoint_id = call.this("we")
    done = call.once(
        lambda: notifications.send_test_event(
            endpoint_id=endpoint_id, merchant_id=call.merchant_id, by=call.by, at=call.at
        )
    )
    return Answer(body=events.render(done.value, pending_webhooks=1), replayed=done.replayed)


@operation(
    "GET",
    "/v1/webhook_deliveries/{id}",
    scope=_READ,
    returns="webhook_delivery",
    noun="delivery",
)
def retrieve_delivery(call: Call) -> Answer:
    """Retrieve what became of one event on its way to one endpoint."""
    found = queries.delivery(call.this("wd"), call.merchant_id)
    return Answer(body=webhook_endpoints.render_delivery(found))


@operation(
    "POST",
    "/v1/webhook_deliveries/{id}/resend",
    scope=_WRITE,
    returns="webhook_delivery",
    noun="delivery",
)
def resend(call: Call) -> Answer:
    """Send an event to an endpoint again, from its first try on."""
    delivery_id = call.this("wd")
    done = call.once(
        lambda: notifications.resend(
            delivery_id=delivery_id, merchant_id=call.merchant_id, by=call.by, at=call.at
        )
    )
    return Answer(body=webhook_endpoints.render_delivery(done.value), replayed=done.replayed)

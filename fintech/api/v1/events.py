"""Events: everything a merchant was told, kept for whoever missed a webhook."""

from typing import Any

from fintech.api import pagination
from fintech.api.codec import fields
from fintech.api.operations import ONE_END, Answer, Call, list_parameters, operation
from fintech.notifications import queries
from fintech.notifications.data import Event
from fintech.wire import events, webhook_endpoints

_READ = "webhooks:read"
_ONE_WAY = (*ONE_END, ("after", "starting_after"), ("after", "ending_before"))


@operation("GET", "/v1/events/{id}", scope=_READ, returns="event")
def retrieve(call: Call) -> Answer:
    """Retrieve an event, with the object as it was then."""
    found = queries.event(call.this("evt"), call.merchant_id)
    waiting = queries.pending_webhooks([found.id])
    return Answer(body=events.render(found, pending_webhooks=waiting.get(found.id, 0)))


@operation(
    "GET",
    "/v1/events",
    scope=_READ,
    returns="list",
    of="event",
    parameters=list_parameters(
        "evt",
        "event",
        type=fields.Text(longest=80),
        types=fields.Many(of=fields.Text(longest=80), most=20),
        created=fields.Range(),
        after=fields.Id(
            prefix="evt",
            noun="event",
            about="Catch up: what was told after this event, oldest first.",
        ),
    ),
    exclusive=(*_ONE_WAY, ("type", "types")),
)
def index(call: Call) -> Answer:
    """List events, newest first; or with `after`, oldest first from where you stopped."""
    one = call.get("type")
    page = queries.events(
        call.merchant_id,
        limit=call.page.limit,
        after=call.page.after,
        before=call.page.before,
        types=[one] if one else call.get("types", ()),
        created=call.get("created"),
        following=call.get("after"),
    )
    waiting = queries.pending_webhooks([event.id for event in page.items])

    def render(event: Event) -> dict[str, Any]:
        return events.render(event, pending_webhooks=waiting.get(event.id, 0))

    return pagination.answer(call, page.items, render, has_more=page.has_more)


@operation(
    "GET",
    "/v1/events/{id}/deliveries",
    scope=_READ,
    returns="list",
    of="webhook_delivery",
    noun="event",
    parameters=list_parameters("wd", "delivery"),
    exclusive=ONE_END,
)
def list_deliveries(call: Call) -> Answer:
    """List where an event was delivered, and where not yet."""
    event = queries.event(call.this("evt"), call.merchant_id)
    page = queries.deliveries(
        call.merchant_id,
        event_id=event.id,
        limit=call.page.limit,
        after=call.page.after,
        before=call.page.before,
    )
    return pagination.answer(
        call, page.items, webhook_endpoints.render_delivery, has_more=page.has_more
    )

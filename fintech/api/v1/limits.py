"""Limits: how much, or how often, a merchant, customer, card or wallet may within a time."""

from fintech.api import pagination
from fintech.api.codec import fields
from fintech.api.operations import Answer, Call, list_parameters, operation
from fintech.wallets import queries
from fintech.wallets import services as wallets
from fintech.wallets.data import LimitKind, LimitScope, LimitWindow, OnReversal
from fintech.wire import deleted, limits

_READ, _WRITE = "wallets:read", "wallets:write"
_MOST = 999_999_999_999


@operation(
    "POST",
    "/v1/limits",
    scope=_WRITE,
    returns="limit",
    parameters={
        "scope": fields.OneOf(words=tuple(word.value for word in LimitScope), required=True),
        "kind": fields.OneOf(words=tuple(word.value for word in LimitKind), required=True),
        "window": fields.OneOf(words=tuple(word.value for word in LimitWindow), required=True),
        "maximum": fields.Integer(
            least=0, most=_MOST, required=True, about="Minor units of `currency`, or a count."
        ),
        "currency": fields.Currency(about="Needed where amounts are counted."),
        "subject": fields.Text(longest=80, about="One of them alone; each by itself without it."),
        "seconds": fields.Integer(least=1, most=366 * 86_400, about="Of a rolling window."),
        "zone": fields.Text(
            longest=64,
            about="Of a day, week or month, such as Europe/Berlin; `owner` for each wallet's own.",
        ),
        "tier": fields.Text(longest=40, about="Only wallets of this tier."),
        "channel": fields.Text(longest=40, about="Only what came in this way."),
        "category": fields.Text(longest=40, about="Only what is for this."),
        "operation": fields.OneOf(
            words=("payment", "hold", "transfer", "withdrawal", "top_up"),
            about="Only operations of this kind.",
        ),
        "reversal": fields.OneOf(
            words=tuple(word.value for word in OnReversal),
            about="Whether what was undone or refunded is given back; it is if not given.",
        ),
        "converts": fields.Boolean(
            about="Count amounts in other currencies too, at the stored rates; not if not given."
        ),
    },
)
def create(call: Call) -> Answer:
    """Let a limit hold from now on."""
    done = wallets.create_limit(
        merchant_id=call.merchant_id,
        scope=call.values["scope"],
        kind=call.values["kind"],
        window=call.values["window"],
        maximum=call.values["maximum"],
        currency=call.text("currency"),
        subject=call.text("subject"),
        seconds=call.get("seconds"),
        zone=call.text("zone"),
        tier=call.text("tier"),
        channel=call.text("channel"),
        category=call.text("category"),
        operation=call.text("operation"),
        reversal=call.text("reversal") or OnReversal.GIVES_BACK,
        converts=call.get("converts", False),
        key=call.key,
        by=call.by,
        at=call.at,
    )
    return Answer(body=limits.render(done.value), replayed=done.replayed)


@operation("GET", "/v1/limits/{id}", scope=_READ, returns="limit")
def retrieve(call: Call) -> Answer:
    """Retrieve a limit."""
    return Answer(body=limits.render(queries.limit(call.this("lim"), call.merchant_id)))


@operation(
    "POST",
    "/v1/limits/{id}",
    scope=_WRITE,
    returns="limit",
    parameters={"maximum": fields.Integer(least=0, most=_MOST, required=True)},
)
def update(call: Call) -> Answer:
    """Give a limit another maximum; what is used of it stays used."""
    done = wallets.change_limit(
        limit_id=call.this("lim"),
        merchant_id=call.merchant_id,
        maximum=call.values["maximum"],
        key=call.key,
        by=call.by,
        at=call.at,
    )
    return Answer(body=limits.render(done.value), replayed=done.replayed)


@operation("DELETE", "/v1/limits/{id}", scope=_WRITE, returns="limit", expands=False)
def delete(call: Call) -> Answer:
    """Let a limit hold no longer."""
    wallets.remove_limit(
        limit_id=call.this("lim"), merchant_id=call.merchant_id, by=call.by, at=call.at
    )
    return Answer(body=deleted.render("limit", call.path["id"]))


@operation(
    "GET",
    "/v1/limits/{id}/usage",
    scope=_READ,
    returns="limit_usage",
    noun="limit",
    parameters={
        "subject": fields.Text(
            longest=80, about="Whose: a customer's, card's or wallet's own id as the limit has it."
        ),
    },
)
def retrieve_usage(call: Call) -> Answer:
    """Retrieve how much of a limit is used now, and when it begins anew."""
    found = queries.usage(
        call.this("lim"),
        subject=call.text("subject"),
        merchant_id=call.merchant_id,
        at=call.at,
    )
    return Answer(body=limits.render_usage(found))


@operation(
    "GET",
    "/v1/limits",
    scope=_READ,
    returns="list",
    of="limit",
    parameters=list_parameters("lim", "limit", both_ways=False),
)
def index(call: Call) -> Answer:
    """List the limits that hold, newest first."""
    found = queries.limits(call.merchant_id, before=call.page.after, limit=call.page.limit + 1)
    return pagination.answer_longer(call, found, limits.render)

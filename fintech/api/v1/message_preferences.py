"""Message preferences: what a merchant's customer has agreed to be sent."""

from fintech.api.codec import fields
from fintech.api.operations import Answer, Call, operation
from fintech.notifications import data, queries
from fintech.notifications import services as notifications
from fintech.wire import lists, message_preferences

_PATH = "/v1/customers/{id}/message_preferences"
_CHANNELS = (data.Channel.MAIL.value, data.Channel.SMS.value)


@operation(
    "GET",
    _PATH,
    scope="customers:read",
    returns="list",
    of="message_preference",
    noun="customer",
)
def index(call: Call) -> Answer:
    """List what a customer is sent, by each way by which they can be written to."""
    customer_id = call.this("cus")
    found = queries.preferences_of_customer(customer_id, call.merchant_id)
    shown = [message_preferences.render(customer_id, one) for one in found]
    path = f"/v1/customers/{call.path['id']}/message_preferences"
    return Answer(body=lists.render(shown, path=path, has_more=False))


@operation(
    "POST",
    _PATH,
    scope="customers:write",
    returns="message_preference",
    noun="customer",
    parameters={
        "channel": fields.OneOf(words=_CHANNELS, required=True),
        "kind": fields.OneOf(
            words=tuple(sorted(kind.value for kind in data.TO_PAYERS)), required=True
        ),
        "wanted": fields.Boolean(
            required=True,
            about="Whether the customer has agreed to it. Text messages are sent to nobody who "
            "has not; a refusal by the customer goes before what is said here.",
        ),
    },
)
def prefer(call: Call) -> Answer:
    """Keep what a customer has agreed to be sent by you."""
    customer_id = call.this("cus")
    done = call.once(
        lambda: notifications.prefer_of_customer(
            customer_id=customer_id,
            merchant_id=call.merchant_id,
            channel=data.Channel(call.values["channel"]),
            kind=data.Template(call.values["kind"]),
            is_wanted=call.values["wanted"],
            at=call.at,
        )
    )
    return Answer(body=message_preferences.render(customer_id, done.value), replayed=done.replayed)

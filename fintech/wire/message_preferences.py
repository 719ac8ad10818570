"""Whether a merchant's customer gets its messages, by kind and way."""

from dataclasses import dataclass
from uuid import UUID

from fintech.kernel import ids
from fintech.wire.scalars import Json, livemode


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """One kind of message by one way: whether it is sent, and who said so."""

    channel: str  # "mail" or "sms"
    kind: str
    is_wanted: bool
    source: str  # "default" where nobody has said anything.


def render(customer_id: UUID, preference: Preference) -> Json:
    """Return a preference; the address it is about is the customer's own."""
    return {
        "channel": preference.channel,
        "customer": ids.public("cus", customer_id),
        "kind": preference.kind,
        "livemode": livemode(),
        "object": "message_preference",
        "source": preference.source,
        "wanted": preference.is_wanted,
    }

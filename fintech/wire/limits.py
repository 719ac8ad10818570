"""How much, or how often, within a time."""

from fintech.kernel import ids
from fintech.wallets.data import Limit
from fintech.wire.scalars import Json, currency, head, text


def render(limit: Limit) -> Json:
    """Return a limit, with all its documented fields."""
    return {
        **head("limit", ids.public("lim", limit.id), limit.created_at, None),
        "active": limit.active,
        "currency": currency(limit.currency) or None,
        "kind": str(limit.kind),
        "maximum": limit.maximum,
        "scope": str(limit.scope),
        "seconds": limit.seconds,
        "subject": text(limit.subject),
        "window": str(limit.window),
        "zone": text(limit.zone),
    }

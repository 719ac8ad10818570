"""How much, or how often, within a time."""

from fintech.kernel import ids
from fintech.wallets.data import Limit, Usage
from fintech.wire.scalars import Json, currency, head, livemode, text, unix


def render(limit: Limit) -> Json:
    """Return a limit, with all its documented fields."""
    return {
        **head("limit", ids.public("lim", limit.id), limit.created_at, None),
        "active": limit.active,
        "category": text(limit.category),
        "channel": text(limit.channel),
        "converts": limit.converts,
        "currency": currency(limit.currency) or None,
        "kind": str(limit.kind),
        "maximum": limit.maximum,
        "operation": text(limit.operation),
        "reversal": str(limit.reversal),
        "scope": str(limit.scope),
        "seconds": limit.seconds,
        "subject": text(limit.subject),
        "tier": text(limit.tier),
        "window": str(limit.window),
        "zone": text(limit.zone),
    }


def render_usage(usage: Usage) -> Json:
    """Return how much of a limit is used."""
    begins = usage.begins_anew_at
    return {
        "begins_anew_at": None if begins is None else unix(begins),
        "left": usage.left,
        "limit": ids.public("lim", usage.limit.id),
        "livemode": livemode(),
        "maximum": usage.limit.maximum,
        "object": "limit_usage",
        "subject": usage.subject,
        "used": usage.used,
    }

"""A key by which a program speaks for a merchant, as events show it: never its secret."""

from fintech.kernel import ids
from fintech.merchants.data import ApiKey
from fintech.wire.scalars import Json, head, text, unix_or_null


def render(key: ApiKey) -> Json:
    """Return a key, with all its documented fields."""
    return {
        **head("api_key", ids.public("ak", key.id), key.created_at, None),
        "expires_at": unix_or_null(key.expires_at),
        "kind": str(key.kind),
        "last4": key.last4,
        "name": text(key.name),
        "revoked_at": unix_or_null(key.revoked_at),
        "scopes": list(key.scopes),
    }

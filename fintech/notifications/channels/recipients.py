"""How an address of a person is known again without being kept: by a keyed digest."""

import hashlib
import hmac

from django.conf import settings

from fintech.notifications.data import Channel


def digest(channel: Channel, address: str) -> str:
    """Return an address as it is kept: known again, and not to be read."""
    spoken = f"{channel}:{address.strip().casefold()}".encode()
    return hmac.new(settings.RECIPIENTS_KEY.encode(), spoken, hashlib.sha256).hexdigest()

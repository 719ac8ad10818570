"""
That a mail was opened, where its reader lets us see that.

Nobody is watched unasked: only the mail of a single reader who has agreed on the page of their
choices carries a picture that its mail program asks for. Only the first time is kept.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.core import signing
from django_subatomic import db

from fintech.kernel import ids
from fintech.notifications import errors, queries
from fintech.notifications.channels import recipients
from fintech.notifications.data import Channel
from fintech.notifications.models import Delivery

_OPENED = "notifications.opened"


def pixel(delivery_id: UUID, to: Sequence[str]) -> str:
    """Return the address of a mail's picture; nothing for a reader who has not agreed."""
    if len(to) != 1 or not queries.may_count_opens(recipients.digest(Channel.MAIL, to[0])):
        return ""
    token = signing.Signer(salt=_OPENED).sign(ids.public("wd", delivery_id))
    return f"{settings.BASE_URL}/inbound/opened/{token}"


def note_opened(*, token: str, at: datetime) -> None:
    """
    Keep when a mail was opened first.

    Raises:
        TokenInvalid: we have not made it.
    """
    try:
        delivery_id = ids.parse("wd", signing.Signer(salt=_OPENED).unsign(token))
    except (signing.BadSignature, ids.NotAnId) as wrong:
        raise errors.TokenInvalid from wrong
    with db.transaction_if_not_already():
        Delivery.objects.filter(id=delivery_id, channel=Channel.MAIL.value, opened_at=None).update(
            opened_at=at
        )

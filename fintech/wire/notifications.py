"""A mail or a text to a payer: what it was about, and what became of it. Never its address."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from fintech.kernel import ids
from fintech.wire.scalars import Json, head, text, unix_or_null


class Message(Protocol):
    """What is needed of a message."""

    @property
    def id(self) -> UUID:
        """Return whose fate it is."""

    @property
    def event_id(self) -> UUID:
        """Return the event that led to it."""

    @property
    def channel(self) -> str:
        """Return by which way it went: `mail` or `sms`."""

    @property
    def template(self) -> str:
        """Return what it is about."""

    @property
    def stage(self) -> str:
        """Return where it stands between created and delivered, or how it failed."""

    @property
    def attempts(self) -> int:
        """Return how often it was tried."""

    @property
    def created_at(self) -> datetime:
        """Return when it was made."""

    @property
    def delivered_at(self) -> datetime | None:
        """Return when it arrived."""

    @property
    def last_error(self) -> str:
        """Return why it did not."""


def render(message: Message) -> Json:
    """Return a message as its merchant is told of it."""
    return {
        **head("notification", ids.public("wd", message.id), message.created_at, None),
        "attempts": message.attempts,
        "channel": message.channel,
        "delivered_at": unix_or_null(message.delivered_at),
        "event": ids.public("evt", message.event_id),
        "kind": message.template,
        "last_error": text(message.last_error),
        "status": message.stage,
    }

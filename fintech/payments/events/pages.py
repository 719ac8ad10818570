"""Facts about pages where anyone who has the address may pay. Amounts are minor units."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from fintech.kernel.events import Code, Event


@dataclass(frozen=True, kw_only=True)
class LinkFact(Event):
    """What every fact of a payment link's stream says."""

    stream_of: ClassVar = "link_id"

    link_id: UUID
    merchant_id: UUID


@dataclass(frozen=True, kw_only=True)
class LinkUsed(LinkFact):
    """Somebody began to pay by a link."""

    name: ClassVar = "payments.link_used.v1"

    payment_id: UUID


@dataclass(frozen=True, kw_only=True)
class LinkUpdated(LinkFact):
    """A merchant changed a link, or switched it on or off."""

    name: ClassVar = "payments.link_updated.v1"

    active: bool


@dataclass(frozen=True, kw_only=True)
class LinkCreated(LinkFact):
    """A merchant has a page where anyone may pay."""

    name: ClassVar = "payments.link_created.v1"

    amount_minor: int | None
    currency: Code

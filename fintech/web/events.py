"""Facts that only the doors know, in the past tense. Ids only: nothing about who looked."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from fintech.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class CheckoutOpened(Event):
    """Somebody opened a hosted page that takes payments. Each visit is a stream of its own."""

    name: ClassVar = "web.checkout_opened.v1"
    stream_of: ClassVar = "visit_id"

    visit_id: UUID
    merchant_id: UUID
    page_id: UUID

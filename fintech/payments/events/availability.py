"""Facts about what a merchant may be paid."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from fintech.kernel.events import Code, Event


@dataclass(frozen=True, kw_only=True)
class BecameAvailable(Event):
    """
    What a merchant may be paid has changed by `amount_minor`, of so many captures.

    It is less than nothing where more was given back than became available.
    """

    name: ClassVar = "payments.became_available.v1"
    stream_of: ClassVar = "availability_id"

    availability_id: UUID
    merchant_id: UUID
    amount_minor: int
    currency: Code
    captures: int

"""Facts about money on its way back. One that spans several captures is a stream for each part."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from fintech.kernel.events import Code, Event


@dataclass(frozen=True, kw_only=True)
class RefundFact(Event):
    """What every fact of a refund's stream says."""

    stream_of: ClassVar = "refund_id"

    refund_id: UUID
    payment_id: UUID
    attempt_id: UUID
    merchant_id: UUID
    amount_minor: int
    currency: Code
    # Where a refund spans several captures, each part is one, and this the first of them.
    whole_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class RefundCreated(RefundFact):
    """A merchant gives money back; the acquirer is about to be asked."""

    name: ClassVar = "payments.refund_created.v1"

    reason: Code
    capture_id: UUID


@dataclass(frozen=True, kw_only=True)
class RefundSucceeded(RefundFact):
    """The money is on its way to the payer."""

    name: ClassVar = "payments.refund_succeeded.v1"

    entry_id: UUID


@dataclass(frozen=True, kw_only=True)
class RefundCompleted(RefundFact):
    """A refund that spans several captures has come to an end: `amount_minor` was given back."""

    name: ClassVar = "payments.refund_completed.v1"

    parts: int


@dataclass(frozen=True, kw_only=True)
class RefundFailed(RefundFact):
    """The money did not reach the payer."""

    name: ClassVar = "payments.refund_failed.v1"

    failure_reason: Code


@dataclass(frozen=True, kw_only=True)
class RefundReturned(RefundFact):
    """The payer's bank sent the money back after all; the merchant has it again."""

    name: ClassVar = "payments.refund_returned.v1"

    failure_reason: Code
    entry_id: UUID


@dataclass(frozen=True, kw_only=True)
class RefundUpdated(RefundFact):
    """A merchant changed what it keeps with a refund."""

    name: ClassVar = "payments.refund_updated.v1"


@dataclass(frozen=True, kw_only=True)
class RefundOutcomeUnknown(RefundFact):
    """The acquirer was asked and we do not know what it did; we shall ask again."""

    name: ClassVar = "payments.refund_outcome_unknown.v1"

    checks: int

"""
Facts about payments, in the past tense. Ids, codes and amounts only.

Every edge of a payment's machine carries `from_state` and `to_state`, so the log alone
tells the path it took. Amounts are minor units of `currency`.
"""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from fintech.kernel.events import Code, Event


@dataclass(frozen=True, kw_only=True)
class PaymentFact(Event):
    """What every fact of a payment's stream says."""

    stream_of: ClassVar = "payment_id"

    payment_id: UUID
    merchant_id: UUID
    from_state: Code
    to_state: Code
    amount_minor: int
    currency: Code


@dataclass(frozen=True, kw_only=True)
class PaymentCreated(PaymentFact):
    """A merchant asked for money. `amount_minor` is what the payer owes."""

    name: ClassVar = "payments.payment_created.v1"

    purpose: Code
    capture_method: Code
    customer_id: UUID | None
    payment_method_id: UUID | None
    wallet_id: UUID | None
    link_id: UUID | None
    session_id: UUID | None
    fee_basis_points: int
    fee_fixed_minor: int


@dataclass(frozen=True, kw_only=True)
class PaymentUpdated(PaymentFact):
    """A merchant changed a payment; `amount_minor` is what the payer owes now."""

    name: ClassVar = "payments.payment_updated.v1"

    customer_id: UUID | None
    payment_method_id: UUID | None
    fee_fixed_minor: int  # Another currency has a fixed part of its own.


@dataclass(frozen=True, kw_only=True)
class PaymentConfirmed(PaymentFact):
    """A payer said yes; a new attempt exists."""

    name: ClassVar = "payments.payment_confirmed.v1"

    attempt_id: UUID
    payment_method_id: UUID


@dataclass(frozen=True, kw_only=True)
class PaymentAssessed(PaymentFact):
    """The fraud decision for the attempt is known and stored."""

    name: ClassVar = "payments.payment_assessed.v1"

    attempt_id: UUID
    assessment_id: UUID
    score: int
    decision: Code


@dataclass(frozen=True, kw_only=True)
class PaymentBlocked(PaymentFact):
    """The fraud decision was no: the acquirer was never asked."""

    name: ClassVar = "payments.payment_blocked.v1"

    attempt_id: UUID
    assessment_id: UUID


@dataclass(frozen=True, kw_only=True)
class PaymentChallenged(PaymentFact):
    """The payer must prove who they are."""

    name: ClassVar = "payments.payment_challenged.v1"

    attempt_id: UUID


@dataclass(frozen=True, kw_only=True)
class PaymentChallengeAnswered(PaymentFact):
    """The payer came back from the challenge having passed it."""

    name: ClassVar = "payments.payment_challenge_answered.v1"

    attempt_id: UUID


@dataclass(frozen=True, kw_only=True)
class PaymentReviewOpened(PaymentFact):
    """The money is reserved; a person decides whether it is taken."""

    name: ClassVar = "payments.payment_review_opened.v1"

    attempt_id: UUID
    case_id: UUID
    provider: Code
    entry_id: UUID | None
    liability: Code


@dataclass(frozen=True, kw_only=True)
class PaymentReviewApproved(PaymentFact):
    """A person said yes."""

    name: ClassVar = "payments.payment_review_approved.v1"

    case_id: UUID


@dataclass(frozen=True, kw_only=True)
class PaymentReviewDeclined(PaymentFact):
    """A person said no; the money that was reserved is let go."""

    name: ClassVar = "payments.payment_review_declined.v1"

    case_id: UUID
    entry_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class PaymentAuthorized(PaymentFact):
    """The payer's bank has reserved `amount_minor`; `liability` says who answers for it."""

    name: ClassVar = "payments.payment_authorized.v1"

    attempt_id: UUID
    captures_at_once: bool
    provider: Code
    entry_id: UUID | None
    liability: Code


@dataclass(frozen=True, kw_only=True)
class PaymentDeclined(PaymentFact):
    """The payer's bank, or the challenge, said no. Another attempt may follow."""

    name: ClassVar = "payments.payment_declined.v1"

    attempt_id: UUID
    decline_code: Code


@dataclass(frozen=True, kw_only=True)
class PaymentAttemptErrored(PaymentFact):
    """The acquirer did nothing, for reasons of its own. Another attempt may follow."""

    name: ClassVar = "payments.payment_attempt_errored.v1"

    attempt_id: UUID


@dataclass(frozen=True, kw_only=True)
class PaymentRerouted(PaymentFact):
    """An attempt came to nothing at one provider; a new one is made at the next."""

    name: ClassVar = "payments.payment_rerouted.v1"

    attempt_id: UUID  # The one that came to nothing.
    provider: Code
    reason: Code
    next_attempt_id: UUID
    next_provider: Code


@dataclass(frozen=True, kw_only=True)
class PaymentOutcomeUnknown(PaymentFact):
    """The acquirer was asked and we do not know what it did; we shall ask again."""

    name: ClassVar = "payments.payment_outcome_unknown.v1"

    operation: Code
    operation_id: UUID
    checks: int


@dataclass(frozen=True, kw_only=True)
class PaymentCaptureRequested(PaymentFact):
    """The acquirer is about to be asked for `amount_minor` of what it reserved."""

    name: ClassVar = "payments.payment_capture_requested.v1"

    attempt_id: UUID
    capture_id: UUID
    final: bool


@dataclass(frozen=True, kw_only=True)
class PaymentCaptureFailed(PaymentFact):
    """The acquirer did not take the money."""

    name: ClassVar = "payments.payment_capture_failed.v1"

    capture_id: UUID


@dataclass(frozen=True, kw_only=True)
class PaymentCaptured(PaymentFact):
    """`amount_minor` was taken; `fee_minor` of it is ours."""

    name: ClassVar = "payments.payment_captured.v1"

    attempt_id: UUID
    capture_id: UUID
    fee_minor: int
    entry_id: UUID
    final: bool


@dataclass(frozen=True, kw_only=True)
class PaymentAdjustmentRequested(PaymentFact):
    """The acquirer is about to be asked to reserve `amount_minor` instead."""

    name: ClassVar = "payments.payment_adjustment_requested.v1"

    attempt_id: UUID
    adjustment_id: UUID


@dataclass(frozen=True, kw_only=True)
class PaymentAdjustmentFailed(PaymentFact):
    """The acquirer reserves what it did before."""

    name: ClassVar = "payments.payment_adjustment_failed.v1"

    attempt_id: UUID
    adjustment_id: UUID


@dataclass(frozen=True, kw_only=True)
class PaymentAuthorizationAdjusted(PaymentFact):
    """The payer's bank now reserves `amount_minor`, and as much is owed."""

    name: ClassVar = "payments.payment_authorization_adjusted.v1"

    attempt_id: UUID
    adjustment_id: UUID
    entry_id: UUID


@dataclass(frozen=True, kw_only=True)
class PaymentCancelRequested(PaymentFact):
    """The acquirer is about to be asked to let go what it reserved."""

    name: ClassVar = "payments.payment_cancel_requested.v1"

    attempt_id: UUID
    reason: Code


@dataclass(frozen=True, kw_only=True)
class PaymentCancelFailed(PaymentFact):
    """The acquirer did not let go."""

    name: ClassVar = "payments.payment_cancel_failed.v1"

    attempt_id: UUID


@dataclass(frozen=True, kw_only=True)
class PaymentCanceled(PaymentFact):
    """No money was taken and none will be."""

    name: ClassVar = "payments.payment_canceled.v1"

    reason: Code
    entry_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class PaymentRemainderReleased(PaymentFact):
    """Part was taken; `amount_minor`, the rest, was let go."""

    name: ClassVar = "payments.payment_remainder_released.v1"

    reason: Code
    entry_id: UUID


@dataclass(frozen=True, kw_only=True)
class PaymentConflicted(PaymentFact):
    """The acquirer contradicts us. Frozen until two people decide."""

    name: ClassVar = "payments.payment_conflicted.v1"

    review_id: UUID
    reason: Code
    operation_id: UUID


@dataclass(frozen=True, kw_only=True)
class PaymentCaptureReversed(PaymentFact):
    """What was booked as taken, `amount_minor`, had not been; the books are corrected."""

    name: ClassVar = "payments.payment_capture_reversed.v1"

    capture_id: UUID
    fee_minor: int
    entry_id: UUID


@dataclass(frozen=True, kw_only=True)
class PaymentStatusCorrected(PaymentFact):
    """Two people have found at the provider where the payment stands; `amount_minor` of it."""

    name: ClassVar = "payments.payment_status_corrected.v1"

    attempt_id: UUID
    authorized_minor: int
    cancellation_reason: Code

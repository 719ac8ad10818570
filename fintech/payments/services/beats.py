"""
Three beats for one payment: decide and commit, ask, record and commit.

Every command on money that is reserved or taken goes this way. A crash between two
beats leaves the operation's row with the time at which the janitor asks again.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django_subatomic import db

from fintech.kernel.actor import Actor
from fintech.kernel.errors import Refusal, Refused
from fintech.kernel.events import Code
from fintech.kernel.idempotency import Done, Key
from fintech.ledger.errors import PostingRefused
from fintech.payments import data, events
from fintech.payments.models import Attempt, Capture, Payment, Refund
from fintech.payments.services import claims, contended, errands, paying, recording, rows
from fintech.payments.services.writing import Work

type Outcome = data.Payment | data.Refund | Refusal
# What a command makes of a locked payment: something to ask, or an outcome at once.
type Request = Callable[[Payment, Attempt | None, Work], data.Errand | Outcome]
# What an answer makes of the operation that it is about.
type Hear = Callable[[Payment, UUID, data.Answer, Work, datetime], Outcome]


def run(
    *,
    payment_id: UUID,
    merchant_id: UUID | None,
    request: Request,
    hear: Hear,
    key: Key | None,
    by: Actor,
    at: datetime,
) -> Done[data.Payment | data.Refund]:
    """Run all three beats, and return the outcome or raise the refusal."""
    decided = decide(
        payment_id=payment_id,
        merchant_id=merchant_id,
        request=request,
        hear=hear,
        key=key,
        by=by,
        at=at,
    )
    if isinstance(decided, Done):
        return decided
    for errand in (decided, *decided.then):
        outcome = record(errand, errands.run(errand), hear=hear, by=by, at=at)
    if isinstance(outcome, Refusal):
        raise outcome
    return Done(value=outcome)


def of_payment(done: Done[data.Payment | data.Refund]) -> Done[data.Payment]:
    """Return an outcome as a payment's; only a refund's is another."""
    if not isinstance(done.value, data.Payment):
        message = "the outcome of all but a refund is the payment"
        raise TypeError(message)
    return Done(value=done.value, replayed=done.replayed)


def decide(
    *,
    payment_id: UUID,
    merchant_id: UUID | None,
    request: Request,
    hear: Hear,
    key: Key | None,
    by: Actor,
    at: datetime,
) -> data.Errand | Done[data.Payment | data.Refund]:
    """
    The first beat: lock, claim the key, check, move, commit.

    A refusal of the state of the world is kept under the key; `request` checks before
    it changes anything, so a refusal has nothing to undo. A wallet is asked and heard
    in the same transaction: there is no second beat.
    """
    refusal: Refused | None = None
    made: data.Errand | Outcome | None = None
    with db.transaction_if_not_already():
        payment, attempt = rows.locked(payment_id, merchant_id=merchant_id)
        earlier = claims.taken(key, at=at)
        if earlier is not None:
            return earlier
        work = Work()
        try:
            made = request(payment, attempt, work)
        except Refused as refused:
            refusal = refused
        if key is not None and not isinstance(made, data.Errand):
            work.settled.append((key, refusal or made))
        work.write(at=at, by=by)
        if isinstance(made, data.Errand) and made.provider == data.WALLET:
            for errand in (made, *made.then):
                moved = Work()
                made = hear(payment, errand.reference, paying.answer(errand), moved, at)
                moved.write(at=at, by=by)
    if refusal is not None:
        raise refusal
    if made is None:
        message = "a decision is an errand, an outcome or a refusal"
        raise RuntimeError(message)
    if isinstance(made, data.Errand):
        return made
    if isinstance(made, Refusal):
        raise made
    return Done(value=made)


def record(
    errand: data.Errand, answer: data.Answer, *, hear: Hear, by: Actor, at: datetime
) -> Outcome:
    """
    The third beat: write down what the provider said.

    If the books refuse what has happened outside, the payment is frozen for people. What
    only lost to others is written down again.
    """

    def write() -> Outcome:
        with db.transaction_if_not_already():
            payment, _ = rows.locked(errand.payment_id)
            work = Work()
            outcome = hear(payment, errand.reference, answer, work, at)
            work.write(at=at, by=by)
        return outcome

    try:
        return contended.again(write)
    except PostingRefused:
        return _freeze(errand, by=by, at=at)


def _freeze(errand: data.Errand, *, by: Actor, at: datetime) -> Outcome:
    """Conflict the payment, answer the caller's key with it, and ask again in a day."""
    with db.transaction_if_not_already():
        payment, attempt = rows.locked(errand.payment_id)
        operation = _row(errand)
        work = Work()
        recording.conflict(payment, errand.reference, "posting_refused", work, at=at)
        outcome: data.Payment | data.Refund = rows.value(payment, attempt)
        if isinstance(operation, Refund):
            outcome = rows.refund_value(operation)
        key = claims.found(payment.merchant_id, operation.claim)
        if key is not None:
            operation.claim = None
            work.settled.append((key, outcome))
        operation.next_check_at = at + rows.CHECKS[-1]
        work.touch(operation)
        work.write(at=at, by=by)
    return outcome


def _row(errand: data.Errand) -> Capture | Refund | Attempt:
    if errand.operation == data.Operation.CAPTURE:
        return Capture.objects.get(reference=errand.reference)
    if errand.operation == data.Operation.REFUND:
        return Refund.objects.get(id=errand.reference)
    if errand.operation == data.Operation.ADJUSTMENT:
        return Attempt.objects.get(adjust_id=errand.reference)
    return Attempt.objects.get(void_id=errand.reference)


def lost(checks: int, at: datetime) -> tuple[datetime, bool]:
    """Return when to ask again, and whether it has been asked in vain often enough."""
    check_at = rows.next_check(checks, at)
    return (at + timedelta(days=1), True) if check_at is None else (check_at, False)


def lose_sight(
    payment: Payment, attempt: Attempt, work: Work, *, operation: str, at: datetime
) -> None:
    """Ask again later what became of an operation on an attempt; in vain often enough, freeze."""
    check_at, in_vain = lost(attempt.checks, at)
    attempt.checks += 1
    attempt.next_check_at = check_at
    if payment.state == data.PaymentState.CONFLICTED:
        return  # People look at it already; it goes on being asked, quietly.
    if in_vain:
        recording.conflict(payment, attempt.id, "outcome_unknown", work, at=at)
        return
    work.facts.append(
        rows.tell(
            events.PaymentOutcomeUnknown,
            payment,
            was=payment.state,
            at=at,
            operation=Code(operation),
            operation_id=attempt.id,
            checks=attempt.checks,
        )
    )

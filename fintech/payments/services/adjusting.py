"""Reserving more or less than was authorized, before anything is taken."""

from datetime import datetime
from uuid import UUID

import django_fsm as fsm

from fintech.kernel import ids
from fintech.kernel.actor import Actor
from fintech.kernel.errors import Refusal
from fintech.kernel.idempotency import Done, Key
from fintech.kernel.money import Money
from fintech.ledger.data import templates
from fintech.payments import data, errors, events
from fintech.payments.data import AnswerStatus, PaymentState
from fintech.payments.models import Attempt, Payment
from fintech.payments.providers import registry
from fintech.payments.services import (
    beats,
    capturing,
    claims,
    drafting,
    errands,
    recording,
    rows,
)
from fintech.payments.services.writing import Work
from fintech.wallets import data as wallet_data
from fintech.wallets import services as wallets


def adjust_authorization(
    *,
    merchant_id: UUID,
    payment_id: UUID,
    amount: Money,
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.Payment]:
    """
    Have another amount reserved in place of what is; the payer then owes as much.

    A provider that does not answer leaves it open; it is asked again under the same
    reference until it does.

    Args:
        amount: the new total, more or less than before.

    Raises:
        PaymentNotFound: the merchant has no such payment.
        UnexpectedState: nothing is reserved, or something of it was taken already.
        NotAdjustable: the provider cannot, or it is what is reserved already.
        LimitExceeded: what is added would go over a limit.
        AmountTooSmall, AmountTooLarge, CurrencyMismatch, AuthorizationExpired.
        ProviderRefused, AcquirerUnavailable: as much is reserved as before.
    """
    drafting.check_amount(amount)

    def request(payment: Payment, attempt: Attempt | None, work: Work) -> data.Errand:
        return _begin(payment, attempt, work, amount=amount, key=key, at=at)

    done = beats.run(
        payment_id=payment_id,
        merchant_id=merchant_id,
        request=request,
        hear=hear,
        key=key,
        by=by,
        at=at,
    )
    return beats.of_payment(done)


def _begin(
    payment: Payment,
    attempt: Attempt | None,
    work: Work,
    *,
    amount: Money,
    key: Key | None,
    at: datetime,
) -> data.Errand:
    if attempt is None or not fsm.can_proceed(payment.adjust):
        raise errors.UnexpectedState(
            payment_id=payment.id, state=payment.state, action="have another amount reserved"
        )
    capturing.refuse_if_busy(payment, attempt, action="have another amount reserved")
    if payment.expires_at is not None and at >= payment.expires_at:
        raise errors.AuthorizationExpired(payment.id)
    because = ""
    if attempt.provider == data.WALLET:
        because = "a wallet's money is set aside once"
    elif not registry.provider(attempt.provider).capabilities.adjustments:
        because = "its provider does not do so"
    added = amount - payment.money(payment.authorized_minor)  # Refuses another currency.
    if not added:
        because = f"{amount} is reserved already"
    if because:
        raise errors.NotAdjustable(payment_id=payment.id, because=because)
    attempt.payment = payment
    attempt.adjust_id, attempt.adjust_minor, attempt.adjust_at = ids.new(), amount.minor, at
    if added.minor > 0:
        _reserve(payment, attempt, attempt.adjust_id, added, at=at)
    attempt.claim = claims.kept(key)
    attempt.next_check_at, attempt.checks = at + rows.FIRST_CHECK, 0
    work.touch(payment, attempt)
    work.facts.append(
        rows.tell(
            events.PaymentAdjustmentRequested,
            payment,
            was=payment.state,
            at=at,
            amount=amount,
            attempt_id=attempt.id,
            adjustment_id=attempt.adjust_id,
        )
    )
    return errands.of_adjustment(attempt)


def _reserve(
    payment: Payment, attempt: Attempt, operation_id: UUID, added: Money, *, at: datetime
) -> None:
    request = wallet_data.LimitRequest(
        operation_id=operation_id,
        merchant_id=payment.merchant_id,
        customer_id=payment.customer_id,
        card_fingerprint=attempt.payment_method.fingerprint,
        amount=added,
        at=at,
    )
    breaches = wallets.reserve([request])[0]
    if breaches:
        raise errors.LimitExceeded(tuple(str(breach) for breach in breaches))


def hear(
    payment: Payment,
    reference: UUID,
    answer: data.Answer,
    work: Work,
    at: datetime,
) -> data.Payment | Refusal:
    """Move a payment by what the provider said of another amount."""
    attempt = Attempt.objects.select_related("payment_method").get(
        adjust_id=reference, payment_id=payment.id
    )
    attempt.payment = payment
    if attempt.adjust_minor is None:  # It was heard before.
        return rows.value(payment, attempt)
    done = answer.status in {AnswerStatus.APPROVED, AnswerStatus.SUCCEEDED}
    refused = answer.status in {AnswerStatus.DECLINED, AnswerStatus.FAILED, AnswerStatus.ABSENT}
    asked = payment.money(attempt.adjust_minor)
    refusal: Refusal | None = None
    if done and answer.amount not in {None, asked}:
        recording.conflict(payment, reference, "amount_mismatch", work, at=at)
        attempt.next_check_at = at + rows.CHECKS[-1]
    elif done and payment.state == PaymentState.AUTHORIZED:
        _succeed(payment, attempt, asked, work, at=at)
    elif refused:
        refusal = _fail(payment, attempt, answer, work, at=at)
    else:
        beats.lose_sight(payment, attempt, work, operation="adjustment", at=at)
    work.touch(payment, attempt)
    outcome = refusal or rows.value(payment, attempt)
    claimed = claims.found(attempt.merchant_id, attempt.claim)
    if claimed is not None:
        attempt.claim = None
        work.settled.append((claimed, outcome))
    return outcome


def _succeed(
    payment: Payment, attempt: Attempt, amount: Money, work: Work, *, at: datetime
) -> None:
    """Book it: what was pending is let go, and the new amount is pending in its place."""
    if attempt.entry_id is None or attempt.adjust_id is None:
        message = "a sale's authorization names its pending journal entry"
        raise RuntimeError(message)
    was, before = payment.state, attempt.entry_id
    payment.adjust(amount)
    attempt.entry_id, attempt.amount_minor = ids.new(), amount.minor
    attempt.adjust_minor = attempt.next_check_at = None
    work.confirmed.append(attempt.adjust_id)
    work.entries += [
        templates.release(entry_id=ids.new(), pending_id=before, subject=payment.id, at=at),
        templates.authorize_card(
            entry_id=attempt.entry_id,
            merchant_id=payment.merchant_id,
            provider=attempt.provider,
            amount=amount,
            expires_at=payment.expires_at or at + rows.AUTHORIZATION_LASTS,
            subject=payment.id,
            at=at,
        ),
    ]
    work.facts.append(
        rows.tell(
            events.PaymentAuthorizationAdjusted,
            payment,
            was=was,
            at=at,
            amount=amount,
            attempt_id=attempt.id,
            adjustment_id=attempt.adjust_id,
            entry_id=attempt.entry_id,
        )
    )


def _fail(
    payment: Payment, attempt: Attempt, answer: data.Answer, work: Work, *, at: datetime
) -> Refusal:
    asked = payment.money(attempt.adjust_minor or 0)
    attempt.adjust_minor = attempt.next_check_at = None
    if attempt.adjust_id is not None:
        work.freed.append(attempt.adjust_id)
    work.facts.append(
        rows.tell(
            events.PaymentAdjustmentFailed,
            payment,
            was=payment.state,
            at=at,
            amount=asked,
            attempt_id=attempt.id,
            adjustment_id=attempt.adjust_id,
        )
    )
    if answer.status == AnswerStatus.ABSENT:
        return errors.AcquirerUnavailable()
    return errors.ProviderRefused(
        action="reserve another amount", because=answer.decline_code or str(answer.status)
    )

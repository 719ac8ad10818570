"""
Asking a provider about money that it has reserved: taking it, letting go, giving back.

Asking twice under one reference has one effect, so an errand that never arrived is run
again; an authorization never is (see `recording`).
"""

from fintech.payments import data
from fintech.payments.data import AnswerStatus, Operation
from fintech.payments.models import Attempt, Capture, Refund
from fintech.payments.models.attempt import void_reference
from fintech.payments.providers import registry
from fintech.payments.services import recording, rehearsing


def run(errand: data.Errand) -> data.Answer:
    """
    Ask, with no transaction open.

    Raises:
        RuntimeError: a transaction is open; an outside call must never hold one.
    """
    if rehearsing.current() is not None:
        return data.Answer(
            status=AnswerStatus.SUCCEEDED,
            amount=errand.amount,
            provider_reference=f"dry_run_{errand.reference}",
        )
    recording.refuse_open_transaction()
    provider = registry.provider(errand.provider)
    reference = str(errand.reference)
    if errand.operation == Operation.CAPTURE:
        return provider.capture(
            reference=reference,
            authorization=errand.subject,
            amount=errand.amount,
            final=errand.final,
            at=errand.at,
        )
    if errand.operation == Operation.ADJUSTMENT:
        return provider.adjust(
            reference=reference, authorization=errand.subject, amount=errand.amount, at=errand.at
        )
    if errand.operation == Operation.VOID:
        return provider.void(reference=reference, authorization=errand.subject, at=errand.at)
    if errand.operation == Operation.REFUND:
        return provider.refund(
            reference=reference, capture=errand.subject, amount=errand.amount, at=errand.at
        )
    message = f"{errand.operation} is not an errand"
    raise ValueError(message)


def ask_again(errand: data.Errand) -> data.Answer:
    """Ask what became of an errand, and run it if it never arrived."""
    recording.refuse_open_transaction()
    answer = registry.provider(errand.provider).query(
        str(errand.reference), operation=errand.operation, subject=errand.subject
    )
    return run(errand) if answer.status == AnswerStatus.ABSENT else answer


def of_capture(capture: Capture) -> data.Errand:
    """Return what the provider is asked for a capture."""
    return data.Errand(
        operation=Operation.CAPTURE,
        reference=capture.reference,
        payment_id=capture.payment_id,
        provider=capture.provider,
        subject=capture.attempt.provider_reference,
        amount=capture.attempt.payment.money(capture.amount_minor),
        final=capture.final,
        at=capture.created_at,
    )


def of_adjustment(attempt: Attempt) -> data.Errand:
    """Return what the provider is asked to reserve instead."""
    if attempt.adjust_id is None or attempt.adjust_minor is None:
        message = f"attempt {attempt.id} is not being adjusted"
        raise ValueError(message)
    return data.Errand(
        operation=Operation.ADJUSTMENT,
        reference=attempt.adjust_id,
        payment_id=attempt.payment_id,
        provider=attempt.provider,
        subject=attempt.provider_reference,
        amount=attempt.payment.money(attempt.adjust_minor),
        at=attempt.adjust_at or attempt.created_at,
    )


def of_void(attempt: Attempt) -> data.Errand:
    """Return what the provider is asked to let go."""
    return data.Errand(
        operation=Operation.VOID,
        reference=void_reference(attempt),
        payment_id=attempt.payment_id,
        provider=attempt.provider,
        subject=attempt.provider_reference,
        amount=attempt.payment.money(attempt.amount_minor - attempt.captured_minor),
        at=attempt.void_at or attempt.created_at,
    )


def of_refund(refund: Refund) -> data.Errand:
    """Return what the provider is asked to give back."""
    return data.Errand(
        operation=Operation.REFUND,
        reference=refund.id,
        payment_id=refund.payment_id,
        provider=refund.provider,
        subject=refund.capture.provider_reference,
        amount=refund.attempt.payment.money(refund.amount_minor),
        at=refund.created_at,
    )

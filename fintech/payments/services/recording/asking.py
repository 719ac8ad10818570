"""The second beat: a provider is asked, with no transaction open."""

from datetime import datetime

from django_subatomic import db

from fintech.kernel.actor import Actor
from fintech.payments import data
from fintech.payments.data import AnswerStatus
from fintech.payments.models import Attempt
from fintech.payments.providers import registry
from fintech.payments.services import rehearsing


def ask_for(
    attempt: Attempt, *, at: datetime, by: Actor | None = None, others: tuple[str, ...] = ()
) -> data.Ask:
    """Return what the provider is to be asked for an attempt, and who if it does nothing."""
    return data.Ask(
        payment_id=attempt.payment_id,
        attempt_id=attempt.id,
        provider=attempt.provider,
        amount=attempt.payment.money(attempt.amount_minor),
        card=attempt.payment_method.card_token,
        capture=attempt.captures_at_once,
        authenticated=attempt.authenticated_at is not None,
        others=others,
        at=at,
        by=by,
        known=attempt,
    )


def ask(question: data.Ask) -> data.Answered:
    """
    The second beat: ask the provider, with no transaction open.

    Raises:
        RuntimeError: a transaction is open; an outside call must never hold one.
    """
    if rehearsing.current() is not None:
        answer = data.Answer(
            status=AnswerStatus.APPROVED,
            amount=question.amount,
            provider_reference=f"dry_run_{question.attempt_id}",
        )
        return _answered(question, answer)
    refuse_open_transaction()
    return ask_provider(question)


def ask_provider(question: data.Ask) -> data.Answered:
    """Ask; the caller has seen to it that no transaction is open (threads have their own)."""
    answer = registry.provider(question.provider).authorize(
        reference=str(question.attempt_id),
        amount=question.amount,
        card=question.card,
        capture=question.capture,
        authenticated=question.authenticated,
        at=question.at,
    )
    return _answered(question, answer)


def _answered(question: data.Ask, answer: data.Answer) -> data.Answered:
    return data.Answered(
        attempt_id=question.attempt_id,
        answer=answer,
        at=question.at,
        by=question.by,
        known=question.known,
    )


def refuse_open_transaction() -> None:
    """Make sure that no lock is held while the outside world takes its time."""
    if db.in_transaction():
        message = "a provider is asked only when no transaction is open"
        raise RuntimeError(message)

"""A checkout session goes where its payment goes, in the commit that moves the payment."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import models

from fintech.kernel.events import Code, Event
from fintech.payments import events
from fintech.payments.data import PaymentState, SessionOutcome, SessionState
from fintech.payments.models import CheckoutSession, Payment

_TAKEN = frozenset({PaymentState.CAPTURED, PaymentState.PARTIALLY_CAPTURED})
# Nothing is asked of the payer any more, and nothing is taken yet.
_RESERVED = frozenset({PaymentState.AUTHORIZED, PaymentState.IN_REVIEW})


def follow(
    rows: Iterable[models.Model], *, at: datetime
) -> tuple[list[CheckoutSession], list[Event]]:
    """
    Move the sessions of payments that have moved; return what is to be written.

    Needs the payments' locks: a session that has a payment changes only under that. Costs
    nothing where no payment belongs to a session.
    """
    moved = {
        row.session_id: row
        for row in rows
        if isinstance(row, Payment) and row.session_id is not None
    }
    if not moved:
        return [], []
    changed: list[CheckoutSession] = []
    facts: list[Event] = []
    found = CheckoutSession.objects.select_for_update().filter(id__in=list(moved)).order_by("id")
    for session in found:
        fact = _move(session, moved[session.id], at=at)
        if fact is not None:
            changed.append(session)
            facts.append(fact)
    return changed, facts


def _move(session: CheckoutSession, payment: Payment, *, at: datetime) -> Event | None:
    was, state = session.state, payment.state
    is_complete = was == SessionState.COMPLETE
    named = {"was": was, "at": at, "payment_id": payment.id}
    if state in _TAKEN and is_complete and session.outcome != SessionOutcome.PAID:
        session.settle(SessionOutcome.PAID)
        return tell(events.CheckoutSessionPaid, session, **named)
    if state in _TAKEN | _RESERVED and not is_complete:
        session.complete(paid=state in _TAKEN)
        return tell(events.CheckoutSessionCompleted, session, **named, paid=state in _TAKEN)
    if state == PaymentState.CANCELED and is_complete and session.outcome != SessionOutcome.FAILED:
        session.settle(SessionOutcome.FAILED)
        return tell(events.CheckoutSessionFailed, session, **named)
    if state == PaymentState.CANCELED and was == SessionState.OPEN:
        session.expire()
        return tell(events.CheckoutSessionExpired, session, was=was, at=at)
    return None


def tell[Fact: events.CheckoutSessionFact](
    fact: type[Fact], session: CheckoutSession, *, was: str, at: datetime, **fields: Any
) -> Fact:
    """Make the next fact of a session's stream, and count it."""
    session.version += 1
    return fact(
        session_id=session.id,
        merchant_id=session.merchant_id,
        from_state=Code(str(was)),
        to_state=Code(str(session.state)),
        version=session.version,
        at=at,
        **fields,
    )

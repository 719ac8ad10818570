"""What a person finds."""

from datetime import datetime, timedelta
from uuid import UUID

import django_fsm as fsm
from django.db.models import Exists, OuterRef, Q
from django_subatomic import db

from fintech.fraud import data, errors, events
from fintech.fraud.models import Case
from fintech.fraud.queries import LOOKED_AT_WITHIN
from fintech.fraud.services import checking, outcomes
from fintech.kernel import event_log
from fintech.kernel.actor import Actor
from fintech.kernel.events import Code

_SOON = timedelta(hours=1)


def claim_case(*, case_id: UUID, by: Actor, at: datetime) -> data.Case:
    """
    Begin to look at a case; who claims it again takes it over.

    Raises:
        CaseNotFound: there is no such case.
        CaseAlreadyClosed: it needs nobody any more.
    """
    with db.transaction_if_not_already():
        case = _locked(case_id)
        case.claim(by.id)
        _tell(case, events.CaseClaimed, at=at, by=by)
    return case.as_data()


def claim_next_case(
    *, merchant_id: UUID | None = None, by: Actor, at: datetime
) -> data.Case | None:
    """
    Begin to look at the most urgent case that nobody looks at.

    What was escalated comes first, then what is due within the hour, then the rest of a group
    that this person has looked at, then the highest score, then the oldest. What is snoozed
    is passed over; a group that somebody else is looking at comes last.

    Two who ask at once get two cases; who asks when there is none gets None.
    """
    with db.transaction_if_not_already():
        rows = Case.objects.select_for_update(skip_locked=True).filter(state=data.CaseState.PENDING)
        if merchant_id is not None:
            rows = rows.filter(merchant_id=merchant_id)
        rows = rows.filter(Q(snoozed_until=None) | Q(snoozed_until__lte=at))
        of_group = Case.objects.filter(group_id=OuterRef("group_id")).exclude(id=OuterRef("id"))
        looking = of_group.filter(state=data.CaseState.INVESTIGATING).exclude(assignee=by.id)
        rows = rows.annotate(
            urgent=Q(due_at__lte=at + _SOON),
            mine=Exists(of_group.filter(assignee=by.id)),
            theirs=Exists(looking),
        )
        case = rows.order_by(
            "-escalated", "-urgent", "theirs", "-mine", "-score", "opened_at", "id"
        ).first()
        if case is None:
            return None
        case.claim(by.id)
        _tell(case, events.CaseClaimed, at=at, by=by)
    return case.as_data()


def expect_before(*, case_id: UUID, until: datetime, by: Actor, at: datetime) -> None:
    """
    Let a case be due before the money that it is about is let go.

    It is due within a day, and at the latest when half of what the authorization lasts has
    passed. Joins the caller's transaction; of a case that is closed nothing happens.
    """
    half = (until - at) / 2
    if half >= LOOKED_AT_WITHIN:
        return  # As it was when it was opened: almost always.
    with db.transaction_if_not_already():
        case = Case.objects.select_for_update().filter(id=case_id).first()
        if case is None or not fsm.can_proceed(case.close):
            return
        due_at = at + half
        if case.due_at is None or due_at < case.due_at:
            case.due_at = due_at
            _tell(case, events.CaseDueSooner, at=at, by=by, due_at=due_at)


def assign_case(*, case_id: UUID, assignee: str, by: Actor, at: datetime) -> data.Case:
    """
    Give a case to somebody.

    Raises:
        CaseNotFound: there is no such case.
        CaseAlreadyClosed: it needs nobody any more.
        ParameterInvalid: nobody is named.
    """
    if not assignee.strip():
        raise errors.ParameterInvalid("assignee", "Somebody is named.")
    checking.fit(assignee, 80, "assignee")
    with db.transaction_if_not_already():
        case = _locked(case_id)
        case.claim(assignee)
        _tell(case, events.CaseAssigned, at=at, by=by)
    return case.as_data()


def snooze_case(*, case_id: UUID, until: datetime, by: Actor, at: datetime) -> data.Case:
    """
    Leave a case alone until later; `claim_next_case` passes it over.

    Raises:
        CaseNotFound: there is no such case.
        CaseAlreadyClosed: it needs nobody any more.
        ParameterInvalid: later is not later, or after the case is due.
    """
    with db.transaction_if_not_already():
        case = _locked(case_id)
        if until <= at:
            raise errors.ParameterInvalid("until", "This is in the past.")
        if case.due_at is not None and until > case.due_at:
            raise errors.ParameterInvalid("until", "The case is due before that.")
        case.snooze(until)
        _tell(case, events.CaseSnoozed, at=at, by=by)
    return case.as_data()


def escalate_case(*, case_id: UUID, by: Actor, at: datetime) -> data.Case:
    """
    Put a case before all others, for somebody else to claim.

    Raises:
        CaseNotFound: there is no such case.
        CaseAlreadyClosed: it needs nobody any more.
    """
    with db.transaction_if_not_already():
        case = _locked(case_id)
        case.escalate()
        _tell(case, events.CaseEscalated, at=at, by=by)
    return case.as_data()


def close_case(*, case_id: UUID, disposition: str, by: Actor, at: datetime) -> data.Case:
    """
    Say what a person found. What follows for the money is the caller's to do.

    Confirmed fraud and false alarms are outcomes too: rules and models learn from them.

    Raises:
        CaseNotFound: there is no such case.
        CaseAlreadyClosed: somebody else has closed it first.
        ParameterInvalid: the disposition is not one that we know.
    """
    found = checking.word(data.Disposition, disposition, "disposition")
    with db.transaction_if_not_already():
        case = _locked(case_id)
        case.close(found, at=at)
        _tell(case, events.CaseClosed, at=at, by=by, disposition=Code(str(found)))
        learned = {
            data.Disposition.CONFIRMED_FRAUD: data.OutcomeKind.FRAUD,
            data.Disposition.FALSE_POSITIVE: data.OutcomeKind.LEGITIMATE,
        }.get(found)
        if learned is not None:
            outcomes.note(learned, "a.id = %s", case.assessment_id, at=at, by=by)
    return case.as_data()


def close_if_open(case_id: UUID, *, by: Actor, at: datetime) -> None:
    """Close a case that has become nobody's; nothing is learned from it."""
    case = Case.objects.select_for_update().filter(id=case_id).first()
    if case is not None and fsm.can_proceed(case.close):
        case.close(data.Disposition.SUSPICIOUS, at=at)
        _tell(
            case,
            events.CaseClosed,
            at=at,
            by=by,
            disposition=Code(str(data.Disposition.SUSPICIOUS)),
        )


def _locked(case_id: UUID) -> Case:
    case = Case.objects.select_for_update().filter(id=case_id).first()
    if case is None:
        raise errors.CaseNotFound(case_id)
    if not fsm.can_proceed(case.close):
        raise errors.CaseAlreadyClosed(case_id=case_id, disposition=case.disposition)
    return case


def _tell(
    case: Case,
    fact: type[events.CaseFact],
    *,
    at: datetime,
    by: Actor,
    **told: Code | datetime,
) -> None:
    """Save a case that has moved, and say so."""
    case.version += 1
    # Not save(): payments record in a pipeline, where an UPDATE's count of rows comes too late
    # for Django, which would then insert the case a second time.
    moved = {field.attname: getattr(case, field.attname) for field in Case._meta.concrete_fields}
    del moved["id"]
    Case.objects.filter(id=case.id).update(**moved)
    event_log.append(
        [
            fact(
                case_id=case.id,
                merchant_id=case.merchant_id,
                payment_id=case.payment_id,
                version=case.version,
                at=at,
                **told,
            )
        ],
        by=by,
    )

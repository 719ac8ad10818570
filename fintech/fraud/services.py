"""What can be done about fraud: assess, close a case, keep the lists, record outcomes."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import django_fsm as fsm
from django.db import IntegrityError, connection
from django_subatomic import db

from fintech.fraud import data, errors, events
from fintech.fraud.models import Case, ListItem
from fintech.fraud.rules import MODEL_VERSION, judge
from fintech.kernel import event_log, ids
from fintech.kernel.actor import Actor
from fintech.kernel.events import Code, Event


@dataclass(frozen=True, slots=True)
class _Made:
    """An assessment with the question it answers, ready to be written."""

    question: data.Question
    assessment: data.Assessment


def assess(
    questions: Sequence[data.Question], features: Sequence[data.Features], *, by: Actor
) -> list[data.Assessment]:
    """
    Decide attempts from their snapshots, and open a case for each that a person must see.

    Pure, plus two statements for all of them: rows, then facts. Requires the caller's
    transaction. Assessments come back in the order of `questions`.
    """
    if not questions:
        return []
    made = [
        _Made(question, _assessment(question, known))
        for question, known in zip(questions, features, strict=True)
    ]
    with db.transaction_required():
        _write(made)
        event_log.append([fact for each in made for fact in _facts(each)], by=by)
    return [each.assessment for each in made]


def _assessment(question: data.Question, features: data.Features) -> data.Assessment:
    judgment = judge(features)
    return data.Assessment(
        id=ids.new(),
        payment_id=question.payment_id,
        attempt_id=question.attempt_id,
        merchant_id=question.merchant_id,
        score=judgment.score,
        decision=judgment.decision,
        reasons=judgment.reasons,
        case_id=ids.new() if judgment.decision == data.Decision.REVIEW else None,
        created_at=question.at,
        model_version=MODEL_VERSION,
        amount=question.amount,
        features=features,
    )


_ASSESSMENT_COLUMNS = (
    ("id", "uuid"),
    ("attempt_id", "uuid"),
    ("payment_id", "uuid"),
    ("merchant_id", "uuid"),
    ("customer_id", "uuid"),
    ("currency", "text"),
    ("amount_minor", "bigint"),
    ("card_fingerprint", "text"),
    ("card_country", "text"),
    ("email_hash", "text"),
    ("ip_hash", "text"),
    ("features", "jsonb"),
    ("score", "integer"),
    ("decision", "text"),
    ("reasons", "jsonb"),
    ("model_version", "text"),
    ("case_id", "uuid"),
    ("created_at", "timestamptz"),
)
_ARRAYS = ", ".join(f"%s::{kind}[]" for _, kind in _ASSESSMENT_COLUMNS)
_NAMES = ", ".join(name for name, _ in _ASSESSMENT_COLUMNS)
_INSERT = f"""
WITH made AS (SELECT * FROM unnest({_ARRAYS}) AS t({_NAMES})),
cases AS (
  INSERT INTO fraud_case (id, merchant_id, payment_id, assessment_id, state, disposition, score,
                          pivot_kind, pivot_value, assignee, opened_at, version)
  SELECT case_id, merchant_id, payment_id, id, 'pending', '', score, 'card', card_fingerprint,
         '', created_at, 1
  FROM made WHERE case_id IS NOT NULL
)
INSERT INTO fraud_assessment ({_NAMES}) SELECT {_NAMES} FROM made
"""


def _write(made: Sequence[_Made]) -> None:
    rows = [_columns(each) for each in made]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [list(column) for column in zip(*rows, strict=True)])


def _columns(each: _Made) -> tuple[object, ...]:
    question, assessment = each.question, each.assessment
    return (
        assessment.id,
        question.attempt_id,
        question.payment_id,
        question.merchant_id,
        question.customer_id,
        question.amount.currency,
        question.amount.minor,
        question.card_fingerprint,
        question.card_country,
        question.email_hash,
        question.ip_hash,
        json.dumps(assessment.features.stored()),
        assessment.score,
        str(assessment.decision),
        json.dumps([reason.stored() for reason in assessment.reasons]),
        assessment.model_version,
        assessment.case_id,
        question.at,
    )


def _facts(each: _Made) -> list[Event]:
    made = each.assessment
    facts: list[Event] = [
        events.AssessmentMade(
            assessment_id=made.id,
            payment_id=made.payment_id,
            attempt_id=made.attempt_id,
            merchant_id=made.merchant_id,
            score=made.score,
            decision=Code(str(made.decision)),
            reasons=tuple(Code(reason.code) for reason in made.reasons),
            amount_minor=made.amount.minor,
            currency=Code(made.amount.currency),
            case_id=made.case_id,
            model_version=Code(made.model_version),
            version=1,
            at=made.created_at,
        )
    ]
    if made.case_id is not None:
        facts.append(
            events.CaseOpened(
                case_id=made.case_id,
                merchant_id=made.merchant_id,
                payment_id=made.payment_id,
                assessment_id=made.id,
                score=made.score,
                version=1,
                at=made.created_at,
            )
        )
    return facts


def record_outcome(
    *, payment_id: UUID, outcome: str, at: datetime, by: Actor
) -> data.Outcome | None:
    """
    Note what became of a payment, on its newest assessment.

    Told twice it is noted once, and a payment that was never assessed (a top-up by
    bank, say) is not noted at all: both answer None. Joins the caller's transaction.

    Raises:
        ParameterInvalid: the outcome is not one that we know.
    """
    kind = _word(data.OutcomeKind, outcome, "outcome")
    with db.transaction_if_not_already():
        return _note(kind, "a.payment_id = %s", payment_id, at=at, by=by)


def _note(
    kind: data.OutcomeKind, which: str, of: UUID, *, at: datetime, by: Actor
) -> data.Outcome | None:
    """Note an outcome on the newest assessment that `which` finds."""
    outcome_id = ids.new()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO fraud_outcome "
            "(id, assessment_id, payment_id, card_fingerprint, kind, at) "
            "SELECT %s, a.id, a.payment_id, a.card_fingerprint, %s, %s "
            f"FROM fraud_assessment a WHERE {which} ORDER BY a.id DESC LIMIT 1 "
            "ON CONFLICT (assessment_id, kind) DO NOTHING RETURNING assessment_id, payment_id",
            [outcome_id, str(kind), at, of],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    noted = data.Outcome(id=outcome_id, assessment_id=row[0], payment_id=row[1], kind=kind, at=at)
    event_log.append(
        [
            events.OutcomeRecorded(
                outcome_id=noted.id,
                assessment_id=noted.assessment_id,
                payment_id=noted.payment_id,
                kind=Code(str(kind)),
                version=1,
                at=at,
            )
        ],
        by=by,
    )
    return noted


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


def close_case(*, case_id: UUID, disposition: str, by: Actor, at: datetime) -> data.Case:
    """
    Say what a person found. What follows for the money is the caller's to do.

    Confirmed fraud and false alarms are outcomes too: rules and models learn from them.

    Raises:
        CaseNotFound: there is no such case.
        CaseAlreadyClosed: somebody else has closed it first.
        ParameterInvalid: the disposition is not one that we know.
    """
    found = _word(data.Disposition, disposition, "disposition")
    with db.transaction_if_not_already():
        case = _locked(case_id)
        case.close(found, at=at)
        _tell(case, events.CaseClosed, at=at, by=by, disposition=Code(str(found)))
        learned = {
            data.Disposition.CONFIRMED_FRAUD: data.OutcomeKind.FRAUD,
            data.Disposition.FALSE_POSITIVE: data.OutcomeKind.LEGITIMATE,
        }.get(found)
        if learned is not None:
            _note(learned, "a.id = %s", case.assessment_id, at=at, by=by)
    return case.as_data()


def add_to_list(
    *,
    merchant_id: UUID | None,
    kind: str,
    value: str,
    action: str = "block",
    reason: str = "",
    expires_at: datetime | None = None,
    by: Actor,
    at: datetime,
) -> data.ListItem:
    """
    Treat a card, customer, e-mail, address or country specially from now on.

    `value` is a card's fingerprint, a customer's id, the hash of an e-mail or address
    as assessments carry it, or a country's code; never anything readable of a person.
    Without `merchant_id` it holds for every merchant.

    Raises:
        ParameterInvalid: kind, action, value or reason is not one that is accepted.
        AlreadyListed: the value stands on a list; remove it first.
    """
    item = ListItem(
        merchant_id=merchant_id,
        kind=_word(data.ListKind, kind, "kind"),
        value=_fit(value.strip(), 80, "value"),
        action=_word(data.ListAction, action, "action"),
        reason=_fit(reason, 200, "reason"),
        expires_at=expires_at,
        created_at=at,
    )
    if not item.value or "@" in item.value:
        raise errors.ParameterInvalid(
            "value", "This is a fingerprint, an id, a hash or a country code."
        )
    with db.transaction_if_not_already():
        try:
            with db.savepoint():
                item.save(force_insert=True)
        except IntegrityError as error:
            if "fraud_listitem_stands_once_on_the_lists" not in str(error):
                raise
            there = ListItem.objects.get(
                merchant_id=merchant_id, kind=item.kind, value=item.value, removed_at=None
            )
            raise errors.AlreadyListed(there.id) from error
        event_log.append([_listed(events.ListItemAdded, item, at=at)], by=by)
    return item.as_data()


def remove_from_list(
    *, item_id: UUID, merchant_id: UUID | None = None, by: Actor, at: datetime
) -> data.ListItem:
    """
    Treat something as anything else again. The item stays, with when it was removed.

    Raises:
        ListItemNotFound: there is none, it is another merchant's, or it is off already.
    """
    with db.transaction_if_not_already():
        rows = ListItem.objects.select_for_update().filter(id=item_id, removed_at=None)
        if merchant_id is not None:
            rows = rows.filter(merchant_id=merchant_id)
        item = rows.first()
        if item is None:
            raise errors.ListItemNotFound(item_id)
        item.removed_at = max(at, item.created_at)
        item.version += 1
        item.save(update_fields=["removed_at", "version"])
        event_log.append([_listed(events.ListItemRemoved, item, at=at)], by=by)
    return item.as_data()


def _locked(case_id: UUID) -> Case:
    case = Case.objects.select_for_update().filter(id=case_id).first()
    if case is None:
        raise errors.CaseNotFound(case_id)
    if not fsm.can_proceed(case.close):
        raise errors.CaseAlreadyClosed(case_id=case_id, disposition=case.disposition)
    return case


def _tell(
    case: Case, fact: type[events.CaseFact], *, at: datetime, by: Actor, **told: Code
) -> None:
    """Save a case that has moved, and say so."""
    case.version += 1
    case.save()
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


def _listed(
    fact: type[events.ListItemFact], item: ListItem, *, at: datetime
) -> events.ListItemFact:
    return fact(
        list_item_id=item.id,
        merchant_id=item.merchant_id,
        kind=Code(str(item.kind)),
        action=Code(str(item.action)),
        version=item.version,
        at=at,
    )


def _word[Word: StrEnum](words: type[Word], text: str, param: str) -> Word:
    try:
        return words(text)
    except ValueError:
        known = ", ".join(str(word) for word in words)
        raise errors.ParameterInvalid(param, f"This is one of {known}.") from None


def _fit(text: str, most: int, param: str) -> str:
    if len(text) > most:
        raise errors.ParameterInvalid(param, f"This must be at most {most} characters.")
    return text

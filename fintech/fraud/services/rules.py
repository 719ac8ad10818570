"""
Rules that people write: drafted, watched, activated, snoozed, archived.

Every change of what is live makes a new set, which assessments name; texts never change,
they get a next version. So any decision can be made again with the rules of its time.
"""

from datetime import datetime
from uuid import UUID

import django_fsm as fsm
from django.conf import settings
from django.db import IntegrityError
from django_subatomic import db

from fintech.fraud import data, errors, events
from fintech.fraud.data import RuleState
from fintech.fraud.models import Rule, RuleVersion
from fintech.fraud.rules import read
from fintech.fraud.services import checking, rulesets
from fintech.kernel import event_log, ids
from fintech.kernel.actor import Actor

_MOST_POINTS = 100
_HIGHEST = 1_000
_LIVE = {RuleState.SHADOW, RuleState.ACTIVE}


def draft_rule(
    *,
    merchant_id: UUID | None,
    name: str,
    condition: str,
    points: int = 0,
    decision: str = "",
    priority: int = 0,
    by: Actor,
    at: datetime,
) -> data.Rule:
    """
    Write a rule; it does nothing until it watches or is activated.

    Args:
        name: a word; reasons show it.
        points: what a hit adds to the score, from -100 to 100.
        decision: what a hit decides by itself; empty: its points only.
        priority: from 0 to 1000; what is higher is evaluated, and told, first.

    Raises:
        RuleUnreadable: the condition is none, and where.
        RuleExists: the name is taken.
        ParameterInvalid: name, points, decision or priority is not one that is accepted.
    """
    if not name.isidentifier() or not name.isascii() or name != name.lower() or name[0] == "_":
        raise errors.ParameterInvalid("name", "A rule is named by a word like many_cards.")
    rule = Rule(
        id=ids.new(),
        merchant_id=merchant_id,
        name=checking.fit(name, 60, "name"),
        created_at=at,
    )
    text = _text(rule, condition, points, decision, priority, by=by, at=at)
    with db.transaction_if_not_already():
        try:
            with db.savepoint():
                rule.save(force_insert=True)
        except IntegrityError as error:
            if "fraud_rule_has_a_name_of_its_own" not in str(error):
                raise
            raise errors.RuleExists(name) from error
        text.save(force_insert=True)
        event_log.append([_fact(events.RuleDrafted, rule, at=at)], by=by)
    return rule.as_data(text)


def revise_rule(
    *,
    rule_id: UUID,
    condition: str,
    points: int = 0,
    decision: str = "",
    priority: int = 0,
    by: Actor,
    at: datetime,
) -> data.Rule:
    """
    Give a rule another text; it is a draft again, and its last text no longer decides.

    Raises:
        RuleNotFound, RuleUnreadable, ParameterInvalid.
        RuleUnexpectedState: it is archived.
    """
    with db.transaction_if_not_already():
        rule = _locked(rule_id)
        _can(rule, rule.revise, "revised")
        was_live = rule.state in _LIVE
        rule.revise()
        text = _text(rule, condition, points, decision, priority, by=by, at=at)
        rule.version += 1
        rule.save()
        text.save(force_insert=True)
        if was_live:
            rulesets.write(at)
        event_log.append([_fact(events.RuleRevised, rule, at=at)], by=by)
    return rule.as_data(text)


def watch_rule(*, rule_id: UUID, by: Actor, at: datetime) -> data.Rule:
    """
    Let a rule watch: its hits are kept with assessments and decide nothing.

    Raises:
        RuleNotFound: there is no such rule.
        RuleUnexpectedState: it watches already, or is archived.
    """
    with db.transaction_if_not_already():
        rule = _locked(rule_id)
        _can(rule, rule.watch, "shadowed")
        rule.watch()
        return _moved(rule, events.RuleShadowed, by=by, at=at)


def activate_rule(*, rule_id: UUID, by: Actor, at: datetime) -> data.Rule:
    """
    Let a rule decide.

    Raises:
        RuleNotFound: there is no such rule.
        RuleUnexpectedState: it decides already, or is archived.
        RuleReviewedByAuthor: in a live instance, somebody else than its author does this.
    """
    with db.transaction_if_not_already():
        rule = _locked(rule_id)
        _can(rule, rule.activate, "activated")
        text = RuleVersion.objects.get(rule=rule, number=rule.number)
        if settings.MODE == "live" and text.author == by.id:
            raise errors.RuleReviewedByAuthor(rule_id)
        rule.activate()
        return _moved(rule, events.RuleActivated, by=by, at=at)


def archive_rule(*, rule_id: UUID, by: Actor, at: datetime) -> data.Rule:
    """
    Let a rule do nothing any more, for good.

    Raises:
        RuleNotFound: there is no such rule.
        RuleUnexpectedState: it is archived already.
    """
    with db.transaction_if_not_already():
        rule = _locked(rule_id)
        _can(rule, rule.archive, "archived")
        rule.archive()
        return _moved(rule, events.RuleArchived, by=by, at=at)


def snooze_rule(*, rule_id: UUID, until: datetime, by: Actor, at: datetime) -> data.Rule:
    """
    Let a live rule do nothing until later; then it does again what its state says.

    Raises:
        RuleNotFound: there is no such rule.
        RuleUnexpectedState: it is not live.
        ParameterInvalid: later is not later.
    """
    if until <= at:
        raise errors.ParameterInvalid("until", "This is in the past.")
    with db.transaction_if_not_already():
        rule = _locked(rule_id)
        if rule.state not in _LIVE:
            raise errors.RuleUnexpectedState(
                rule_id=rule.id, state=str(rule.state), action="snoozed"
            )
        rule.snoozed_until = until
        return _moved(rule, events.RuleSnoozed, by=by, at=at, until=until)


def wake_rule(*, rule_id: UUID, by: Actor, at: datetime) -> data.Rule:
    """
    Let a snoozed rule do at once what its state says.

    Raises:
        RuleNotFound: there is no such rule.
        RuleNotSnoozed: it is awake.
    """
    with db.transaction_if_not_already():
        rule = _locked(rule_id)
        if rule.snoozed_until is None:
            raise errors.RuleNotSnoozed(rule_id)
        rule.snoozed_until = None
        return _moved(rule, events.RuleWoken, by=by, at=at)


def wake_due_rules(*, by: Actor, at: datetime) -> int:
    """Wake the rules whose time has come; return how many they were."""
    due = Rule.objects.filter(snoozed_until__lte=at).order_by("id")
    if not due.exists():
        return 0
    with db.transaction_if_not_already():
        rulesets.lock()  # Who was woken or archived meanwhile is not among the due any more.
        woken = list(due.select_for_update(no_key=True))
        for rule in woken:
            rule.snoozed_until = None
            _moved(rule, events.RuleWoken, by=by, at=at)
    return len(woken)


def _moved(
    rule: Rule,
    fact: type[
        events.RuleShadowed
        | events.RuleActivated
        | events.RuleArchived
        | events.RuleSnoozed
        | events.RuleWoken
    ],
    *,
    by: Actor,
    at: datetime,
    **told: datetime,
) -> data.Rule:
    """Save a rule that has moved, make the new set, and say so."""
    rule.version += 1
    rule.save()
    ruleset_id = rulesets.write(at)
    event_log.append(
        [
            fact(
                rule_id=rule.id,
                merchant_id=rule.merchant_id,
                number=rule.number,
                ruleset_id=ruleset_id,
                version=rule.version,
                at=at,
                **told,
            )
        ],
        by=by,
    )
    return rule.as_data(RuleVersion.objects.get(rule=rule, number=rule.number))


def _locked(rule_id: UUID) -> Rule:
    """Lock a rule, after the lock of what is live."""
    rulesets.lock()
    rule = Rule.objects.select_for_update(no_key=True).filter(id=rule_id).first()
    if rule is None:
        raise errors.RuleNotFound(rule_id)
    return rule


def _can(rule: Rule, move: object, action: str) -> None:
    if not fsm.can_proceed(move):
        raise errors.RuleUnexpectedState(rule_id=rule.id, state=str(rule.state), action=action)


def _text(
    rule: Rule,
    condition: str,
    points: int,
    decision: str,
    priority: int,
    *,
    by: Actor,
    at: datetime,
) -> RuleVersion:
    read(condition)
    if not 0 <= priority <= _HIGHEST:
        raise errors.ParameterInvalid("priority", f"This is between 0 and {_HIGHEST}.")
    if not -_MOST_POINTS <= points <= _MOST_POINTS:
        raise errors.ParameterInvalid("points", "This is between -100 and 100.")
    return RuleVersion(
        id=ids.new(),
        rule=rule,
        number=rule.number,
        condition=condition,
        points=points,
        decision=checking.word(data.Decision, decision, "decision") if decision else "",
        priority=priority,
        author=by.id,
        created_at=at,
    )


def _fact[Fact: events.RuleFact](fact: type[Fact], rule: Rule, *, at: datetime) -> Fact:
    return fact(
        rule_id=rule.id,
        merchant_id=rule.merchant_id,
        number=rule.number,
        version=rule.version,
        at=at,
    )

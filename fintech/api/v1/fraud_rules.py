"""Rules that a merchant writes for his own payments, and what is done with cases."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from fintech.api import pagination
from fintech.api.codec import fields
from fintech.api.operations import Answer, Call, operation
from fintech.fraud import data, queries
from fintech.fraud import services as fraud
from fintech.wire import fraud_cases
from fintech.wire import fraud_rules as wire

_READ, _WRITE = "fraud:read", "fraud:write"
_CONDITION = fields.Text(
    longest=2000,
    required=True,
    example="amount > 50000 and not card_seen",
    about="What must hold of a payment, such as `amount > 50000 and not card_seen`.",
)
_TEXT: dict[str, fields.Field] = {
    "condition": _CONDITION,
    "points": fields.Integer(least=-100, most=100, about="What a hit adds to the score."),
    "decision": fields.OneOf(
        words=("allow", "challenge", "review", "block"),
        about="What a hit decides by itself.",
    ),
    "priority": fields.Integer(
        least=0, most=1000, about="What is higher is evaluated, and told, first."
    ),
}


@operation(
    "POST",
    "/v1/fraud/rules",
    scope=_WRITE,
    returns="fraud.rule",
    parameters={
        "name": fields.Text(
            longest=60, required=True, example="dear_and_new", about="A word; reasons show it."
        ),
        **_TEXT,
    },
)
def create_rule(call: Call) -> Answer:
    """Write a rule; it is a draft and does nothing yet."""
    done = call.once(
        lambda: fraud.draft_rule(
            merchant_id=call.merchant_id, name=call.values["name"], **_text(call)
        )
    )
    return Answer(body=wire.render(done.value), replayed=done.replayed)


@operation("GET", "/v1/fraud/rules/{id}", scope=_READ, returns="fraud.rule", noun="rule")
def retrieve_rule(call: Call) -> Answer:
    """Retrieve a rule in its newest version."""
    return Answer(body=wire.render(_rule(call)))


@operation("GET", "/v1/fraud/rules", scope=_READ, returns="list", of="fraud.rule")
def list_rules(call: Call) -> Answer:
    """List the rules you have written, newest first."""
    return pagination.answer(call, queries.rules(call.merchant_id), wire.render, has_more=False)


@operation(
    "POST",
    "/v1/fraud/rules/{id}",
    scope=_WRITE,
    returns="fraud.rule",
    noun="rule",
    parameters=_TEXT,
)
def update_rule(call: Call) -> Answer:
    """Give a rule another text; it is a draft again."""
    rule = _rule(call)
    done = call.once(lambda: fraud.revise_rule(rule_id=rule.id, **_text(call)))
    return Answer(body=wire.render(done.value), replayed=done.replayed)


@operation("POST", "/v1/fraud/rules/{id}/shadow", scope=_WRITE, returns="fraud.rule", noun="rule")
def shadow_rule(call: Call) -> Answer:
    """Let a rule watch: its hits are kept and decide nothing."""
    return _moved(call, fraud.watch_rule)


@operation("POST", "/v1/fraud/rules/{id}/activate", scope=_WRITE, returns="fraud.rule", noun="rule")
def activate_rule(call: Call) -> Answer:
    """Let a rule decide; in a live instance somebody else than its author does this."""
    return _moved(call, fraud.activate_rule)


@operation("POST", "/v1/fraud/rules/{id}/archive", scope=_WRITE, returns="fraud.rule", noun="rule")
def archive_rule(call: Call) -> Answer:
    """Let a rule do nothing any more, for good."""
    return _moved(call, fraud.archive_rule)


@operation(
    "POST",
    "/v1/fraud/rules/{id}/snooze",
    scope=_WRITE,
    returns="fraud.rule",
    noun="rule",
    parameters={
        "until": fields.Integer(
            least=0, most=253_402_300_799, required=True, about="When it does again what it did."
        )
    },
)
def snooze_rule(call: Call) -> Answer:
    """Let a live rule do nothing until later."""
    until = datetime.fromtimestamp(call.values["until"], tz=UTC)
    return _moved(call, partial(fraud.snooze_rule, until=until))


@operation("POST", "/v1/fraud/rules/{id}/wake", scope=_WRITE, returns="fraud.rule", noun="rule")
def wake_rule(call: Call) -> Answer:
    """Let a snoozed rule do at once what it did."""
    return _moved(call, fraud.wake_rule)


@operation(
    "POST",
    "/v1/fraud/rules/{id}/backtest",
    scope=_WRITE,
    returns="fraud.back_test",
    noun="rule",
    parameters={"days": fields.Integer(least=1, most=90, about="How far back; 30 unless told.")},
)
def back_test_rule(call: Call) -> Answer:
    """Try a rule on the payments of the last days, beside what was decided then."""
    rule = _rule(call)
    done = call.around(
        lambda: queries.back_test(
            condition=rule.condition,
            points=rule.points,
            decision="" if rule.decision is None else str(rule.decision),
            since=call.at - timedelta(days=call.get("days", 30)),
            until=call.at,
            merchant_id=call.merchant_id,
        )
    )
    return Answer(body=wire.render_back_test(done.value), replayed=done.replayed)


@operation(
    "POST",
    "/v1/fraud/cases/{id}/assign",
    scope=_WRITE,
    returns="fraud.case",
    noun="case",
    parameters={"assignee": fields.Text(longest=80, required=True, example="carla")},
)
def assign_case(call: Call) -> Answer:
    """Give a case to somebody."""
    case = queries.case(call.this("fcs"), merchant_id=call.merchant_id)
    done = call.once(
        lambda: fraud.assign_case(
            case_id=case.id, assignee=call.values["assignee"], by=call.by, at=call.at
        )
    )
    return Answer(body=fraud_cases.render(done.value), replayed=done.replayed)


@operation(
    "POST",
    "/v1/fraud/cases/{id}/snooze",
    scope=_WRITE,
    returns="fraud.case",
    noun="case",
    parameters={
        "until": fields.Integer(
            least=0, most=253_402_300_799, required=True, about="A time before the case is due."
        )
    },
)
def snooze_case(call: Call) -> Answer:
    """Leave a case alone until later."""
    case = queries.case(call.this("fcs"), merchant_id=call.merchant_id)
    until = datetime.fromtimestamp(call.values["until"], tz=UTC)
    done = call.once(
        lambda: fraud.snooze_case(case_id=case.id, until=until, by=call.by, at=call.at)
    )
    return Answer(body=fraud_cases.render(done.value), replayed=done.replayed)


@operation("POST", "/v1/fraud/cases/{id}/escalate", scope=_WRITE, returns="fraud.case", noun="case")
def escalate_case(call: Call) -> Answer:
    """Put a case before all others, for somebody else to claim."""
    case = queries.case(call.this("fcs"), merchant_id=call.merchant_id)
    done = call.once(lambda: fraud.escalate_case(case_id=case.id, by=call.by, at=call.at))
    return Answer(body=fraud_cases.render(done.value), replayed=done.replayed)


def _moved(call: Call, move: Callable[..., data.Rule]) -> Answer:
    rule = _rule(call)
    done = call.once(lambda: move(rule_id=rule.id, by=call.by, at=call.at))
    return Answer(body=wire.render(done.value), replayed=done.replayed)


def _rule(call: Call) -> data.Rule:
    return queries.rule(call.this("frl"), merchant_id=call.merchant_id)


def _text(call: Call) -> dict[str, Any]:
    return {
        "condition": call.values["condition"],
        "points": call.get("points", 0),
        "decision": call.text("decision"),
        "priority": call.get("priority", 0),
        "by": call.by,
        "at": call.at,
    }

"""
Velocity limits: attempts counted in the deciding transaction, exactly.

The counter's row is raised by whoever decides and stays locked until the commit, so of
many who race for the last one, one has it. Windows are fixed. Set-based: one statement
for a whole batch, and none where no limit is live.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection
from django_subatomic import db

from fintech.fraud import data, errors, events, queries
from fintech.fraud.models import VelocityLimit
from fintech.fraud.services import checking, rulesets
from fintech.kernel import event_log, ids
from fintech.kernel.actor import Actor
from fintech.kernel.events import Code

_Key = tuple[UUID, str, datetime]
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MOST_SECONDS = 31 * 86_400
# In the order of the keys, so that two batches never wait for each other in a circle.
_COUNT = """
INSERT INTO fraud_velocitycount (limit_id, subject, begins_at, count)
SELECT * FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[], %s::integer[])
ON CONFLICT (limit_id, subject, begins_at)
DO UPDATE SET count = fraud_velocitycount.count + excluded.count
RETURNING limit_id, subject, begins_at, count
"""


def count(
    questions: Sequence[data.Question], features: Sequence[data.Features]
) -> list[list[data.Reason]]:
    """Count attempts; return for each the reasons of the limits that it goes over."""
    keys = [
        [
            (limit, key)
            for limit in queries.limits_of(known.ruleset)
            if (key := _key(limit, question)) is not None
        ]
        for question, known in zip(questions, features, strict=True)
    ]
    wanted = Counter(key for each in keys for _, key in each)
    if not wanted:
        return [[] for _ in questions]
    ordered = sorted(wanted)
    with db.transaction_required(), connection.cursor() as cursor:
        cursor.execute(
            _COUNT,
            [
                [limit_id for limit_id, _, _ in ordered],
                [subject for _, subject, _ in ordered],
                [begins_at for _, _, begins_at in ordered],
                [wanted[key] for key in ordered],
            ],
        )
        totals = {(limit, who, at): total for limit, who, at, total in cursor.fetchall()}
    seen = Counter({key: totals[key] - wanted[key] for key in ordered})
    reasons: list[list[data.Reason]] = []
    for each in keys:
        reasons.append([])
        for limit, key in each:
            seen[key] += 1
            if seen[key] > limit.maximum:
                reasons[-1].append(_reason(limit, seen[key]))
    return reasons


def create_velocity_limit(
    *,
    merchant_id: UUID | None,
    name: str,
    of: str,
    seconds: int,
    maximum: int,
    decision: str = "block",
    by: Actor,
    at: datetime,
) -> data.VelocityLimit:
    """
    Let so many attempts of a card, customer, e-mail or address pass within a time.

    Raises:
        ParameterInvalid: the parts do not make a limit.
    """
    limit = VelocityLimit(
        id=ids.new(),
        merchant_id=merchant_id,
        name=checking.fit(name, 60, "name"),
        of=checking.word(data.Counted, of, "of"),
        seconds=seconds,
        maximum=maximum,
        decision=checking.word(data.Decision, decision, "decision"),
        created_at=at,
    )
    if not 1 <= seconds <= _MOST_SECONDS:
        raise errors.ParameterInvalid("seconds", f"This is between 1 and {_MOST_SECONDS}.")
    if not 0 <= maximum <= 1_000_000:  # noqa: PLR2004
        raise errors.ParameterInvalid("maximum", "This is between 0 and 1000000.")
    if limit.decision == data.Decision.ALLOW:
        raise errors.ParameterInvalid("decision", "A limit stops something.")
    if not name.replace("_", "").isalnum() or not name.isascii():
        raise errors.ParameterInvalid("name", "A limit is named by a word like card_per_hour.")
    with db.transaction_if_not_already():
        rulesets.lock()
        limit.save(force_insert=True)
        ruleset_id = rulesets.write(at)
        event_log.append(
            [
                events.VelocityLimitCreated(
                    velocity_limit_id=limit.id,
                    merchant_id=merchant_id,
                    ruleset_id=ruleset_id,
                    of=Code(str(limit.of)),
                    seconds=seconds,
                    maximum=maximum,
                    decision=Code(str(limit.decision)),
                    version=limit.version,
                    at=at,
                )
            ],
            by=by,
        )
    return limit.as_data()


def remove_velocity_limit(*, limit_id: UUID, by: Actor, at: datetime) -> data.VelocityLimit:
    """
    Count attempts no longer.

    Raises:
        VelocityLimitNotFound: there is none, or it has been removed.
    """
    with db.transaction_if_not_already():
        rulesets.lock()
        limit = (
            VelocityLimit.objects.select_for_update(no_key=True)
            .filter(id=limit_id, active=True)
            .first()
        )
        if limit is None:
            raise errors.VelocityLimitNotFound(limit_id)
        limit.active = False
        limit.version += 1
        limit.save()
        ruleset_id = rulesets.write(at)
        event_log.append(
            [
                events.VelocityLimitRemoved(
                    velocity_limit_id=limit.id,
                    merchant_id=limit.merchant_id,
                    ruleset_id=ruleset_id,
                    version=limit.version,
                    at=at,
                )
            ],
            by=by,
        )
    return limit.as_data()


def _key(limit: data.VelocityLimit, question: data.Question) -> _Key | None:
    if limit.merchant_id not in {None, question.merchant_id}:
        return None
    subject = {
        data.Counted.CARD: question.card_fingerprint,
        data.Counted.CUSTOMER: question.customer_id and str(question.customer_id),
        data.Counted.EMAIL: question.email_hash,
        data.Counted.IP: question.ip_hash,
    }[limit.of]
    if not subject:
        return None
    passed = int((question.at - _EPOCH).total_seconds()) // limit.seconds * limit.seconds
    return limit.id, subject, _EPOCH + timedelta(seconds=passed)


def _reason(limit: data.VelocityLimit, number: int) -> data.Reason:
    return data.Reason(
        "velocity_limit",
        0,
        (
            ("limit", limit.name),
            ("count", number),
            ("seconds", limit.seconds),
            ("maximum", limit.maximum),
            ("decision", str(limit.decision)),
        ),
    )

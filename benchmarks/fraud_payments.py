"""One assessment, the model alone, and a back-test: the part of bench-fraud with a database."""

import os
import statistics
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

_MERCHANT = UUID("01900000-0000-7000-8000-000000000001")
_NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
_STORED = int(os.environ.get("STORED", "100000"))
_ASSESSED = int(os.environ.get("ASSESSED", "400"))
# Every column but the id and the attempt's, which are their own.
_COPIED = (
    "payment_id, merchant_id, customer_id, currency, amount_minor, card_fingerprint,"
    " card_country, email_hash, ip_hash, features, score, decision, reasons, model_version,"
    " shadow, degraded, created_at"
)


def measure() -> dict[str, Any]:
    """Return the figures of issue 7 that need a database."""
    from django.conf import settings
    from django.db import connections

    from fintech.fraud import data, queries
    from fintech.fraud import services as fraud
    from fintech.kernel import approvals
    from fintech.kernel.actor import Actor, system

    settings.FRAUD_BUDGET_MS = 0  # What is late is measured, not left out.
    by = system("benchmark")
    _history(fraud, by)
    # The first know nobody yet.
    model = fraud.train_on_payments(since=_NOON - timedelta(days=99), until=_NOON, by=by, at=_NOON)
    anna, bert = (Actor(kind="staff", id=str(uuid4())) for _ in range(2))
    fraud.watch_model(model_id=model.id, by=anna, at=_NOON)
    proposed = fraud.propose_champion(model_id=model.id, by=anna, at=_NOON)
    approvals.approve(approval_id=proposed, by=bert, at=_NOON)
    for number in range(50):
        rule = fraud.draft_rule(
            merchant_id=None,
            name=f"rule_{number}",
            condition=f"amount > {number + 4} * customer_mean and card_24h >= {number % 7}"
            f' and not customer_has_used_card or card_country in ["KP", "X{number % 10}"]',
            points=1,
            by=by,
            at=_NOON,
        )
        fraud.activate_rule(rule_id=rule.id, by=by, at=_NOON)

    took = _assessments(by)
    listed = _with_a_long_list(by)
    served = queries.served(model.id)
    snapshot = data.Features(amount_minor=420_00, currency="EUR")
    alone = _asked(served, snapshot)

    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM fraud_assessment")
        rest = max(0, _STORED - cursor.fetchone()[0])
        cursor.execute(
            f"INSERT INTO fraud_assessment (id, attempt_id, {_COPIED})"
            f" SELECT uuidv7(), gen_random_uuid(), {_COPIED}"
            " FROM (SELECT * FROM fraud_assessment WHERE case_id IS NULL LIMIT 1000) a,"
            " generate_series(1, %s / 1000 + 1) LIMIT %s",
            [rest, rest],
        )
        cursor.execute("ANALYZE fraud_assessment")
    drafts = [
        data.Draft(condition=f"amount > {number + 2} * customer_mean and ip_24h >= 0", points=3)
        for number in range(20)
    ]
    began = time.perf_counter()
    tried = queries.back_test_all(
        drafts=drafts,
        model_id=model.id,
        since=_NOON - timedelta(days=365),
        until=_NOON + timedelta(days=365),
    )
    back_test = time.perf_counter() - began
    if tried.assessments < _STORED:
        raise SystemExit(f"only {tried.assessments} were tried")
    return {
        "assessment_p50_ms": round(statistics.median(took), 3),
        "assessment_p99_ms": round(statistics.quantiles(took, n=100)[98], 3),
        **listed,
        "model_p50_ms": round(alone, 4),
        "backtest_100k_s": round(back_test * 100_000 / tried.assessments, 2),
        "backtest_payments": tried.assessments,
        "assessments_measured": len(took),
    }


def _history(fraud: Any, by: Any) -> None:
    """Four thousand payments long ago, one in ten of them fraud."""
    at = _NOON - timedelta(days=100)
    for start in range(0, 4000, 100):
        questions = [
            _question(number, at + timedelta(minutes=number))
            for number in range(start, start + 100)
        ]
        for made in _decided(questions, by):
            if made.amount.minor > 300_00:
                fraud.record_outcome(payment_id=made.payment_id, outcome="fraud", at=_NOON, by=by)


def _question(number: int, at: datetime) -> Any:
    from fintech.fraud import data
    from fintech.kernel import ids
    from fintech.kernel.money import Money

    customer = number % 97
    return data.Question(
        attempt_id=ids.new(),
        payment_id=ids.new(),
        merchant_id=_MERCHANT,
        customer_id=UUID(int=customer + 1),
        amount=Money(310_00 + number if number % 10 == 3 else 10_00 + number % 50_00, "EUR"),
        card_fingerprint=f"card-{customer}-{number % 3}",
        card_country="DE",
        email_hash=f"mail-{customer}",
        ip_hash=f"ip-{number % 211}",
        at=at,
    )


def _decided(questions: list[Any], by: Any) -> list[Any]:
    from django_subatomic import db

    from fintech.fraud import queries
    from fintech.fraud import services as fraud

    features = queries.gather(questions)
    with db.transaction():
        return fraud.assess(questions, features, by=by)


def _assessments(by: Any) -> list[float]:
    """Return milliseconds of single assessments, features to commit."""
    took = []
    for number in range(_ASSESSED + 20):
        question = _question(number * 7, _NOON + timedelta(seconds=number))
        began = time.perf_counter()
        _decided([question], by)
        took.append((time.perf_counter() - began) * 1000)
    return took[20:]


def _with_a_long_list(by: Any) -> dict[str, Any]:
    """Measure with a list of a million entries, as an import leaves it, and once it is analyzed."""
    from django.db import connections

    figures: dict[str, Any] = {}
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO fraud_listitem (id, merchant_id, kind, value, action, reason, created_at,"
            " version) SELECT uuidv7(), NULL, 'card', md5(n::text), 'block', '', %s, 1"
            " FROM generate_series(1, 1000000) n",
            [_NOON],
        )
        for name, statement in (("fresh", ""), ("analyzed", "ANALYZE fraud_listitem")):
            if statement:
                cursor.execute(statement)
            took = _assessments(by)
            figures[f"list_1m_{name}_p50_ms"] = round(statistics.median(took), 3)
            figures[f"list_1m_{name}_p99_ms"] = round(statistics.quantiles(took, n=100)[98], 3)
        cursor.execute("DELETE FROM fraud_listitem")
    return figures


def _asked(served: Any, snapshot: Any) -> float:
    """Return the median milliseconds of the model alone, on a row that is ready."""
    import numpy as np
    import treelite

    from fintech.fraud import serving

    row = np.array([serving.vector(snapshot)], dtype=np.float32)
    took = []
    for _ in range(500):
        began = time.perf_counter()
        treelite.gtil.predict(served.trees, row, nthread=1)
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)

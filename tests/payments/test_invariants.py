"""The invariants are silent over every story, and each speaks when one row is wrong."""

from datetime import timedelta

import pytest
from django.db import connection

from fintech.kernel import invariants
from fintech.payments import queries
from fintech.payments import services as payments
from tests.make import payments as make
from tests.make.merchants import NOON
from tests.make.payments import BY, eur

pytestmark = pytest.mark.django_db


def fired() -> dict[str, tuple[str, ...]]:
    return {found.id: found.samples for found in invariants.check(queries.INVARIANTS)}


def differences() -> list[tuple[str, str]]:
    return [(found.row, found.column) for found in queries.replay()]


@pytest.fixture
def story(shop, acquirer):
    """Every path that a payment can take."""
    at = {"by": BY, "at": NOON}
    named = {"merchant_id": shop.id, **at}
    make.created(shop.id)
    taken = make.captured(shop.id, key=make.key(shop.id))
    payments.refund(payment_id=taken.id, amount=eur(10_00), **named)
    for token in ("declined", "blocked", "acquirer_error", "acquirer_timeout"):
        make.confirmed(shop.id, token=token, key=make.key(shop.id))
    parts = make.authorized(shop.id)
    payments.capture(payment_id=parts.id, amount=eur(1_00), final=False, **named)
    payments.capture(payment_id=parts.id, amount=eur(2_00), final=False, **named)
    payments.refund(payment_id=parts.id, amount=eur(50), key=make.key(shop.id), **named)
    rest = make.authorized(shop.id)
    payments.capture(payment_id=rest.id, amount=eur(1_00), final=False, **named)
    payments.cancel(payment_id=rest.id, **named)
    payments.cancel(payment_id=make.authorized(shop.id).id, reason="duplicate", **named)
    for verdict in ("approve", "decline"):
        payments.decide_review(payment_id=make.in_review(shop.id).id, verdict=verdict, **at)
    make.in_review(shop.id)
    for passed in (True, False):
        attempt = make.challenged(shop.id).latest_attempt
        payments.answer_challenge(attempt_id=attempt.id, passed=passed, **at)
    for token in ("refund_pending", "refund_fails"):
        payments.refund(payment_id=make.captured(shop.id, token=token).id, **named)
    back = payments.refund(payment_id=make.captured(shop.id).id, **named).value
    body, headers = acquirer.callback(str(back.id), event_id="late", status="failed")
    payments.receive(provider="simulator", body=body, headers=headers, at=NOON)
    frozen = make.captured(shop.id)
    body, headers = acquirer.callback(
        str(frozen.latest_attempt.id), event_id="no", status="declined"
    )
    payments.receive(provider="simulator", body=body, headers=headers, at=NOON)
    unsure = make.captured(shop.id)
    acquirer.lose_answers()
    payments.refund(payment_id=unsure.id, amount=eur(1), **named)
    changed = make.created(shop.id)
    payments.update_payment(payment_id=changed.id, amount=eur(5), token="visa", **named)
    return taken


@pytest.mark.django_db(transaction=True)
def test_every_story_keeps_the_invariants_and_can_be_replayed(story, acquirer):
    assert fired() == {}
    assert differences() == []

    payments.resolve_due(by=BY, at=NOON + timedelta(minutes=1))
    payments.expire_due(by=BY, at=NOON + timedelta(days=30))

    assert fired() == {}
    assert differences() == []


# The owner changes one row behind everybody's back; triggers do not run.
CORRUPTIONS = [
    ("UPDATE payments_payment SET refunded_minor = refunded_minor + 1 WHERE id = %s", {"I-8"}),
    ("UPDATE payments_payment SET fee_minor = fee_minor + 1 WHERE id = %s", {"I-8"}),
    ("UPDATE payments_refund SET amount_minor = amount_minor - 1 WHERE payment_id = %s", {"I-8"}),
    ("UPDATE payments_capture SET refunded_minor = 0 WHERE payment_id = %s", {"I-8"}),
    (
        "UPDATE payments_attempt SET captured_minor = 1, refunded_minor = 0 WHERE payment_id = %s",
        {"I-8"},
    ),
    ("UPDATE payments_payment SET state = 'partially_captured' WHERE id = %s", {"I-9"}),
    ("UPDATE payments_payment SET version = version + 1 WHERE id = %s", {"I-9"}),
    (
        "UPDATE payments_capture SET entry_id = (SELECT entry_id FROM payments_refund WHERE entry_id IS NOT NULL LIMIT 1) "
        "WHERE payment_id = %s",
        {"I-10"},
    ),
    (
        "UPDATE payments_payment SET state = 'processing', captured_minor = 0, fee_minor = 0, "
        "refunded_minor = 0, captured_at = NULL WHERE id = %s",
        {"I-8", "I-9", "I-12"},
    ),
    (
        "UPDATE kernel_idempotencykey SET outcome = jsonb_set(outcome, '{value,id}', "
        "'\"00000000-0000-7000-8000-000000000000\"') "
        "WHERE outcome->'value'->>'id' = %s::text",
        {"I-10"},
    ),
]


@pytest.mark.parametrize(("sql", "expected"), CORRUPTIONS)
@pytest.mark.django_db(transaction=True)
def test_one_wrong_row_is_named(story, owner, sql, expected):
    with owner.transaction():
        owner.execute("SET LOCAL session_replication_role = replica")
        changed = owner.execute(sql, [story.id])
        assert changed.rowcount == 1

    assert set(fired()) == expected


@pytest.mark.django_db(transaction=True)
def test_a_gap_and_a_leap_in_the_log_are_named(story, owner):
    with owner.transaction():
        owner.execute("SET LOCAL session_replication_role = replica")
        owner.execute(
            "DELETE FROM kernel_event WHERE stream = %s AND version = 3",
            [f"payments.payment:{story.id}"],
        )
    assert set(fired()) == {"I-9"}


@pytest.mark.django_db(transaction=True)
def test_a_column_that_the_log_does_not_explain_is_named(story, owner):
    with owner.transaction():
        owner.execute("SET LOCAL session_replication_role = replica")
        owner.execute(
            "UPDATE payments_payment SET cancellation_reason = 'x', fee_minor = 1 WHERE id = %s",
            [story.id],
        )
    assert sorted(differences()) == [
        (str(story.id), "cancellation_reason"),
        (str(story.id), "fee_minor"),
    ]


def test_the_invariants_read_no_more_often_for_more_payments(shop, django_assert_num_queries):
    for _ in range(3):
        make.captured(shop.id)
    with django_assert_num_queries(len(queries.INVARIANTS)):
        for invariant in queries.INVARIANTS:
            with connection.cursor() as cursor:
                cursor.execute(invariant.sql)

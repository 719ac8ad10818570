"""What a merchant wants of fraud, and what happens when not all is known in time."""

import os
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection

from fintech.fraud import data, errors, queries
from fintech.fraud import services as fraud
from fintech.fraud.models import Posture, Reassessment
from fintech.fraud.queries import gathering
from fintech.kernel import ids
from tests.make import fraud as make

CUSTOMER = UUID("01900000-0000-7000-8000-00000000000c")


def posture(**chosen: object) -> data.Posture:
    given = {"merchant_id": None, **chosen}
    return fraud.set_posture(**given, by=make.BY, at=make.NOON)  # type: ignore[arg-type]


def block(card: str) -> None:
    fraud.add_to_list(
        merchant_id=None, kind="card", value=card, action="block", by=make.BY, at=make.NOON
    )


def test_off_looks_at_nothing(db):
    block("card-1")
    posture(mode="off")

    made = make.assessment()

    assert (made.score, made.decision, made.reasons) == (0, data.Decision.ALLOW, ())


def test_advice_says_what_would_have_been_and_stops_nothing(db):
    block("card-1")
    posture(mode="advisory")

    made = make.assessment()

    assert made.decision == data.Decision.ALLOW
    assert dict(made.reasons[-1].detail) == {"would": "block"}
    assert queries.decided_again(made.id).reasons == made.reasons


def test_a_merchants_own_posture_comes_first(db):
    posture(mode="off")
    posture(merchant_id=make.MERCHANT, mode="enforce")
    block("card-1")

    assert make.assessment().decision == data.Decision.BLOCK
    assert make.assessment(merchant=ids.new()).decision == data.Decision.ALLOW
    assert list(queries.replay()) == []


def test_bands_are_the_merchants(db):
    posture(bands=(1, 2, 3))

    made = make.assessment()

    assert made.score >= 3
    assert made.decision == data.Decision.BLOCK


def test_a_share_of_would_be_blocks_goes_to_a_person(db):
    """All of them here; a block that a list asks for stays one."""
    posture(bands=(1, 2, 3), explore=10_000)
    explored = make.assessment()
    block("card-2")

    assert explored.decision == data.Decision.REVIEW
    assert explored.case_id is not None
    assert "explored" in {reason.code for reason in explored.reasons}
    assert make.assessment(card="card-2").decision == data.Decision.BLOCK


@pytest.mark.parametrize(
    ("chosen", "param"),
    [
        ({"mode": "on"}, "mode"),
        ({"fails": "somehow"}, "fails"),
        ({"bands": (80, 70, 90)}, "bands"),
        ({"explore": 10_001}, "explore"),
        ({"ceiling_minor": -1}, "ceiling"),
    ],
)
def test_a_posture_that_makes_no_sense_is_refused(db, chosen, param):
    with pytest.raises(errors.ParameterInvalid) as refused:
        posture(**chosen)
    assert refused.value.param == param
    assert not Posture.objects.exists()


def test_blocking_pays_from_where_its_margin_is_worth_less_than_the_loss():
    """A thin margin blocks earlier than a fat one; a dear look is taken later than a cheap one."""
    given = {"loss_bps": 10_000, "typical_minor": 50_00}
    thin = fraud.cost_based_bands(margin_bps=200, review_minor=1_00, **given)
    fat = fraud.cost_based_bands(margin_bps=5_000, review_minor=1_00, **given)
    dear = fraud.cost_based_bands(margin_bps=5_000, review_minor=10_00, **given)

    assert thin[2] < fat[2]
    assert fat[1] < dear[1]
    assert all(bands[0] <= bands[1] <= bands[2] for bands in (thin, fat, dear))


@pytest.fixture
def late(monkeypatch, settings):
    """The database takes a second; a tenth of it is there."""
    settings.FRAUD_BUDGET_MS = 100
    slow = gathering._GATHER_ALL.replace(
        "ORDER BY q.place", "CROSS JOIN pg_sleep(1) ORDER BY q.place"
    )
    monkeypatch.setattr(gathering, "_GATHER_ALL", slow)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("chosen", "minor", "decision"),
    [
        ({"fails": "open"}, 20_00, "allow"),
        ({"fails": "open", "ceiling_minor": 10_00}, 20_00, "review"),
        ({"fails": "review"}, 20_00, "review"),
        ({"fails": "closed"}, 20_00, "block"),
    ],
)
def test_what_comes_too_late_is_left_out_and_the_merchants_way_to_fail_decides(
    late, chosen, minor, decision
):
    posture(**chosen)

    made = make.assessment(minor=minor)

    assert made.features.degraded == "late"
    assert made.decision == decision
    assert queries.decided_again(made.id).decision == decision


@pytest.mark.django_db(transaction=True)
def test_a_block_list_holds_however_late_the_rest_is(late):
    block("card-1")

    assert make.assessment().decision == data.Decision.BLOCK


@pytest.mark.django_db(transaction=True)
def test_a_long_list_is_no_slow_list():
    """A million entries at full effort; each is found by its index."""
    entries = max(1000, int(1_000_000 * float(os.environ.get("EFFORT", "0.02"))))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO fraud_listitem (id, kind, value, action, reason, created_at, version) "
            "SELECT gen_random_uuid(), 'card', 'listed-' || n, 'block', '', %s, 1 "
            "FROM generate_series(1, %s) n",
            [make.NOON, entries],
        )

    found = make.assessment(card=f"listed-{entries // 2}")

    assert found.decision == data.Decision.BLOCK
    assert make.assessment(card="not-listed").decision == data.Decision.ALLOW
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE fraud_listitem")
        cursor.execute(
            "EXPLAIN SELECT 1 FROM fraud_listitem f JOIN (VALUES ('card', %s), ('ip', %s)) AS "
            "v(kind, value) ON f.kind = v.kind AND f.value = v.value WHERE f.removed_at IS NULL",
            ["listed-7", "x"],
        )
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Seq Scan on fraud_listitem" not in plan


@pytest.mark.django_db(transaction=True)
def test_a_degraded_decision_is_made_again_by_what_was_known_then(late, monkeypatch, settings):
    """The first one stands; the second sees nothing later, and not itself."""
    made = make.assessment(minor=900_00, customer=CUSTOMER)
    monkeypatch.undo()
    settings.FRAUD_BUDGET_MS = 0
    later = make.NOON + timedelta(minutes=5)
    make.assessment(customer=CUSTOMER, at=later)

    assert fraud.reassess_degraded(by=make.BY, at=later) == 1
    assert fraud.reassess_degraded(by=make.BY, at=later) == 0

    (again,) = Reassessment.objects.all()
    assert again.assessment_id == made.id
    known = data.Features.restored(again.features)
    assert known.customer_known is False
    assert known.degraded == ""
    assert queries.assessment(made.id).features.degraded == "late"


def test_what_was_decided_knowing_all_is_not_decided_again(db):
    make.assessment()
    assert fraud.reassess_degraded(by=make.BY, at=make.NOON) == 0


def test_nights_and_weekends_are_known(db):
    monday_noon = make.assessment(at=make.NOON).features
    sunday_night = make.assessment(at=make.NOON - timedelta(days=1, hours=9)).features

    assert (monday_noon.night, monday_noon.weekend) == (False, False)
    assert (sunday_night.night, sunday_night.weekend) == (True, True)


def test_a_snoozed_case_is_passed_over_and_an_escalated_one_comes_first(db):
    posture(bands=(1, 1, 101))
    first, second, third = (make.assessment(card=f"c{n}").case_id for n in range(3))
    given = {"by": make.BY, "at": make.NOON}
    fraud.snooze_case(case_id=first, until=make.NOON + timedelta(hours=1), **given)
    fraud.escalate_case(case_id=third, **given)

    claimed = [fraud.claim_next_case(**given) for _ in range(3)]

    assert [case and case.id for case in claimed] == [third, second, None]
    later = fraud.claim_next_case(by=make.BY, at=make.NOON + timedelta(hours=1))
    assert later.id == first
    assert later.due_at == make.NOON + timedelta(hours=24)
    with pytest.raises(errors.ParameterInvalid, match="is due before"):
        fraud.snooze_case(case_id=first, until=make.NOON + timedelta(hours=25), **given)
    assert fraud.assign_case(case_id=first, assignee="carla", **given).assignee == "carla"
    assert list(queries.replay()) == []


@pytest.mark.django_db(transaction=True)
def test_a_thousand_decisions_are_made_again_bit_for_bit():
    """A thousand at full effort: whatever rule, list or band there was."""
    fraud.set_posture(merchant_id=None, bands=(5, 20, 60), explore=5000, by=make.BY, at=make.NOON)
    rule = fraud.draft_rule(
        merchant_id=None,
        name="dear",
        condition="amount > 300 and card_24h > 1",
        points=30,
        by=make.BY,
        at=make.NOON,
    )
    fraud.activate_rule(rule_id=rule.id, by=make.BY, at=make.NOON)
    count = max(40, int(1000 * float(os.environ.get("EFFORT", "0.02"))))
    made = [
        each
        for start in range(0, count, 20)
        for each in make.assessed(
            *[
                make.question(minor=number * 37 % 900 + 1, card=f"card-{number % 17}")
                for number in range(start, start + 20)
            ]
        )
    ]
    fraud.archive_rule(rule_id=rule.id, by=make.BY, at=make.NOON)

    for each in made:
        again = queries.decided_again(each.id)
        assert (again.score, again.decision, again.reasons) == (
            each.score,
            each.decision,
            each.reasons,
        )

"""Velocity limits: attempts counted exactly, in the deciding transaction."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_subatomic import db

from fintech.fraud import errors, queries
from fintech.fraud import services as fraud
from fintech.fraud.data import Decision
from fintech.kernel import event_log, ids
from tests.make import fraud as make
from tests.racing import race

pytestmark = pytest.mark.django_db
BY_NOW = {"by": make.BY, "at": make.NOON}


def _limit(of="card", *, seconds=3600, maximum=1, merchant=None, **given):
    asked = {"name": f"{of}_limit", "decision": "block", **given}
    return fraud.create_velocity_limit(
        merchant_id=merchant, of=of, seconds=seconds, maximum=maximum, **asked, **BY_NOW
    )


def _decisions(*questions):
    return [str(made.decision) for made in make.assessed(*questions)]


def test_what_comes_on_top_is_stopped_and_told():
    _limit(maximum=2)

    made = [make.assessment() for _ in range(3)]

    assert [str(each.decision) for each in made] == ["allow", "allow", "block"]
    assert str(made[2].reasons[0]) == "Attempt 3 within 3600 seconds; card_limit lets 2 pass."
    assert made[2].score == 0
    assert queries.decided_again(made[2].id).decision == Decision.BLOCK


@pytest.mark.parametrize("of", ["card", "customer", "email", "ip"])
def test_each_card_customer_email_and_address_is_counted_by_itself(of):
    _limit(of)
    one = {"card": "a", "customer": ids.new(), "email": "e", "ip": "i"}
    other = {"card": "b", "customer": ids.new(), "email": "f", "ip": "j"}
    asked = {**other, of: one[of]}

    assert _decisions(make.question(**one)) == ["allow"]
    assert _decisions(make.question(**asked)) == ["block"]
    assert _decisions(make.question(**other)) == ["allow"]


def test_a_window_begins_at_a_multiple_of_its_length():
    _limit()
    make.assessment(at=make.NOON)

    last = make.NOON + timedelta(minutes=59, seconds=59)
    assert make.assessment(at=last).decision == Decision.BLOCK
    assert make.assessment(at=make.NOON + timedelta(hours=1)).decision == Decision.ALLOW


def test_attempts_of_one_batch_count_for_each_other():
    _limit(maximum=2)

    asked = [make.question(card=card) for card in ("a", "a", "b", "a", "a")]

    assert _decisions(*asked) == ["allow", "allow", "allow", "block", "block"]


def test_it_costs_a_batch_one_more_statement():
    _limit("card", maximum=9)
    _limit("customer", maximum=9)
    batch = [make.question(customer=ids.new()) for _ in range(5)]
    make.assessed(make.question())
    features = queries.gather(batch)

    with db.transaction_if_not_already(), CaptureQueriesContext(connection) as written:
        fraud.assess(batch, features, by=make.BY)

    assert len(written) == 3


def test_a_limit_of_one_merchant_does_not_count_anothers_and_a_removed_one_counts_nobodys():
    limit = _limit(merchant=make.MERCHANT, maximum=0)

    assert make.assessment(merchant=ids.new()).decision == Decision.ALLOW
    assert make.assessment().decision == Decision.BLOCK
    removed = fraud.remove_velocity_limit(limit_id=limit.id, **BY_NOW)
    assert make.assessment().decision == Decision.ALLOW

    assert (removed.active, queries.velocity_limits(make.MERCHANT)) == (False, [])
    assert len(event_log.stream("fraud.velocity_limit", limit.id)) == 2
    with pytest.raises(errors.VelocityLimitNotFound):
        fraud.remove_velocity_limit(limit_id=limit.id, **BY_NOW)


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"of": "phone"}, "of"),
        ({"seconds": 0}, "seconds"),
        ({"seconds": 10**8}, "seconds"),
        ({"maximum": -1}, "maximum"),
        ({"decision": "allow"}, "decision"),
        ({"decision": "maybe"}, "decision"),
        ({"name": "x" * 61}, "name"),
        ({"name": "a b"}, "name"),
    ],
)
def test_what_is_no_limit_is_refused(given, param):
    with pytest.raises(errors.ParameterInvalid) as refused:
        _limit(**given)

    assert refused.value.param == param
    assert queries.velocity_limits() == []


@pytest.mark.django_db(transaction=True)
def test_of_many_who_race_for_the_last_attempt_exactly_one_passes():
    _limit("card", maximum=1)
    _limit("ip", maximum=50)

    made = race(100, make.assessment, ip="i")

    assert sorted(str(each.decision) for each in made) == ["allow"] + ["block"] * 99
    assert list(queries.replay()) == []


@pytest.mark.django_db(transaction=True)
def test_batches_that_cross_each_other_never_wait_in_a_circle():
    _limit("card", maximum=1000)
    _limit("customer", maximum=1000)
    customers = [ids.new() for _ in range(6)]

    def batch():
        order = sorted(range(6), key=lambda _: ids.new().int % 97)
        return _decisions(*[make.question(card=f"c{n}", customer=customers[n]) for n in order])

    assert race(8, batch) == [["allow"] * 6] * 8

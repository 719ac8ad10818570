"""What people decide: cases, lists, and what is learned of them."""

from datetime import timedelta

import pytest

from fintech.fraud import errors, queries
from fintech.fraud import services as fraud
from fintech.kernel import event_log, ids, invariants
from fintech.kernel.actor import Actor
from tests.make import fraud as make
from tests.racing import race

pytestmark = pytest.mark.django_db


def _case(**given):
    return queries.case(make.assessment(risk="elevated", **given).case_id)


def _close(case_id, disposition="false_positive"):
    return fraud.close_case(case_id=case_id, disposition=disposition, by=make.BY, at=make.NOON)


def test_a_case_is_claimed_and_closed_once():
    case = _case()

    claimed = fraud.claim_case(case_id=case.id, by=make.BY, at=make.NOON)
    closed = _close(case.id, "confirmed_fraud")

    assert (case.state, claimed.state, closed.state) == ("pending", "investigating", "closed")
    assert claimed.assignee == "tests"
    assert [fact.version for fact in event_log.stream("fraud.case", case.id)] == [1, 2, 3]
    with pytest.raises(errors.CaseAlreadyClosed, match="closed already as confirmed fraud"):
        _close(case.id)
    assert queries.case(case.id) == closed
    assert [str(o.kind) for o in queries.outcomes(case.payment_id)] == ["fraud"]


@pytest.mark.django_db(transaction=True)
def test_of_eight_who_close_a_case_one_does():
    case = _case()

    results = race(8, _close, case_id=case.id)

    refused = [r for r in results if isinstance(r, errors.CaseAlreadyClosed)]
    assert len(refused) == 7
    assert len(event_log.stream("fraud.case", case.id)) == 2


def test_the_next_case_is_the_one_with_the_highest_score_then_the_oldest():
    first, second = _case(), _case(card="b")
    fraud.add_to_list(
        merchant_id=None, kind="ip", value="i", action="review", by=make.BY, at=make.NOON
    )
    high = queries.case(make.assessment(risk="elevated", card="d", ip="i").case_id)

    claimed = [fraud.claim_next_case(by=make.BY, at=make.NOON).id for _ in range(3)]

    assert claimed == [high.id, first.id, second.id]
    assert fraud.claim_next_case(merchant_id=ids.new(), by=make.BY, at=make.NOON) is None


@pytest.mark.django_db(transaction=True)
def test_who_ask_for_the_next_case_at_once_get_different_ones():
    for n in range(4):
        _case(card=f"card-{n}")

    claimed = race(8, fraud.claim_next_case, by=make.BY, at=make.NOON)

    got = [case.id for case in claimed if case is not None]
    assert len(got) == len(set(got))
    assert 1 <= len(got) <= 4


def test_a_payment_that_the_bank_declined_needs_nobody():
    case = _case()

    fraud.record_outcome(payment_id=case.payment_id, outcome="declined", at=make.NOON, by=make.BY)

    closed = queries.case(case.id)
    assert (closed.state, closed.disposition) == ("closed", "suspicious")
    assert [str(o.kind) for o in queries.outcomes(case.payment_id)] == ["declined"]


def test_what_a_suspicion_was_nobody_learns_from():
    case = _case()
    _close(case.id, "suspicious")

    assert queries.outcomes(case.payment_id) == []


def test_a_disposition_that_does_not_exist_changes_nothing():
    case = _case()

    with pytest.raises(errors.ParameterInvalid) as refused:
        _close(case.id, "dunno")

    assert refused.value.param == "disposition"
    assert queries.case(case.id) == case


def test_an_unknown_case_is_not_found():
    with pytest.raises(errors.CaseNotFound):
        _close(ids.new())
    with pytest.raises(errors.CaseNotFound):
        queries.case(_case().id, merchant_id=ids.new())


def test_cases_of_one_card_belong_together():
    first, second, other = _case(card="a"), _case(card="a"), _case(card="b")

    assert [case.id for case in queries.related(first.id)] == [second.id]
    assert queries.related(other.id) == []
    assert [case.id for case in queries.cases(make.MERCHANT, is_open=True)] == [
        other.id,
        second.id,
        first.id,
    ]
    _close(second.id)
    assert [case.id for case in queries.cases(is_open=False)] == [second.id]


ANNA, BO = ids.new(), ids.new()


def test_open_cases_of_one_card_device_or_customer_are_a_group():
    first = _case(card="a", device="d", customer=ANNA)
    of_card = _case(card="a")
    of_device = _case(card="b", device="d")
    of_customer = _case(card="c", customer=ANNA)
    through_another = _case(card="b", device="e")
    other = _case(card="x", device="y", customer=BO)
    elsewhere = _case(card="a", device="d", customer=ANNA, merchant=ids.new())

    together = (first, of_card, of_device, of_customer, through_another)
    assert {case.group_id for case in together} == {first.id}
    assert [case.pivot_kind for case in together] == ["card", "card", "device", "customer", "card"]
    assert (of_device.pivot_value, of_customer.pivot_value) == ("d", str(ANNA))
    assert (other.group_id, elsewhere.group_id) == (other.id, elsewhere.id)
    assert {case.id for case in queries.related(of_customer.id)} == {
        case.id for case in together
    } - {of_customer.id}
    assert queries.cases(group_id=first.id) == sorted(together, key=lambda c: c.id, reverse=True)


def test_a_closed_group_is_not_joined_but_its_cards_cases_are_still_found():
    first = _case(card="a", device="d")
    _close(first.id)

    by_card, by_device = _case(card="a"), _case(card="b", device="d")

    assert (by_card.group_id, by_device.group_id) == (by_card.id, by_device.id)
    assert [case.id for case in queries.related(by_card.id)] == [first.id]
    assert queries.related(by_device.id) == []


def test_attempts_of_one_batch_with_one_card_are_a_group():
    made = make.assessed(*[make.question(card=card, risk="elevated") for card in "aab"])

    groups = [queries.case(each.case_id).group_id for each in made]

    assert groups == [made[0].case_id, made[0].case_id, made[2].case_id]


def test_who_looks_at_a_case_gets_the_rest_of_its_group_and_others_get_other_groups():
    cases = [_case(card=card) for card in "abab"]

    def claim(name):
        by = Actor(kind="staff", id=name)
        return fraud.claim_next_case(by=by, at=make.NOON).id

    assert [claim("carla"), claim("dan")] == [cases[0].id, cases[1].id]
    assert [claim("carla"), claim("dan")] == [cases[2].id, cases[3].id]
    late = _case(card="a")
    assert claim("erin") == late.id  # Better somebody else's group than nothing.


def test_what_is_due_within_the_hour_comes_before_a_higher_score():
    old = _case(at=make.NOON - timedelta(hours=23))
    fraud.add_to_list(
        merchant_id=None, kind="ip", value="i", action="review", by=make.BY, at=make.NOON
    )
    _case(card="b", ip="i")

    assert fraud.claim_next_case(by=make.BY, at=make.NOON).id == old.id


def test_a_case_is_due_before_half_of_a_short_authorization_has_passed():
    case = _case()
    hold = {"case_id": case.id, "by": make.BY, "at": make.NOON}

    fraud.expect_before(until=make.NOON + timedelta(days=7), **hold)
    unmoved = queries.case(case.id)
    fraud.expect_before(until=make.NOON + timedelta(hours=10), **hold)
    sooner = queries.case(case.id)
    fraud.expect_before(until=make.NOON + timedelta(hours=20), **hold)

    assert unmoved == case
    assert case.due_at == make.NOON + timedelta(hours=24)
    assert sooner.due_at == make.NOON + timedelta(hours=5)
    assert queries.case(case.id) == sooner
    told = [fact.name for fact in event_log.stream("fraud.case", case.id)]
    assert told == ["fraud.case_opened.v1", "fraud.case_due_sooner.v1"]
    assert list(queries.replay()) == []


def test_a_value_stands_once_on_a_list():
    item = fraud.add_to_list(merchant_id=None, kind="card", value="x", by=make.BY, at=make.NOON)

    with pytest.raises(errors.AlreadyListed) as refused:
        fraud.add_to_list(
            merchant_id=None, kind="card", value="x", action="allow", by=make.BY, at=make.NOON
        )

    assert refused.value.facts["list_item_id"] == str(item.id)
    assert queries.list_items() == [item]
    fraud.add_to_list(merchant_id=make.MERCHANT, kind="card", value="x", by=make.BY, at=make.NOON)
    assert len(queries.list_items(make.MERCHANT)) == 1


def test_an_item_is_removed_once_and_by_its_merchant():
    item = fraud.add_to_list(
        merchant_id=make.MERCHANT, kind="ip", value="x", by=make.BY, at=make.NOON
    )
    with pytest.raises(errors.ListItemNotFound):
        fraud.remove_from_list(item_id=item.id, merchant_id=ids.new(), by=make.BY, at=make.NOON)

    removed = fraud.remove_from_list(item_id=item.id, by=make.BY, at=make.NOON)

    assert (removed.removed_at, removed.version) == (make.NOON, 2)
    assert queries.list_items(make.MERCHANT) == []
    with pytest.raises(errors.ListItemNotFound):
        fraud.remove_from_list(item_id=item.id, by=make.BY, at=make.NOON)
    assert len(event_log.stream("fraud.list_item", item.id)) == 2


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"kind": "phone"}, "kind"),
        ({"action": "maybe"}, "action"),
        ({"value": " "}, "value"),
        ({"value": "x" * 81}, "value"),
        ({"value": "ada@example.com"}, "value"),
        ({"reason": "x" * 201}, "reason"),
    ],
)
def test_what_no_list_can_hold_is_refused(given, param):
    asked = {"merchant_id": None, "kind": "card", "value": "x", "by": make.BY, "at": make.NOON}

    with pytest.raises(errors.ParameterInvalid) as refused:
        fraud.add_to_list(**{**asked, **given})

    assert refused.value.param == param
    assert queries.list_items() == []


def test_an_outcome_is_told_once_and_only_of_what_was_assessed():
    made = make.assessment()
    tell = {"outcome": "declined", "at": make.NOON, "by": make.BY}

    first = fraud.record_outcome(payment_id=made.payment_id, **tell)
    again = fraud.record_outcome(payment_id=made.payment_id, **tell)
    never = fraud.record_outcome(payment_id=ids.new(), **tell)

    assert first.assessment_id == made.id
    assert (again, never) == (None, None)
    assert queries.outcomes(made.payment_id) == [first]


@pytest.mark.django_db(transaction=True)  # The invariants read a snapshot of their own.
def test_the_log_replays_to_the_rows():
    case, item = (
        _case(),
        fraud.add_to_list(merchant_id=None, kind="card", value="x", by=make.BY, at=make.NOON),
    )
    _close(case.id)
    _case(card="b")
    fraud.remove_from_list(item_id=item.id, by=make.BY, at=make.NOON)

    assert list(queries.replay()) == []
    assert list(invariants.check(queries.INVARIANTS)) == []


@pytest.mark.django_db(transaction=True)
def test_a_changed_row_is_found(owner):
    case, made = _case(), make.assessment()
    owner.execute("UPDATE fraud_case SET state = 'investigating'")
    owner.execute("SET session_replication_role = replica")
    owner.execute("UPDATE fraud_assessment SET score = score + 1 WHERE id = %s", [made.id])

    assert [(d.row, d.column) for d in queries.replay()] == [(f"fraud.case:{case.id}", "state")]
    assert [found.id for found in invariants.check(queries.INVARIANTS)] == ["F-1"]


@pytest.mark.django_db(transaction=True)
def test_a_case_without_its_assessment_is_found(owner):
    case = _case()
    owner.execute("UPDATE fraud_case SET payment_id = %s", [ids.new()])

    (found,) = invariants.check(queries.INVARIANTS)

    assert (found.id, found.violations) == ("F-2", 1)
    assert found.samples == (str(case.assessment_id),)

"""Giving back what several captures took: one refund, a part for each capture."""

from datetime import timedelta

import pytest

from fintech.kernel import event_log
from fintech.kernel.money import Money
from fintech.ledger import queries as ledger_queries
from fintech.payments import errors, queries
from fintech.payments import services as payments
from fintech.payments.data import Answer, AnswerStatus, PaymentState, RefundState
from fintech.payments.models import Refund
from fintech.wire import refunds as wire
from tests.make import payments as make
from tests.make.merchants import NOON
from tests.make.payments import BY, eur
from tests.payments.test_refund import pending, refund, story

pytestmark = pytest.mark.django_db

NO = Answer(status=AnswerStatus.FAILED, decline_code="expired_or_canceled_card")


def taken_in(shop, *amounts: Money, **facets):
    """A payment whose money was taken by several captures."""
    total = sum((amount.minor for amount in amounts), start=1_00)
    payment = make.authorized(shop.id, Money(total, amounts[0].currency), **facets)
    for amount in amounts:
        payments.capture(
            merchant_id=shop.id, payment_id=payment.id, amount=amount, final=False, by=BY, at=NOON
        )
    return payment


@pytest.fixture
def payment(shop):
    """10.00 and 20.00 and 5.00 EUR were taken."""
    return taken_in(shop, eur(10_00), eur(20_00), eur(5_00))


def given_of_each(payment) -> list[int]:
    return [one.refunded.minor for one in queries.captures_of(payment.id)]


def movements(shop) -> list[tuple[str, int]]:
    return [(one.kind, one.amount.minor) for one in queries.balance_transactions(shop.id, 20)][::-1]


def told_to_merchants() -> list[str]:
    from fintech.wire import merchant_events

    facts = [one for one in event_log.after(0, 1000) if ".refund_" in one.name]
    return [event for fact in facts for event in merchant_events.of(fact)]


def test_what_one_capture_holds_goes_to_the_oldest_that_does(payment):
    given = refund(payment, eur(15_00)).value

    assert (given.state, given.amount, given.parts) == (RefundState.SUCCEEDED, eur(15_00), ())
    assert given_of_each(payment) == [0, 15_00, 0]


def test_what_no_capture_holds_is_spread_over_them_in_order(shop, payment, acquirer):
    given = refund(payment, eur(32_00), reason="duplicate", metadata={"why": "all"}).value

    assert (given.state, given.amount, given.reason) == (
        RefundState.SUCCEEDED,
        eur(32_00),
        "duplicate",
    )
    assert [(part.amount, part.state) for part in given.parts] == [
        (eur(10_00), RefundState.SUCCEEDED),
        (eur(20_00), RefundState.SUCCEEDED),
        (eur(2_00), RefundState.SUCCEEDED),
    ]
    assert given_of_each(payment) == [10_00, 20_00, 2_00]
    assert acquirer.counts()["refund_succeeded"] == 3
    after = make.now(payment)
    assert (after.refunded, after.refund_pending) == (eur(32_00), eur(0))
    # 35.00 taken for a fee of 0.74, and 32.00 given back.
    assert pending(payment) == eur(35_00 - 74 - 32_00)
    assert story(given) == ["refund_created", "refund_succeeded", "refund_completed"]
    assert queries.refund(given.id, shop.id) == given
    assert queries.refunds(shop.id).items == (given,)
    assert queries.refunds_of(payment.id) == [given]


def test_each_part_moves_the_balance_by_a_journal_entry_of_its_own(shop, payment):
    given = refund(payment, eur(32_00)).value

    moves = queries.balance_transactions(shop.id, 20, kind="refund").items[::-1]
    assert [move.amount for move in moves] == [eur(-10_00), eur(-20_00), eur(-2_00)]
    assert [move.entry_id for move in moves] == [part.entry_id for part in given.parts]
    assert {move.source_id for move in moves} == {given.id}
    for move, part in zip(moves, given.parts, strict=True):
        entry = ledger_queries.entry(move.entry_id)
        assert (entry.template, entry.subject) == ("refund_card", payment.id)
        assert {line.amount for line in entry.lines} == {part.amount}


def test_all_that_is_left_is_spread_too(payment):
    refund(payment, eur(4_00))
    assert refund(payment).value.amount == eur(31_00)
    assert given_of_each(payment) == [10_00, 20_00, 5_00]
    with pytest.raises(errors.AlreadyRefunded):
        refund(payment)


@pytest.mark.parametrize("currency", ["JPY", "KWD"])
def test_it_is_spread_in_any_currency(shop, currency):
    payment = taken_in(shop, Money(1_234, currency), Money(567, currency))

    given = refund(payment).value

    assert given.amount == Money(1_801, currency)
    assert [part.amount.minor for part in given.parts] == [1_234, 567]
    assert make.now(payment).refunded == Money(1_801, currency)


def test_more_than_all_captures_hold_is_refused_and_leaves_no_trace(payment, acquirer):
    before, asked = event_log.after(0, 1000), acquirer.counts()
    with pytest.raises(errors.RefundTooLarge, match=r"35\.00 EUR is left to refund"):
        refund(payment, eur(35_01))
    assert event_log.after(0, 1000) == before
    assert acquirer.counts() == asked
    assert not Refund.objects.exists()


def test_one_key_gives_each_part_back_once(shop, payment, acquirer):
    first = refund(payment, eur(32_00), key=make.key(shop.id, "k"))
    second = refund(payment, eur(32_00), key=make.key(shop.id, "k"))

    assert (first.value, first.replayed, second.replayed) == (second.value, False, True)
    assert acquirer.counts()["refund_succeeded"] == 3
    assert make.now(payment).refunded == eur(32_00)


def test_a_part_that_fails_leaves_the_others_and_is_taken_out_of_the_amount(
    shop, payment, acquirer
):
    acquirer.say_next(Answer(status=AnswerStatus.SUCCEEDED))
    acquirer.say_next(NO)

    given = refund(payment, eur(32_00), key=make.key(shop.id, "k")).value

    assert (given.state, given.amount, given.failure_reason) == (
        RefundState.PARTIALLY_SUCCEEDED,
        eur(12_00),
        "expired_or_canceled_card",
    )
    assert given_of_each(payment) == [10_00, 0, 2_00]
    after = make.now(payment)
    assert (after.refunded, after.refund_pending) == (eur(12_00), eur(0))
    shown = wire.render(given)
    assert (shown["status"], shown["amount"]) == ("succeeded", 12_00)
    assert [part["status"] for part in shown["parts"]] == ["succeeded", "failed", "succeeded"]
    assert [part["failure_reason"] for part in shown["parts"]][1] == "expired_or_canceled_card"
    assert refund(payment, eur(32_00), key=make.key(shop.id, "k")).value == given
    for state, found in (
        ("partially_succeeded", (given,)),
        ("succeeded", ()),
        ("failed", ()),
        ("submitted", ()),
    ):
        assert queries.refunds(shop.id, states=[state]).items == found
    # What failed may be refunded anew.
    with pytest.raises(errors.RefundTooLarge, match=r"23\.00 EUR is left"):
        refund(payment, eur(23_01))


def test_where_every_part_fails_the_refund_has_failed(shop):
    payment = taken_in(shop, eur(10_00), eur(20_00), token="refund_fails")

    given = refund(payment).value

    assert (given.state, given.amount) == (RefundState.FAILED, eur(30_00))
    assert make.now(payment).refunded == eur(0)
    assert queries.refunds(shop.id, states=["failed"]).items == (given,)
    assert pending(payment) == eur(30_00 - 67)


def test_a_lost_answer_leaves_it_unknown_until_the_clock_has_asked(shop, payment, acquirer):
    acquirer.lose_answers()

    given = refund(payment, eur(32_00), key=make.key(shop.id, "k")).value

    assert given.state == RefundState.UNKNOWN
    assert [part.state for part in given.parts][1:] == [RefundState.SUCCEEDED] * 2
    assert make.now(payment).refund_pending == eur(10_00)
    assert queries.refunds(shop.id, states=["unknown"]).items == (given,)
    payments.resolve_due(by=BY, at=NOON + timedelta(minutes=1))
    assert queries.refund(given.id, shop.id).state == RefundState.SUCCEEDED
    assert acquirer.counts()["refund_succeeded"] == 3
    again = refund(payment, eur(32_00), key=make.key(shop.id, "k"))
    assert (again.replayed, again.value.id) == (True, given.id)
    assert make.now(payment).refunded == eur(32_00)


def test_parts_that_a_dead_process_never_asked_for_are_asked_by_the_clock(
    shop, payment, acquirer, monkeypatch
):
    """It dies after the first part was recorded: the key stays claimed, nothing is lost."""
    from fintech.payments.services import beats

    real, asked = beats.errands.run, []

    def dying(errand):
        asked.append(errand)
        if len(asked) > 1:
            raise SystemExit
        return real(errand)

    monkeypatch.setattr(beats.errands, "run", dying)
    with pytest.raises(SystemExit):
        refund(payment, eur(32_00), key=make.key(shop.id, "k"))
    monkeypatch.setattr(beats.errands, "run", real)
    assert make.now(payment).refunded == eur(10_00)
    assert make.now(payment).refund_pending == eur(22_00)

    payments.resolve_due(by=BY, at=NOON + timedelta(minutes=1))

    again = refund(payment, eur(32_00), key=make.key(shop.id, "k"))
    assert (again.replayed, again.value.state, again.value.amount) == (
        True,
        RefundState.SUCCEEDED,
        eur(32_00),
    )
    assert acquirer.counts()["refund_succeeded"] == 3


def test_a_caller_waits_for_ten_parts_and_the_clock_asks_for_the_rest(shop, acquirer):
    payment = taken_in(shop, *(eur(1_00) for _ in range(12)))

    given = refund(payment, key=make.key(shop.id, "k")).value

    assert (given.state, given.amount, len(given.parts)) == (
        RefundState.SUBMITTED,
        eur(12_00),
        12,
    )
    assert acquirer.counts()["refund_succeeded"] == 10
    payments.resolve_due(by=BY, at=NOON)
    assert queries.refund(given.id, shop.id).state == RefundState.SUCCEEDED
    assert refund(payment, key=make.key(shop.id, "k")).replayed


def test_a_part_that_comes_back_later_leaves_the_rest_given(shop, payment, acquirer):
    given = refund(payment, eur(32_00)).value
    body, headers = acquirer.callback(
        str(given.parts[1].id), event_id="late", status="failed", decline_code="account_closed"
    )

    payments.receive(provider="simulator", body=body, headers=headers, at=NOON + timedelta(days=3))

    after = queries.refund(given.id, shop.id)
    assert (after.state, after.amount) == (RefundState.PARTIALLY_SUCCEEDED, eur(12_00))
    assert make.now(payment).refunded == eur(12_00)
    assert movements(shop)[-1] == ("refund_failure", 20_00)


def test_another_amount_than_a_part_asked_freezes_the_payment(payment, acquirer):
    acquirer.say_next(Answer(status=AnswerStatus.SUCCEEDED, amount=eur(9_99)))
    refund(payment, eur(32_00))
    assert make.now(payment).state == PaymentState.CONFLICTED
    # What was decided is still asked for and booked: money has moved.
    assert make.now(payment).refunded == eur(22_00)


def test_merchants_hear_of_one_refund(payment):
    refund(payment, eur(32_00))
    told = told_to_merchants()
    assert told.count("refund.created") == 1
    assert told.count("charge.refunded") == 3


def test_a_dry_run_shows_the_postings_of_every_part(shop, payment, acquirer):
    told = payments.dry_run(lambda: refund(payment, eur(32_00)))

    assert [one.template for one in told.postings] == ["refund_card"] * 3
    assert [lines[0][1] for lines in (one.lines for one in told.postings)] == [
        10_00,
        20_00,
        2_00,
    ]
    assert told.result.amount == eur(32_00)
    assert not Refund.objects.exists()
    assert "refund_succeeded" not in acquirer.counts()


def test_its_metadata_is_changed_under_the_first_ones_id(shop, payment):
    given = refund(payment, eur(32_00)).value
    named = {"merchant_id": shop.id, "metadata": {"a": "1"}, "by": BY, "at": NOON}

    changed = payments.update_refund(refund_id=given.id, **named).value

    assert (changed.metadata, changed.amount) == ({"a": "1"}, eur(32_00))
    with pytest.raises(errors.RefundNotFound):
        payments.update_refund(refund_id=given.parts[1].id, **named)
    with pytest.raises(errors.RefundNotFound):
        queries.refund(given.parts[1].id, shop.id)


def test_the_log_explains_every_part(payment):
    refund(payment, eur(32_00))
    assert list(queries.replay()) == []

"""A merchant's money becomes available on its day, once, and what is given back later leaves it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from fintech.kernel import approvals, event_log, ids, invariants
from fintech.kernel.actor import Actor
from fintech.kernel.money import Money
from fintech.ledger import queries as ledger_queries
from fintech.ledger import services as ledger
from fintech.ledger.data import templates
from fintech.payments import queries
from fintech.payments import services as payments
from fintech.payments.models import Availability, Capture
from fintech.wire import balance_transactions
from tests.make import payments as make
from tests.make import wallets as make_wallets
from tests.make.merchants import NOON
from tests.make.payments import BY, eur
from tests.racing import race

pytestmark = pytest.mark.django_db

DAY = datetime(NOON.year, NOON.month, NOON.day, tzinfo=UTC) + timedelta(days=2)


@pytest.fixture(autouse=True)
def _nothing_broken(shop):
    yield
    assert not list(invariants.check((*queries.INVARIANTS, *ledger_queries.INVARIANTS)))


def run(at=DAY, **facets) -> int:
    return payments.make_available(by=BY, at=at, **facets)


def funds(shop, currency="EUR") -> tuple[int, int, int]:
    """Return what is pending, available and owed to us, in minor units."""
    (found,) = ledger_queries.merchant_funds(shop.id, [currency])
    return found.pending.minor, found.available.minor, found.owed.minor


def refund(payment, amount=None, at=DAY):
    return payments.refund(
        merchant_id=payment.merchant_id, payment_id=payment.id, amount=amount, by=BY, at=at
    ).value


def pay_out(shop, minor):
    ledger.post(
        [
            templates.payout_created(
                entry_id=ids.new(), merchant_id=shop.id, amount=eur(minor), subject=shop.id, at=DAY
            )
        ],
        by=BY,
    )


def test_what_was_taken_waits_for_the_second_midnight_and_moves_once(shop):
    make.captured(shop.id)
    make.captured(shop.id, at=NOON + timedelta(hours=11))
    make.captured(shop.id, at=NOON + timedelta(hours=12))  # The next day's.

    assert run(DAY - timedelta(seconds=1)) == 0
    assert funds(shop) == (3 * 41_65, 0, 0)
    assert run() == 2
    assert run() == 0

    assert funds(shop) == (41_65, 2 * 41_65, 0)
    moved = Availability.objects.get()
    assert (moved.amount_minor, moved.currency, moved.captures) == (83_30, "EUR", 2)
    entry = ledger_queries.entry(moved.id)
    assert entry.template == "make_available"
    told = [(line.address.split(":")[-1], str(line.direction), line.amount) for line in entry.lines]
    assert told == [("pending", "debit", eur(83_30)), ("available", "credit", eur(83_30))]
    (fact,) = event_log.stream("payments.availability", moved.id)
    assert (fact.name, fact.data["amount_minor"]) == ("payments.became_available.v1", 83_30)


def test_each_merchant_and_currency_has_an_entry_of_its_own(shop):
    other = make.merchant()
    make.captured(shop.id)
    make.captured(shop.id, Money(1_000, "JPY"))
    make.captured(other.id, eur(10_00))

    assert run() == 3

    told = Availability.objects.values_list("merchant_id", "currency", "amount_minor")
    assert set(told) == {
        (shop.id, "EUR", 41_65),
        (shop.id, "JPY", 986),
        (other.id, "EUR", 9_61),
    }
    assert funds(shop, "JPY") == (0, 986, 0)


def test_many_captures_go_in_several_transactions(shop):
    for _ in range(5):
        make.captured(shop.id)

    assert run(limit=2) == 5

    assert funds(shop) == (0, 5 * 41_65, 0)
    assert [one.captures for one in Availability.objects.order_by("id")] == [2, 2, 1]


def test_what_was_given_back_before_its_day_never_becomes_available(shop):
    refund(make.captured(shop.id), eur(10_00), at=NOON)
    refund(make.captured(shop.id), at=NOON)

    run()

    assert funds(shop) == (0, 31_65 - 85, 0)


def test_what_is_given_back_later_leaves_what_is_available(shop):
    payment = make.captured(shop.id)
    run()

    refund(payment, eur(10_00))

    assert funds(shop) == (0, 31_65, 0)
    assert run() == 1
    assert run() == 0
    assert funds(shop) == (0, 31_65, 0)
    assert Availability.objects.count() == 1


def test_what_was_given_back_of_another_sales_money_is_called_back(shop):
    """A refund takes pending money first, whichever sale it came from."""
    payment = make.captured(shop.id)
    run()
    make.captured(shop.id, at=DAY)
    refund(payment, eur(10_00))
    assert funds(shop) == (31_65, 41_65, 0)
    assert queries.becoming_available(shop.id)[0].amount == eur(-10_00)

    run()

    assert funds(shop) == (41_65, 31_65, 0)
    last = Availability.objects.latest("id")
    assert (last.amount_minor, ledger_queries.entry(last.id).template) == (-10_00, "call_back")
    run(DAY + timedelta(days=2))
    assert funds(shop) == (0, 31_65 + 41_65, 0)


def test_what_a_refund_on_the_day_of_the_sale_lacked_is_owed_and_not_called_back(shop):
    refund(make.captured(shop.id), at=NOON)
    assert funds(shop) == (0, 0, 85)

    assert run() == 1

    assert funds(shop) == (0, 0, 85)
    assert not Availability.objects.exists()


def test_a_refund_that_came_back_is_available_again(shop, acquirer):
    payment = make.captured(shop.id)
    run()
    back = refund(payment, eur(10_00))
    run()
    body, headers = acquirer.callback(str(back.id), event_id="late", status="failed")
    payments.receive(provider="simulator", body=body, headers=headers, at=DAY)

    run()

    assert funds(shop) == (0, 41_65, 0)


def test_what_was_paid_out_and_given_back_is_owed_until_the_next_sale(shop):
    payment = make.captured(shop.id)
    run()
    pay_out(shop, 40_00)
    refund(payment, eur(10_00))
    assert funds(shop) == (0, 0, 8_35)

    run()

    assert funds(shop) == (0, 0, 8_35)
    assert queries.balance(shop.id).available == (eur(-8_35),)
    make.captured(shop.id, at=DAY)
    run(DAY + timedelta(days=2))
    assert funds(shop) == (0, 41_65 - 8_35, 0)
    assert queries.balance(shop.id).available == (eur(33_30),)


def test_what_was_paid_out_cannot_be_called_back_and_is_owed(shop):
    payment = make.captured(shop.id)
    run()
    pay_out(shop, 40_00)
    make.captured(shop.id, at=DAY)
    refund(payment, eur(10_00))
    assert funds(shop) == (31_65, 1_65, 0)

    run()

    assert funds(shop) == (41_65, 0, 8_35)
    run(DAY + timedelta(days=2))
    assert funds(shop) == (0, 33_30, 0)


def test_what_the_books_refuse_stays_due_and_keeps_nobody_waiting(shop, monkeypatch):
    """Something else takes what was just read as available."""
    other = make.merchant()
    payment = make.captured(shop.id)
    run()
    pay_out(shop, 41_65)
    make.captured(shop.id, at=DAY)
    refund(payment, eur(10_00))
    make.captured(other.id, eur(10_00))
    (known,) = ledger_queries.merchant_funds(shop.id, ["EUR"])
    before = funds(shop)
    with monkeypatch.context() as patched:
        stale = replace(known, spendable=eur(99_00))
        patched.setattr(ledger_queries, "merchant_funds", lambda *_: [stale])
        assert run() == 1

    assert funds(shop) == before
    assert funds(other) == (0, 9_61, 0)
    assert Availability.objects.filter(merchant_id=shop.id).count() == 1
    assert run() == 1
    assert funds(shop) == (41_65, 0, 10_00)


def test_a_frozen_payment_waits_and_what_had_not_been_taken_is_called_back(shop, acquirer):
    payment, waits = make.captured(shop.id), make.captured(shop.id, eur(10_00))
    body, headers = acquirer.callback(
        str(waits.latest_attempt.id), event_id="no", status="declined"
    )
    payments.receive(provider="simulator", body=body, headers=headers, at=NOON)
    assert run() == 1
    body, headers = acquirer.callback(
        str(payment.latest_attempt.id), event_id="no either", status="declined"
    )
    payments.receive(provider="simulator", body=body, headers=headers, at=DAY)
    assert run() == 0
    for frozen in (payment, waits):
        proposed = payments.propose_correction(
            payment_id=frozen.id,
            to="canceled",
            reason="Their statement says so.",
            by=Actor(kind="staff", id=str(uuid4())),
            at=DAY,
        )
        approvals.approve(approval_id=proposed, by=Actor(kind="staff", id=str(uuid4())), at=DAY)
    assert funds(shop) == (-41_65, 41_65, 0)

    run()

    assert funds(shop) == (0, 0, 0)
    assert not Capture.objects.exclude(available_due_at=None).exists()


def test_money_in_a_wallet_is_not_the_merchants(shop):
    wallet = make_wallets.wallet(5_00, merchant=shop.id)

    assert run(DAY + timedelta(days=30)) == 0
    assert funds(shop) == (0, 0, 0)
    assert ledger_queries.wallet_balance(wallet.id, "EUR").posted == eur(5_00)


def test_a_movement_says_when_it_becomes_available_and_that_it_is(shop):
    payment = make.captured(shop.id)
    refund(payment, eur(5_00), at=NOON)

    def told():
        moved = queries.balance_transactions(shop.id).items
        return [
            (body["type"], body["status"], body["available_on"])
            for body in map(balance_transactions.render, moved)
        ]

    on = int(DAY.timestamp())
    assert told() == [("refund", "pending", on), ("charge", "pending", on)]
    (becoming,) = queries.becoming_available(shop.id)
    assert (becoming.on, becoming.amount) == (DAY.date(), eur(36_65))
    run()
    later = DAY + timedelta(hours=3)
    refund(payment, eur(1_00), at=later)
    assert told() == [
        ("refund", "available", int(later.timestamp())),
        ("refund", "available", on),
        ("charge", "available", on),
    ]


def test_the_database_holds_the_line(shop):
    """Nothing is available of a capture that has not become so."""
    make.captured(shop.id)
    refused = pytest.raises(IntegrityError, match="says_when_it_became_available")
    with refused, transaction.atomic():
        Capture.objects.update(available_minor=1)


@pytest.mark.django_db(transaction=True)
def test_however_many_run_at_once_it_moves_once(shop):
    for _ in range(3):
        make.captured(shop.id)

    looked_at = race(4, run)

    assert sum(looked_at) == 3
    assert funds(shop) == (0, 3 * 41_65, 0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE payments_capture SET available_minor = available_minor + 1",
        "UPDATE payments_capture SET became_available_at = NULL, available_minor = 0",
    ],
)
def test_one_wrong_row_is_named(shop, owner, sql):
    make.captured(shop.id)
    run()
    with owner.transaction():
        owner.execute("SET LOCAL session_replication_role = replica")
        assert owner.execute(sql).rowcount == 1

    assert {found.id for found in invariants.check(queries.INVARIANTS)} == {"I-27"}
    with owner.transaction():
        owner.execute("SET LOCAL session_replication_role = replica")
        owner.execute(
            "UPDATE payments_capture SET available_minor = 4165, became_available_at = now()"
        )

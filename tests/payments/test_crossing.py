"""Those who pay one merchant at the same moment get past each other, or are let by once more."""

import pytest
from django.db import OperationalError, connection

from fintech.payments import services as payments
from fintech.payments.services.recording import answers
from fintech.payments.services.writing import Work
from tests.make import payments as make
from tests.make import wallets as make_wallets
from tests.make.merchants import NOON
from tests.make.payments import BY, eur
from tests.racing import race

pytestmark = pytest.mark.django_db(transaction=True)

AT_ONCE, ROUNDS = 16, 6


def test_cards_and_wallets_do_not_lock_each_other_out(shop):
    """They meet at the merchant's and the platform's balances, which both lock in one order."""
    wallets = [make_wallets.wallet(100_00, merchant=shop.id) for _ in range(AT_ONCE // 2)]
    turns = iter(range(AT_ONCE * ROUNDS))

    def pay() -> str:
        number = next(turns)
        wallet = wallets[number % AT_ONCE // 2].id
        method = {"token": "visa"} if number % 2 else {"wallet": wallet}
        made = payments.create(
            merchant_id=shop.id, amount=eur(1_00), confirm=True, by=BY, at=NOON, **method
        )
        return str(made.value.state)

    for _ in range(ROUNDS):
        assert race(AT_ONCE, pay) == ["captured"] * AT_ONCE


def taken_back(monkeypatch, where, name: str, *, times: int, sqlstate: str = "40P01") -> list[int]:
    """Let the database take a transaction back so often before it is left alone."""
    original, taken = getattr(where, name), []

    def write(*asked, **named):
        done = original(*asked, **named)
        if len(taken) < times:
            taken.append(1)
            with connection.cursor() as cursor:
                cursor.execute(
                    f"DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '{sqlstate}'; END $$"
                )
        return done

    monkeypatch.setattr(where, name, write)
    return taken


def test_an_answer_that_lost_to_others_is_recorded_again(shop, monkeypatch, acquirer):
    taken = taken_back(monkeypatch, answers, "record_inside", times=3)

    payment = make.captured(shop.id)

    assert len(taken) == 3
    assert make.now(payment) == payment
    assert acquirer.counts() == {"authorization_succeeded": 1}


def test_a_capture_that_lost_to_others_is_recorded_again(shop, monkeypatch, acquirer):
    payment = make.authorized(shop.id)
    taken = []
    original = Work.write

    def write(work, *, at, by):
        original(work, at=at, by=by)
        if work.entries and not taken:  # Of the third beat: the first one posts nothing.
            taken.append(1)
            with connection.cursor() as cursor:
                cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '55P03'; END $$")

    monkeypatch.setattr(Work, "write", write)
    captured = payments.capture(merchant_id=shop.id, payment_id=payment.id, by=BY, at=NOON).value

    assert taken == [1]
    assert captured.captured == eur(42_50)
    assert acquirer.counts()["capture_succeeded"] == 1


def test_what_is_wrong_is_not_tried_again(shop, monkeypatch):
    taken = taken_back(monkeypatch, answers, "record_inside", times=9, sqlstate="23514")
    with pytest.raises(Exception, match="lost"):
        payments.create(
            merchant_id=shop.id, amount=eur(1_00), token="visa", confirm=True, by=BY, at=NOON
        )
    assert len(taken) == 1


def test_it_is_given_up_after_five_times_and_left_to_the_clock(shop, monkeypatch):
    taken = taken_back(monkeypatch, answers, "record_inside", times=9)
    with pytest.raises(OperationalError, match="lost"):
        payments.create(
            merchant_id=shop.id, amount=eur(1_00), token="visa", confirm=True, by=BY, at=NOON
        )
    assert len(taken) == 5
    monkeypatch.undo()
    assert payments.resolve_due(by=BY, at=NOON.replace(hour=13)) == 1

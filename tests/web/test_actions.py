"""Doing things at the desk: once, exactly, and with a refusal that leaves nothing behind."""

import pytest

from fintech.kernel import clock, ids
from fintech.payments import queries as payment_queries
from tests.make import payments as make
from tests.make.payments import eur
from tests.web.test_pages import path_of, text


def form(**fields: str) -> dict[str, str]:
    return {"once": str(ids.new()), **fields}


def test_a_part_is_refunded(desk, shop):
    payment = make.captured(shop.id, eur(42_50))

    answer = desk.post(
        path_of(payment, "/refund"), form(how="part", amount="10.00", reason="duplicate")
    )

    assert answer.status_code == 302
    assert answer["Location"] == path_of(payment)
    assert make.now(payment).refunded == eur(10_00)
    assert payment_queries.refunds_of(payment.id)[0].reason == "duplicate"


def test_all_that_is_left_is_refunded(desk, shop):
    payment = make.captured(shop.id, eur(42_50))
    desk.post(path_of(payment, "/refund"), form(how="part", amount="10"))

    desk.post(path_of(payment, "/refund"), form(how="all"))

    assert make.now(payment).refunded == eur(42_50)


def test_a_form_that_is_sent_twice_refunds_once(desk, shop):
    payment = make.captured(shop.id, eur(42_50))
    pressed_twice = form(how="part", amount="10.00")

    first = desk.post(path_of(payment, "/refund"), pressed_twice)
    second = desk.post(path_of(payment, "/refund"), pressed_twice)

    assert (first.status_code, second.status_code) == (302, 302)
    assert len(payment_queries.refunds_of(payment.id)) == 1
    assert make.now(payment).refunded == eur(10_00)


@pytest.mark.parametrize(
    ("amount", "told"),
    [
        ("", "Enter the amount."),
        ("ten", "Enter an amount in EUR, such as 42.50."),
        ("10.001", "EUR has 2 decimals"),
        ("0", "Enter an amount above zero."),
        ("-5", "Enter an amount above zero."),
        ("NaN", "Enter an amount in EUR"),
        ("1e3000", "Enter at most"),
        ("42.51", "Enter at most €42.50."),
    ],
)
def test_a_wrong_amount_is_told_at_its_field_and_moves_nothing(desk, shop, amount, told):
    payment = make.captured(shop.id, eur(42_50))

    answer = desk.post(path_of(payment, "/refund"), form(how="part", amount=amount))

    assert answer.status_code == 400
    words = text(answer)
    assert "There is a problem" in words
    assert told in words
    assert b'href="#id_amount"' in answer.content
    assert payment_queries.refunds_of(payment.id) == []


def test_why_a_refund_is_not_possible_is_said(desk, shop):
    payment = make.authorized(shop.id)

    words = text(desk.get(path_of(payment, "/refund")))

    assert "This payment can't be refunded: nothing was taken." in words


def test_what_is_reserved_is_captured(desk, shop):
    payment = make.authorized(shop.id, eur(42_50), at=clock.now())

    answer = desk.post(path_of(payment, "/capture"), form(how="part", amount="30"))

    assert answer.status_code == 302
    assert make.now(payment).captured == eur(30_00)
    assert make.now(payment).state == "captured"


def test_a_payment_is_canceled_once(desk, shop):
    payment = make.authorized(shop.id, eur(42_50))
    pressed = form()

    desk.post(path_of(payment, "/cancel"), pressed)
    answer = desk.post(path_of(payment, "/cancel"), pressed, follow=True)

    assert make.now(payment).state == "canceled"
    assert "nothing was or will be taken" in text(answer)


def test_canceling_what_was_taken_is_refused_in_words(desk, shop):
    payment = make.captured(shop.id, eur(42_50))

    answer = desk.post(path_of(payment, "/cancel"), form(), follow=True)

    assert "Nothing was changed." in text(answer)
    assert make.now(payment).state == "captured"


@pytest.mark.parametrize("action", ["refund", "capture", "cancel"])
def test_a_form_without_its_key_does_nothing(desk, shop, action):
    payment = make.captured(shop.id, eur(42_50))

    desk.post(path_of(payment, f"/{action}"), {"how": "all"})

    assert make.now(payment) == payment

"""Hard cases at the press of a button, in a sandbox only."""

from datetime import timedelta

import pytest
from django.utils.html import escape

from fintech.kernel import clock
from fintech.payments import queries as payment_queries
from fintech.web.dashboard import simulate
from tests.web.test_actions import form
from tests.web.test_pages import text


@pytest.mark.parametrize(
    ("case", "state"),
    [
        ("visa", "captured"),
        ("insufficient_funds", "created"),
        ("three_d_secure", "awaiting_payer"),
        ("risk_elevated", "in_review"),
        ("blocked", "created"),
        ("acquirer_error", "created"),
    ],
)
def test_a_case_is_played_and_its_payment_is_shown(desk, shop, case, state):
    answer = desk.post("/dashboard/simulate/payment", form(case=case))

    payment = payment_queries.payments(shop.id).items[0]
    assert answer["Location"].startswith("/dashboard/payments/pi_")
    assert (payment.state, payment.description[:10]) == (state, "Simulated:")


def test_every_case_says_what_it_does_and_can_be_played(desk, shop):
    words = text(desk.get("/dashboard/simulate"))

    for token, label, sentence in simulate.CASES:
        assert label in words
        assert escape(sentence) in words or sentence in words
        assert desk.post("/dashboard/simulate/payment", form(case=token)).status_code == 302
    assert len(payment_queries.payments(shop.id, limit=50).items) == len(simulate.CASES)


def test_a_case_pressed_twice_is_played_once(desk, shop):
    pressed = form(case="visa")

    first, second = (desk.post("/dashboard/simulate/payment", pressed) for _ in range(2))

    assert first["Location"] == second["Location"]
    assert len(payment_queries.payments(shop.id).items) == 1


def test_the_clock_moves_forward_for_everybody(desk, shop):
    before = clock.now()

    desk.post("/dashboard/simulate/clock", form(hours="24"))

    clock._known = (float("-inf"), clock._known[1])  # As every process does within a second.
    assert timedelta(hours=24) <= clock.now() - before < timedelta(hours=25)


@pytest.mark.parametrize("wrong", [{"hours": "-24"}, {"hours": "99999"}, {}])
def test_the_clock_never_goes_back_or_far(desk, shop, wrong):
    answer = desk.post("/dashboard/simulate/clock", form(**wrong), follow=True)

    assert "The clock was not moved" in text(answer)


def test_a_live_instance_simulates_nothing(desk, shop, settings):
    settings.MODE = "live"

    assert desk.get("/dashboard/simulate").status_code == 404
    assert desk.post("/dashboard/simulate/payment", form(case="visa")).status_code == 404
    assert desk.post("/dashboard/simulate/clock", form(hours="1")).status_code == 404
    assert "Simulate" not in text(desk.get("/dashboard/"))
    assert payment_queries.payments(shop.id).items == ()

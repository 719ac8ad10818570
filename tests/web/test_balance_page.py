"""The balance: what is available, what comes next, and a payment that says when it does."""

import html
from datetime import timedelta

import pytest

from fintech.kernel import clock
from fintech.payments import data
from fintech.payments import services as payments
from fintech.wallets import services as wallets
from fintech.web import formats
from tests.make import payments as make
from tests.make import wallets as make_wallets
from tests.make.merchants import NOON
from tests.make.payments import BY, eur
from tests.web.test_pages import path_of, text

pytestmark = pytest.mark.django_db


def words(answer) -> str:
    return html.unescape(text(answer))


def test_available_and_pending_and_what_comes_on_which_day(desk, shop):
    make.captured(shop.id, eur(42_50), at=NOON)
    payments.make_available(by=BY, at=NOON + timedelta(days=2))
    now = clock.now()
    made = make.captured(shop.id, eur(10_00), at=now)
    on = formats.day(data.available_on(now))

    shown = words(desk.get("/dashboard/balance"))

    assert "Available €41.65 Pending €9.61" in shown
    assert f"Available on {on} €9.61" in shown
    assert f"from {on}" in shown
    assert "since 4 Nov 2026" in shown
    assert "at no day yet" not in shown
    assert f"Available from {on}." in words(desk.get(path_of(made)))
    home = words(desk.get("/dashboard/"))
    assert "Available €41.65 €9.61 more is pending" in home


def test_what_has_no_day_yet_is_named(desk, shop):
    make.captured(shop.id, eur(10_00), at=clock.now())
    wallet = make_wallets.wallet(20_00, merchant=shop.id)
    wallets.capture(hold_id=make_wallets.hold(wallet, 5_00).id, by=BY, at=NOON)

    shown = words(desk.get("/dashboard/balance"))

    assert "at no day yet: frozen, or captured from a wallet's hold €5.00" in shown


def test_a_payment_that_took_nothing_says_nothing_of_it(desk, shop):
    made = make.created(shop.id)

    assert "Available" not in words(desk.get(path_of(made)))

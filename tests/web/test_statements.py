"""A month's statement adds up, agrees with the ledger, and prints its proof."""

import csv
import io
from datetime import date, timedelta

import pytest

from fintech.kernel import clock
from fintech.kernel.money import Money
from fintech.ledger import queries as ledger_queries
from fintech.payments import services as payments
from fintech.web import statements
from tests.make import payments as make
from tests.make.merchants import NOON
from tests.make.payments import BY, eur
from tests.web.test_pages import text

pytestmark = pytest.mark.django_db
MONTH = NOON.date().replace(day=1)


@pytest.fixture
def moved(shop):
    """Two payments and a refund in one month, another payment in the next."""
    first = make.captured(shop.id, eur(42_50))
    make.captured(shop.id, eur(10_00))
    payments.refund(merchant_id=shop.id, payment_id=first.id, amount=eur(2_50), by=BY, at=NOON)
    return first


def statement(shop, first: date = MONTH) -> statements.Statement:
    return statements.month(shop.id, "EUR", first, at=clock.now())


def test_opening_and_movements_give_the_closing_balance_that_the_ledger_has(shop, moved):
    one = statement(shop)

    assert one.opening == eur(0)
    assert {kind.name: (kind.count, kind.amount) for kind in one.kinds} == {
        "Payments": (2, eur(52_50)),
        "Fees": (2, one.closing - eur(50_00)),
        "Refunds": (1, Money(-2_50, "EUR")),
    }
    assert one.closing == ledger_queries.merchant_pending(shop.id, "EUR").posted
    assert one.adds_up
    following = statement(
        shop, (MONTH.replace(day=28) + (date(2, 1, 5) - date(2, 1, 1))).replace(day=1)
    )
    assert (following.opening, following.closing, following.kinds) == (one.closing, one.closing, ())


def test_what_becomes_available_moves_nothing_of_what_we_owe(shop, moved):
    before = statement(shop)
    payments.make_available(by=BY, at=NOON + timedelta(days=2))
    owes = ledger_queries.merchant_available(shop.id, "EUR").posted
    assert owes == before.closing

    after = statement(shop)

    assert (after.movements, after.closing) == (before.movements, before.closing)
    assert after.adds_up


def test_another_merchants_movements_are_not_in_it(shop, stranger, moved):
    make.captured(stranger.id, eur(99_00))

    assert statement(shop).closing == ledger_queries.merchant_pending(shop.id, "EUR").posted


def test_a_statement_that_does_not_add_up_says_so(shop, moved):
    from dataclasses import replace

    one = statement(shop)

    assert not replace(one, closing=one.closing + eur(1)).adds_up
    assert not replace(one, movements=one.movements[1:]).adds_up


def test_pages_are_read_as_one_whatever_their_length(shop, moved, monkeypatch):
    whole = statement(shop)

    monkeypatch.setattr(statements, "_LINES", 2)

    assert statement(shop).movements == whole.movements


def test_a_live_instance_reads_no_further_back_than_it_must(shop, moved, settings, monkeypatch):
    """What stands after the newest line of before is the opening balance."""
    settings.MODE = "live"
    today = clock.now().date().replace(day=1)  # Everything is recorded now, whenever it was.

    one = statement(shop, today.replace(year=today.year + 1))

    assert one.opening == one.closing == ledger_queries.merchant_pending(shop.id, "EUR").posted


def test_the_csv_runs_from_the_opening_to_the_closing_balance(desk, shop, moved):
    answer = desk.get(f"/dashboard/statements/{MONTH:%Y-%m}/EUR?form=csv")

    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert [rows[0]["kind"], rows[-1]["kind"]] == ["Opening", "Closing"]
    assert rows[0]["balance"] == "0.00"
    assert rows[-1]["balance"] == f"{statement(shop).closing.decimal():.2f}"
    assert len(rows) == 2 + 5


def test_the_pdf_is_printed_with_selectable_tagged_text(desk, shop, moved):
    answer = desk.get(f"/dashboard/statements/{MONTH:%Y-%m}/EUR?form=pdf")

    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")
    assert b"/StructTreeRoot" in answer.content
    assert b"/FontFile" in answer.content


def test_a_merchants_name_is_data_and_never_markup(shop, moved):
    printed = statements.as_pdf(statement(shop), merchant='#panic("x") *bold* $1')

    assert printed.startswith(b"%PDF-")


def test_the_page_shows_the_same_and_months_to_come_are_unknown(desk, shop, moved):
    words = text(desk.get(f"/dashboard/statements/{MONTH:%Y-%m}/EUR"))

    assert "Opening balance" in words
    assert "€52.50" in words
    for wrong in ("2999-01/EUR", "2026-13/EUR", f"{MONTH:%Y-%m}/XXX", "nonsense/EUR"):
        assert desk.get(f"/dashboard/statements/{wrong}").status_code == 404
    assert f"{clock.now():%B %Y}" in text(desk.get("/dashboard/statements"))

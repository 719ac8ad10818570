"""Lists beside the payments: what is shown, filtered, chosen and exported is the same."""

import csv
import io

import pytest

from fintech.kernel import clock, ids
from fintech.payments import services as payments
from fintech.payments.models import Payment
from fintech.web import exporting, listings
from fintech.web.listings import LISTINGS
from fintech.web.models import Export
from tests.make import payments as make
from tests.make.payments import BY, eur
from tests.web.conftest import at_the_desk
from tests.web.test_pages import text


@pytest.fixture
def refunded(shop):
    """A payment with a refund that arrived and one whose acquirer said no."""
    taken = make.captured(shop.id, eur(42_50))
    for minor in (10_00, 5_00):
        payments.refund(
            merchant_id=shop.id, payment_id=taken.id, amount=eur(minor), by=BY, at=clock.now()
        )
    return taken


def exported(desk, address: str) -> list[dict[str, str]]:
    answer = desk.get(address)
    assert answer["Content-Disposition"].startswith("attachment;")
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))


def test_refunds_are_listed_and_lead_to_their_payment(desk, refunded):
    page = desk.get("/dashboard/refunds")

    assert "€10.00" in text(page)
    assert "€5.00" in text(page)
    assert f"/dashboard/payments/{ids.public('pi', refunded.id)}" in page.content.decode()


@pytest.mark.parametrize("name", sorted(LISTINGS))
def test_every_list_is_exported_as_it_is_filtered(desk, shop, refunded, name):
    make.customer(shop.id, email="ada@example.com")
    payments.create_link(merchant_id=shop.id, title="Tea", amount=eur(5), by=BY, at=clock.now())
    listing = LISTINGS[name]
    shown = desk.get(listing.url).context["found"]

    rows = exported(desk, f"{listing.url}/export")

    assert list(rows[0]) == [column.name for column in listing.columns]
    assert len(rows) == len(shown) > 0
    assert exported(desk, f"{listing.url}/export?day=2001-01-01") == []
    assert text(desk.get(f"{listing.url}?day=2001-01-01")).count("fits these filters") == 1


def test_a_filter_narrows_the_list_and_its_chip_takes_it_away(desk, refunded):
    kept = desk.get("/dashboard/balance?kind=refund")
    amounts = [str(row.amount) for row in kept.context["found"]]

    assert len(amounts) == 2
    assert [name for name, _ in kept.context["chips"]] == ["kind"]
    assert 'href="?"' in kept.content.decode()
    assert len(desk.get("/dashboard/balance?kind=nonsense").context["found"]) == 3


def test_pages_go_on_and_come_back(desk, shop, monkeypatch):
    monkeypatch.setattr("fintech.web.dashboard.listing.PAGE", 2)
    for number in range(5):
        make.customer(shop.id, email=f"payer{number}@example.com")

    def seen(query: str):
        answer = desk.get(f"/dashboard/customers{query}")
        return [one.email[5] for one in answer.context["found"]], answer.context

    first, at_first = seen("")
    second, at_second = seen(f"?after={at_first['older']}")
    third, at_third = seen(f"?after={at_second['older']}")
    back, at_back = seen(f"?before={at_third['newer']}")

    assert (first, second, third, back) == (["4", "3"], ["2", "1"], ["0"], ["2", "1"])
    assert (at_first["newer"], at_third["older"]) == ("", "")
    assert at_back["older"] == at_second["older"]
    assert seen("?after=nonsense")[0] == first


def test_columns_of_a_list_are_chosen_and_stay_chosen(desk, refunded):
    desk.get("/dashboard/refunds?cols=id&cols=status")

    shown = desk.get("/dashboard/refunds").context["columns"]

    assert [column.name for column in shown] == ["amount", "status", "id"]


def test_a_lists_view_is_its_own(desk, refunded):
    desk.post(
        "/dashboard/payments/views",
        {"listing": "refunds", "name": "Stuck", "query": "state=pending"},
    )

    assert "/dashboard/refunds?state=pending" in desk.get("/dashboard/refunds").content.decode()
    assert "Stuck" not in desk.get("/dashboard/payments").content.decode()


def test_a_long_list_is_written_in_the_background(desk, refunded, monkeypatch):
    monkeypatch.setattr(exporting, "AT_ONCE", 1)
    offered = desk.get("/dashboard/refunds/export?form=csv")
    assert "Content-Disposition" not in offered

    desk.post("/dashboard/exports/ask", {"listing": "refunds", "query": "", "form": "csv"})
    assert exporting.write_due() == 1

    one = Export.objects.latest("id")
    body = desk.get(f"/dashboard/exports/{one.id}").content.decode()
    assert [row["amount"] for row in csv.DictReader(io.StringIO(body))] == ["5.00", "10.00"]
    assert one.rows_done == 2


def test_what_a_role_may_not_list_it_may_not_export(shop, refunded):
    browser = at_the_desk(shop, "developer")

    refused = [one.name for one in LISTINGS.values() if browser.get(one.url).status_code == 403]
    for name in refused:
        assert browser.get(f"{LISTINGS[name].url}/export").status_code == 403
        asked = {"listing": name, "query": "", "form": "csv"}
        assert browser.post("/dashboard/exports/ask", asked).status_code == 403

    assert refused
    assert listings.PAGE == 25


def test_what_is_typed_is_understood_and_leads_there(desk, shop, refunded, hear):
    hear()
    refund = desk.get("/dashboard/refunds").context["found"][0]

    def leads(typed: str) -> str:
        return desk.get("/dashboard/search", {"q": typed}).get("Location", "")

    here = f"/dashboard/payments/{ids.public('pi', refunded.id)}"
    assert leads("4242") == "/dashboard/payments?last4=4242"
    assert leads("ends in 1881") == "/dashboard/payments?last4=1881"
    assert leads("1881") == "/dashboard/payments?currency=EUR&min=1881.00&max=1881.00"
    assert leads(ids.public("re", refund.id)) == here
    assert leads(ids.public("ch", refund.attempt_id)) == here
    assert leads(ids.public("re", ids.new())) == ""
    shown = desk.get("/dashboard/payments?last4=4242")
    assert [name for name, _ in shown.context["chips"]] == ["last4"]
    assert len(shown.context["lines"]) == 1
    assert len(desk.get("/dashboard/payments?last4=1881").context["lines"]) == 0


@pytest.mark.parametrize("spare", [0, 1, 100])
def test_movements_are_those_of_sales_however_many_top_ups_stand_between(
    desk, shop, monkeypatch, spare
):
    """Top-ups of wallets are no movement of the balance; pages do not come up short for them."""
    monkeypatch.setattr("fintech.payments.queries.balances._SPARE", spare)
    monkeypatch.setattr("fintech.web.dashboard.listing.PAGE", 2)
    sold = [make.captured(shop.id, eur(minor)) for minor in (1_00, 2_00, 3_00)]
    for minor in (4_00, 5_00, 6_00, 7_00):
        taken = make.captured(shop.id, eur(minor))
        Payment.objects.filter(id=taken.id).update(purpose="top_up", wallet_id=ids.new())

    first = desk.get("/dashboard/balance").context
    second = desk.get(f"/dashboard/balance?after={first['older']}").context

    shown = [*first["found"], *second["found"]]
    assert [one.payment_id for one in shown] == [one.id for one in reversed(sold)]
    assert second["older"] == ""

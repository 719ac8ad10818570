"""Files of the payments list, small and large, and the views that people keep."""

import csv
import io
import re
import zipfile
from datetime import timedelta

import pytest
from django.http import QueryDict
from django.utils import timezone

from fintech.kernel import clock, objects
from fintech.payments import services as payments
from fintech.web import exporting, filtering, queries
from fintech.web.data import ExportForm, ExportState
from fintech.web.models import Export
from tests.make import payments as make
from tests.make.payments import BY, NOON, eur
from tests.web.test_pages import text


@pytest.fixture
def three(shop, hear):
    """A captured payment, a declined one, and one whose description is a formula."""
    make.captured(shop.id, eur(42_50))
    make.confirmed(shop.id, eur(5_00), token="insufficient_funds")
    payments.create(
        merchant_id=shop.id, amount=eur(1_00), description='=HYPERLINK("x")', by=BY, at=NOON
    )
    hear()


def exported(desk, query: str = "") -> list[dict[str, str]]:
    answer = desk.get(f"/dashboard/payments/export{query}")
    assert answer["Content-Disposition"].startswith("attachment;")
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))


def test_the_export_is_what_the_list_shows(desk, three):
    everything = exported(desk)

    assert [row["amount"] for row in everything] == ["1.00", "5.00", "42.50"]
    assert everything[0]["description"] == '\'=HYPERLINK("x")'
    assert everything[2]["card_last4"] == "4242"
    declined = exported(desk, "?state=declined")
    assert [row["decline_code"] for row in declined] == ["insufficient_funds"]
    assert desk.get("/dashboard/payments/export?min=5").status_code == 400


def test_a_spreadsheet_holds_the_same_cells_and_amounts_are_numbers(desk, three):
    answer = desk.get("/dashboard/payments/export?form=xlsx")

    with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    rows = re.findall(r"<row .*?</row>", sheet, re.DOTALL)
    cells = [re.findall(r"<c [^>]*?(?:/>|>(.*?)</c>)", row, re.DOTALL) for row in rows]
    plain = [[re.sub(r"<[^>]+>", "", cell) for cell in row] for row in cells]
    assert plain[0] == list(exporting.HEAD)
    assert [row[3] for row in plain[1:]] == ["1", "5", "42.5"]
    assert "<f>" not in sheet  # What somebody typed never becomes a formula.
    assert '=HYPERLINK("x")'.replace('"', "&quot;") in sheet or '=HYPERLINK("x")' in sheet


def test_an_export_goes_over_all_pages(desk, shop, hear, monkeypatch):
    monkeypatch.setattr(exporting, "_ROWS", 2)
    made = [make.captured(shop.id, eur(100 + number)).amount.minor for number in range(5)]
    hear()

    amounts = [row["amount"] for row in exported(desk)]

    assert sorted(amounts) == [f"1.0{minor - 100}" for minor in made]


def asked(desk, query: str = "", form: str = "csv") -> Export:
    desk.post("/dashboard/exports/ask", {"query": query, "form": form})
    return Export.objects.latest("id")


def test_a_long_list_is_written_in_the_background(desk, three, monkeypatch):
    monkeypatch.setattr(exporting, "AT_ONCE", 2)
    offered = desk.get("/dashboard/payments/export?form=csv")
    assert "3 payments" in text(offered)
    assert "Content-Disposition" not in offered

    one = asked(desk, "state=declined")
    assert "Waiting" in text(desk.get("/dashboard/exports"))
    assert desk.get(f"/dashboard/exports/{one.id}").status_code == 404
    assert exporting.write_due() == 1

    assert "Ready" in text(desk.get("/dashboard/exports"))
    body = desk.get(f"/dashboard/exports/{one.id}").content.decode()
    assert [row["decline_code"] for row in csv.DictReader(io.StringIO(body))] == [
        "insufficient_funds"
    ]
    assert exporting.write_due() == 0


def test_progress_is_told_while_rows_are_written(desk, shop, three, monkeypatch):
    monkeypatch.setattr(exporting, "_ROWS", 1)
    seen = []
    say = exporting._say

    def listening(row, number):
        say(row, number)
        seen.append(text(desk.get("/dashboard/exports/progress")))

    monkeypatch.setattr(exporting, "_say", listening)
    asked(desk)
    exporting.write_due()

    assert "1 of 3" in seen[0]
    assert "2 of 3" in seen[1]


def test_an_export_that_is_called_off_leaves_no_file(desk, three, monkeypatch):
    monkeypatch.setattr(exporting, "_ROWS", 1)
    one = asked(desk)
    say = exporting._say

    def call_off(row, number):
        desk.post(f"/dashboard/exports/{one.id}/cancel")
        say(row, number)

    monkeypatch.setattr(exporting, "_say", call_off)
    assert exporting.write_due() == 0

    one.refresh_from_db()
    assert (one.state, one.object_name) == (ExportState.CANCELED, "")


def test_an_export_whose_writer_fell_silent_is_taken_over(desk, three):
    one = asked(desk)
    exporting._take()
    assert exporting.write_due() == 0

    Export.objects.filter(id=one.id).update(heard_at=clock.now() - timedelta(minutes=2))

    assert exporting.write_due() == 1


def test_a_failure_is_shown_and_does_not_come_back(desk, three, monkeypatch):
    one = asked(desk)

    def full(_content):
        raise OSError("no space left")

    monkeypatch.setattr(objects, "put", full)
    with pytest.raises(OSError, match="no space"):
        exporting.write_due()

    assert queries.export(one.id, one.merchant_id, one.user_id).state == ExportState.FAILED
    assert "Failed" in text(desk.get("/dashboard/exports"))


def test_a_view_is_kept_found_and_forgotten(desk, three):
    desk.post(
        "/dashboard/payments/views", {"name": "No money", "query": "state=declined&after=1-2"}
    )

    page = desk.get("/dashboard/payments").content.decode()
    assert "/dashboard/payments?state=declined" in page
    view = queries.views(desk.get("/dashboard/").context["merchant"].id, _user(desk))[0]
    desk.post("/dashboard/payments/views", {"forget": str(view.id)})
    assert "No money" not in desk.get("/dashboard/payments").content.decode()


def _user(desk):
    from django.contrib.auth import get_user_model

    return get_user_model().objects.get(id=desk.session["_auth_user_id"]).id


def test_columns_are_chosen_and_stay_chosen(desk, three):
    heads = lambda body: re.findall(r"<th[^>]*>([A-Z]\w+)</th>", body)  # noqa: E731

    desk.get("/dashboard/payments?cols=amount&cols=fee&cols=id")

    assert heads(desk.get("/dashboard/payments").content.decode()) == [
        *("Amount", "Status", "Fee", "Id")
    ]


@pytest.mark.parametrize(
    ("typed", "means"),
    [
        ("Declined", "state=declined"),
        ("to capture", ""),
        ("authorized", "state=authorized"),
        ("yesterday", "since=2026-03-10&until=2026-03-10"),
        ("last week", "since=2026-03-02&until=2026-03-08"),
        ("last month", "since=2026-02-01&until=2026-02-28"),
        ("november", "since=2025-11-01&until=2025-11-30"),
        ("mar", "since=2026-03-01&until=2026-03-31"),
        ("2026-01-31", "since=2026-01-31&until=2026-01-31"),
        ("3 days ago", "since=2026-03-08&until=2026-03-08"),
        ("last 7 days", "since=2026-03-05&until=2026-03-11"),
        ("12 march", "since=2025-03-12&until=2025-03-12"),
        ("Mar 2", "since=2026-03-02&until=2026-03-02"),
        ("2 march 2024", "since=2024-03-02&until=2024-03-02"),
        ("march 2024", "since=2024-03-01&until=2024-03-31"),
        ("2026-02", "since=2026-02-01&until=2026-02-28"),
        ("31 february", ""),
        ("····4242", "last4=4242"),
        ("ends in 4242", "last4=4242"),
        ("4242", "currency=EUR&min=4242.00&max=4242.00"),
        ("$7", "currency=USD&min=7.00&max=7.00"),
        ("1200 jpy", "currency=JPY&min=1200&max=1200"),
        ("KWD 1.250", "currency=KWD&min=1.250&max=1.250"),
        ("42.5", "currency=EUR&min=42.50&max=42.50"),
        ("anything else", ""),
    ],
)
def test_what_people_type_becomes_filters(typed, means):
    today = timezone.datetime(2026, 3, 11).date()

    assert filtering.understood(typed, currency="EUR", today=today) == means


def test_a_range_of_days_bounds_the_list_with_both_its_ends():
    told = filtering.read(QueryDict("since=2026-03-02&until=2026-03-08&min=x"), at=NOON)

    assert (str(told.filters.since), str(told.filters.until)) == ("2026-03-02", "2026-03-08")
    assert [name for name, _ in told.chips] == ["since", "until"]
    assert told.problem == "Choose a currency to filter by amount."
    assert ExportForm.CSV in exporting.TYPES

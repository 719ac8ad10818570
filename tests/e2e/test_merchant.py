"""The jobs of a merchant, from Home, with the mouse."""

import csv
import re

import pytest
from playwright.sync_api import expect

from tests.e2e.doing import path, pay_with, sees


@pytest.mark.job("merchant", "1 is money coming in")
def test_home_tells_whether_money_comes_in_without_a_click(window):
    page = window()
    page.goto("/dashboard/")

    figures = page.locator("a.figure")
    expect(figures).to_have_count(4)
    assert all("€" in figures.nth(at).inner_text() for at in (0, 2, 3))
    assert re.search(r"\d\d\.\d%", figures.nth(1).inner_text())
    sees(page, "Needs attention")
    page.get_by_text("Show as table").click()
    expect(page.get_by_role("columnheader", name="Taken")).to_be_visible()


@pytest.mark.share
@pytest.mark.job("merchant", "2 take a first test payment")
def test_a_first_test_payment_takes_four_clicks(window):
    page = window()
    page.goto("/dashboard/")
    page.get_by_role("button", name="Take a test payment").click()
    page.get_by_role("button", name=re.compile("4242")).click()
    page.get_by_role("button", name=re.compile("^Pay")).click()
    page.get_by_role("link", name="See what happened").click()

    sees(page, "What happened")
    sees(page, "€42.50 captured")
    sees(page, "Both sides are equal")


@pytest.mark.job("merchant", "3 make a payment link")
def test_a_payment_link_is_made_and_can_be_paid(window):
    page = window()
    page.goto("/dashboard/")
    page.get_by_role("link", name="Payment links").click()
    page.get_by_label("What is it for?").fill("A signed copy")
    page.locator("section", has_text="Create a link").get_by_label("Amount").fill("25")
    expect(page.locator("[data-preview]")).to_contain_text("A signed copy")
    expect(page.locator("[data-preview]")).to_contain_text("25 EUR")
    page.get_by_role("button", name="Create link").click()

    sees(page, "Your link for €25.00 is ready")
    page.get_by_role("link", name="Open A signed copy").first.click()
    sees(page, "A signed copy")
    sees(page, "€25.00")


@pytest.mark.job("merchant", "4 what happened to this payment")
def test_a_payments_story_is_two_clicks_away_and_leads_on(window, places):
    page = window()
    page.goto("/dashboard/")
    page.get_by_role("link", name="Payments", exact=True).click()
    page.goto(f"/dashboard/payments/{places['payment']}")

    for told in ("created", "Risk", "€42.50 authorized", "€42.50 captured", "Booked"):
        sees(page, told)
    debit, credit = page.locator(".line tfoot td.num").all_inner_texts()[:2]
    assert debit == credit
    page.get_by_role("link", name="As the API shows it").click()
    sees(page, '"amount": 4250')
    page.get_by_role("link", name="Proof").click()
    sees(page, re.compile("sealed"))


def test_a_payment_that_moves_is_followed_without_a_click(window, world):
    page = window()
    made = world.api.post(
        "/v1/payment_intents",
        {
            "amount": 3300,
            "currency": "eur",
            "payment_method": "pm_card_visa",
            "capture_method": "manual",
            "confirm": True,
        },
    )
    page.goto(f"/dashboard/payments/{made['id']}")
    sees(page, "€33.00 authorized")


@pytest.mark.job("merchant", "5 refund")
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_refund_takes_three_clicks_and_shows_on_the_timeline(window, world, scripts):
    made = world.api.post(
        "/v1/payment_intents",
        {"amount": 4250, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True},
    )
    page = window(scripts=scripts)
    page.goto(f"/dashboard/payments/{made['id']}")
    page.get_by_role("link", name="Refund", exact=True).click()
    page.get_by_label("A part", exact=True).check()
    page.get_by_label("Amount", exact=True).fill("10")
    page.get_by_role("button", name="Refund 10 EUR" if scripts else "Refund").click()

    sees(page, "€10.00 is on its way to the payer")
    told = world.api.get(f"/v1/payment_intents/{made['id']}")
    assert told["status"] == "succeeded"
    refunds = world.api.get("/v1/refunds", payment_intent=made["id"])["data"]
    assert [one["amount"] for one in refunds] == [1000]


def test_more_than_was_taken_is_refused_in_words(window, places):
    page = window()
    page.goto(f"/dashboard/payments/{places['payment']}/refund")
    page.get_by_label("A part", exact=True).check()
    page.get_by_label("Amount", exact=True).fill("42.51")
    page.get_by_role("button", name="Refund").click()

    sees(page, "Enter at most €42.50.")


@pytest.mark.job("merchant", "7 when do I get paid")
def test_the_balance_is_made_up_of_movements(window):
    page = window()
    page.goto("/dashboard/")
    page.get_by_role("link", name="Balance", exact=True).click()

    card = page.get_by_label("EUR", exact=True)
    expect(card.locator(".figure")).to_have_text(
        [re.compile(r"^Available€[\d,]*[1-9][\d,.]*$"), re.compile(r"^Pending€")]
    )
    expect(card).to_contain_text(re.compile("Available on [0-9]+ "))
    sees(page, "What moved it")
    page.goto("/dashboard/balance?days=90")
    while page.get_by_role("link", name="Older").count():
        page.get_by_role("link", name="Older").click()
    expect(page.locator("table.list")).to_contain_text("since")
    page.locator("table a.go").first.click()
    sees(page, "What happened")


@pytest.mark.job("merchant", "8 find, filter, export")
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_list_is_filtered_and_the_export_is_what_it_shows(window, scripts):
    page = window(scripts=scripts)
    page.goto("/dashboard/payments")
    page.get_by_role("link", name="Declined").click()
    page.locator("summary", has_text="Filter").click()
    page.get_by_label("Currency").select_option("EUR")
    page.get_by_label("Amount from").fill("5")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("link", name=re.compile("^EUR ?: remove"))).to_be_visible()
    expect(page.locator("table.list tbody tr").first).to_be_visible()
    with page.expect_download() as download:
        page.locator("summary", has_text="Export").click()
        page.get_by_role("link", name="Export as CSV").click()

    rows = list(csv.DictReader(download.value.path().read_text().splitlines()))
    assert rows
    assert {row["status"] for row in rows} <= {"declined", "blocked"}
    assert all(float(row["amount"]) >= 5 for row in rows)
    while page.get_by_role("link", name="Older").count():
        page.get_by_role("link", name="Older").click()
    shown = page.locator("table.list tbody tr").count()
    assert (len(rows) - shown) % 25 == 0
    page.get_by_role("link", name=re.compile("^EUR ?: remove")).click()
    expect(page.get_by_role("link", name=re.compile("^EUR ?: remove"))).to_have_count(0)


@pytest.mark.parametrize("wanted", ["id", "email", "amount", "word"])
def test_search_goes_where_it_most_likely_should(window, places, wanted):
    page = window()
    page.goto("/dashboard/")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    typed, ends = {
        "id": (places["payment"], f"/dashboard/payments/{places['payment']}"),
        "email": ("ada@example.com", "/dashboard/customers/"),
        "amount": ("42.50", "/dashboard/payments"),
        "word": ("declined", "/dashboard/payments"),
    }[wanted]
    page.keyboard.type(typed)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(f"{re.escape(ends)}[^/]*$"))

    assert path(page).startswith(ends)


@pytest.mark.job("merchant", "9 month end statement")
def test_a_months_statement_adds_up_and_is_printed(window):
    page = window()
    page.goto("/dashboard/")
    page.get_by_role("link", name="Statements").click()
    page.get_by_role("link", name=re.compile("^Open")).first.click()
    sees(page, "Opening balance")
    sees(page, "Closing balance")
    with page.expect_download() as download:
        page.get_by_role("link", name="PDF").click()

    assert download.value.path().read_bytes().startswith(b"%PDF-")


@pytest.mark.job("merchant", "10 team and roles")
def test_somebody_is_invited_and_each_role_has_its_sentence(window):
    page = window()
    page.goto("/dashboard/")
    page.get_by_role("link", name="Team").click()
    page.locator("main").get_by_label("Email").fill("mia@example.com")
    page.get_by_label("Name", exact=True).fill("Mia")
    page.get_by_label(re.compile("^Support")).check()
    page.get_by_role("button", name="Invite").click()

    sees(page, "mia@example.com")
    sees(page, "What each role may do")
    expect(page.get_by_label("Role of Mia")).to_have_value("support")


def test_a_phone_can_do_it_too(window, places):
    page = window(width=320)
    page.goto("/dashboard/payments")
    page.locator("table.list a.go").first.click()
    sees(page, "What happened")
    page.goto(f"/dashboard/payments/{places['payment']}/refund")
    page.get_by_role("link", name="Don't refund").click()
    sees(page, "What happened")


@pytest.mark.job("merchant", "8 find, filter, export")
def test_refunds_are_filtered_and_exported_as_they_are_shown(window, world):
    made = world.api.post(
        "/v1/payment_intents",
        {"amount": 4250, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True},
    )
    world.api.post("/v1/refunds", {"payment_intent": made["id"], "amount": 300})
    page = window(scripts=False)
    page.goto("/dashboard/refunds?days=7")
    expect(page.get_by_role("link", name=re.compile("^last 7 days ?: remove"))).to_be_visible()
    shown = page.locator("table.list tbody tr").count()
    with page.expect_download() as download:
        page.locator("summary", has_text="Export").click()
        page.get_by_role("link", name="Export as CSV").click()

    rows = list(csv.DictReader(download.value.path().read_text().splitlines()))
    assert len(rows) == shown
    assert rows[0]["amount"] == "3.00"


@pytest.mark.job("merchant", "10 team and roles")
def test_an_owner_looks_through_another_roles_eyes(window):
    page = window()
    page.goto("/dashboard/team")
    page.get_by_role("button", name="See as viewer").click()
    sees(page, "Home")
    expect(page.locator(".seen-as")).to_contain_text("You see the pages as Viewer sees them")
    expect(page.get_by_role("link", name="API keys")).to_have_count(0)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("link", name="API keys")).to_be_visible()


def test_a_payment_page_counts_who_opened_tried_and_paid(window, world):
    link = world.api.post(
        "/v1/payment_links", {"title": "A counted page", "amount": 500, "currency": "eur"}
    )
    payer = window("")
    for _ in range(2):
        payer.goto("/pay/" + link["url"].rsplit("/", 1)[1])
    pay_with(payer)
    sees(payer, "Thank you")

    page = window()
    row = page.locator("tr", has_text="A counted page")
    for _ in range(40):
        page.goto("/dashboard/links")
        if "1 · 1 · 1" in row.inner_text():
            break
        page.wait_for_timeout(250)
    expect(row).to_contain_text("1 · 1 · 1")


@pytest.mark.job("merchant", "3 make a payment link")
def test_what_the_story_sold_at_its_page_counts_as_its_uses(world):
    sold = {
        link["title"]: link["uses"]
        for link in world.api.get("/v1/payment_links", limit=100)["data"]
        if link["title"].endswith("gift card")
    }
    assert list(sold) == ["Café Luna gift card"]
    assert sold["Café Luna gift card"] > 0


@pytest.mark.job("merchant", "1 is money coming in")
def test_the_chart_is_looked_at_closer_day_by_day(window):
    page = window()
    page.goto("/dashboard/")
    page.get_by_text("Look closer").click()
    expect(page.locator(".zoom canvas")).to_be_visible()
    page.locator(".zoom").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")

    expect(page.locator("#live")).to_have_text(re.compile(r"\d{4}-\d\d-\d\d: €\d+\.\d\d"))

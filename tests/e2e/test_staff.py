"""Staff in the back office: one thing at a time, by letters alone."""

import re

import pytest
from playwright.sync_api import expect


@pytest.mark.job("staff", "work the review queue", "by keyboard")
def test_reviews_are_decided_by_letters(window, world):
    for amount in (31_00, 32_00):
        world.api.post(
            "/v1/payment_intents",
            {
                "amount": amount,
                "currency": "eur",
                "payment_method": "pm_card_riskLevelElevated",
                "confirm": True,
            },
        )
    page = window("staff")
    page.goto("/admin/payments/review/desk/")
    for letter, said in (("a", "approved"), ("d", "declined")):
        expect(page.locator("h2", has_text="risk")).to_be_visible()
        with page.expect_navigation():
            page.keyboard.press(letter)
        expect(page.get_by_text(re.compile(f"The payment is {said}"))).to_be_visible()


@pytest.mark.job("staff", "resolve reconciliation exceptions", "by keyboard")
def test_a_break_is_resolved_by_letters(window):
    page = window("staff")
    page.goto("/admin/reconciliation/break/desk/")
    expect(page.get_by_text("this one is yours")).to_be_visible()
    page.keyboard.press("w")
    page.keyboard.type("the acquirer agreed on the phone")
    page.keyboard.press("Escape")
    with page.expect_navigation():
        page.keyboard.press("v")

    expect(page.get_by_text(re.compile("Resolved|Proposed"))).to_be_visible()


@pytest.mark.job("staff", "help a caller")
def test_a_payment_is_found_and_its_story_read(window, places):
    page = window("staff")
    page.goto("/admin/payments/payment/")
    page.get_by_role("link", name="Timeline", exact=True).first.click()

    expect(page.get_by_text(re.compile("^Payment of"))).to_be_visible()
    expect(page.get_by_role("link", name="Its journal entries")).to_be_visible()


@pytest.mark.parametrize(
    "address",
    ["/admin/", "/admin/payments/review/desk/", "/admin/kernel/approval/desk/"],
)
def test_pages_of_the_back_office_keep_their_policy(window, address):
    """Every test fails by a breach of the policy or a stranger asked; here pages of staff are."""
    page = window("staff")
    page.goto(address)
    expect(page.locator("main, #main").first).to_be_visible()


@pytest.mark.job("staff", "understand a score")
def test_the_points_of_a_case_add_up_to_its_score(window, world):
    world.api.post(
        "/v1/payment_intents",
        {
            "amount": 33_00,
            "currency": "eur",
            "payment_method": "pm_card_riskLevelElevated",
            "confirm": True,
        },
    )
    page = window("staff")
    page.goto("/admin/payments/review/desk/")
    score = int(
        re.search(r"risk (\d+) of 100", page.locator("h2", has_text="of 100").inner_text()).group(1)
    )
    *points, total = page.locator("td.text-right").all_inner_texts()

    assert total == f"= {score}"
    assert min(sum(int(one.replace("−", "-")) for one in points), 100) == score


@pytest.mark.job("staff", "notification templates")
def test_a_wording_is_looked_at_beside_its_form_before_it_is_saved(window, places):
    page = window("staff")
    page.goto("/admin/notifications/wording/add/")
    page.get_by_label("Kind").select_option("payment_receipt")
    page.get_by_label("Language").fill("en")
    page.get_by_label("Subject").fill("From {merchant}: {amount}")
    page.get_by_label("Lead").fill("{merchant} has it.")
    page.get_by_label("Rows").fill("Date: {date}\nReference: {reference}")
    page.get_by_role("button", name="Preview").click()

    expect(page.get_by_text(re.compile("From (Café Luna|Kumo Books): ")).first).to_be_visible()
    expect(page.get_by_label("Lead")).to_have_value("{merchant} has it.")


@pytest.mark.job("jobs", "did last night's run happen")
@pytest.mark.job("jobs", "read the report")
def test_what_ran_and_its_signed_report_are_two_clicks_away(window):
    page = window("staff")
    page.goto("/admin/")
    page.get_by_role("link", name="Runs", exact=True).first.click()
    with page.expect_download() as download:
        page.get_by_role("link", name="PDF", exact=True).first.click()
    assert download.value.path().read_bytes().startswith(b"%PDF-")
    page.get_by_role("link", name="What ran").click()

    expect(page.get_by_role("heading", name="Client money, now")).to_be_visible()
    expect(page.locator("tbody tr").first).to_contain_text("on time")

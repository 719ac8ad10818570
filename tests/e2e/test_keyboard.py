"""The first five jobs of merchants and developers with the keyboard alone."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.doing import path, sees, tab_to


def go(page: Page, words: str) -> None:
    tab_to(page, words)
    page.keyboard.press("Enter")


@pytest.mark.job("merchant", "1 is money coming in", "by keyboard")
def test_the_first_stop_skips_to_what_matters_and_figures_lead_on(window):
    page = window()
    page.goto("/dashboard/")
    go(page, "^Skip")
    assert page.evaluate("document.activeElement.id") == "main"
    go(page, "^Taken")

    page.wait_for_url(re.compile("state=captured"))
    assert path(page) == "/dashboard/payments"


@pytest.mark.job("merchant", "2 take a first test payment", "by keyboard")
def test_a_test_payment_by_keyboard(window):
    page = window()
    page.goto("/dashboard/")
    go(page, "Take a test payment")
    sees(page, "Test payment")
    go(page, "4242.*Succeeds")
    expect(page.get_by_role("button", name=re.compile("^Pay"))).to_be_focused()
    page.keyboard.press("Enter")
    sees(page, "Thank you")
    go(page, "See what happened")
    sees(page, "What happened")


@pytest.mark.job("merchant", "3 make a payment link", "by keyboard")
def test_a_payment_link_by_keyboard(window):
    page = window()
    page.goto("/dashboard/")
    go(page, "^Payment links")
    page.wait_for_url(re.compile("/links"))
    tab_to(page, "^What is it for")
    page.keyboard.type("By keyboard")
    tab_to(page, "^Amount")
    page.keyboard.type("7")
    go(page, "^Create link")
    sees(page, "Your link for €7.00 is ready")


@pytest.mark.job("merchant", "4 what happened to this payment", "by keyboard")
def test_a_payment_is_found_and_read_by_keyboard(window, places):
    page = window()
    page.goto("/dashboard/")
    page.keyboard.press("/")
    page.keyboard.type(places["payment"])
    page.keyboard.press("Enter")
    sees(page, "What happened")
    go(page, "^Proof")
    sees(page, re.compile("sealed"))


@pytest.mark.job("merchant", "5 refund", "by keyboard")
def test_a_refund_by_keyboard(window, world):
    made = world.api.post(
        "/v1/payment_intents",
        {"amount": 900, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True},
    )
    page = window()
    page.goto(f"/dashboard/payments/{made['id']}")
    go(page, "^Refund$")
    sees(page, "Refund this payment")
    tab_to(page, "All of it")
    go(page, "^Refund €9.00$")
    sees(page, "€9.00 is on its way to the payer")


@pytest.mark.job("developer", "1 first run from clone", "by keyboard")
def test_a_newcomer_signs_in_and_pays_by_keyboard(window, world):
    page = window("")
    page.goto("/dashboard/")
    for label, typed in (("^Email", "email"), ("^Password", "password")):
        tab_to(page, label)
        page.keyboard.type(world.logins["owner"][typed])
    page.keyboard.press("Enter")
    sees(page, "Needs attention")
    go(page, "Take a test payment")
    sees(page, "Test payment")
    go(page, "4242.*Succeeds")
    page.keyboard.press("Enter")
    sees(page, "Thank you")


@pytest.mark.job("developer", "2 create an API key", "by keyboard")
@pytest.mark.job("developer", "3 first call", "by keyboard")
def test_a_key_by_keyboard(window):
    page = window()
    page.goto("/dashboard/")
    go(page, "^API keys")
    page.wait_for_url(re.compile("/keys"))
    tab_to(page, "^Name")
    page.keyboard.type("By keyboard")
    go(page, "^Create key")
    sees(page, "Copy it now")
    tab_to(page, "Copy the key")


@pytest.mark.job("developer", "4 why did my call fail", "by keyboard")
def test_a_request_is_opened_by_keyboard(window, world):
    world.api.post_raw("/v1/payment_intents", {"amount": -1, "currency": "eur"})
    page = window()
    for _ in range(40):
        page.goto("/dashboard/requests")
        if page.get_by_text("Bodies").count():
            break
        page.wait_for_timeout(250)
    go(page, "^Bodies")
    expect(page.locator("pre.code").first).to_be_visible()


@pytest.mark.job("developer", "6 debug and replay webhooks", "by keyboard")
def test_an_endpoint_is_opened_by_keyboard(window, places):
    page = window()
    page.goto("/dashboard/webhooks")
    go(page, "/nobody")
    sees(page, "Latest deliveries")
    go(page, "^Resend$")
    sees(page, "on their way again")


@pytest.mark.job("developer", "7 trigger hard cases", "by keyboard")
def test_a_hard_case_by_keyboard(window, places):
    page = window("")
    page.goto(f"/pay/{places['link']}")
    go(page, "0002.*Declined")
    page.keyboard.press("Enter")
    sees(page, "did not go through")


def test_no_page_traps_the_focus(window, places):
    """Tab goes through a page and comes out again at its other end."""
    page = window()
    for address in ("/dashboard/", f"/dashboard/payments/{places['payment']}", "/dashboard/keys"):
        page.goto(address)
        seen: list[str] = []
        for _ in range(150):
            page.keyboard.press("Tab")
            here = page.evaluate(
                "() => { const one = document.activeElement; "
                "return one === document.body ? '' : one.outerHTML.slice(0, 160); }"
            )
            if seen and here in {"", seen[0]}:
                break
            seen.append(here)
        else:
            raise AssertionError(f"{address} never lets go: {seen[-3:]}")

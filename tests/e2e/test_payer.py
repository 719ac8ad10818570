"""Payers on the hosted page: five endings, errors, one payment per form, with or without scripts."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.e2e.doing import CARD, checkout_session, pay_with, sees, tab_to


@pytest.fixture
def link(world):
    """A link that can be paid once."""
    return world.api.post(
        "/v1/payment_links",
        {"title": "Spring bundle", "amount": 12900, "currency": "eur", "max_uses": 1},
    )


def taken(world, link) -> list[str]:
    """The states of what was paid at a link."""
    found = world.api.get("/v1/payment_intents", limit=20)["data"]
    return [one["status"] for one in found if one["amount"] == link["amount"]]


def token(link) -> str:
    return "/pay/" + link["url"].rsplit("/", 1)[1]


@pytest.mark.share
@pytest.mark.job("payer", "paid")
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_good_card_pays_and_gets_a_receipt(window, link, scripts):
    page = window("", width=390, scripts=scripts)
    page.goto(token(link))
    sees(page, "€129.00")
    pay_with(page)

    sees(page, "Thank you")
    sees(page, "You paid Café Luna €129.00")
    sees(page, "Spring bundle")
    assert "4242 4242" not in page.content()


@pytest.mark.job("payer", "declined")
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_declined_card_says_why_and_another_one_pays(window, link, scripts):
    page = window("", scripts=scripts)
    page.goto(token(link))
    pay_with(page, "4000 0000 0000 9995")
    sees(page, "not enough money")
    sees(page, "Nothing was taken")
    expect(page.get_by_label("Card number")).to_have_value("")

    pay_with(page)

    sees(page, "Thank you")


@pytest.mark.job("payer", "in review")
def test_a_payment_that_is_looked_at_says_so(window, link):
    page = window("")
    page.goto(token(link))
    pay_with(page, "4000 0000 0000 9235")

    sees(page, "We are checking this payment")
    sees(page, "Don't pay again")


@pytest.mark.job("payer", "already paid")
def test_a_link_that_was_paid_is_closed(window, link):
    page = window("")
    page.goto(token(link))
    pay_with(page)
    sees(page, "Thank you")

    page.goto(token(link))

    sees(page, "takes no payments any more")
    sees(page, "Nothing was taken")


@pytest.mark.job("payer", "expired")
def test_a_link_that_expired_is_closed(window, places):
    page = window("")
    page.goto(f"/pay/{places['closed']}")

    sees(page, "takes no payments any more")
    expect(page.get_by_label("Card number")).to_have_count(0)


@pytest.mark.job("payer", "challenge")
@pytest.mark.parametrize(
    ("answer", "ends"), [("Yes, approve", "Thank you"), ("No, refuse", "did not go through")]
)
def test_the_bank_asks_whether_it_is_really_the_payer(window, link, answer, ends):
    page = window("")
    page.goto(token(link))
    pay_with(page, "4000 0025 0000 3155")
    sees(page, "Is this you?")

    page.get_by_role("button", name=answer).click()

    sees(page, ends)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_checkout_session_is_paid_and_leads_to_the_shop(window, world, scripts):
    session = checkout_session(world)
    page = window("", width=390, scripts=scripts)
    page.goto(urlsplit(session["url"]).path)
    sees(page, "2 × Spring reading bundle")
    pay_with(page)

    page.wait_for_url(re.compile(f"/docs/quickstart\\?session={session['id']}"))

    paid = world.api.get(f"/v1/checkout/sessions/{session['id']}")
    assert (paid["status"], paid["payment_status"]) == ("complete", "paid")


def test_a_payer_thinks_better_of_it_and_goes_back_to_the_shop(window, world):
    page = window("")
    page.goto(urlsplit(checkout_session(world)["url"]).path)

    page.get_by_role("link", name="Cancel and go back").click()

    page.wait_for_url(re.compile("/docs/errors"))


def test_what_is_wrong_is_summed_up_with_links_to_the_fields(window, link):
    page = window("")
    page.goto(token(link))
    page.get_by_label("Email").fill("ada@example.com")
    page.get_by_label("Card number").fill("4242")
    page.get_by_label("Expiry date").fill("01/20")
    page.get_by_role("button", name=re.compile("^Pay")).click()

    summary = page.locator(".problem")
    expect(summary).to_be_focused()
    summary.get_by_role("link", name="Enter an expiry date in the future.").click()
    expect(page.get_by_label("Expiry date")).to_be_focused()
    expect(page.get_by_label("Email")).to_have_value("ada@example.com")
    expect(page.get_by_label("Card number")).to_have_value("")
    assert page.title().startswith("Error:")


def test_a_form_that_is_pressed_twice_pays_once(window, world, link):
    page = window("")
    page.goto(token(link))
    page.evaluate(
        "() => document.querySelector('form[data-busy]').addEventListener('submit', (event) => "
        "{ const form = event.target; if (!form.twice) { form.twice = 1; "
        "fetch(location.href, {method: 'POST', body: new FormData(form)}); } })"
    )
    before = len(taken(world, link))
    pay_with(page)

    sees(page, "Thank you")
    assert len(taken(world, link)) == before + 1


def pay_by_keyboard(page, number: str = CARD) -> None:
    """Fill in the card form and send it without ever touching the mouse."""
    for label, typed in (
        ("^Email", "ada@example.com"),
        ("^Card number", number),
        ("^Expiry date", "12/34"),
        ("^Security code", "123"),
        ("^Name on card", "Ada Payer"),
    ):
        tab_to(page, label)
        page.keyboard.type(typed)
    tab_to(page, r"^Pay €129\.00")
    page.keyboard.press("Enter")


@pytest.mark.parametrize(
    ("number", "ends"),
    [
        pytest.param(CARD, "Thank you", marks=pytest.mark.job("payer", "paid", "by keyboard")),
        pytest.param(
            "4000 0000 0000 9995",
            "not enough money",
            marks=pytest.mark.job("payer", "declined", "by keyboard"),
        ),
        pytest.param(
            "4000 0000 0000 9235",
            "We are checking this payment",
            marks=pytest.mark.job("payer", "in review", "by keyboard"),
        ),
    ],
    ids=["paid", "declined", "in review"],
)
def test_a_payer_needs_nothing_but_the_keyboard(window, link, number, ends):
    page = window("")
    page.goto(token(link))
    pay_by_keyboard(page, number)

    sees(page, ends)


@pytest.mark.job("payer", "already paid", "by keyboard")
@pytest.mark.job("payer", "expired", "by keyboard")
def test_a_closed_page_is_read_from_its_first_stop(window, link, places):
    page = window("")
    page.goto(token(link))
    pay_by_keyboard(page)
    sees(page, "Thank you")
    for address in (token(link), f"/pay/{places['closed']}"):
        page.goto(address)
        tab_to(page, "^Skip")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"
        sees(page, "takes no payments any more")


@pytest.mark.job("payer", "paid")
def test_a_payer_reads_the_page_in_german(world, link):
    context = world.browser.new_context(base_url=world.base, locale="de-DE")
    page = context.new_page()
    page.goto(token(link))

    expect(page.get_by_role("button", name="Zahlen 129,00 €")).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "de"
    context.close()


def test_the_card_form_speaks_to_browsers_and_phones(window, link):
    page = window("", width=390)
    page.goto(token(link))
    wanted = {
        "Email": "email",
        "Card number": "cc-number",
        "Expiry date": "cc-exp",
        "Security code": "cc-csc",
        "Name on card": "cc-name",
    }
    for label, filled in wanted.items():
        field = page.get_by_label(label)
        assert field.get_attribute("autocomplete") == filled
        assert (field.bounding_box() or {})["height"] >= 44, label
    assert page.get_by_label("Card number").get_attribute("inputmode") == "numeric"

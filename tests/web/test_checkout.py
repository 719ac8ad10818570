"""The hosted page: every ending, once, with nothing of the card sent back."""

from datetime import timedelta

import pytest
from django.test import Client

from fintech.fraud import queries as fraud_queries
from fintech.kernel import clock, ids
from fintech.kernel.money import Money
from fintech.payments import queries as payment_queries
from fintech.payments import services as payments
from tests.make import payments as make
from tests.make.payments import BY, eur
from tests.web.test_actions import form
from tests.web.test_pages import text

CARD = {
    "email": "sam@example.org",
    "expiry": "10 / 31",
    "code": "123",
    "name": "Sam Payer",
}


@pytest.fixture
def link(shop):
    return payments.create_link(
        merchant_id=shop.id, title="Spring bundle", amount=eur(42_50), by=BY, at=clock.now()
    ).value


def pay(client: Client, link, number: str = "4242 4242 4242 4242", **fields: str):
    return client.post(f"/pay/{link.token}", form(number=number, **{**CARD, **fields}))


def made_by(link):
    return payment_queries.payments(link.merchant_id, link_id=link.id).items


def test_the_page_says_who_is_paid_how_much_and_for_what(client, link):
    words = text(client.get(f"/pay/{link.token}"))

    for told in ("Blue Bottle Books", "Spring bundle", "€42.50", "Pay €42.50", "Test cards"):
        assert told in words


def test_a_payer_pays_and_gets_a_receipt(client, link):
    answer = pay(client, link)

    payment = made_by(link)[0]
    assert answer["Location"] == f"/pay/{link.token}/{ids.public('pi', payment.id)}"
    assert (payment.state, payment.captured) == ("captured", eur(42_50))
    assert payment.receipt_email == "sam@example.org"
    words = text(client.get(answer["Location"]))
    for told in ("Thank you", "€42.50", "Visa ···· 4242", ids.public("pi", payment.id)):
        assert told in words


def test_a_form_that_is_sent_twice_makes_one_payment(client, link, acquirer):
    pressed = form(number="4242424242424242", **CARD)

    first = client.post(f"/pay/{link.token}", pressed)
    second = client.post(f"/pay/{link.token}", pressed)

    assert first["Location"] == second["Location"]
    assert len(made_by(link)) == 1
    assert made_by(link)[0].captured == eur(42_50)


def test_the_receipt_leads_to_what_its_reader_wants_to_be_sent(client, link):
    paid = client.get(pay(client, link)["Location"]).content.decode()

    path = paid.partition('href="/messages/')[2].partition('"')[0]

    assert client.get(f"/messages/{path}").status_code == 200


def test_a_form_that_is_sent_twice_meets_its_payment_even_where_that_used_the_link_up(client, shop):
    once = payments.create_link(
        merchant_id=shop.id, title="One seat", amount=eur(42_50), max_uses=1, by=BY, at=clock.now()
    ).value
    pressed = form(number="4242424242424242", **CARD)

    first, second = (client.post(f"/pay/{once.token}", pressed) for _ in range(2))

    assert first["Location"] == second["Location"]
    assert len(made_by(once)) == 1
    assert pay(client, once).status_code == 410


def test_a_form_that_is_sent_again_with_another_card_is_not_taken_for_the_first(client, link):
    pressed = form(number="4000000000000002", **CARD)
    client.post(f"/pay/{link.token}", pressed)

    answer = client.post(f"/pay/{link.token}", {**pressed, "number": "4242424242424242"})

    assert answer.status_code == 400
    assert [payment.captured for payment in made_by(link)] == [eur(0)]


def test_a_decline_says_why_and_takes_another_card_for_the_same_payment(client, link):
    declined = pay(client, link, "4000 0000 0000 9995")

    words = text(client.get(declined["Location"]))
    assert "The payment did not go through" in words
    assert "Not enough money on the card. Nothing was taken." in words
    assert made_by(link)[0].captured == eur(0)

    again = client.post(declined["Location"], form(number="4242424242424242", **CARD))
    assert "Thank you" in text(client.get(again["Location"]))
    assert [payment.state for payment in made_by(link)] == ["captured"]


def test_a_payment_in_review_says_not_to_pay_again(client, link):
    answer = pay(client, link, "4000000000009235")

    words = text(client.get(answer["Location"]))
    assert "We are checking this payment" in words
    assert "Don't pay again." in words


def test_a_blocked_card_reads_as_a_decline_and_reaches_no_acquirer(client, link):
    answer = pay(client, link, "4100000000000019")

    assert "The payment did not go through" in text(client.get(answer["Location"]))


@pytest.mark.parametrize(
    ("said", "ending"), [("yes", "Thank you"), ("no", "The payment did not go through")]
)
def test_a_challenged_payer_answers_and_comes_back(client, link, said, ending):
    answer = pay(client, link, "4000002760003184")
    asked = client.get(answer["Location"])
    path = asked["Location"][asked["Location"].index("/pay/") :]
    assert path.startswith("/pay/challenge/ch_")
    assert "Is this you?" in text(client.get(path))

    back = client.post(path, {"answer": said})

    assert back["Location"] == answer["Location"]
    assert ending in text(client.get(back["Location"]))
    assert client.post(path, {"answer": "yes"})["Location"] == answer["Location"]


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("email", "", "Enter your email."),
        ("email", "sam", "Enter an email in the right form"),
        ("number", "", "Enter the card number."),
        ("number", "4242", "The card number is too short or too long."),
        ("number", "abcd abcd abcd abcd", "Enter the card number with digits only."),
        ("number", "4242424242424241", "The card number is incorrect."),
        ("number", "4111111111111111", "Only the sandbox card numbers"),
        ("expiry", "", "Enter the expiry date."),
        ("expiry", "13/30", "Enter the expiry date as month and year."),
        ("expiry", "10/20", "Enter an expiry date in the future."),
        ("code", "12", "Enter 3 or 4 digits."),
        ("name", "", "Enter the name on the card."),
    ],
)
def test_what_is_wrong_is_told_in_words_and_nothing_is_stored(client, link, field, typed, told):
    fields = {"number": "4242424242424242", **CARD, field: typed}

    answer = client.post(f"/pay/{link.token}", form(**fields))

    assert answer.status_code == 400
    assert told in text(answer)
    assert f'href="#id_{field}"' in answer.content.decode()
    assert made_by(link) == ()
    assert payment_queries.link(link.id, link.merchant_id).uses == 0


def test_the_cards_number_and_code_are_never_sent_back(client, link):
    body = client.post(
        f"/pay/{link.token}",
        form(number="4111 1111 1111 1111", **{**CARD, "code": "737", "name": "Sam Payer"}),
    ).content.decode()

    assert "4111 1111" not in body
    assert 'value="737"' not in body
    assert 'value="Sam Payer"' in body
    assert 'value="sam@example.org"' in body


def test_a_payer_chooses_the_amount_where_the_link_leaves_it_open(client, shop):
    link = payments.create_link(
        merchant_id=shop.id, title="Donation", currency="JPY", by=BY, at=clock.now()
    ).value

    refused = pay(client, link, amount="10.5")
    pay(client, link, amount="1,200")

    assert "JPY has no decimals" in text(refused)
    assert [payment.amount for payment in made_by(link)] == [Money(1200, "JPY")]


def test_a_link_that_is_over_takes_nothing(client, shop):
    link = payments.create_link(
        merchant_id=shop.id, title="Once", amount=eur(1_00), max_uses=1, by=BY, at=clock.now()
    ).value
    pay(client, link)

    answer = pay(client, link)

    assert answer.status_code == 410
    assert "This page takes no payments any more" in text(answer)
    assert len(made_by(link)) == 1


def test_a_link_past_its_day_takes_nothing(client, shop):
    link = payments.create_link(
        merchant_id=shop.id,
        title="Today",
        amount=eur(1_00),
        expires_at=clock.now() + timedelta(days=1),
        by=BY,
        at=clock.now(),
    ).value

    with clock.fixed(clock.now() + timedelta(days=2)):
        answer = client.get(f"/pay/{link.token}")

    assert answer.status_code == 410


def test_an_unknown_link_and_another_links_payment_lead_nowhere(client, link, shop):
    elsewhere = make.captured(shop.id)

    assert client.get("/pay/nonsense").status_code == 404
    assert client.get(f"/pay/{link.token}/{ids.public('pi', elsewhere.id)}").status_code == 404
    assert client.get(f"/pay/challenge/{ids.public('ch', ids.new())}").status_code == 404


def test_no_test_card_is_offered_by_a_live_instance(client, link, settings):
    settings.MODE = "live"

    words = text(client.get(f"/pay/{link.token}"))

    assert "Test cards" not in words
    assert "test page" not in words


def test_a_test_payment_is_taken_from_the_desk_in_one_press(desk, shop):
    answer = desk.post("/dashboard/test-payment")
    again = desk.post("/dashboard/test-payment")

    assert answer["Location"] == again["Location"]
    assert "€42.50" in text(desk.get(answer["Location"]))
    paid = desk.post(answer["Location"], form(number="4242424242424242", **CARD))
    assert "See what happened" in text(desk.get(paid["Location"]))


def test_a_browser_that_pays_again_is_known_by_its_device(client, link):
    page = client.get(f"/pay/{link.token}")
    cookie = page.cookies["device"]
    pay(client, link)
    pay(client, link)
    pay(Client(), link)  # Somebody else's browser.

    found = fraud_queries.assessments(link.merchant_id, limit=5)

    assert (cookie["httponly"], cookie["path"], len(cookie.value)) == (True, "/pay/", 32)
    assert [each.features.device_1h for each in reversed(found)] == [0, 1, 0]

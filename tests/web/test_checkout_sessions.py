"""The hosted page of a checkout session: one sale, every ending, and the way back to the shop."""

from datetime import timedelta

import pytest

from fintech.kernel import clock, ids
from fintech.payments import data
from fintech.payments import queries as payment_queries
from fintech.payments import services as payments
from tests.make import payments as make
from tests.make.payments import BY, eur
from tests.web.test_actions import form
from tests.web.test_checkout import CARD
from tests.web.test_pages import text

THANKS = "https://example.com/thanks?session={CHECKOUT_SESSION_ID}"
CART = "https://example.com/cart"


def opened(shop, *lines, **facets):
    lines = lines or (("Spring bundle", 21_25, 2),)
    new = data.NewSession(
        lines=tuple(
            data.NewLine(
                price=data.NewPrice(
                    amount=eur(minor), product=data.NewProduct(name=name), active=False
                ),
                quantity=quantity,
            )
            for name, minor, quantity in lines
        ),
        **{"success_url": THANKS, "cancel_url": CART, **facets},
    )
    return payments.open_session(new, merchant_id=shop.id, by=BY, at=clock.now()).value


@pytest.fixture
def session(shop):
    return opened(shop)


def page(session) -> str:
    return f"/pay/session/{session.token}"


def pay(client, session, number="4242 4242 4242 4242", *, at="", **fields):
    return client.post(at or page(session), form(number=number, **{**CARD, **fields}))


def made(session):
    """The payments of the session's merchant."""
    return payment_queries.payments(session.merchant_id).items


def stands(session) -> tuple[str, str]:
    found = payment_queries.session(session.id, session.merchant_id)
    return str(found.state), str(found.outcome)


def thanks(session) -> str:
    return THANKS.replace("{CHECKOUT_SESSION_ID}", ids.public("cs", session.id))


def goes_on(answer) -> str:
    """Where a page leads by itself, or nowhere."""
    return (
        answer.content.decode()
        .partition('http-equiv="refresh" content="0;url=')[2]
        .partition('"')[0]
    )


def test_the_page_says_what_is_sold_and_how_to_go_back(client, shop):
    session = opened(shop, ("Spring bundle", 21_25, 2), ("Postage", 4_90, 1))

    answer = client.get(page(session))

    words = text(answer)
    for told in ("Blue Bottle Books", "2 × Spring bundle", "€42.50", "Postage", "€4.90"):
        assert told in words
    assert "Pay €47.40" in words
    assert f'href="{CART}"' in answer.content.decode()


def test_a_payer_pays_and_goes_on_to_the_shop(client, session):
    answer = pay(client, session)

    (payment,) = made(session)
    paid = f"{page(session)}/{ids.public('pi', payment.id)}"
    assert answer["Location"] == f"{paid}?fresh=1"
    assert (payment.captured, payment.receipt_email) == (eur(42_50), "sam@example.org")
    assert stands(session) == ("complete", "paid")
    shown = client.get(answer["Location"])
    assert goes_on(shown) == thanks(session)
    for told in ("Thank you", "€42.50", "Back to Blue Bottle Books", "Spring bundle"):
        assert told in text(shown)


def test_who_comes_back_later_reads_the_receipt_and_pays_nothing_again(client, session):
    pay(client, session)

    again = client.get(page(session), follow=True)

    assert "Thank you" in text(again)
    assert goes_on(again) == ""
    refused = pay(client, session)
    assert refused["Location"].startswith(page(session))
    assert [one.captured for one in made(session)] == [eur(42_50)]


def test_a_form_that_is_sent_twice_makes_one_payment(client, session, acquirer):
    pressed = form(number="4242424242424242", **CARD)

    first, second = (client.post(page(session), pressed) for _ in range(2))

    assert first["Location"] == second["Location"]
    assert [one.captured for one in made(session)] == [eur(42_50)]


def test_a_decline_says_why_and_takes_another_card_for_the_same_payment(client, session):
    declined = pay(client, session, "4000 0000 0000 9995")
    words = text(client.get(declined["Location"]))
    assert "Not enough money on the card. Nothing was taken." in words
    assert stands(session) == ("open", "")
    assert "The payment did not go through" in text(client.get(page(session), follow=True))

    again = pay(client, session, at=declined["Location"])

    assert goes_on(client.get(again["Location"])) == thanks(session)
    assert [(one.state, one.captured) for one in made(session)] == [("captured", eur(42_50))]


def test_a_payment_in_review_is_not_sent_on_by_itself(client, session):
    shown = client.get(pay(client, session, "4000000000009235")["Location"])

    assert "We are checking this payment" in text(shown)
    assert "Don't pay again." in text(shown)
    assert goes_on(shown) == ""
    assert f'href="{thanks(session)}"' in shown.content.decode()
    assert stands(session) == ("complete", "")


@pytest.mark.parametrize(
    ("said", "ending", "state"),
    [
        ("yes", "Thank you", ("complete", "paid")),
        ("no", "The payment did not go through", ("open", "")),
    ],
)
def test_a_challenged_payer_answers_and_comes_back(client, session, said, ending, state):
    answer = pay(client, session, "4000002760003184")
    asked = client.get(answer["Location"])["Location"]
    path = asked[asked.index("/pay/challenge/") :]

    back = client.post(path, {"answer": said})

    assert back["Location"] == answer["Location"]
    shown = client.get(back["Location"])
    assert ending in text(shown)
    assert goes_on(shown) == (thanks(session) if said == "yes" else "")
    assert stands(session) == state


def test_a_payment_that_is_not_decided_yet_waits_and_then_goes_on(client, session, acquirer):
    acquirer.lose_answers()
    answer = pay(client, session)

    waiting = client.get(answer["Location"])

    assert "Checking with your bank" in text(waiting)
    assert "Back to" not in text(waiting)
    assert '2;url=?looked=1"' in waiting.content.decode()


def test_an_expired_session_takes_nothing_and_leads_back(client, session):
    payments.expire_session(session_id=session.id, by=BY, at=clock.now())

    for answer in (client.get(page(session)), pay(client, session)):
        assert answer.status_code == 410
        assert "This page takes no payments any more" in text(answer)
        assert f'href="{CART}"' in answer.content.decode()
    assert made(session) == ()


def test_a_session_past_its_time_takes_nothing_though_the_clock_has_not_come_yet(client, session):
    declined = pay(client, session, "4000000000000002")["Location"]

    with clock.fixed(clock.now() + timedelta(hours=25)):
        answers = [client.get(page(session), follow=True), pay(client, session, at=declined)]

    assert [answer.status_code for answer in answers] == [410, 410]
    assert [one.captured for one in made(session)] == [eur(0)]


def test_the_payers_mail_is_there_where_the_shop_knows_it(client, shop):
    ada = make.customer(shop.id, email="ada@example.com")
    for facets in ({"customer_email": "ada@example.com"}, {"customer_id": ada.id}):
        assert (
            'value="ada@example.com"' in client.get(page(opened(shop, **facets))).content.decode()
        )


def test_what_is_wrong_is_told_in_words_and_begins_nothing(client, session):
    answer = pay(client, session, "4242424242424241")

    assert answer.status_code == 400
    assert "The card number is incorrect." in text(answer)
    assert made(session) == ()
    assert stands(session) == ("open", "")


def test_names_from_a_shop_are_words_and_never_markup(client, shop):
    session = opened(shop, ("<script>alert(1)</script>", 5, 1), ("B", 5, 1))

    body = client.get(page(session)).content.decode()

    assert "<script>alert(1)" not in body
    assert "&lt;script&gt;alert(1)" in body


def test_an_unknown_session_and_anothers_payment_lead_nowhere(client, session, shop):
    elsewhere = ids.public("pi", make.captured(shop.id).id)

    assert client.get("/pay/session/nonsense").status_code == 404
    assert client.get(f"{page(session)}/{elsewhere}").status_code == 404
    assert client.get(f"/pay/{session.token}").status_code == 404


def test_a_session_is_read_in_the_payers_language(client, session):
    answer = client.get(page(session), headers={"Accept-Language": "de"})

    assert "Abbrechen und zurückgehen" in text(answer)

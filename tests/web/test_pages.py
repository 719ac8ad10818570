"""The dashboard's pages: what they show, and that they show it in words."""

import re
from datetime import timedelta

import pytest
from django_subatomic import db

from fintech.audit import services as audit
from fintech.kernel import clock, event_log, ids, proof
from fintech.notifications import handlers as notifications
from fintech.payments import services as payments
from fintech.web import queries
from fintech.wire import json as wire_json
from fintech.wire import payment_intents
from tests.make import notifications as make_notifications
from tests.make import payments as make
from tests.make.merchants import NOON, PASSWORD
from tests.make.payments import BY, eur
from tests.web.conftest import OWNER

PAGES = (
    "",
    "payments",
    "links",
    "balance",
    "wallets",
    "keys",
    "webhooks",
    "requests",
    "team",
    "customers",
)


def text(answer) -> str:
    """The words of a page, without its marks."""
    body = re.sub(r"<(script|style)\b.*?</\1>", "", answer.content.decode(), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def path_of(payment, rest: str = "") -> str:
    return f"/dashboard/payments/{ids.public('pi', payment.id)}{rest}"


@pytest.mark.parametrize("page", PAGES)
def test_every_page_stands_before_anything_has_happened(desk, page):
    answer = desk.get(f"/dashboard/{page}")

    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("page", PAGES)
def test_every_page_asks_who_you_are(client, shop, page):
    answer = client.get(f"/dashboard/{page}")

    assert answer.status_code == 302
    assert answer["Location"] == f"/accounts/login/?next=/dashboard/{page}"


def test_an_owner_signs_in_and_comes_home(client, shop):
    page = client.get("/login", follow=True)
    assert "Sign in" in text(page)

    answer = client.post("/accounts/login/", {"login": OWNER, "password": PASSWORD})

    assert answer.status_code == 302
    assert answer["Location"] == "/dashboard/"


def test_a_wrong_password_is_told_at_the_form(client, shop):
    answer = client.post("/accounts/login/", {"login": OWNER, "password": "wrong wrong wrong"})

    assert answer.status_code == 200
    assert "There is a problem" in text(answer)


def test_the_timeline_tells_the_whole_story(desk, shop, hear):
    make_notifications.endpoint(shop)
    payment = make.captured(shop.id, eur(42_50))
    payments.refund(
        merchant_id=shop.id,
        payment_id=payment.id,
        amount=eur(10_00),
        reason="duplicate",
        by=BY,
        at=NOON,
    )
    hear()

    words = text(desk.get(path_of(payment)))

    for told in (
        "Payment of €42.50 created",
        "Payer confirmed with a card",
        "Risk ",
        "€42.50 authorized",
        "€42.50 captured",
        "Booked: authorization, pending",
        "Booked: capture and fee",
        "Your pending balance",
        "Refund of €10.00 asked for",
        "€10.00 refunded",
        "Booked: refund",
    ):
        assert told in words, told


def test_the_reasons_of_a_block_are_shown_with_their_points(desk, shop, hear):
    payment = make.confirmed(shop.id, eur(6_00), token="blocked")
    hear()

    words = text(desk.get(path_of(payment)))

    assert "of 100: blocked" in words
    assert "This sandbox card is always blocked." in words
    assert "No bank was asked and nothing was taken." in words


def test_webhooks_that_were_sent_are_steps_of_the_timeline(desk, shop, hear):
    make_notifications.endpoint(shop)
    payment = make.captured(shop.id, eur(42_50))
    hear()
    with db.transaction():
        notifications.hear(event_log.after(0, 10_000))

    words = text(desk.get(path_of(payment)))

    assert "wait to be sent" in words or "waits to be sent" in words
    assert "payment_intent.succeeded" in words


def test_the_raw_view_holds_the_bytes_of_the_wire(desk, shop, hear):
    payment = make.captured(shop.id, eur(42_50))
    sent = wire_json.dumps(payment_intents.render(make.now(payment)))

    answer = desk.get(path_of(payment, "/raw"))

    assert answer.context["sent"].encode() == sent
    assert f"{len(sent)} bytes" in text(answer)


def test_a_payment_that_moves_is_looked_at_again_and_a_resting_one_is_not(desk, shop, hear):
    waiting = make.challenged(shop.id, eur(9_00))
    resting = make.captured(shop.id, eur(9_00))
    hear()

    assert b'hx-trigger="load delay:1s"' in desk.get(path_of(waiting)).content
    later = desk.get(path_of(waiting, "/timeline"), {"looked": "5"}).content
    assert b'hx-trigger="load delay:8s"' in later
    assert b"hx-trigger" not in desk.get(path_of(waiting, "/timeline"), {"looked": "99"}).content
    assert b"hx-trigger" not in desk.get(path_of(resting)).content


def test_a_payments_page_says_whether_the_payer_confirmed_and_who_is_liable(desk, shop):
    payment = make.challenged(shop.id)
    assert "Payer confirmed Not yet: the bank has asked" in text(desk.get(path_of(payment)))
    payments.answer_challenge(attempt_id=payment.latest_attempt.id, passed=True, by=BY, at=NOON)

    words = text(desk.get(path_of(payment)))

    assert "Payer confirmed Yes, with their bank" in words
    assert "Liable for fraud The bank that issued the card: the payer has confirmed" in words
    unasked = text(desk.get(path_of(make.captured(shop.id))))
    assert "Payer confirmed" not in unasked
    assert "Liable for fraud You, if the payer says it was somebody else" in unasked


def test_a_page_that_has_been_overtaken_is_asked_to_load_anew(desk, shop, hear):
    payment = make.captured(shop.id, eur(9_00))
    hear()
    path = path_of(payment, "/timeline")

    assert desk.get(path, {"seen": "processing-0-0"})["HX-Refresh"] == "true"
    assert "HX-Refresh" not in desk.get(path, {"seen": "captured-900-0"})


def test_a_timeline_that_has_yet_to_hear_looks_again(desk, shop, hear):
    payment = make.captured(shop.id, eur(9_00))
    assert b"hx-trigger" in desk.get(path_of(payment)).content
    hear()
    assert b"hx-trigger" not in desk.get(path_of(payment)).content
    payments.refund(merchant_id=shop.id, payment_id=payment.id, by=BY, at=NOON)

    assert b"hx-trigger" in desk.get(path_of(payment)).content


def test_home_counts_what_was_taken(desk, shop, hear):
    with clock.fixed(NOON):
        make.captured(shop.id, eur(42_50))
        make.confirmed(shop.id, eur(5_00), token="insufficient_funds")
        make.in_review(shop.id, eur(7_00))
        hear()

        words = text(desk.get("/dashboard/"))

    assert "Taken €42.50" in words
    assert "Success rate 66.7%" in words
    assert "1 payment waits for a review" in words


def test_the_list_is_paged_by_its_keys_and_neither_loses_nor_repeats(desk, shop, hear):
    made = [
        make.captured(shop.id, eur(100 + number), at=NOON + timedelta(seconds=number // 2)).id
        for number in range(7)
    ]
    hear()
    newest_first = list(reversed(made))

    first = queries.payments(shop.id, limit=3)
    second = queries.payments(shop.id, limit=3, after=first.older)
    third = queries.payments(shop.id, limit=3, after=second.older)
    back = queries.payments(shop.id, limit=3, before=third.newer)

    pages = [[line.id for line in page.lines] for page in (first, second, third)]
    assert [one for page in pages for one in page] == newest_first
    assert (first.newer, third.older) == ("", "")
    assert [line.id for line in back.lines] == pages[1]


@pytest.mark.parametrize("mark", ["x", "1-2", "99999999999999999999999-0", "1-zz", "\x00"])
def test_a_mark_that_is_none_is_as_good_as_none(desk, shop, hear, mark):
    make.captured(shop.id, eur(1_00))
    hear()

    answer = desk.get("/dashboard/payments", {"after": mark})

    assert answer.status_code == 200
    assert "€1.00" in text(answer)


@pytest.mark.parametrize(
    ("asked", "amounts"),
    [
        ({"state": "captured"}, ["€42.50"]),
        ({"state": "declined"}, ["€5.00"]),
        ({"state": "in_review"}, ["€7.00"]),
        ({"currency": "EUR", "min": "6", "max": "10"}, ["€7.00"]),
        ({"currency": "JPY"}, []),
        ({"day": "2026-11-02"}, ["€7.00", "€5.00", "€42.50"]),
        ({"day": "2026-11-01"}, []),
        ({"state": "nonsense"}, ["€7.00", "€5.00", "€42.50"]),
    ],
)
def test_the_list_shows_what_was_asked_for(desk, shop, hear, asked, amounts):
    make.captured(shop.id, eur(42_50))
    make.confirmed(shop.id, eur(5_00), token="insufficient_funds")
    make.in_review(shop.id, eur(7_00))
    hear()

    answer = desk.get("/dashboard/payments", asked)

    assert [str(row["line"].amount) for row in answer.context["lines"]] == [
        f"{amount.removeprefix('€')} EUR" for amount in amounts
    ]


def test_an_amount_without_a_currency_is_asked_back(desk, shop, hear):
    answer = desk.get("/dashboard/payments", {"min": "5"})

    assert "Choose a currency to filter by amount." in text(answer)


def test_search_finds_a_payment_by_its_id(desk, shop):
    payment = make.captured(shop.id)

    answer = desk.get("/dashboard/search", {"q": f" {ids.public('pi', payment.id)} "})

    assert answer["Location"] == path_of(payment)


@pytest.mark.parametrize(
    ("wanted", "leads_to"),
    [
        ("42.50", "/dashboard/payments?currency=EUR&min=42.50&max=42.50"),
        ("Declined", "/dashboard/payments?state=declined"),
        ("in review", "/dashboard/payments?state=in_review"),
    ],
)
def test_search_understands_amounts_and_states(desk, wanted, leads_to):
    assert desk.get("/dashboard/search", {"q": wanted})["Location"] == leads_to


def test_a_search_that_finds_nothing_says_so_and_escapes_what_was_typed(desk):
    answer = desk.get("/dashboard/search", {"q": "<script>alert(1)</script>"})

    assert "Nothing fits" in text(answer)
    assert b"<script>alert" not in answer.content


def test_what_merchants_type_is_text_and_never_marks(desk, shop, hear):
    payment = payments.create(
        merchant_id=shop.id,
        amount=eur(1_00),
        description="<img src=x onerror=alert(1)>",
        metadata={"<b>": "<i>"},
        by=BY,
        at=NOON,
    ).value
    hear()

    for page in (path_of(payment), path_of(payment, "/raw"), "/dashboard/payments"):
        body = desk.get(page).content
        assert b"<img" not in body
        assert b"<b>" not in body.replace(b"<b>\xe2\x82\xac", b"")


def test_pages_ask_the_database_a_bounded_number_of_times(
    desk, shop, hear, django_assert_max_num_queries
):
    payment = make.captured(shop.id)
    for _ in range(30):
        make.captured(shop.id, eur(2_00))
    hear()

    with django_assert_max_num_queries(16):
        desk.get("/dashboard/payments")
    with django_assert_max_num_queries(22):
        desk.get(path_of(payment))
    with django_assert_max_num_queries(24):
        desk.get("/dashboard/")


def test_the_theme_is_kept_and_leads_nowhere_else(desk):
    answer = desk.post("/dashboard/theme", {"theme": "dark", "next": "https://evil.example/"})
    assert answer["Location"] == "/dashboard/"
    assert b'data-theme="dark"' in desk.get("/dashboard/").content

    answer = desk.post("/dashboard/theme", {"theme": "", "next": "/dashboard/keys"})
    assert answer["Location"] == "/dashboard/keys"
    assert b"data-theme" not in desk.get("/dashboard/").content


def test_a_page_that_does_not_exist_says_so(desk):
    answer = desk.get("/dashboard/payments/pi_0")

    assert answer.status_code == 404
    assert "This page does not exist" in text(answer)


@pytest.mark.django_db(transaction=True)
def test_a_sealed_payment_shows_its_proof_and_gives_it_away(desk, shop, hear):
    payment = make.captured(shop.id, eur(42_50))
    hear()
    assert "are not sealed yet" in text(desk.get(path_of(payment, "/proof")))

    audit.seal()

    assert "a root that our key has signed" in text(desk.get(path_of(payment, "/proof")))
    kept = desk.get(path_of(payment, "/proof"), {"form": "json"}).json()
    head = kept["head"]
    assert proof.included(
        bytes.fromhex(kept["leaf"]),
        index=kept["index"],
        size=head["size"],
        proof=[bytes.fromhex(one) for one in kept["path"]],
        root=bytes.fromhex(head["root"]),
    )
    signed = proof.Head(
        origin=kept["log"],
        number=head["number"],
        size=head["size"],
        root=bytes.fromhex(head["root"]),
        previous=bytes.fromhex(head["previous"]),
        sealed_at_us=head["sealed_at_us"],
    )
    assert proof.verified(
        bytes.fromhex(kept["signature"]["public_key"]),
        bytes.fromhex(kept["signature"]["value"]),
        signed.statement(),
    )


def test_a_customers_page_shows_who_they_are_and_what_they_paid(desk, shop, hear):
    ada = make.customer(shop.id)
    make.captured(shop.id, eur(42_50), customer_id=ada.id)
    make.captured(shop.id, eur(7_00))
    hear()

    assert "ada@example.com" in text(desk.get("/dashboard/customers"))
    words = text(desk.get(f"/dashboard/customers/{ids.public('cus', ada.id)}"))
    assert "ada@example.com" in words
    assert "€42.50" in words
    assert "€7.00" not in words
    for wanted in (ids.public("cus", ada.id), "ada@example.com"):
        found = desk.get("/dashboard/search", {"q": wanted})
        assert found["Location"] == f"/dashboard/customers/{ids.public('cus', ada.id)}"


def test_every_step_of_a_timeline_leads_on(desk, shop, hear):
    """A payment that was confirmed through the API, captured, booked and refunded in part."""
    payment = make.captured(shop.id, eur(42_50))
    payments.refund(
        merchant_id=shop.id, payment_id=payment.id, amount=eur(5), by=BY, at=clock.now()
    )
    hear()

    steps = desk.get(path_of(payment)).context["steps"]

    assert len(steps) >= 7
    assert [step.title for step in steps if not step.links] == []
    for url in {url for step in steps for url, _ in step.links}:
        assert desk.get(url).status_code == 200, url

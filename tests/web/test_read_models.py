"""The read models are a function of the log: hearing twice, late or anew changes nothing."""

import contextlib
import random

import pytest

from fintech.kernel import event_log, subscriptions
from fintech.ledger import queries as ledger_queries
from fintech.payments import data
from fintech.payments import queries as payment_queries
from fintech.payments import services as payments
from fintech.payments.errors import CardDeclined
from fintech.web import handlers, queries, services
from fintech.web.data import Funnel as Reached
from fintech.web.models import DayTotal, Funnel, Payment, Timeline
from tests.make import payments as make
from tests.make.merchants import NOON
from tests.make.payments import BY, eur


def rows() -> list[list[dict[str, object]]]:
    models = (Timeline, Payment, DayTotal, Funnel)
    return [list(model.objects.order_by("pk").values()) for model in models]


@pytest.fixture
def busy(shop):
    """A day of a shop: taken, refunded in part, reserved, declined, blocked, in review."""
    taken = make.captured(shop.id, eur(42_50))
    payments.refund(merchant_id=shop.id, payment_id=taken.id, amount=eur(10_00), by=BY, at=NOON)
    make.authorized(shop.id, eur(8_00))
    make.confirmed(shop.id, eur(5_00), token="insufficient_funds")
    make.confirmed(shop.id, eur(6_00), token="blocked")
    make.in_review(shop.id, eur(7_00))
    link = payments.create_link(
        merchant_id=shop.id, title="Tea", amount=eur(3), by=BY, at=NOON
    ).value
    for _ in range(3):
        services.note_opened(page_id=link.id, merchant_id=shop.id, by=BY, at=NOON)
    for token in ("visa", "insufficient_funds", None):
        begun = payments.pay_by_link(
            token=link.token, receipt_email="ada@example.com", by=BY, at=NOON
        ).value
        with contextlib.suppress(CardDeclined):
            if token:
                payments.confirm(
                    merchant_id=shop.id, payment_id=begun.id, token=token, by=BY, at=NOON
                )
    return taken


def test_a_payments_line_says_what_the_payment_says(shop, busy, hear):
    hear()

    line = next(one for one in queries.payments(shop.id).lines if one.id == busy.id)
    payment = make.now(busy)
    assert line.state == payment.state == "captured"
    assert line.amount == payment.amount == eur(42_50)
    assert line.captured == payment.captured == eur(42_50)
    assert line.refunded == payment.refunded == eur(10_00)
    assert line.fee == payment.fee
    assert line.score == payment.latest_attempt.score


def test_a_day_adds_up(shop, busy, hear):
    hear()

    day = queries.period(shop.id, "EUR", until=NOON.date(), days=1).days[0]
    assert (day.created, day.authorized, day.declined, day.blocked) == (8, 4, 2, 1)
    assert (day.captures, day.captured_minor) == (2, 42_53)
    assert (day.refunds, day.refunded_minor) == (1, 10_00)
    assert day.fee_minor > make.now(busy).fee.minor


def test_a_funnel_says_who_opened_who_tried_and_who_paid(shop, stranger, busy, hear):
    hear()

    day = NOON.date()
    assert queries.funnel(shop.id, since=day, until=day) == Reached(opened=3, tried=2, paid=1)
    link = payment_queries.links(shop.id).items[0]
    assert queries.funnels(shop.id, [link.id]) == {link.id: Reached(opened=3, tried=2, paid=1)}
    assert queries.funnel(stranger.id, since=day, until=day) == Reached()
    assert queries.funnels(stranger.id, [link.id]) == {}


def test_a_checkout_session_is_a_page_of_the_funnel_too(shop, hear):
    price = data.NewPrice(amount=eur(5), product=data.NewProduct(name="Tea"), active=False)
    new = data.NewSession(lines=(data.NewLine(price=price),), success_url="https://example.com")
    session = payments.open_session(new, merchant_id=shop.id, by=BY, at=NOON).value
    services.note_opened(page_id=session.id, merchant_id=shop.id, by=BY, at=NOON)
    begun = payments.pay_by_session(token=session.token, by=BY, at=NOON).value
    payments.confirm(merchant_id=shop.id, payment_id=begun.id, token="visa", by=BY, at=NOON)
    hear()

    reached = {session.id: Reached(opened=1, tried=1, paid=1)}
    assert queries.funnels(shop.id, [session.id]) == reached


def test_a_line_names_the_card_that_was_tried(shop, busy, hear):
    hear()

    ending = next(one.last4 for one in queries.payments(shop.id).lines if one.id == busy.id)
    assert ending == make.now(busy).card.last4 == "4242"
    assert queries.has_card(shop.id, "4242")
    assert not queries.has_card(shop.id, "0000")


def test_hearing_twice_counts_once(busy, hear):
    hear()
    before = rows()

    hear()

    assert rows() == before


def test_the_order_of_windows_does_not_matter(busy, hear):
    """A rebuild and the subscription may fold the same log from two ends."""
    hear()
    in_order = rows()
    for model in (Timeline, Payment, DayTotal, Funnel):
        model.objects.all().delete()
    source = ledger_queries.journal_source()
    everything = event_log.after(0, 10_000) + source.read(
        low=0, high=2**63 - 1, position=0, limit=10_000
    )
    random.Random(7).shuffle(everything)

    for one in everything:
        handlers.hear([one])

    assert rows() == in_order


def test_a_rebuild_gives_the_same_rows(busy, hear):
    hear()
    before = rows()

    folded = services.rebuild()

    assert rows() == before
    assert folded == len(before[0])


def test_the_timeline_holds_nothing_personal(shop, hear):
    make.confirmed(shop.id, eur(1_00))
    payments.create(
        merchant_id=shop.id,
        amount=eur(1_00),
        description="For Ada Lovelace",
        receipt_email="ada@example.com",
        by=BY,
        at=NOON,
    )
    hear()

    told = str(list(Timeline.objects.values()))
    assert "Ada" not in told
    assert "ada@example.com" not in told


def test_nobody_elses_timeline_is_told(shop, stranger, busy, hear):
    hear()

    assert queries.timeline(busy.id, shop.id)
    assert queries.timeline(busy.id, stranger.id) == []
    assert queries.payments(stranger.id).lines == ()


@pytest.mark.django_db(transaction=True)
def test_what_is_committed_is_seen_by_the_subscription(shop):
    payment = make.captured(shop.id, eur(42_50))
    wired = [one for one in subscriptions.all_subscriptions() if one.name == "web"]

    subscriptions.catch_up(wired)

    kinds = [item.kind for item in queries.timeline(payment.id, shop.id)]
    assert "payment_captured" in kinds
    assert "journal_capture_card" in kinds
    assert [line.id for line in queries.payments(shop.id).lines] == [payment.id]


def test_applying_takes_the_same_number_of_statements_whatever_the_window(
    shop, hear, django_assert_max_num_queries
):
    for _ in range(12):
        make.captured(shop.id, eur(3_00))
    window = event_log.after(0, 10_000)

    with django_assert_max_num_queries(11):
        handlers.hear(window)

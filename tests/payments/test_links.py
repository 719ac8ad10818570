"""Payment links: fixed and open amounts, uses, and an end."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fintech.kernel import event_log
from fintech.kernel.money import Money
from fintech.payments import data, errors, queries
from fintech.payments import services as payments
from fintech.payments.models import Link, Payment
from fintech.wallets import services as wallets
from tests.make import payments as make
from tests.make.merchants import NOON
from tests.make.payments import BY, eur

pytestmark = pytest.mark.django_db


def create(shop, **facets):
    return payments.create_link(
        merchant_id=shop.id, **{"title": "Tea", "amount": eur(4_00), **facets}, by=BY, at=NOON
    ).value


def pay(link, amount=None, *, at=NOON, **facets):
    return payments.pay_by_link(token=link.token, amount=amount, by=BY, at=at, **facets).value


def test_a_link_with_an_amount_is_paid(shop):
    link = create(shop)

    payment = pay(link)

    assert (payment.amount, payment.link_id, payment.description) == (eur(4_00), link.id, "Tea")
    paid = payments.confirm(
        merchant_id=shop.id, payment_id=payment.id, token="visa", by=BY, at=NOON
    ).value
    assert paid.captured == eur(4_00)
    assert queries.link(link.id, shop.id).uses == 1
    assert list(queries.payments(shop.id, link_id=link.id)) == [paid]


def test_an_open_link_takes_what_the_payer_chooses(shop):
    link = create(shop, amount=None, currency="EUR")
    assert pay(link, eur(7)).amount == eur(7)
    for wrong in (None, Money(7, "USD")):
        with pytest.raises(errors.ParameterInvalid):
            pay(link, wrong)
    with pytest.raises(errors.AmountTooSmall):
        pay(link, eur(0))
    assert queries.link(link.id, shop.id).uses == 1


def test_a_fixed_amount_is_fixed(shop):
    link = create(shop)
    with pytest.raises(errors.ParameterInvalid, match="fixed"):
        pay(link, eur(1))
    assert not Payment.objects.exists()


def test_a_link_can_be_used_up_and_a_canceled_payment_gives_its_use_back(shop):
    link = create(shop, max_uses=1)
    payment = pay(link)
    with pytest.raises(errors.LinkNotFound):
        pay(link)
    with pytest.raises(errors.LinkNotFound):
        queries.open_link(link.token, at=NOON)

    payments.cancel(merchant_id=shop.id, payment_id=payment.id, by=BY, at=NOON)

    assert queries.open_link(link.token, at=NOON).uses == 0
    pay(link)


def test_a_link_ends(shop):
    link = create(shop, expires_at=NOON + timedelta(hours=1))
    pay(link, at=NOON + timedelta(minutes=59))
    with pytest.raises(errors.LinkNotFound):
        pay(link, at=NOON + timedelta(hours=1))


def test_a_link_is_switched_off_and_renamed(shop):
    link = create(shop)
    changed = payments.update_link(
        merchant_id=shop.id, link_id=link.id, active=False, title="Green tea", by=BY, at=NOON
    ).value
    assert (changed.active, changed.title) == (False, "Green tea")
    with pytest.raises(errors.LinkNotFound):
        pay(link)
    with pytest.raises(errors.LinkNotFound):
        payments.update_link(
            merchant_id=make.merchant().id, link_id=link.id, active=True, by=BY, at=NOON
        )


def test_a_form_sent_twice_begins_one_payment(shop):
    link = create(shop)
    first = pay(link, key=make.key(link.id, "form"))
    second = pay(link, key=make.key(link.id, "form"))
    assert first == second
    assert queries.link(link.id, shop.id).uses == 1


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"title": ""}, errors.ParameterInvalid),
        ({"title": "x" * 201}, errors.ParameterInvalid),
        ({"amount": eur(0)}, errors.AmountTooSmall),
        ({"amount": None}, errors.CurrencyNotSupported),
        ({"amount": None, "currency": "XXX"}, errors.CurrencyNotSupported),
        ({"max_uses": 0}, errors.ParameterInvalid),
        ({"expires_at": NOON}, errors.ParameterInvalid),
    ],
)
def test_bad_input_makes_no_link(shop, wrong, error):
    with pytest.raises(error):
        create(shop, **wrong)
    assert not Link.objects.exists()


def begin_at(link, *, minor=4_00, token="visa", key=None):
    new = data.NewPayment(amount=eur(minor), link_id=link.id)
    return data.Begin(merchant_id=link.merchant_id, at=NOON, new=new, token=token, key=key)


def test_payments_that_begin_in_a_batch_count_too_as_far_as_the_link_goes(shop):
    link, other = create(shop, max_uses=2), create(shop)
    elsewhere = create(make.merchant())

    begun = payments.confirm_all(
        [
            begin_at(link),
            begin_at(link, minor=0),
            begin_at(other, token="declined"),
            begin_at(link),
            begin_at(link),
            replace(begin_at(elsewhere), merchant_id=shop.id),
        ],
        by=BY,
    )

    refused = [type(one.refusal).__name__ if one.refusal else None for one in begun]
    no = "LinkNotFound"
    assert refused == [None, "AmountTooSmall", None, None, no, no]
    assert [queries.link(one.id, one.merchant_id).uses for one in (link, other, elsewhere)] == [
        *(2, 1),
        0,
    ]
    assert [fact.name for fact in event_log.stream("payments.link", link.id)] == [
        "payments.link_created.v1",
        *("payments.link_used.v1",) * 2,
    ]
    assert Payment.objects.count() == 3


def test_what_a_limit_refuses_or_a_key_repeats_uses_no_link(shop):
    link = create(shop)
    once = make.key(shop.id, "once")
    window = {"window": "rolling", "seconds": 86_400, "maximum": 1}
    wallets.create_limit(
        merchant_id=shop.id, scope="merchant", kind="count", **window, by=BY, at=NOON
    )
    first = payments.confirm_all([begin_at(link, key=once)], by=BY)[0]

    again, refused = payments.confirm_all([begin_at(link, key=once), begin_at(link)], by=BY)

    assert again.payment.id == first.payment.id
    assert isinstance(refused.refusal, errors.LimitExceeded)
    assert queries.link(link.id, shop.id).uses == 1

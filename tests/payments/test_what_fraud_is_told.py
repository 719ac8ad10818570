"""What a payment tells fraud of its payer: in hashes, codes and ages, never in the clear."""

from datetime import timedelta

import pytest
from django.db import connection

from fintech.fraud import queries as fraud_queries
from fintech.fraud.models import Assessment
from fintech.payments import errors, queries
from fintech.payments import services as payments
from tests.make import payments as make
from tests.make.merchants import NOON
from tests.make.payments import BY

pytestmark = pytest.mark.django_db


def known_of(payment):
    (assessment,) = fraud_queries.assessments(payment.merchant_id, payment_id=payment.id, limit=2)
    return assessment.features


def test_a_device_is_counted_and_only_its_hash_is_kept(shop):
    first = make.confirmed(shop.id, device="Sam's phone")
    again = make.confirmed(shop.id, device="Sam's phone", at=NOON + timedelta(minutes=1))
    other = make.confirmed(shop.id, device="Another", at=NOON + timedelta(minutes=2))

    assert [known_of(each).device_1h for each in (first, again, other)] == [0, 1, 0]
    hashed = queries.hash_of("device", "Sam's phone")
    assert Assessment.objects.filter(device_hash=hashed).count() == 2
    assert len(hashed) == 40
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM fraud_assessment a WHERE a::text LIKE '%Sam%'")
        assert cursor.fetchone() == (0,)


def test_a_bill_to_another_country_than_the_cards_is_a_reason(shop):
    card = make.card(shop.id, billing_country="br")

    payment = make.confirmed(shop.id, token="", payment_method_id=card.id)

    known = known_of(payment)
    assert (known.card_country, known.billing_country, known.billing_abroad) == ("US", "BR", True)
    assert payment.latest_attempt.score == 15  # 10 for the bill, 5 for a card never seen.


def test_no_country_is_no_bill_and_an_unknown_one_is_refused(shop):
    assert known_of(make.confirmed(shop.id)).billing_country == ""

    with pytest.raises(errors.ParameterInvalid, match="no country's code"):
        make.card(shop.id, billing_country="XX")

    assert queries.payment_methods(shop.id, limit=10).items[0].billing_country == ""


@pytest.mark.parametrize("is_new", [True, False])
def test_a_customers_age_is_that_of_the_merchants_record(shop, is_new):
    """Of a payment made in the same step, and of one that waited."""
    anna = make.customer(shop.id, at=NOON - timedelta(days=40, hours=1))
    if is_new:
        payment = make.confirmed(shop.id, customer_id=anna.id)
    else:
        waiting = make.created(shop.id, customer_id=anna.id)
        payment = payments.confirm(
            merchant_id=shop.id, payment_id=waiting.id, token="visa", by=BY, at=NOON
        ).value

    assert known_of(payment).customer_age_days == 40


def test_names_are_compared_and_stay_outside(shop):
    anna = make.customer(shop.id, name="Anna Åberg", email="x@example.com")
    hers = make.card(
        shop.id, billing_name="ABERG, ANNA", billing_email="anna.aberg+shop@example.com"
    )
    his = make.card(shop.id, billing_name="Bo Dahl", billing_email="anna.aberg7@example.com")

    def told(card):
        payment = make.confirmed(shop.id, token="", payment_method_id=card.id, customer_id=anna.id)
        known = known_of(payment)
        return known.name_match, known.mail_match

    assert [told(hers), told(his)] == [(100, 100), (20, 20)]
    known = known_of(make.confirmed(shop.id))
    assert (known.name_match, known.mail_match) == (-1, -1)


def test_nobodys_age_is_unknown(shop):
    assert known_of(make.confirmed(shop.id)).customer_age_days == -1

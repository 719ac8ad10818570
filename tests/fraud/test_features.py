"""The snapshot of an attempt: what is counted, compared and kept, and that it stays readable."""

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fintech.fraud import data, queries, serving
from fintech.fraud.data import Features
from fintech.fraud.rules import judge
from tests.fraud import expected
from tests.make import fraud as make

ANNA = UUID("01900000-0000-7000-8000-0000000000aa")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# As it was stored before schema 2: what has its default is there too.
FIRST = json.loads(
    '{"ip_1h": 3, "night": false, "bands": [], "draw": 4711, "fails": "open", "ip_24h": 9,'
    ' "listed": ["ip:review"], "mode": "enforce", "schema": 1, "weekend": true, "card_1h": 7,'
    ' "explore": 0, "ruleset": "", "card_24h": 8, "currency": "EUR", "degraded": "",'
    ' "email_1h": 0, "card_seen": true, "email_24h": 0, "ip_abroad": true, "ip_country": "BR",'
    ' "customer_1h": 0, "amount_minor": 250000, "card_country": "DE", "customer_24h": 0,'
    ' "ip_cards_24h": 9, "sandbox_risk": "normal", "ceiling_minor": 0, "customer_known": true,'
    ' "email_cards_24h": 0, "card_declines_24h": 4, "customer_payments": 12,'
    ' "email_thrown_away": false, "merchant_payments": 100, "customer_mean_minor": 2050,'
    ' "merchant_mean_minor": 4100, "moved_within_minutes": 31, "customer_has_used_card": false,'
    ' "customer_deviation_minor": 33, "merchant_deviation_minor": 900,'
    ' "customer_has_used_country": true}'
)
SAID_THEN = [
    ("list_review", 50),
    ("customer_amount", 40),
    ("velocity_card_1h", 9),
    ("card_declines", 20),
    ("customer_new_card", 10),
    ("moved", 25),
    ("clamp", -54),
]


def test_a_snapshot_of_the_first_schema_says_what_it_said_then():
    """Bit for bit, though a hundred features have come since."""
    known = Features.restored(FIRST)
    judged = judge(known)

    assert known.schema == 1
    assert [(reason.code, reason.weight) for reason in judged.reasons] == SAID_THEN
    assert (judged.score, judged.decision) == (100, data.Decision.BLOCK)
    assert {name: known.as_mapping()[name] for name in FIRST} == FIRST
    assert len(serving.vector(known, "payments.1")) == 25


def test_a_snapshot_is_kept_without_what_is_by_default():
    known = Features(amount_minor=20_00, currency="EUR", ip_7d=3, bands=(95, 75, 60))

    kept = json.loads(json.dumps(known.stored()))

    assert kept == {
        "schema": 3,
        "amount_minor": 20_00,
        "currency": "EUR",
        "ip_7d": 3,
        "bands": [95, 75, 60],
    }
    assert Features.restored(kept) == known


def test_nothing_in_a_snapshot_could_name_a_person():
    """Integers, yes and no, codes: no text is longer than a code, whatever was asked with."""
    codes = {field.name for field in fields(Features) if field.type in {"str", str}}
    assert codes == {
        "currency",
        "card_country",
        "sandbox_risk",
        "ruleset",
        "ip_country",
        "mode",
        "fails",
        "degraded",
        "counted",
        "billing_country",
    }


SEEN = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c"]),  # the card
        st.sampled_from(["i", "j", None]),  # the address
        st.sampled_from(["EUR", "USD"]),
        st.integers(1, 500_00),
        # Around the edges of every window, to the microsecond.
        st.sampled_from([timedelta(), HOUR, DAY, 7 * DAY, 20 * DAY]),
        st.integers(-2, 2),
    ),
    max_size=25,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seen=SEEN)
@pytest.mark.django_db
def test_what_is_counted_is_what_a_loop_counts(seen):
    earlier = [
        make.question(
            card=card,
            ip=ip,
            device=f"device-{ip}",
            bin="400000",
            customer=ANNA,
            email="e" if card == "a" else None,
            currency=currency,
            minor=minor,
            at=make.NOON - before + timedelta(microseconds=shift),
        )
        for card, ip, currency, minor, before, shift in seen
    ]
    with expected.undone():
        for question in earlier:
            make.assessed(question)
        asked = make.question(
            card="a", ip="i", device="device-i", bin="400000", customer=ANNA, email="e"
        )
        (known,) = queries.gather([asked])

    assert expected.told(known) == expected.counted(asked, earlier)
    assert known.counted == "history"


def test_counts_stop_at_the_newest_hundred(db):
    for start in range(0, 120, 40):
        make.assessed(
            *[
                make.question(card=f"c{n % 7}", ip="i", minor=1_00, at=make.NOON - n * HOUR / 60)
                for n in range(start, start + 40)
            ]
        )

    (known,) = queries.gather([make.question(ip="i")])

    assert (known.ip_1h, known.ip_24h, known.ip_sum_24h_minor) == (60, 100, 100_00)
    assert known.ip_cards_7d == 7


def test_the_clock_is_the_payers(db):
    """One in the morning in Berlin on a Saturday; in New York it is Friday evening."""
    at = datetime(2026, 11, 6, 23, 30, tzinfo=UTC)
    (here,) = queries.gather([make.question(at=at, ip_country="DE")])
    (there,) = queries.gather([make.question(at=at, ip_country="US")])
    (nowhere,) = queries.gather([make.question(at=at, country="")])

    assert (here.night, here.weekend) == (True, True)
    assert (there.night, there.weekend) == (False, False)
    assert (nowhere.night, nowhere.weekend) == (False, False)


def test_a_journey_has_a_speed(db):
    """Berlin to São Paulo in five hours is no flight; in fourteen it is."""
    given = {"customer": ANNA, "card": "c"}
    make.assessment(ip_country="DE", **given)
    fast = make.assessment(ip_country="BR", at=make.NOON + 5 * HOUR, **given)
    slow = make.assessment(ip_country="DE", at=make.NOON + 19 * HOUR, **given)

    assert fast.features.moved_km == slow.features.moved_km == 10_245
    assert fast.features.moved_kmh == 2042
    (line,) = [r for r in fast.reasons if r.code == "moved_too_fast"]
    assert str(line) == "This customer paid 10245 km away 301 minutes before: 2042 km/h."
    assert "moved_too_fast" not in {reason.code for reason in slow.reasons}
    assert fast.features.ip_from_card_km == 10_245
    assert slow.features.ip_from_card_km == 0


def test_a_bill_that_goes_abroad_is_told(db):
    made = make.assessment(billing_country="FR", ip_country="DE")

    (line,) = [reason for reason in made.reasons if reason.code == "billing_abroad"]
    assert str(line) == "The bill goes to FR, the card is of DE."
    assert made.features.ip_from_billing_km == 877


def test_who_has_been_here_is_no_new_counterparty(db):
    other = UUID(int=7)
    first = make.assessment(card="c")
    again = make.assessment(card="c")
    elsewhere = make.assessment(card="c", merchant=other)

    told = [made.features.counterparty_new for made in (first, again, elsewhere)]
    assert told == [True, False, True]


def test_an_account_has_an_age(db):
    at = make.NOON
    (old,) = queries.gather([make.question(customer_since=at - timedelta(days=400, hours=3))])
    (new,) = queries.gather([make.question(customer_since=at)])
    (nobody,) = queries.gather([make.question()])

    assert [each.customer_age_days for each in (old, new, nobody)] == [400, 0, -1]


def test_past_disputes_are_counted_of_card_and_customer(db):
    from fintech.fraud import services as fraud

    for outcome in ("fraud", "disputed"):
        made = make.assessment(card="c", customer=ANNA)
        fraud.record_outcome(payment_id=made.payment_id, outcome=outcome, at=make.NOON, by=make.BY)

    same = make.assessment(card="c", customer=ANNA)
    other = make.assessment(card="d", customer=ANNA)

    assert (same.features.card_disputes, same.features.customer_disputes) == (2, 2)
    assert (other.features.card_disputes, other.features.customer_disputes) == (0, 2)
    assert "past_disputes" in {reason.code for reason in other.reasons}


@pytest.mark.django_db(transaction=True)  # A thousand take longer than one may last.
def test_a_thousand_stored_decisions_are_made_again():
    """Of every kind: lists, bursts, journeys, bills; not one score, outcome or line differs."""
    from fintech.fraud import services as fraud

    fraud.add_to_list(merchant_id=None, kind="card", value="c3", by=make.BY, at=make.NOON)
    fraud.add_to_list(
        merchant_id=None, kind="ip", value="i5", action="review", by=make.BY, at=make.NOON
    )
    made = []
    for start in range(0, 1000, 50):
        made += make.assessed(
            *[
                make.question(
                    minor=5_00 + 997 * n % 90_000,
                    card=f"c{n % 37}",
                    ip=f"i{n % 11}",
                    email=f"e{n % 53}",
                    device=f"d{n % 29}",
                    customer=UUID(int=n % 41 + 1),
                    ip_country=("DE", "BR", "US")[n % 3],
                    billing_country=("DE", "FR")[n % 2],
                    email_thrown_away=n % 17 == 0,
                    at=make.NOON + timedelta(minutes=7 * n),
                )
                for n in range(start, start + 50)
            ]
        )

    for each in made:
        stored = queries.assessment(each.id)
        again = queries.decided_again(each.id)
        assert stored.features == each.features
        assert (again.score, again.decision, again.reasons) == (
            each.score,
            each.decision,
            each.reasons,
        )
    assert len({each.score for each in made}) > 20
    assert {each.decision for each in made} == set(data.Decision)


def test_a_changed_default_would_be_noticed():
    """Stored snapshots leave out what is by default: the defaults are part of the format."""
    known = Features(amount_minor=1, currency="EUR")
    odd = {
        name: value
        for name, value in replace(known).as_mapping().items()
        if value not in (0, False, "", [])
    }
    assert odd == {
        "schema": 3,
        "amount_minor": 1,
        "currency": "EUR",
        "sandbox_risk": "normal",
        "mode": "enforce",
        "fails": "open",
        "customer_age_days": -1,
        "name_match": -1,
        "mail_match": -1,
        "can_challenge": True,
    }

"""Where an address is, how fast a customer travels, what a mailbox is worth."""

from datetime import timedelta
from uuid import UUID

import pytest

from fintech.fraud import queries
from tests.make import fraud as make

ANNA = UUID("01900000-0000-7000-8000-0000000000aa")


@pytest.mark.parametrize(
    ("ip", "country"),
    [("81.2.69.142", "GB"), ("2a02:8070::1", "DE"), ("10.0.0.1", ""), ("::1", ""), ("junk", "")],
)
def test_the_country_of_an_address_is_known_offline(ip, country):
    assert queries.country_of(ip) == country


@pytest.mark.parametrize(
    ("email", "thrown_away"),
    [
        ("a@mailinator.com", True),
        ("a@x.YOPMAIL.com", True),
        ("a@example.com", False),
        ("mailinator.com@example.com", False),
        ("", False),
    ],
)
def test_a_mailbox_to_throw_away_is_known_by_its_domain(email, thrown_away):
    assert queries.is_thrown_away(email) is thrown_away


def test_who_pays_from_two_countries_within_the_hour_has_not_traveled(db):
    """Half an hour is too fast; half a day is a flight; the same country is no journey."""
    given = {"customer": ANNA, "card": "c"}
    make.assessment(ip_country="DE", **given)
    soon = make.assessment(ip_country="BR", at=make.NOON + timedelta(minutes=30), **given)
    again = make.assessment(ip_country="BR", at=make.NOON + timedelta(minutes=40), **given)
    later = make.assessment(ip_country="DE", at=make.NOON + timedelta(hours=12), **given)

    told = [[r for r in made.reasons if r.code == "moved"] for made in (soon, again, later)]
    assert [len(lines) for lines in told] == [1, 0, 0]
    assert str(told[0][0]) == "This customer paid from another country within 31 minutes."
    assert soon.features.ip_abroad
    assert not later.features.ip_abroad


def test_a_mailbox_to_throw_away_costs_points(db):
    made = make.assessment(email_thrown_away=True)

    assert "email_thrown_away" in {reason.code for reason in made.reasons}

import json

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError
from django_subatomic import db

from fintech.kernel import event_log, invariants
from fintech.merchants import data, errors, queries
from fintech.merchants import services as merchants
from fintech.merchants.models import Merchant, User
from tests.make import merchants as make

pytestmark = pytest.mark.django_db


def findings():
    with db.transaction():  # One that is open is left as it is.
        return list(invariants.check(queries.INVARIANTS))


def test_opens_a_merchant_with_its_owner_at_the_usual_price():
    merchant = make.merchant(owner_email="Olga@Example.com")

    assert merchant.default_currency == "EUR"
    assert (merchant.fee_basis_points, merchant.fee_fixed_minor) == (140, 25)
    assert merchant.statement_descriptor == "BLUE BOTTLE BOOKS"
    owner = queries.user_by_email("OLGA@example.com")
    assert owner is not None
    assert queries.memberships(owner.id) == [(merchant, data.Role.OWNER)]


def test_tells_of_it_without_naming_anybody():
    merchant = make.merchant(name="Very Private Shop", owner_email="very.private@example.com")

    facts = event_log.stream("merchants.merchant", merchant.id)
    assert [(fact.name, fact.version) for fact in facts] == [("merchants.merchant_opened.v1", 1)]
    told = json.dumps([[fact.data, fact.meta] for fact in event_log.after(0, 100)])
    assert "rivate" not in told


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"name": "  "}, errors.NameMissing),
        ({"name": "x" * 101}, errors.NameMissing),
        ({"name": "a\x00b"}, errors.NameMissing),
        ({"country": "Germany"}, errors.CountryUnknown),
        ({"country": "XQ"}, errors.CountryUnknown),
        ({"default_currency": "XXX"}, errors.CurrencyNotSupported),
        ({"default_currency": "DEM"}, errors.CurrencyNotSupported),
        ({"owner_email": "not an address"}, errors.EmailInvalid),
        ({"owner_password": "short"}, errors.PasswordTooWeak),
    ],
)
def test_leaves_nothing_behind_when_refused(wrong, refusal):
    right = {
        "name": "Shop",
        "country": "DE",
        "default_currency": "EUR",
        "owner_email": "owner@example.com",
        "owner_name": "Owner",
        "owner_password": make.PASSWORD,
        "by": make.BY,
        "at": make.NOON,
    }

    with pytest.raises(refusal):
        merchants.open_merchant(**(right | wrong))

    assert Merchant.objects.count() == 0
    assert not User.objects.filter(email="owner@example.com").exists()
    assert event_log.after(0, 10) == []


def test_somebody_known_becomes_the_owner_and_keeps_their_password():
    make.merchant(name="First", owner_email="same@example.com")
    merchants.open_merchant(
        name="Second",
        country="KW",
        default_currency="kwd",
        owner_email="same@example.com",
        owner_name="Somebody Else",
        owner_password="another password",
        by=make.BY,
        at=make.NOON,
    )

    person = User.objects.get(email="same@example.com")
    assert person.name == "Olga Owner"
    assert person.check_password(make.PASSWORD)
    assert [shop.name for shop, _ in queries.memberships(person.id)] == ["First", "Second"]


def test_a_new_price_is_told_and_counted():
    merchant = make.merchant()

    changed = merchants.set_price(
        merchant_id=merchant.id, fee_basis_points=90, fee_fixed_minor=10, by=make.BY, at=make.NOON
    )

    assert (changed.fee_basis_points, changed.fee_fixed_minor, changed.version) == (90, 10, 2)
    assert queries.merchant(merchant.id) == changed
    assert [fact.version for fact in event_log.stream("merchants.merchant", merchant.id)] == [1, 2]


def test_the_fixed_part_is_agreed_in_each_currency_by_itself():
    merchant = make.merchant()
    asked = {
        "merchant_id": merchant.id, "fee_basis_points": 90, "fee_fixed_minor": 10,
        "by": make.BY, "at": make.NOON,
    }  # fmt: skip

    changed = merchants.set_price(fee_fixed_elsewhere={"KWD": 80, "JPY": 30}, **asked)

    assert changed.fee_fixed_elsewhere == {"JPY": 30, "KWD": 80}
    assert queries.merchants_by_id([merchant.id]) == {merchant.id: changed}
    assert event_log.stream("merchants.merchant", merchant.id)[-1].data["fee_fixed_elsewhere"] == [
        "JPY:30",
        "KWD:80",
    ]
    # What is left out stays; an empty one takes all away.
    assert merchants.set_price(**asked).fee_fixed_elsewhere == {"JPY": 30, "KWD": 80}
    assert merchants.set_price(fee_fixed_elsewhere={}, **asked).fee_fixed_elsewhere == {}


@pytest.mark.parametrize(
    ("elsewhere", "error"),
    [
        ({"JPY": -1}, errors.PriceInvalid),
        ({"XXQ": 1}, errors.CurrencyNotSupported),
        ({"jpy": 1}, errors.CurrencyNotSupported),
        ({"EUR": 1}, errors.CurrencyNotSupported),  # Its own currency's stands by itself.
    ],
)
def test_a_fixed_part_that_cannot_be_leaves_no_trace(elsewhere, error):
    merchant = make.merchant()
    with pytest.raises(error):
        merchants.set_price(
            merchant_id=merchant.id,
            fee_basis_points=90,
            fee_fixed_minor=10,
            fee_fixed_elsewhere=elsewhere,
            by=make.BY,
            at=make.NOON,
        )
    assert queries.merchant(merchant.id) == merchant
    assert len(event_log.stream("merchants.merchant", merchant.id)) == 1


@pytest.mark.parametrize("wrong", [[], {"JPY": -1}, {"JPY": 0.5}, {"JPY": "1"}, {"yen": 1}])
def test_the_database_knows_what_a_fixed_part_is(wrong):
    merchant = make.merchant()
    with pytest.raises(IntegrityError, match="fixed_parts_of_whole_minor_units"), db.transaction():
        Merchant.objects.filter(id=merchant.id).update(fee_fixed_elsewhere=wrong)


def test_a_price_beyond_the_whole_is_refused_here_and_by_the_database():
    merchant = make.merchant()

    with pytest.raises(errors.PriceInvalid):
        merchants.set_price(
            merchant_id=merchant.id,
            fee_basis_points=10_001,
            fee_fixed_minor=0,
            by=make.BY,
            at=make.NOON,
        )
    with pytest.raises(IntegrityError, match="between_nothing_and_the_whole"), db.transaction():
        Merchant.objects.filter(id=merchant.id).update(fee_basis_points=10_001)

    assert queries.merchant(merchant.id) == merchant


def test_the_command_opens_one_and_tells_its_key_once(capsys):
    call_command(
        "open_merchant",
        "--json",
        name="From the shell",
        country="JP",
        currency="JPY",
        email="shell@example.com",
    )

    told = json.loads(capsys.readouterr().out)
    assert told["merchant"].startswith("acct_")
    assert told["secret_key"].startswith("sk_test_ffp_")
    assert told["owner"]["email"] == "shell@example.com"
    key = queries.authenticate(told["secret_key"], at=make.NOON)
    assert queries.merchant(key.merchant_id).default_currency == "JPY"
    assert User.objects.get(email="shell@example.com").check_password(told["owner"]["password"])


def test_the_command_says_what_is_wrong():
    with pytest.raises(CommandError, match="country is not one we know"):
        call_command("open_merchant", country="Nowhere")


def test_nothing_contradicts_the_rules_of_people():
    merchant = make.merchant()
    make.member(merchant, data.Role.SUPPORT)

    assert findings() == []


def test_a_member_without_their_group_is_found():
    merchant = make.merchant()
    member = make.member(merchant, data.Role.SUPPORT)
    User.objects.get(id=member.user.id).groups.clear()

    (finding,) = findings()

    assert (finding.id, finding.samples) == ("M-2", (str(member.id),))

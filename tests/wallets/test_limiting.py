"""Limits: reserved by what is decided, all evaluated, told with their arithmetic."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_subatomic import db

from fintech.kernel import event_log, ids, invariants
from fintech.kernel.money import Money
from fintech.wallets import data, errors, queries
from fintech.wallets import services as wallets
from fintech.wallets.models import Reservation
from tests.make import wallets as make
from tests.make.wallets import eur
from tests.racing import race

pytestmark = pytest.mark.django_db
BY_NOW = {"by": make.BY, "at": make.NOON}
HOUR = timedelta(hours=1)


def _limit(scope="merchant", kind="amount", window="day", maximum=100_00, **given):
    if kind == "amount":
        given = {"currency": "EUR", **given}
    return wallets.create_limit(
        merchant_id=given.pop("merchant", make.MERCHANT),
        scope=scope,
        kind=kind,
        window=window,
        maximum=maximum,
        **given,
        **BY_NOW,
    ).value


def _request(minor=10_00, currency="EUR", *, at=make.NOON, customer=None, card="card-1", **given):
    return data.LimitRequest(
        operation_id=given.get("operation", ids.new()),
        merchant_id=given.get("merchant", make.MERCHANT),
        customer_id=customer,
        card_fingerprint=card,
        amount=Money(minor, currency),
        at=at,
    )


def _reserve(*requests):
    with db.transaction_if_not_already():
        return wallets.reserve(requests)


def _told(*requests):
    return [tuple(str(breach) for breach in breaches) for breaches in _reserve(*requests)]


def test_without_limits_nothing_is_reserved_in_one_round_trip():
    _limit(merchant=ids.new())

    with db.transaction_if_not_already(), CaptureQueriesContext(connection) as asked:
        breaches = wallets.reserve([_request(), _request()])

    assert breaches == [(), ()]
    assert len(asked) == 1
    assert not Reservation.objects.exists()


def test_round_trips_do_not_depend_on_operations_or_limits():
    for n in range(20):
        _limit(maximum=10**9 + n)
        _limit("customer", maximum=10**9 + n)

    customers = [ids.new() for _ in range(10)]
    _reserve(_request(1, customer=customers[0]))  # Now this process knows the limits.
    Reservation.objects.all().delete()

    with db.transaction_if_not_already(), CaptureQueriesContext(connection) as asked:
        wallets.reserve([_request(customer=customer) for customer in customers])

    assert len(asked) == 4  # Windows begin: what they have counted so far is added up.
    assert Reservation.objects.count() == 20
    assert sum(len(each.limits) for each in Reservation.objects.all()) == 400
    Reservation.objects.all().delete()

    with db.transaction_if_not_already(), CaptureQueriesContext(connection) as asked:
        wallets.reserve([_request(customer=customer) for customer in customers])

    assert len(asked) == 3
    assert Reservation.objects.count() == 20
    assert sum(len(each.limits) for each in Reservation.objects.all()) == 400


def test_a_breach_tells_the_arithmetic_and_reserves_nothing():
    limit = _limit(maximum=1000_00)
    _reserve(_request(940_00))

    assert _told(_request(60_01)) == [
        ("daily 1,000.00 EUR by merchant, used 940.00, asked 60.01, frees 2026-11-03 00:00 UTC",)
    ]
    assert Reservation.objects.count() == 1
    assert _reserve(_request(60_00)) == [()]
    assert [r.limits for r in Reservation.objects.all()] == [[limit.id]] * 2


def test_every_breach_is_told():
    _limit(maximum=5_00)
    _limit("card", "count", "rolling", 0, seconds=3600)
    _limit("card", window="per_transaction", maximum=9_99)

    ((*told,),) = _told(_request(10_00))

    assert sorted(told) == [
        "daily 5.00 EUR by merchant, used 0.00, asked 10.00",
        "per hour 0 payments by card, used 0, asked 1",
        "per transaction 9.99 EUR by card, used 0.00, asked 10.00",
    ]


def test_a_rolling_window_frees_as_it_moves():
    _limit("card", "count", "rolling", 2, seconds=3600)
    _reserve(_request(at=make.NOON))
    _reserve(_request(at=make.NOON + timedelta(minutes=10)))

    early = make.NOON + HOUR - timedelta(seconds=1)
    assert _told(_request(at=early)) == [
        ("per hour 2 payments by card, used 2, asked 1, frees 2026-11-02 13:00 UTC",)
    ]  # fmt: skip
    assert _told(_request(at=make.NOON + HOUR)) == [()]


def test_a_counter_that_was_not_moved_on_refuses_nothing_that_fits():
    """The counter still holds what has left the window; when it matters that is taken off."""
    _limit("card", "amount", "rolling", 5_00, seconds=3600)
    for minutes in (0, 30, 61, 95):
        assert _reserve(_request(1_00, at=make.NOON + timedelta(minutes=minutes))) == [()]
        assert list(invariants.check(queries.INVARIANTS)) == []

    # What came at 61 and 95 counts.
    late = make.NOON + timedelta(minutes=96)
    assert _told(_request(3_01, at=late)) == [
        ("per hour 5.00 EUR by card, used 2.00, asked 3.01, frees 2026-11-02 14:01 UTC",)
    ]
    assert _reserve(_request(1_00, at=late), _request(2_00, at=late)) == [(), ()]
    assert list(invariants.check(queries.INVARIANTS)) == []


def test_what_lies_further_back_than_the_counter_reaches_is_counted_anew():
    _limit("card", "amount", "rolling", 5_00, seconds=3600)
    for minutes in (0, 30, 61):
        _reserve(_request(1_00, at=make.NOON + timedelta(minutes=minutes)))

    ((breach,),) = _reserve(_request(3_00, at=make.NOON + timedelta(minutes=50)))

    assert (breach.used, breach.asked) == (3_00, 3_00)


def test_an_amount_frees_when_enough_has_left_the_window():
    _limit("card", "amount", "rolling", 100_00, seconds=3600)
    for minutes, minor in ((0, 10_00), (10, 20_00), (20, 70_00)):
        _reserve(_request(minor, at=make.NOON + timedelta(minutes=minutes)))

    ((breach,),) = _reserve(_request(25_00, at=make.NOON + timedelta(minutes=30)))

    assert (breach.used, breach.frees_at) == (100_00, make.NOON + timedelta(minutes=70))
    ((never,),) = _reserve(_request(100_01, at=make.NOON + timedelta(minutes=30)))
    assert never.frees_at is None


@pytest.mark.parametrize(
    ("first", "second", "same_day"),
    [
        # The clocks of Berlin went back on 25 October 2026, at three: a day of 25 hours.
        (datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 22, 59, tzinfo=UTC), True),
        (datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC), False),
        (datetime(2026, 10, 24, 21, 59, tzinfo=UTC), datetime(2026, 10, 24, 22, tzinfo=UTC), False),
        # And forward on 29 March: a day of 23.
        (datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 21, 59, tzinfo=UTC), True),
        (datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC), False),
    ],
)
def test_a_day_is_the_owners_day(first, second, same_day):
    _limit(kind="count", maximum=1, zone="Europe/Berlin")
    _reserve(_request(at=first))

    assert (_reserve(_request(at=second)) != [()]) == same_day


@pytest.mark.parametrize(
    ("window", "first", "second", "same"),
    [
        # Monday 2 November 2026 begins a week, in Tokyo nine hours before London.
        (
            "week",
            datetime(2026, 11, 1, 15, tzinfo=UTC),
            datetime(2026, 11, 8, 14, 59, tzinfo=UTC),
            True,
        ),
        (
            "week",
            datetime(2026, 11, 1, 14, 59, tzinfo=UTC),
            datetime(2026, 11, 1, 15, tzinfo=UTC),
            False,
        ),
        (
            "month",
            datetime(2026, 10, 31, 15, tzinfo=UTC),
            datetime(2026, 11, 30, 14, 59, tzinfo=UTC),
            True,
        ),
        (
            "month",
            datetime(2026, 11, 30, 14, 59, tzinfo=UTC),
            datetime(2026, 11, 30, 15, tzinfo=UTC),
            False,
        ),
        (
            "month",
            datetime(2028, 2, 1, 0, tzinfo=UTC),
            datetime(2028, 2, 29, 14, 59, tzinfo=UTC),
            True,
        ),
        (
            "month",
            datetime(2028, 2, 29, 14, 59, tzinfo=UTC),
            datetime(2028, 2, 29, 15, tzinfo=UTC),
            False,
        ),
    ],
)
def test_weeks_begin_on_monday_and_months_end_when_they_end(window, first, second, same):
    _limit(kind="count", window=window, maximum=1, zone="Asia/Tokyo")
    _reserve(_request(at=first))

    assert (_reserve(_request(at=second)) != [()]) == same


def test_a_limit_of_counterparties_lets_known_ones_be_paid_again():
    _limit("wallet", "counterparties", "rolling", 2, seconds=3600)
    ada = make.wallet(100_00)
    bob, cem, dan = (make.wallet() for _ in range(3))

    def pay(to, minutes=0):
        at = make.NOON + timedelta(minutes=minutes)
        wallets.transfer(source_id=ada.id, destination_id=to.id, amount=eur(1), by=make.BY, at=at)

    pay(bob)
    pay(cem, 10)
    pay(bob, 20)
    with pytest.raises(errors.LimitExceeded, match="2 counterparties") as refused:
        pay(dan, 30)
    assert "frees 2026-11-02 13:10 UTC" in refused.value.facts["breaches"][0]
    pay(dan, 70)


def test_a_counterparty_new_to_one_of_a_batch_may_be_known_to_another_whose_clock_is_earlier():
    _limit("merchant", "counterparties", "rolling", 2, seconds=60)

    def pay(seconds, to):
        at = make.NOON + timedelta(seconds=seconds)
        return replace(_request(at=at), counterparty=to)

    assert _reserve(pay(0, "bob")) == [()]
    assert _reserve(pay(60, "bob"), pay(30, "cem")) == [(), ()]
    (told,) = _told(pay(30, "dan"))
    assert told == ("per minute 2 counterparties by merchant, used 2, asked 1, "
                    "frees 2026-11-02 12:01:30 UTC",)  # fmt: skip


def test_a_counterparty_that_a_batch_brings_twice_is_counted_once():
    _limit("customer", "counterparties", maximum=1)
    who = ids.new()

    def batch():
        return [replace(_request(customer=who), counterparty=to) for to in ("a", "a", "b", "a")]

    assert [len(breaches) for breaches in _reserve(*batch())] == [0, 0, 1, 0]
    assert [len(breaches) for breaches in _reserve(*batch())] == [0, 0, 1, 0]


def test_each_customer_and_card_has_its_own_share():
    ada, bob = ids.new(), ids.new()
    _limit("customer", maximum=10_00)
    _limit("customer", maximum=5_00, subject=str(bob))
    _limit("card", "count", maximum=2)

    assert _reserve(_request(10_00, customer=ada)) == [()]
    assert _reserve(_request(5_00, customer=bob)) == [()]
    assert _told(_request(1, customer=ada, card="card-2"))[0][0].startswith("daily 10.00 EUR")
    assert _told(_request(1, customer=bob, card="card-2"))[0][0].startswith("daily 5.00 EUR")
    assert len(_told(_request(1, customer=None))[0]) == 1  # the card's third
    assert _reserve(_request(1, customer=None, card="")) == [()]


def test_a_limit_of_one_currency_does_not_see_another():
    _limit(maximum=10_00)

    assert _reserve(_request(1_000_00, "JPY")) == [()]
    _limit(kind="count", maximum=1)
    assert _reserve(_request(1, "JPY")) == [()]
    assert len(_reserve(_request(1, "USD"))[0]) == 1


def test_earlier_operations_of_a_batch_count_for_later_ones():
    _limit(maximum=25_00)

    breaches = _reserve(_request(10_00), _request(20_00), _request(15_00), _request(1))

    assert [len(breach) for breach in breaches] == [0, 1, 0, 1]
    assert breaches[1][0].used == 10_00
    assert Reservation.objects.count() == 2


def test_what_is_freed_can_be_used_again_and_what_is_confirmed_stays():
    _limit(kind="count", maximum=1)
    kept, dropped = _request(), _request()
    _reserve(dropped)
    with db.transaction_if_not_already():
        wallets.free([dropped.operation_id])
        wallets.free([dropped.operation_id])
        wallets.confirm([dropped.operation_id])

    assert _reserve(kept) == [()]
    with db.transaction_if_not_already():
        wallets.confirm([kept.operation_id])
        wallets.confirm([kept.operation_id])

    assert len(_reserve(_request())[0]) == 1
    states = dict(Reservation.objects.values_list("operation_id", "state"))
    assert states == {kept.operation_id: "confirmed", dropped.operation_id: "released"}


def test_a_changed_limit_counts_what_was_used_and_a_removed_one_holds_no_longer():
    limit = _limit(maximum=10_00)
    _reserve(_request(10_00))
    change = {"limit_id": limit.id, "merchant_id": make.MERCHANT, **BY_NOW}

    changed = wallets.change_limit(maximum=15_00, **change).value
    assert _reserve(_request(5_00)) == [()]
    assert len(_reserve(_request(1))[0]) == 1
    removed = wallets.remove_limit(**change).value
    assert _reserve(_request(1_000_00)) == [()]

    assert (changed.version, removed.version, removed.active) == (2, 3, False)
    assert queries.limits(make.MERCHANT) == []
    assert queries.limit(limit.id) == removed
    assert len(event_log.stream("wallets.limit", limit.id)) == 3
    with pytest.raises(errors.LimitNotFound):
        wallets.remove_limit(**change)
    with pytest.raises(errors.LimitNotFound):
        queries.limit(limit.id, ids.new())


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"scope": "planet"}, "scope"),
        ({"kind": "mood"}, "kind"),
        ({"window": "eon"}, "window"),
        ({"maximum": -1}, "maximum"),
        ({"currency": ""}, "currency"),
        ({"currency": "ZZZ"}, "currency"),
        ({"window": "rolling"}, "seconds"),
        ({"window": "rolling", "seconds": 0}, "seconds"),
        ({"window": "rolling", "seconds": 10**9}, "seconds"),
        ({"seconds": 60}, "seconds"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"window": "per_transaction", "zone": "UTC"}, "zone"),
        ({"window": "per_transaction", "kind": "count"}, "kind"),
        ({"window": "per_transaction", "kind": "counterparties"}, "kind"),
        ({"subject": "x" * 81}, "subject"),
        ({"subject": "somebody"}, "subject"),
    ],
)
def test_what_makes_no_limit_is_refused(given, param):
    with pytest.raises(errors.Invalid) as refused:
        _limit(**given)

    assert refused.value.param == param
    assert queries.limits() == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", range(3))
def test_of_eight_who_race_for_a_limit_of_one_exactly_one_passes(round_):
    _limit("customer", "count", maximum=1)
    customer = ids.new()

    def one():
        return _reserve(_request(customer=customer))[0]

    results = race(8, one)

    assert sorted(len(breaches) for breaches in results) == [0] + [1] * 7
    assert Reservation.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_batches_that_cross_each_other_never_wait_in_a_circle():
    _limit("card", "count", maximum=10**6)
    _limit("customer", "count", maximum=10**6)
    customers = [ids.new() for _ in range(5)]

    def batch():
        cards = [f"card-{n}" for n in range(5)]
        shuffled = sorted(zip(cards, customers, strict=True), key=lambda _: ids.new().int % 97)
        return _reserve(*[_request(card=card, customer=who) for card, who in shuffled])

    results = race(8, batch)

    assert results == [[()] * 5] * 8
    assert Reservation.objects.count() == 80


def test_a_hold_reserves_its_wallets_limit_and_keeps_what_was_captured():
    wallet, other = make.wallet(100_00), make.wallet(100_00)
    _limit("wallet", maximum=10_00)
    held = make.hold(wallet, 8_00)

    with pytest.raises(errors.LimitExceeded, match="used 8") as refused:
        make.hold(wallet, 3_00)
    make.hold(other, 10_00)
    wallets.capture(hold_id=held.id, amount=eur(1_00), **BY_NOW)

    assert refused.value.code == "limit_exceeded"
    assert len(queries.holds(wallet_id=wallet.id)) == 1
    make.hold(wallet, 9_00)
    with pytest.raises(errors.LimitExceeded):
        make.hold(wallet, 1)


def test_a_hold_that_is_let_go_gives_its_share_back():
    wallet = make.wallet(100_00)
    _limit("wallet", maximum=10_00)

    held = make.hold(wallet, 10_00)
    wallets.release(hold_id=held.id, **BY_NOW)
    make.hold(wallet, 10_00, expires_at=make.NOON + HOUR)
    wallets.expire_due(make.NOON + HOUR)

    make.hold(wallet, 10_00)


def test_how_much_of_a_limit_is_used_can_be_asked():
    customer = ids.new()
    limits = {
        kind: _limit("customer", kind, maximum=5 if kind != "amount" else 50_00, zone="Asia/Tokyo")
        for kind in ("amount", "count", "counterparties")
    }
    freed = _request(customer=customer)
    _reserve(_request(12_00, customer=customer), _request(3_00, customer=customer), freed)
    with db.transaction_if_not_already():
        wallets.free([freed.operation_id])

    told = {
        kind: queries.usage(limit.id, subject=str(customer), at=make.NOON)
        for kind, limit in limits.items()
    }

    assert {kind: (each.used, each.left) for kind, each in told.items()} == {
        "amount": (15_00, 35_00),
        "count": (2, 3),
        "counterparties": (1, 4),
    }
    assert told["count"].begins_anew_at == datetime(2026, 11, 2, 15, tzinfo=UTC)
    other = queries.usage(limits["count"].id, subject=str(ids.new()), at=make.NOON)
    tomorrow = queries.usage(
        limits["count"].id, subject=str(customer), at=make.NOON + timedelta(days=1)
    )
    assert (other.used, tomorrow.used) == (0, 0)

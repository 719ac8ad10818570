"""
Killed at every statement: restarted, the clock resolves it, and a retry has one effect.

One run per statement and side. `make test` runs a share of them (EFFORT); a whole
campaign runs them all.
"""

from collections.abc import Callable

import pytest

from fintech.kernel.errors import Refusal
from fintech.payments import services as payments
from fintech.payments.models import Route
from fintech.payments.providers import registry
from fintech.wallets import services as wallets
from fintech.wallets.models import Hold
from tests.make import payments as make
from tests.make import wallets as make_wallets
from tests.make.merchants import NOON
from tests.make.payments import BY, eur
from tests.payments.killing import Point, count_statements, run_and_kill
from tests.payments.surviving import Outside, nothing_broken, points_of, recover, share
from tests.payments.test_routing import route

pytestmark = pytest.mark.django_db(transaction=True)

AT_LEAST = 8  # Points per act in the smallest share.


type Act = Callable[[str], object]


def confirming(shop) -> Act:
    return lambda key: payments.create(
        merchant_id=shop.id,
        amount=eur(42_50),
        token="visa",
        confirm=True,
        key=make.key(shop.id, key),
        by=BY,
        at=NOON,
    )


def going_over(shop) -> Act:
    """The first provider of the route does nothing; the acquirer is the second."""
    if not Route.objects.filter(merchant_id=shop.id).exists():
        route("backup", "simulator", merchant_id=shop.id)
    return confirming(shop)


def capturing(shop) -> Act:
    payment = make.authorized(shop.id)
    return lambda key: payments.capture(
        merchant_id=shop.id,
        payment_id=payment.id,
        key=make.key(shop.id, key),
        by=BY,
        at=NOON,
    )


def refunding(shop) -> Act:
    payment = make.captured(shop.id)
    return lambda key: payments.refund(
        merchant_id=shop.id,
        payment_id=payment.id,
        amount=eur(10_00),
        key=make.key(shop.id, key),
        by=BY,
        at=NOON,
    )


def refunding_in_parts(shop) -> Act:
    payment = make.authorized(shop.id)
    named = {"merchant_id": shop.id, "payment_id": payment.id, "by": BY, "at": NOON}
    for minor in (10_00, 20_00):
        payments.capture(amount=eur(minor), final=False, **named)
    return lambda key: payments.refund(key=make.key(shop.id, key), **named)


def canceling(shop) -> Act:
    payment = make.authorized(shop.id)
    return lambda key: payments.cancel(
        merchant_id=shop.id,
        payment_id=payment.id,
        key=make.key(shop.id, key),
        by=BY,
        at=NOON,
    )


def topping_up(shop) -> Act:
    wallet = wallets.create_wallet(
        merchant_id=shop.id, owner="Ada", currency="EUR", by=BY, at=NOON
    ).value
    return lambda key: payments.top_up_wallet(
        merchant_id=shop.id,
        wallet_id=wallet.id,
        amount=eur(20_00),
        token="visa",
        key=make.key(shop.id, key),
        by=BY,
        at=NOON,
    )


def paying_from_a_wallet(shop) -> Act:
    wallet = make_wallets.wallet(42_50, merchant=shop.id)  # Enough to pay once.
    return lambda key: payments.create(
        merchant_id=shop.id,
        amount=eur(42_50),
        wallet=wallet.id,
        confirm=True,
        key=make.key(shop.id, key),
        by=BY,
        at=NOON,
    )


def at_the_acquirer(effect: str) -> Callable[[Outside], int]:
    """Count what the acquirer has done."""
    return lambda outside: outside.book.counts().get(effect, 0)


def in_two_parts(outside: Outside) -> float:
    """Count refunds of which the acquirer has done both parts."""
    return at_the_acquirer("refund_succeeded")(outside) / 2


def from_wallets(_outside: Outside) -> int:
    """Count payments that took their money from a wallet."""
    return Hold.objects.filter(state="captured").count()


ACTS = {
    "confirm": (confirming, at_the_acquirer("authorization_succeeded")),
    "fail over": (going_over, at_the_acquirer("authorization_succeeded")),
    "capture": (capturing, at_the_acquirer("capture_succeeded")),
    "refund": (refunding, at_the_acquirer("refund_succeeded")),
    "refund in parts": (refunding_in_parts, in_two_parts),
    "cancel": (canceling, at_the_acquirer("void_succeeded")),
    "top up": (topping_up, at_the_acquirer("authorization_succeeded")),
    "wallet payment": (paying_from_a_wallet, from_wallets),
}


@pytest.mark.parametrize("name", ACTS)
def test_a_process_killed_anywhere_costs_nobody_anything(
    shop, outside, name, capsys, record_property
):
    begin, effects = ACTS[name]
    _acting(begin(shop), "first")()  # What a process reads once, it has read now.
    statements = count_statements(_acting(begin(shop), "counted"))
    points = points_of(statements)
    chosen = share(points, at_least=AT_LEAST)

    for point in chosen:
        act, key = begin(shop), f"{name} {point}"
        before = effects(outside)

        assert run_and_kill(_reconnected(outside, act, key), point), f"nobody died {point}"
        with registry.using(outside.connect()):
            recover()
            first, second = _retry(act, key), _retry(act, key)

            assert first == second, f"{point}: two answers to one key"
            done = effects(outside) - before
            assert done == (0 if isinstance(first, str) else 1), f"{point}: {done} effects"
            nothing_broken(point)
    record_property(f"kill_points_of_{name.replace(' ', '_')}", len(chosen))
    with capsys.disabled():
        print(f"\n{name}: killed at {len(chosen)} of {len(points)} points")


def _acting(act: Act, key: str) -> Callable[[], object]:
    return lambda: act(key)


def _reconnected(outside: Outside, act: Act, key: str) -> Callable[[], object]:
    """Act in the child with a connection of its own to the acquirer."""

    def run() -> None:
        with registry.using(outside.connect()):
            act(key)

    return run


def _retry(act: Act, key: str) -> object:
    """Do what a client does who heard nothing: the same again, under the same key."""
    try:
        done = act(key)
    except Refusal as refusal:
        return refusal.code
    return done.value


def test_the_harness_kills_where_it_says(shop):
    """A harness that never kills would find nothing: this one is seen to."""
    payment = make.created(shop.id)

    def rename(text: str) -> Callable[[], object]:
        return lambda: payments.update_payment(
            merchant_id=shop.id, payment_id=payment.id, description=text, by=BY, at=NOON
        )

    statements = count_statements(rename("counted"))
    assert run_and_kill(rename("before its commit"), Point(statements, after=False))
    assert make.now(payment).description == "counted"
    assert run_and_kill(rename("after its commit"), Point(statements, after=True))
    assert make.now(payment).description == "after its commit"
    assert not run_and_kill(rename("to the end"), Point(statements + 1, after=False))

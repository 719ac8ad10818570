"""What is refunded counts no longer, where the limit says so; what comes back counts again."""

from decimal import Decimal

import pytest

from fintech.kernel import invariants
from fintech.payments import errors
from fintech.payments import services as payments
from fintech.wallets import queries
from fintech.wallets import services as wallets
from tests.make import payments as make
from tests.make import wallets as make_wallets
from tests.make.merchants import NOON
from tests.make.payments import BY, eur

pytestmark = pytest.mark.django_db
NOW = {"by": BY, "at": NOON}


def limit(shop, kind, reversal, **given):
    asked = {"scope": "merchant", "window": "day", "maximum": 1_000_00, "currency": "EUR", **given}
    return wallets.create_limit(
        merchant_id=shop.id, kind=kind, reversal=reversal, **asked, **NOW
    ).value


@pytest.fixture
def limits(shop):
    return [
        limit(shop, kind, reversal)
        for kind in ("amount", "count")
        for reversal in ("gives_back", "keeps")
    ]


def used(limits, **whose):
    return [queries.usage(one.id, at=NOON, **whose).used for one in limits]


def true():
    return [*invariants.check(queries.INVARIANTS)] == []


def refund(payment, minor=None):
    amount = None if minor is None else eur(minor)
    return payments.refund(
        merchant_id=payment.merchant_id, payment_id=payment.id, amount=amount, **NOW
    ).value


def test_a_refund_of_a_card_payment_gives_back_its_part(shop, limits):
    payment = make.captured(shop.id, eur(42_50))
    assert used(limits) == [42_50, 42_50, 1, 1]

    refund(payment, 10_00)
    assert used(limits) == [32_50, 42_50, 1, 1]
    refund(payment)

    assert used(limits) == [0, 42_50, 0, 1]
    assert true()


def test_the_next_payment_may_use_what_was_refunded(shop):
    limit(shop, "amount", "gives_back", maximum=50_00)
    first = make.captured(shop.id, eur(50_00))
    with pytest.raises(errors.LimitExceeded) as refused:
        make.captured(shop.id, eur(1))
    assert "used 50.00, asked 0.01" in refused.value.breaches[0]

    refund(first, 20_00)

    assert make.captured(shop.id, eur(20_00)).captured == eur(20_00)
    with pytest.raises(errors.LimitExceeded) as refused:
        make.captured(shop.id, eur(1))
    assert "used 50.00, asked 0.01" in refused.value.breaches[0]


def test_a_refund_that_fails_or_is_on_its_way_gives_nothing_back(shop, limits):
    for token in ("refund_fails", "refund_pending"):
        refund(make.captured(shop.id, eur(10_00), token=token), 5_00)
    assert used(limits) == [20_00, 20_00, 2, 2]
    assert true()


def test_a_refund_that_comes_back_counts_again(shop, limits, acquirer):
    payment = make.captured(shop.id, eur(42_50))
    whole = refund(payment)
    assert used(limits) == [0, 42_50, 0, 1]
    body, headers = acquirer.callback(
        str(whole.id), event_id="late", status="failed", decline_code="account_closed"
    )

    for _ in range(2):  # Heard twice, it counts once.
        payments.receive(provider="simulator", body=body, headers=headers, at=NOON)

    assert used(limits) == [42_50, 42_50, 1, 1]
    assert true()


def test_a_refund_to_a_wallet_gives_back_the_wallets_limits(shop):
    wallet = make_wallets.wallet(50_00, merchant=shop.id)
    both = [limit(shop, "amount", reversal, scope="wallet") for reversal in ("gives_back", "keeps")]
    payment = payments.create(
        merchant_id=shop.id, amount=eur(42_50), wallet=wallet.id, confirm=True, **NOW
    ).value
    refund(payment, 2_50)
    assert used(both, subject=str(wallet.id)) == [40_00, 42_50]
    assert true()


def test_a_refund_in_another_currency_gives_back_at_the_payments_own_rate(shop):
    wallets.record_rates([("USD", NOON.date(), Decimal(2))], source="tests")
    dollars = limit(shop, "amount", "gives_back", currency="USD", converts=True)
    payment = make.captured(shop.id, eur(42_50))
    assert used([dollars]) == [85_00]
    wallets.record_rates([("USD", NOON.date(), Decimal(3))], source="newer")  # Of no account.

    refund(payment, 10_01)

    assert used([dollars]) == [64_98]
    assert true()

"""Wallets in the back office: everything can be looked at, and a wallet frozen."""

import re
from datetime import date
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from fintech.kernel.models import Approval
from fintech.kernel.money import Money
from fintech.merchants.models import User
from fintech.wallets import data, queries
from fintech.wallets import services as wallets
from fintech.wallets.models import Rate, Reservation
from tests.make import wallets as make

pytestmark = pytest.mark.django_db(transaction=True)
BY_NOW = {"by": make.BY, "at": make.NOON}


@pytest.fixture
def staff(client):
    user = User.objects.create_superuser(
        email="staff@example.com", password="correct horse battery", name="Stella"
    )
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_every_table_and_row_can_be_looked_at(staff):
    wallet, other = make.wallet(10_00), make.wallet()
    limit = wallets.create_limit(
        merchant_id=make.MERCHANT, scope="wallet", kind="count", window="day", maximum=9, **BY_NOW
    ).value
    held = make.hold(wallet, 5_00)
    wallets.record_rates([("USD", date(2026, 10, 30), Decimal("1.1"))], source="ecb")
    quote = wallets.create_quote(
        merchant_id=make.MERCHANT,
        source=Money(1_00, "EUR"),
        destination_currency="USD",
        **BY_NOW,
    ).value
    sent = wallets.transfer(
        source_id=wallet.id, destination_id=other.id, amount=Money(1_00, "EUR"), **BY_NOW
    ).value
    rows = {
        "wallet": wallet.id,
        "hold": held.id,
        "limit": limit.id,
        "quote": quote.id,
        "transfer": sent.id,
        "rate": Rate.objects.get().id,
        "reservation": Reservation.objects.first().id,
    }

    for table, row in rows.items():
        assert staff.get(reverse(f"admin:wallets_{table}_changelist")).status_code == 200
        page = staff.get(reverse(f"admin:wallets_{table}_change", args=[row]))
        assert page.status_code == 200
    page = staff.get(reverse("admin:wallets_wallet_change", args=[wallet.id]))
    assert "€4.00" in page.content.decode()


def test_staff_freeze_and_unfreeze_a_wallet(staff):
    wallet = make.wallet()
    asked = {"_selected_action": [str(wallet.id)]}

    staff.post(reverse("admin:wallets_wallet_changelist"), {"action": "freeze", **asked})
    assert queries.wallet(wallet.id).state == "frozen"
    staff.post(reverse("admin:wallets_wallet_changelist"), {"action": "unfreeze", **asked})
    assert queries.wallet(wallet.id).state == "active"


def test_who_may_only_look_does_not_freeze(client):
    wallet = make.wallet()
    looker = User.objects.create_user(
        email="looker@example.com", password="correct horse battery", name="Luca"
    )
    User.objects.filter(id=looker.id).update(is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_wallet"))
    client.force_login(looker, backend="django.contrib.auth.backends.ModelBackend")
    table = reverse("admin:wallets_wallet_changelist")

    client.post(table, {"action": "freeze", "_selected_action": [str(wallet.id)]})

    assert client.get(table).status_code == 200
    assert queries.wallet(wallet.id).state == "active"


def test_how_far_wallets_may_be_overdrawn_is_proposed_here(staff):
    page = reverse("admin:wallets_allowance_propose")
    assert staff.get(page).status_code == 200

    given = {"merchant": str(make.MERCHANT), "currency": "eur", "reason": "a credit line"}
    finer = staff.post(page, {**given, "most": "500.001"})
    unknown = staff.post(page, {**given, "currency": "XXX", "most": "500.00"})
    proposed = staff.post(page, {**given, "most": "500.00"})

    assert (finer.status_code, unknown.status_code, proposed.status_code) == (200, 200, 302)
    approval = Approval.objects.get()
    assert (approval.kind, approval.payload["most_minor"]) == ("wallets.overdraft", 500_00)
    assert staff.get(reverse("admin:wallets_allowance_changelist")).status_code == 200


def test_a_transfer_that_waits_is_approved_at_the_desk(staff):
    rich, other = make.wallet(20_000_00), make.wallet()
    orders = [
        data.TransferOrder(
            source_id=rich.id,
            destination_id=other.id,
            amount=make.eur(minor),
            at=make.NOON,
            reasons=("over_amount",),
        )
        for minor in (1_00, 2_00)
    ]
    wallets.transfer_many(orders, **BY_NOW)
    desk = reverse("admin:wallets_transfer_desk")

    page = staff.get(desk).content.decode()
    assert "over amount" in page
    assert "1.00" in page
    for deed in ("approve", "reject"):
        row = re.search(r'name="row" value="([^"]+)"', staff.get(desk).content.decode())[1]
        staff.post(desk, {"row": row, "do": deed, "note": ""})

    states = sorted(str(one.state) for one in queries.transfers(make.MERCHANT))
    assert states == ["canceled", "succeeded"]
    assert queries.balances(other.id)[0].posted == make.eur(1_00)

"""What staff see of the pages: a payment's story, files and kept views."""

from uuid import UUID

import pytest
from django.urls import reverse

from fintech.kernel import clock, ids
from fintech.payments import services as payments
from tests.make import merchants as make_merchants
from tests.make import payments as make
from tests.make.payments import BY, eur
from tests.web.conftest import signed_in
from tests.web.test_pages import text

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def office(shop):
    from fintech.merchants import services as merchants

    merchants.create_staff(
        email="staff@example.com",
        name="Sam",
        password=make_merchants.PASSWORD,
        by=BY,
        at=clock.now(),
    )
    return signed_in("staff@example.com")


def test_staff_read_a_payments_timeline_with_its_journal(office, shop, hear):
    payment = make.captured(shop.id, eur(42_50))
    payments.refund(
        merchant_id=shop.id, payment_id=payment.id, amount=eur(5), by=BY, at=clock.now()
    )
    hear()

    page = office.get(reverse("admin:web_payment_change", args=[payment.id]))

    told = text(page)
    for words in ("€42.50 for", "€42.50 captured", "Risk", "Account", "Debit"):
        assert words in told
    assert ids.public("pi", payment.id) in told


@pytest.mark.parametrize("table", ["payments_payment", "payments_refund", "payments_attempt"])
def test_every_table_about_payments_leads_to_the_timeline(office, shop, hear, table):
    payment = make.captured(shop.id, eur(42_50))
    payments.refund(
        merchant_id=shop.id, payment_id=payment.id, amount=eur(5), by=BY, at=clock.now()
    )
    hear()

    listed = office.get(reverse(f"admin:{table}_changelist")).content.decode()

    assert reverse("admin:web_payment_change", args=[payment.id]) in listed


@pytest.mark.parametrize("unknown", [str(UUID(int=7)), "nonsense"])
def test_what_is_no_payment_is_not_found(office, unknown):
    assert office.get(f"/admin/web/payment/{unknown}/change/").status_code == 404


def test_a_timeline_is_for_staff_alone(client, desk, shop, hear):
    payment = make.captured(shop.id, eur(42_50))
    hear()

    for browser in (client, desk):
        answer = browser.get(reverse("admin:web_payment_change", args=[payment.id]))
        assert answer.status_code == 302
        assert "/admin/login/" in answer["Location"]


def test_the_first_page_counts_what_waits_and_leads_to_each_desk(office, shop):
    make.in_review(shop.id, eur(42_50))

    page = office.get("/admin/")

    counted = {label: count for label, count, _ in page.context["queues"]}
    assert counted == {
        "Payments to review": 1,
        "Transfers to approve": 0,
        "Approvals to decide": 0,
        "Breaks to resolve": 0,
        "Dead letters": 0,
    }
    for _, _, url in page.context["queues"]:
        assert office.get(url).status_code == 200


def test_the_back_office_says_which_kind_of_instance_it_is(office):
    assert "Sandbox" in office.get("/admin/").content.decode()


def test_a_payment_is_found_by_its_public_id_and_a_person_by_a_part_of_the_name(office, shop):
    make.merchant(name="Corner Shop", owner_email="otto@example.com")
    payment = make.captured(shop.id, eur(42_50))
    for address, term, seen in (
        ("payments_payment", ids.public("pi", payment.id), "€42.50"),
        ("payments_payment", str(payment.id), "€42.50"),
        ("payments_attempt", ids.public("pi", payment.id), "€42.50"),
        ("merchants_merchant", "orner sh", "Corner Shop"),
        ("merchants_user", "otto@", "otto@example.com"),
    ):
        listed = reverse(f"admin:{address}_changelist")
        assert seen in office.get(listed, {"q": term}).content.decode(), (address, term)
        assert seen not in office.get(listed, {"q": "zzz"}).content.decode()

"""What staff see of telling, and the one thing they may do."""

import pytest
from django.urls import reverse

from fintech.kernel import clock, ids
from fintech.merchants import services as merchants
from fintech.merchants.models import User
from fintech.notifications import queries
from fintech.notifications.models import Delivery
from fintech.payments.providers import registry
from tests.make import merchants as make_merchants
from tests.make import notifications as make
from tests.notifications.test_mails import sale
from tests.payments.providers.fake import FakeAcquirer

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client):
    made = merchants.create_staff(
        email="staff@example.com",
        name="Stef",
        password=make_merchants.PASSWORD,
        by=make_merchants.BY,
        at=make_merchants.NOON,
    )
    client.force_login(
        User.objects.get(id=made.id), backend="django.contrib.auth.backends.ModelBackend"
    )
    return client


@pytest.fixture
def dead(merchant):
    make.endpoint(merchant, "http://127.0.0.1:9999/dead-end")
    make.customer(merchant)
    make.told_so_far()
    make.all_given_up()
    return Delivery.objects.get()


@pytest.mark.parametrize("table", ["endpoint", "merchantevent", "delivery", "deadletter"])
def test_every_table_can_be_looked_at(staff, dead, table):
    answer = staff.get(reverse(f"admin:notifications_{table}_changelist"))

    assert answer.status_code == 200
    row = {"endpoint": dead.endpoint_id, "merchantevent": dead.event_id}.get(table, dead.id)
    answer = staff.get(reverse(f"admin:notifications_{table}_change", args=[row]))
    assert answer.status_code == 200
    assert b"whsec_" not in answer.content


def test_dead_letters_are_a_queue_from_which_one_is_sent_again(staff, dead, merchant):
    page = reverse("admin:notifications_deadletter_changelist")
    assert b"dead-end" in staff.get(page).content

    staff.post(page, {"action": "send_again", "_selected_action": [str(dead.id)]})

    delivery = queries.delivery(dead.id, merchant.id)
    assert delivery.state == "pending"
    assert delivery.next_attempt_at <= clock.now()
    assert b"dead-end" not in staff.get(page).content


def test_nobody_else_gets_in(client, dead):
    answer = client.get(reverse("admin:notifications_deadletter_changelist"))

    assert answer.status_code == 302


@pytest.mark.parametrize("table", ["merchant", "user", "apikey", "requestlogline"])
def test_the_tables_of_merchants_can_be_looked_at(staff, merchant, table):
    answer = staff.get(reverse(f"admin:merchants_{table}_changelist"))

    assert answer.status_code == 200


@pytest.mark.parametrize("days", ["", "?days=30", "?days=nonsense"])
def test_staff_see_how_telling_went(staff, dead, days):
    page = reverse("admin:notifications_delivery_statistics")

    answer = staff.get(page + days)

    assert answer.status_code == 200
    assert b"1 dead letters" in answer.content


WRITTEN = {
    "kind": "payment_receipt",
    "channel": "mail",
    "language": "en",
    "subject": "From {merchant}: {amount}",
    "lead": "{merchant} has it.",
    "figure": "",
    "lines": "Date: {date}\nReference: {reference}",
    "closing": "",
}


def test_staff_write_a_wording_and_look_at_it(staff):
    answer = staff.post(reverse("admin:notifications_wording_add"), WRITTEN)

    (wording,) = queries.wordings()
    assert answer.status_code == 302
    assert wording.text.rows == (("Date", "{date}"), ("Reference", "{reference}"))
    page = reverse("admin:notifications_wording_change", args=[wording.id])
    assert b"{merchant} has it." in staff.get(page).content


def test_a_wording_without_what_it_must_say_is_not_saved(staff):
    wrong = WRITTEN | {"lines": "Date: {date}"}

    answer = staff.post(reverse("admin:notifications_wording_add"), wrong)

    assert b"must say reference" in answer.content
    assert queries.wordings() == []


def test_staff_look_at_a_draft_with_a_payment_of_their_choice(staff, mailbox):
    shop = make_merchants.merchant(country="IE")
    with registry.using(FakeAcquirer()):
        payments = [sale(shop) for _ in range(2)]
    make.told_so_far()
    add = reverse("admin:notifications_wording_add")
    chosen = ids.public("pi", payments[0].id)

    looked = staff.post(add, WRITTEN | {"_preview": "1", "of": chosen}).content.decode()

    assert "From Blue Bottle Books: €42.50" in looked
    assert chosen in looked
    assert "{merchant} has it." in looked  # What was written is still there.
    assert "What the shop is called." in looked
    assert queries.wordings() == []
    refused = staff.post(add, WRITTEN | {"_preview": "1", "lines": "Date: {date}"}).content
    assert b"must say reference" in refused

    staff.post(add, WRITTEN)
    (wording,) = queries.wordings()
    page = reverse("admin:notifications_wording_preview", args=[wording.id])
    assert chosen in staff.get(page, {"of": chosen}).content.decode()
    assert b"Nothing of this kind" in staff.get(page, {"of": "pi_nonsense"}).content
    test = reverse("admin:notifications_wording_send_me_a_test", args=[wording.id])
    assert b"Sent to staff@example.com" in staff.get(test, {"of": chosen}, follow=True).content
    (envelope,) = mailbox.mails
    assert envelope.rcpt_tos == ["staff@example.com"]
    assert chosen.encode() in envelope.content


def test_a_preview_without_a_mail_says_so(staff):
    staff.post(reverse("admin:notifications_wording_add"), WRITTEN)
    (wording,) = queries.wordings()

    for what in ("preview", "send_me_a_test"):
        page = reverse(f"admin:notifications_wording_{what}", args=[wording.id])
        assert b"No mail of this kind" in staff.get(page, follow=True).content

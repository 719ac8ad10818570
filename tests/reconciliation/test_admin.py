"""The back office shows what was compared, and changes nothing."""

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse

from fintech.reconciliation import admin as pages
from fintech.reconciliation import queries
from sandbox.acquirer.files import Break as Wrong
from tests.make.reconciliation import Truth, compared, imported

MODELS = sorted(
    name.removesuffix("Admin").lower()
    for name in vars(pages)
    if name.endswith("Admin") and name not in {"ReadOnlyAdmin", "QueueAdmin"}
)


@pytest.fixture
def staff(client):
    """Somebody with every right."""
    user = get_user_model().objects.create_superuser(
        email="staff@example.com", name="Sam", password="a long enough password"
    )
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("model", MODELS)
def test_every_table_can_be_looked_at_and_not_touched(staff, model):
    truth = Truth()
    truth.capture(42_50, reference="cap-1")
    imported(truth.report())
    imported(truth.camt(wrong=Wrong.AMOUNT))
    compared()

    page = staff.get(reverse(f"admin:reconciliation_{model}_changelist"))

    assert page.status_code == 200
    assert staff.get(reverse(f"admin:reconciliation_{model}_add")).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_a_break_shows_its_amount(staff):
    truth = Truth()
    truth.capture(42_50, reference="cap-1")
    imported(truth.report(wrong=Wrong.AMOUNT))
    compared()

    page = staff.get(reverse("admin:reconciliation_break_changelist")).content.decode()

    assert "−€1.00" in page
    assert "cap-1" in page


def one_fee_off() -> str:
    truth = Truth()
    truth.capture(42_50, reference="cap-1", fee_off=-5)
    imported(truth.report())
    imported(truth.camt())
    return str(compared().id)


@pytest.mark.django_db(transaction=True)
def test_a_break_shows_what_would_be_posted_and_posts_it_with_a_reason(staff):
    one_fee_off()
    listed = reverse("admin:reconciliation_break_changelist")
    assert "Dr expenses:processor_fees €0.05" in staff.get(listed).content.decode()
    (found,) = queries.open_breaks()
    chosen = {"action": "post_proposed", "_selected_action": [str(found.id)]}

    staff.post(listed, chosen)
    assert queries.found_break(found.id).state == "open"

    staff.post(listed, {**chosen, "note": "as agreed"})
    ended = queries.found_break(found.id)
    assert (ended.resolution, ended.note) == ("post_adjustment", "as agreed")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("form", "begins"), [("pdf", b"%PDF"), ("csv", b"part,"), ("json", b"{")])
def test_a_run_gives_its_signed_report(staff, client, form, begins):
    url = reverse("admin:reconciliation_run_report", args=[one_fee_off(), form])

    assert staff.get(url).content.startswith(begins)
    client.logout()
    assert client.get(url).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_the_jobs_page_says_what_ran(staff):
    one_fee_off()

    page = staff.get(reverse("admin:reconciliation_jobs")).content.decode()

    assert "completed_with_breaks" in page
    assert "Client money" in page

"""The back office shows what was compared, and changes nothing."""

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse

from fintech.reconciliation import admin as pages
from fintech.reconciliation import queries
from sandbox.acquirer.files import Break as Wrong
from tests.make.reconciliation import DAY, NOON, Truth, compared, imported

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


@pytest.mark.django_db(transaction=True)
def test_two_breaks_that_belong_together_are_linked_with_a_reason(staff):
    truth = Truth()
    truth.capture(42_50, reference="cap-1", in_ledger=False)
    truth.capture(42_50, reference="cap-2", at_acquirer=False)
    imported(truth.report())
    compared(at=NOON.replace(day=9))
    two = [one for one in queries.open_breaks() if one.leg == 1]
    assert {one.kind for one in two} == {"missing_in_ledger", "missing_in_processor"}
    listed = reverse("admin:reconciliation_break_changelist")
    chosen = {"action": "link", "_selected_action": [str(one.id) for one in two]}

    staff.post(listed, {**chosen, "note": "They sent it under another name."})

    assert {queries.found_break(one.id).resolution for one in two} == {"link"}


@pytest.mark.django_db(transaction=True)
def test_a_break_waits_and_is_given_to_a_colleague(staff):
    one_fee_off()
    (found,) = queries.open_breaks()
    listed = reverse("admin:reconciliation_break_changelist")
    chosen = {"_selected_action": [str(found.id)]}

    staff.post(listed, {**chosen, "action": "wait", "note": "They said so.", "until": "soon"})
    staff.post(listed, {**chosen, "action": "give", "to": "nobody@example.com"})
    same = queries.found_break(found.id)
    assert (same.wait_until, same.assigned_to) == (None, None)

    staff.post(listed, {**chosen, "action": "wait", "note": "They said so.", "until": "2030-01-31"})
    staff.post(listed, {**chosen, "action": "give", "to": "staff@example.com"})

    waiting = queries.found_break(found.id)
    assert (str(waiting.wait_until), waiting.state) == ("2030-01-31", "open")
    assert waiting.assigned_to == get_user_model().objects.get().pk


@pytest.mark.django_db(transaction=True)
def test_a_source_is_drawn_over_time(staff):
    truth = Truth()
    for day in (2, 3):
        truth.capture(42_50, reference=f"cap-{day}", at=NOON.replace(day=day), fee_off=-5)
        imported(truth.report(on=DAY.replace(day=day)))
    compared(at=NOON.replace(day=4))
    url = reverse("admin:reconciliation_history")

    page = staff.get(url, {"source": "simulator", "on": "2026-11-04"}).content.decode()

    assert page.count("<svg") >= 4
    assert "<title>2 Nov: 0.00%</title>" in page
    assert "<title>3 Nov: 1 fee variance</title>" in page
    assert "SIM" not in page.partition("not paid yet")[0]
    assert staff.get(url, {"source": "nobody"}).status_code == 404
    assert "Too few days" in staff.get(url, {"on": "2020-01-01"}).content.decode()

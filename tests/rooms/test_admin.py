"""The back office: every table opens, and no money is made in it by hand."""

import pytest
from django.conf import settings
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import UUIDField
from django.test import Client
from django.urls import reverse

from fintech.kernel import backoffice
from tests.make import payments as make

_STAFF_ADD = {
    "fraud.listitem", "fraud.posture", "fraud.rule", "notifications.wording",
    "payments.providercost", "payments.route",
}  # fmt: skip


@pytest.fixture
def staff(db) -> Client:
    make.merchant(owner_email="sam@example.com")
    person = get_user_model().objects.get(email="sam@example.com")
    person.is_staff = person.is_superuser = True
    person.save()
    browser = Client()
    browser.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return browser


@pytest.mark.django_db(transaction=True)  # Many pages: longer than a transaction may last.
def test_every_table_opens_and_only_what_staff_write_has_an_add_button(staff):
    admin.autodiscover()
    for model in admin.site._registry:
        table = model._meta.label_lower.replace(".", "_")
        page = staff.get(reverse(f"admin:{table}_changelist"))
        assert page.status_code == 200, table
        may_add = page.context["has_add_permission"]
        assert may_add == (model._meta.label_lower in _STAFF_ADD), table


def test_a_merchant_opens(staff):
    merchant_id = make.merchant(name="Other Shop", owner_email="otto@example.com").id
    page = staff.get(reverse("admin:merchants_merchant_change", args=[merchant_id]))
    assert page.status_code == 200
    assert "Other Shop" in page.content.decode()


def test_the_navigation_holds_every_table_once(staff):
    links = [
        str(item["link"])
        for group in settings.UNFOLD["SIDEBAR"]["navigation"]
        for item in group["items"]
    ]
    tables = [
        reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_changelist")
        for model in admin.site._registry
    ]
    assert sorted(links) == sorted(tables)


@pytest.mark.parametrize(
    ("minor", "currency", "written"),
    [(4250, "EUR", "€42.50"), (-4250, "EUR", "−€42.50"), (7683, "KWD", "KWD 7.683")],
)
def test_amounts_are_written_for_people(minor, currency, written):
    assert backoffice.money(minor, currency) == written


def test_an_id_is_searched_by_equality_on_every_table(rf):
    """A cast of every row to text, as the framework does it, could use no index."""
    admin.autodiscover()
    request = rf.get("/admin/")
    for table in admin.site._registry.values():
        if not isinstance(table, backoffice.ReadOnlyAdmin) or not table.search_fields:
            continue
        for term in ("0190d5a0-0000-7000-8000-000000000000", "pi_0353UGAb3K5T5n5VViWdOz", "ada"):
            found, _ = table.get_search_results(request, table.model.objects.all(), term)
            if found.query.is_empty():
                continue
            for kind in table.model._meta.concrete_fields:
                if isinstance(kind, UUIDField):
                    assert f'"{kind.column}"::text' not in str(found.query), (table, term)

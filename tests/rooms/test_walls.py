"""What the import linter cannot see: relations, schemas, tables, personal data."""

import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection

import fintech
from fintech.kernel import events
from fintech.kernel.schema import ROOMS

ROOT = Path(fintech.__file__).parents[1]
OURS = {"kernel", *ROOMS}


def foreign_relations(models) -> list[str]:
    """Name every relation from one room's table to another's."""
    return [
        f"{model.__name__}.{field.name} -> {field.related_model.__name__}"
        for model in models
        for field in model._meta.get_fields()
        if field.is_relation
        and field.concrete
        and field.related_model is not None
        and model._meta.app_label in OURS
        and field.related_model._meta.app_label in OURS
        and field.related_model._meta.app_label != model._meta.app_label
    ]


def misplaced_tables() -> list[str]:
    """Name every table that is not in its room's schema."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = "
            "c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm') AND n.nspname NOT LIKE 'pg_%' "
            "AND n.nspname NOT IN ('information_schema', 'pristine')"
        )
        found = cursor.fetchall()
    public = (
        "django_",
        "auth_",
        "account_",
        "guardian_",
        "socialaccount_",
        "mfa_",
        "usersessions_",
        "allauth_",
    )
    return [
        f"{schema}.{table}"
        for schema, table in found
        if not (
            (schema == "public" and table.startswith(public))
            or (schema != "public" and table.startswith(f"{schema}_"))
        )
    ]


def all_events() -> list[type[events.Event]]:
    """Return every concrete kind of event of every room."""
    for room in ROOMS:
        for module in pkgutil.iter_modules([str(ROOT / "fintech" / room)]):
            if module.name == "events":
                importlib.import_module(f"fintech.{room}.events")
    found, waiting = [], list(events.Event.__subclasses__())
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.name and kind.__module__.startswith("fintech."):
            found.append(kind)
    return found


def test_no_relation_leaves_its_room():
    assert foreign_relations(apps.get_models()) == []


def test_sees_a_relation_that_leaves_its_room():
    from django.db import models

    from fintech.kernel.models import Cursor

    class Trespass(models.Model):
        cursor = models.ForeignKey(Cursor, on_delete=models.CASCADE)

        class Meta:
            app_label = "payments"
            managed = False

    try:
        assert foreign_relations([Trespass]) == ["Trespass.cursor -> Cursor"]
    finally:
        apps.all_models["payments"].pop("trespass", None)
        apps.clear_cache()


@pytest.mark.django_db
def test_every_table_is_in_its_rooms_schema():
    assert misplaced_tables() == []


def test_sees_a_table_in_the_wrong_schema(owner):
    owner.execute("CREATE TABLE ledger.payments_stray (id int)")
    owner.execute("CREATE TABLE public.wallets_stray (id int)")
    try:
        assert sorted(misplaced_tables()) == ["ledger.payments_stray", "public.wallets_stray"]
    finally:
        owner.execute("DROP TABLE ledger.payments_stray, public.wallets_stray")


def test_no_fact_can_hold_personal_data():
    kinds = all_events()
    assert len(kinds) > 20
    for kind in kinds:
        events.check(kind)


def test_event_names_are_unique_and_belong_to_their_room():
    names = [(kind.name, kind.__module__.split(".")[1]) for kind in all_events()]
    assert len({name for name, _ in names}) == len(names)
    assert all(name.startswith(f"{room}.") for name, room in names)


@pytest.mark.django_db
def test_models_and_migrations_agree():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_no_room_fetches_another_rooms_model_by_name():
    found = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "fintech").rglob("*.py")
        if "migrations" not in path.parts and "get_model(" in path.read_text()
    ]
    assert found == []


def test_no_file_is_a_drawer():
    drawers = {
        "utils",
        "common",
        "helpers",
        "manager",
        "managers",
        "misc",
        "helper",
        "util",
        "core",
    }
    found = [
        str(path.relative_to(ROOT))
        for folder in ("fintech", "config", "sandbox")
        for path in (ROOT / folder).rglob("*")
        if path.stem in drawers and "static" not in path.parts
    ]
    assert found == []


def test_start_up_stays_free_of_heavy_imports():
    heavy = {"sklearn", "pandas", "typst", "boto3", "numpy", "scipy", "treelite"}
    loaded = subprocess.run(
        [
            sys.executable,
            "-W",
            "ignore",
            "-c",
            "import sys, config.wsgi; from django.urls import get_resolver; "
            "get_resolver().url_patterns; print(' '.join(sys.modules))",
        ],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    ).stdout.split()
    assert heavy.isdisjoint(loaded)

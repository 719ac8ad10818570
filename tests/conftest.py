"""
Real servers for every run: PostgreSQL and Valkey of its own, thrown away afterwards.

The servers are up before Django reads its settings. Migrations run once per worker, as
the owner; tests run as the runtime role. What they commit is taken away again by the
owner, since the runtime role may not.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

_STATE = "FINTECH_TEST_STATE"
_servers = None


def _start_servers() -> None:
    """
    Start servers for this process.

    Each worker has a cluster of its own: a transaction that is open in one database of a
    cluster holds back the horizon, and so the subscriptions, of all the others.
    """
    global _servers
    from sandbox.embedded import Embedded

    state = Path(tempfile.mkdtemp(prefix="fintech-test-"))
    state.chmod(0o755)
    os.environ[_STATE] = str(state)
    _servers = Embedded(state, fsync=False)
    urls = _servers.start()
    os.environ.update(urls.environment())
    os.environ["OBJECTS_DIR"] = str(state / "objects")


def _runs_tests() -> bool:
    """Whether this process runs tests, rather than handing them to workers."""
    distributes = any(word.startswith(("-n", "--numprocesses", "--dist")) for word in sys.argv)
    return "PYTEST_XDIST_WORKER" in os.environ or not distributes


_distributes = not _runs_tests()
if not _distributes:
    _start_servers()
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
os.environ["LOG_LEVEL"] = "ERROR"
os.environ["FRAUD_BUDGET_MS"] = "0"  # A slow machine decides the same.
# Acquirers of tests fail on purpose: no circuit opens and nothing is asked twice unasked for.
os.environ["PROVIDER_CIRCUIT"] = (
    '{"failures": 1000000000, "window_s": 30, "open_s": 15, "probes": 3}'
)
os.environ["PROVIDER_RETRIES"] = '{"times": 0, "first_wait_s": 0, "within_s": 0}'

import django
from django.conf import settings as _settings

# Passwords are hashed slowly on purpose; thousands of tests need not wait for it.
_settings.PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.MD5PasswordHasher",
    "fintech.merchants.credentials.MachineSecret",
]
django.setup()
if _distributes:
    # Workers set it themselves, once their servers are up.
    del os.environ["DJANGO_SETTINGS_MODULE"]


def pytest_report_header() -> str:
    return f"real PostgreSQL and Valkey per worker, effort {os.environ.get('EFFORT', '0.02')}"


def pytest_unconfigure() -> None:
    if _servers is not None:
        _servers.stop()
        _servers.remove()
        shutil.rmtree(os.environ.pop(_STATE), ignore_errors=True)


def _named(url: str, name: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, f"/{name}", parts.query, parts.fragment))


def _psycopg(url: str) -> psycopg.Connection:
    return psycopg.connect(url, autocommit=True)


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker, worker_id) -> Iterator[None]:
    """Make this worker's database and migrate it, as the owner."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connections

    owner_url, name = os.environ["DATABASE_OWNER_URL"], f"test_{worker_id}"
    with _psycopg(owner_url) as admin:
        admin.execute(f"CREATE DATABASE {name}")
    _use(connections, settings, name)
    with django_db_blocker.unblock():
        call_command("migrate", database="owner", verbosity=0)
        connections.close_all()
    _keep_pristine(os.environ["DATABASE_OWNER_URL"])
    yield
    with django_db_blocker.unblock():
        connections.close_all()


def _use(connections, settings, name: str) -> None:
    for alias in ("default", "owner"):
        settings.DATABASES[alias]["NAME"] = name
        connections[alias].settings_dict["NAME"] = name
    for variable in ("DATABASE_URL", "DATABASE_OWNER_URL"):
        os.environ[variable] = _named(os.environ[variable], name)
        setattr(settings, variable, os.environ[variable])


def _keep_pristine(url: str) -> None:
    """Remember what migrations put into tables, so that a reset can put it back."""
    with _psycopg(url) as owner:
        owner.execute("CREATE SCHEMA pristine")
        for table in _tables(owner):
            if owner.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone():
                flat = table.replace(".", "__")
                owner.execute(f"CREATE TABLE pristine.{flat} AS SELECT * FROM {table}")


def _tables(owner: psycopg.Connection) -> list[str]:
    rows = owner.execute(
        "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname NOT LIKE 'pg_%' "
        "AND n.nspname NOT IN ('information_schema', 'pristine') ORDER BY 1"
    ).fetchall()
    return [name for (name,) in rows]


def _reset(url: str) -> None:
    """Empty every table and put back what migrations had put there; no trigger runs."""
    with _psycopg(url) as owner:
        owner.execute("SET session_replication_role = replica")
        kept = {
            name.replace("__", "."): name
            for (name,) in owner.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'pristine'"
            ).fetchall()
        }
        full = [
            table
            for table in _tables(owner)
            if table in kept or owner.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone()
        ]
        if not full:
            return
        with owner.transaction():
            for table in full:
                # Not TRUNCATE: that minds foreign keys of tables that are empty already.
                owner.execute(f"DELETE FROM {table}")
            for table, copy in kept.items():
                owner.execute(
                    f"INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM pristine.{copy}"
                )


@pytest.fixture(autouse=True, scope="session")
def _the_owner_resets():
    """What tests commit is taken away by the owner; the runtime role may not."""
    from django.test import TransactionTestCase

    def teardown(_case) -> None:
        _reset(os.environ["DATABASE_OWNER_URL"])
        _forget()

    TransactionTestCase._fixture_teardown = teardown
    return teardown


def _forget() -> None:
    """Empty what processes remember of a database that is gone."""
    from fintech.kernel import clock

    clock._known = (float("-inf"), clock._known[1] * 0)


@pytest.fixture
def owner(transactional_db) -> Iterator[psycopg.Connection]:
    """A superuser's own connection to the test database: for tampering and for grants."""
    from fintech.kernel.schema import SEARCH_PATH

    with _psycopg(os.environ["DATABASE_OWNER_URL"]) as connection:
        connection.execute(f"SET search_path = {SEARCH_PATH}")
        yield connection


@pytest.fixture(scope="session")
def worker_id(request) -> str:
    """The worker's name under xdist, "master" without."""
    return getattr(request.config, "workerinput", {}).get("workerid", "master")

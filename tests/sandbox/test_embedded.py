"""Real servers without an installation: started, shared, stopped, started again."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from sandbox.embedded import Embedded
from sandbox.instance import ROOT


@pytest.fixture
def embedded(tmp_path):
    made = Embedded(tmp_path / "state", fsync=False)
    yield made
    made.remove()


def sockets_of(urls) -> Path:
    return Path(urls.redis_url.removeprefix("unix://")).parent


def test_serves_a_superuser_and_a_role_that_owns_nothing(embedded):
    urls = embedded.start()

    with psycopg.connect(urls.database_owner_url) as owner:
        assert owner.execute("SELECT current_user, current_database()").fetchone() == (
            "fintech",
            "fintech",
        )
        assert owner.info.server_version // 10_000 == 18
        assert owner.execute("SHOW listen_addresses").fetchone() == ("",)
    with psycopg.connect(urls.database_url) as runtime:
        assert runtime.execute(
            "SELECT current_user, usesuper FROM pg_user WHERE usename = current_user"
        ).fetchone() == ("fintech_app", False)


def test_its_sockets_are_private(embedded):
    folder = sockets_of(embedded.start())

    assert folder.stat().st_mode & 0o777 == 0o700
    assert len(str(folder)) < 70


def test_a_stop_keeps_the_data_and_leaves_nothing_else(embedded):
    urls = embedded.start()
    with psycopg.connect(urls.database_owner_url) as owner:
        owner.execute("CREATE TABLE kept AS SELECT 1 AS one")

    embedded.stop()

    assert embedded.pids == ()
    assert not sockets_of(urls).exists()
    with psycopg.connect(embedded.start().database_owner_url) as owner:
        assert owner.execute("SELECT one FROM kept").fetchone() == (1,)


def test_a_second_process_shares_the_servers_and_does_not_stop_them(embedded):
    first = embedded.start()
    other = Embedded(embedded.state, fsync=False)

    assert other.start() == first
    assert other.pids == ()
    other.stop()

    assert embedded.is_answering()


def test_a_stale_process_id_does_not_keep_it_from_starting(embedded):
    embedded.start()
    embedded.stop()
    data = next(embedded._data.glob("postgres"))
    # The id of a living stranger: PostgreSQL alone would refuse to start.
    (data / "postmaster.pid").write_text("1\n")

    embedded.start()

    assert embedded.is_answering()


def test_starts_where_the_state_folder_is_closed_to_other_accounts(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    embedded = Embedded(closed / "state", fsync=False)

    embedded.start()
    data = embedded._data
    embedded.remove()

    assert not (data / "postgres").exists()


def test_removing_takes_the_data_along(embedded):
    embedded.start()

    embedded.remove()

    assert not (embedded._data / "postgres").exists()
    assert [path.name for path in embedded.state.iterdir()] == ["logs"]


def test_exec_gives_a_command_the_servers_and_its_exit_code():
    script = (
        "import os, psycopg, sys;"
        "print(psycopg.connect(os.environ['DATABASE_URL']).info.user);"
        "sys.exit(7)"
    )
    done = subprocess.run(
        [sys.executable, "-m", "sandbox", "exec", "--scratch", "--", sys.executable, "-c", script],
        capture_output=True,
        cwd=ROOT,
        text=True,
        check=False,
        env={name: value for name, value in os.environ.items() if not name.endswith("_URL")},
    )

    assert (done.returncode, done.stdout, done.stderr) == (7, "fintech_app\n", "")

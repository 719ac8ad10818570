"""What a supervisor starts, it also ends, even when it is killed without a word."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sandbox import ports, supervisor
from sandbox.embedded import Embedded
from sandbox.instance import ROOT


def is_gone(pid: int) -> bool:
    """A zombie counts as gone: only its reaper is late."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return True


def eventually(condition, *, within_s: float = 15) -> bool:
    deadline = time.monotonic() + within_s
    while not (met := condition()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return met


def workers_of(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class Keeper:
    def __init__(self, state: Path, port: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.sandbox.keeper", state, str(port)],
            stdout=subprocess.PIPE,
            cwd=ROOT,
            text=True,
        )
        assert self.process.stdout
        self.children = json.loads(self.process.stdout.readline())
        assert eventually(lambda: len(workers_of(self.children[0])) == 2)
        self.all = [*self.children, *workers_of(self.children[0])]

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(20)


@pytest.fixture
def keeper(tmp_path):
    started = []

    def start() -> Keeper:
        started.append(Keeper(tmp_path / "state", ports.free(18_700 + os.getpid() % 1_000)))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.wait()
        one.process.stdout.close()
        assert eventually(lambda one=one: all(map(is_gone, one.all)))
    Embedded(tmp_path / "state").remove()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent death signal is Linux's")
def test_a_killed_supervisor_leaves_no_child_and_the_next_one_starts(keeper, tmp_path):
    first = keeper()
    assert len(first.all) == 6  # web and its two workers, a deaf one, PostgreSQL, Valkey

    assert first.end(signal.SIGKILL) == -signal.SIGKILL

    assert eventually(lambda: all(map(is_gone, first.all)))
    second = keeper()
    assert not set(second.all) & set(first.all)
    assert supervisor.is_running(tmp_path / "state")


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent death signal is Linux's")
def test_a_killed_web_server_takes_its_workers_along_and_is_started_again(keeper):
    first = keeper()
    web, *_ = first.children
    workers = workers_of(web)

    os.kill(web, signal.SIGKILL)

    assert eventually(lambda: all(map(is_gone, [web, *workers])))
    state = Path(first.process.args[3])

    def successor():
        told = supervisor.record(state).get("children", [])
        return any(one["name"] == "web" and one["pid"] != web for one in told)

    assert eventually(successor)
    first.all += [one["pid"] for one in supervisor.record(state)["children"]]


def test_down_stops_a_child_that_does_not_listen_as_well(keeper, tmp_path):
    first = keeper()

    assert supervisor.ask_to_stop(tmp_path / "state")

    assert first.process.wait(5) == 3
    assert [pid for pid in first.all if not is_gone(pid)] == []
    assert not supervisor.is_running(tmp_path / "state")
    assert supervisor.record(tmp_path / "state") == {}
    assert not supervisor.ask_to_stop(tmp_path / "state")


def test_one_folder_has_one_supervisor(keeper, tmp_path):
    first = keeper()
    second = supervisor.Supervisor(tmp_path / "state", env={}, cwd=ROOT, progress=None)

    with pytest.raises(supervisor.AlreadyRunning) as refused:
        second.claim()

    assert refused.value.pid == first.process.pid
    assert not any(map(is_gone, first.all))

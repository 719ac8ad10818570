"""The web server's workers: they share what comes, and let go of nothing that they took."""

import http.client
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandbox import ports

CONNECTIONS, WORKERS = 64, 2


@contextmanager
def serving(folder, *, files: int = 0):
    """A web server of two workers with an application that says which of them answers."""
    port = ports.free(23900, address="127.0.0.1", besides=())
    command = [sys.executable, "-m", "gunicorn", "tests.sandbox.tiny_app:application"]
    command += ["--config", "python:sandbox.web_server", "--bind", f"127.0.0.1:{port}"]
    if files:
        command = ["prlimit", f"--nofile={files}", *command]
    with (folder / "web.log").open("wb") as log:
        running = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        until = time.monotonic() + 30
        while (folder / "web.log").read_text().count("startup complete") < WORKERS:
            assert time.monotonic() < until, (folder / "web.log").read_text()
            time.sleep(0.1)
        yield running, port
    finally:
        running.kill()
        running.wait()


def asked(lines) -> list[int]:
    """Ask over every connection at once; return which worker answered each."""
    for line in lines:
        line.request("GET", "/")
    return [int(line.getresponse().read()) for line in lines]


@pytest.fixture
def lines():
    made = []
    yield made
    for line in made:
        line.close()


def opened(lines, port, count=CONNECTIONS):
    for _ in range(count):
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        line.connect()
        lines.append(line)


def test_connections_that_come_together_are_shared_among_the_workers(tmp_path, lines):
    with serving(tmp_path) as (_, port):
        opened(lines, port)

        served = Counter(asked(lines))
        assert len(served) == WORKERS
        assert min(served.values()) >= CONNECTIONS // 8
        assert asked(lines) == asked(lines)  # Each stays with whoever took it.


def test_a_worker_that_is_told_to_go_answers_what_it_has_taken(tmp_path, lines):
    with serving(tmp_path) as (running, port):
        opened(lines, port)
        for line in lines:
            line.request("GET", "/?wait=0.5")
        time.sleep(0.2)
        running.send_signal(signal.SIGTERM)

        assert [line.getresponse().status for line in lines] == [200] * CONNECTIONS
        assert running.wait(timeout=20) == 0


def test_who_finds_no_file_left_waits_and_is_served_when_others_go(tmp_path, lines):
    with serving(tmp_path, files=60) as (_, port):
        opened(lines, port, 120)
        for line in lines:
            line.request("GET", "/")
        time.sleep(0.5)
        for line in lines[:80]:
            line.close()

        assert [line.getresponse().status for line in lines[80:]] == [200] * 40
        assert "no connection can be taken" in (tmp_path / "web.log").read_text()


def test_the_command_of_the_readme_names_this_worker():
    root = Path(__file__).parents[2]
    for name in ("README.md", "Dockerfile", "sandbox/web_server.py"):
        assert "config.web_worker.Worker" in (root / name).read_text()

"""Ports move when they are taken, and nothing is served to other machines."""

import socket
import subprocess
import sys

import pytest

from sandbox import ports
from sandbox.instance import ROOT, Instance


@pytest.fixture
def taken():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", ports.free(18_300)))
        listening.listen()
        yield listening.getsockname()[1]


def test_a_taken_port_moves_to_the_next(taken):
    assert ports.free(taken) > taken


def test_a_port_that_is_listened_on_by_all_addresses_is_taken():
    with socket.socket() as listening:
        listening.bind(("0.0.0.0", ports.free(18_400)))
        listening.listen()
        port = listening.getsockname()[1]

        assert ports.free(port) > port


def test_a_port_is_not_given_twice(taken):
    first = ports.free(taken)

    assert ports.free(taken, besides=[first]) > first


def test_no_free_port_is_said_so(taken):
    with pytest.raises(ports.NoFreePort, match=f"from {taken} to {taken}"):
        ports.free(taken, tries=1)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_loopback_is_served(address):
    assert ports.loopback(address) in {"127.0.0.1", "127.9.9.9", "::1"}


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "10.0.0.1", "192.168.1.9", "not a host", ""])
def test_other_machines_are_refused(address, tmp_path):
    with pytest.raises(ports.NotLoopback):
        ports.loopback(address)
    with pytest.raises(ports.NotLoopback):
        Instance(tmp_path / "state", bind=address)


def test_the_command_refuses_other_machines_in_one_line(tmp_path):
    command = [sys.executable, "-m", "sandbox", "demo", "--bind", "0.0.0.0"]
    done = subprocess.run(
        [*command, "--state", tmp_path / "state"],
        capture_output=True,
        cwd=ROOT,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.startswith("demo: refusing to serve 0.0.0.0")
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.glob("state/logs/*"))

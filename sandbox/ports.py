"""Ports of this machine, and of this machine only."""

import contextlib
import ipaddress
import socket
import urllib.request
from collections.abc import Collection


class NotLoopback(Exception):
    """The sandbox has published passwords: it serves nobody but the machine it runs on."""

    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__(
            f"refusing to serve {address}: the sandbox has published passwords and test keys, "
            "so it listens on loopback only (127.0.0.1, ::1 or localhost)"
        )


class NoFreePort(Exception):
    """Every port tried is taken."""


def loopback(address: str) -> str:
    """Return an address that only this machine can reach, or refuse it."""
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(address, None)}
    except OSError:
        raise NotLoopback(address) from None
    if not found or not all(ipaddress.ip_address(one).is_loopback for one in found):
        raise NotLoopback(address)
    return "127.0.0.1" if "127.0.0.1" in found else min(found)


def free(
    first: int, *, address: str = "127.0.0.1", besides: Collection[int] = (), tries: int = 50
) -> int:
    """Return the first port at or after one that nobody listens on."""
    for port in range(first, min(first + tries, 65_536)):
        if port not in besides and _is_free(address, port):
            return port
    raise NoFreePort(f"no free port from {first} to {first + tries - 1} on {address}")


def answers(address: str, port: int) -> bool:
    """Say whether somebody accepts connections there."""
    with contextlib.suppress(OSError), socket.create_connection((address, port), timeout=1):
        return True
    return False


def is_ok(url: str) -> bool:
    """Say whether a URL answers 200."""
    with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2) as answer:
        return bool(answer.status == 200)
    return False


def _is_free(address: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        # As the servers do: a port in TIME_WAIT is free, one that is listened on is not.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
            probe.listen(1)
        except OSError:
            return False
    return True

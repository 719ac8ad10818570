"""More than 200 hostile addresses and none is contacted: somebody listens to make sure."""

import asyncio
import contextlib
import ipaddress
import socket
import threading

import pytest

from fintech.notifications import errors
from fintech.notifications import services as notifications
from fintech.notifications.channels import targets, webhook
from tests.make import merchants as make_merchants

NOON, BY = make_merchants.NOON, make_merchants.BY
ADDRESSES = (
    *("127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "10.255.255.255", "172.16.0.1"),
    *("172.31.255.254", "192.168.0.1", "192.168.255.255", "169.254.169.254", "169.254.0.1"),
    *("100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1"),
    *("224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
)
NAMED = (
    *("localhost", "LOCALHOST", "localhost.", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[fe80::1]"),
    *("[fe80::1%25eth0]", "[fc00::1]", "[fd00:ec2::254]", "[ff02::1]", "[2001:db8::1]", "127.1"),
    *("127.0.1", "10.1", "0", "0x7f.1", "017700000001", "[::ffff:0:127.0.0.1]"),
)


def notations(address):
    """An IPv4 address in every way to write it that some resolver understands."""
    number, parts = int(ipaddress.IPv4Address(address)), address.split(".")
    high, low = f"{number >> 16:x}", f"{number & 0xFFFF:x}"
    yield address
    yield address + "."
    yield str(number)
    yield hex(number)
    yield ".".join(hex(int(part)) for part in parts)
    yield ".".join(f"0{int(part):o}" for part in parts)
    yield f"[::ffff:{address}]"
    yield f"[::ffff:{high}:{low}]"
    yield f"[::{address}]"
    yield f"[64:ff9b::{high}:{low}]"
    yield f"[2002:{high}:{low}::]"


HOSTS = [*(host for address in ADDRESSES for host in notations(address)), *NAMED]


class Canary:
    """Listens on this machine, in both families, and counts who knocks."""

    def __init__(self):
        self.knocks = 0
        self._four = socket.create_server(("0.0.0.0", 0))
        self.port = self._four.getsockname()[1]
        self._sockets = [self._four]
        with contextlib.suppress(OSError):  # No IPv6 here, or the port is taken there.
            self._sockets.append(socket.create_server(("::", self.port), family=socket.AF_INET6))
        for listening in self._sockets:
            threading.Thread(target=self._listen, args=(listening,), daemon=True).start()

    def _listen(self, listening):
        while True:
            try:
                line, _ = listening.accept()
            except OSError:
                return
            self.knocks += 1
            line.close()

    def stop(self):
        for listening in self._sockets:
            listening.close()


@pytest.fixture
def canary(monkeypatch):
    listening = Canary()
    # The list of ports would refuse it too: what is tried here is the rest.
    monkeypatch.setattr(targets, "_PORTS", targets._PORTS | {listening.port})
    yield listening
    listening.stop()


def sent(url):
    asked = webhook.Webhook(
        url=url, event_id="evt_1", body=b"{}", secrets=["whsec_AAAA"], loopback_allowed=False
    )
    return asyncio.run(webhook.send(asked))


def test_there_are_more_than_200():
    assert len(set(HOSTS)) > 200


def test_none_is_contacted(canary):
    for host in HOSTS:
        for credentials in ("", "user:password@", "example.com@"):
            outcome = sent(f"https://{credentials}{host}:{canary.port}/hooks")
            assert outcome.code == "target_refused", host
    assert canary.knocks == 0


@pytest.mark.django_db
def test_none_is_taken_as_an_endpoint(merchant, settings, canary):
    settings.WEBHOOK_ALLOW_LOOPBACK = False
    for host in HOSTS:
        with pytest.raises(errors.UrlInvalid):
            notifications.create_endpoint(
                merchant_id=merchant.id,
                url=f"https://{host}:{canary.port}/",
                events=["*"],
                by=BY,
                at=NOON,
            )
    assert canary.knocks == 0


@pytest.mark.parametrize("scheme", ["http", "ftp", "file", "gopher", "javascript", "unix", "ws"])
def test_nothing_but_https_goes_out(canary, scheme):
    assert sent(f"{scheme}://example.com:{canary.port}/").code == "target_refused"


@pytest.mark.parametrize("port", [0, 1, 22, 25, 53, 110, 2375, 3306, 5432, 6379, 9200, 11211])
def test_an_odd_port_is_refused(port):
    assert sent(f"https://example.com:{port}/").code == "target_refused"


@pytest.mark.parametrize(
    "private", [*ADDRESSES, "::1", "::ffff:127.0.0.1", "fe80::1%lo", "fd00::1"]
)
def test_a_name_that_means_a_private_address_is_not_contacted(canary, monkeypatch, private):
    for meaning in ([private], ["1.1.1.1", private], [private, "2606:4700::1111"]):
        monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", _meaning(meaning))
        assert sent(f"https://rebinding.example.com:{canary.port}/").code == "target_refused"
    assert canary.knocks == 0


def test_a_name_that_changes_its_mind_is_asked_once_and_the_answer_is_what_is_used(
    canary, monkeypatch
):
    """First public, then private: the second answer is never asked for."""
    answers = [["1.1.1.1"], ["127.0.0.1"], ["127.0.0.1"]]

    async def getaddrinfo(_self, _host, port, **_):
        return [(2, 1, 6, "", (address, port)) for address in answers.pop(0)]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)
    connected = []

    async def connect_tcp(_self, host, port, **_):
        connected.append(host)
        raise webhook.httpcore.ConnectError

    monkeypatch.setattr(webhook.httpcore.AnyIOBackend, "connect_tcp", connect_tcp)

    assert sent(f"https://rebinding.example.com:{canary.port}/").code == "connection_failed"
    assert connected == ["1.1.1.1"]
    assert len(answers) == 2


def test_who_answers_is_looked_at_again(canary, monkeypatch):
    """Should a check of the name ever be fooled, the peer's own address still tells."""

    async def fooled(_host, _port, *, loopback_allowed):
        return ipaddress.ip_address("127.0.0.1")

    monkeypatch.setattr(targets, "resolve", fooled)

    outcome = sent(f"https://rebinding.example.com:{canary.port}/")

    assert outcome.code == "target_refused"


def _meaning(addresses):
    async def getaddrinfo(_self, _host, port, **_):
        return [(2, 1, 6, "", (address, port)) for address in addresses]

    return getaddrinfo

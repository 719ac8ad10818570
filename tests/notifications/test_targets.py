"""Where a webhook may go. No name is resolved outside this machine."""

import asyncio
import ipaddress

import pytest

from fintech.notifications.channels import targets
from fintech.notifications.channels.targets import NameNotResolved, TargetRefused

HOSTILE = [
    "https://127.0.0.1/",
    "https://127.1/",
    "https://127.0.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://017700000001/",
    "https://0/",
    "https://0.0.0.0/",
    "https://localhost/",
    "https://LOCALHOST/",
    "https://localhost./",
    "https://10.0.0.1/",
    "https://10.1/",
    "https://172.16.0.1/",
    "https://172.31.255.255/",
    "https://192.168.0.1/",
    "https://0xc0a80001/",
    "https://169.254.169.254/latest/meta-data/",
    "https://2852039166/",
    "https://0xa9fea9fe/",
    "https://100.64.0.1/",
    "https://192.0.2.1/",
    "https://198.18.0.1/",
    "https://224.0.0.1/",
    "https://240.0.0.1/",
    "https://255.255.255.255/",
    "https://[::1]/",
    "https://[::]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://[::ffff:a9fe:a9fe]/",
    "https://[::127.0.0.1]/",
    "https://[0:0:0:0:0:0:0:1]/",
    "https://[fe80::1]/",
    "https://[fe80::1%25eth0]/",
    "https://[fc00::1]/",
    "https://[fd00:ec2::254]/",
    "https://[ff02::1]/",
    "https://[2002:7f00:1::]/",
    "https://[2002:a00:1::]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b::a9fe:a9fe]/",
    "https://[2001:db8::1]/",
    "https://user@example.com/",
    "https://user:password@example.com/",
    "https://@example.com/",
    "https://example.com@127.0.0.1/",
    "https://example.com:22/",
    "https://example.com:25/",
    "https://example.com:6379/",
    "https://example.com:5432/",
    "https://example.com:0/",
    "https://example.com:65536/",
    "https://example.com:abc/",
    "https://example.com/#fragment",
    "https://exa mple.com/",
    "https://example.com/a b",
    "https://example.com\\@127.0.0.1/",
    "https://example.com\t/",
    "https://example.com/\r\nX-Injected: 1",
    "https://example.com/\x00",
    "https://例え.jp/",
    "https://１２７.０.０.１/",
    "https://-example.com/",
    "https://example..com/",
    "https:///path",
    "https://",
    "https:example.com",
    "//example.com/",
    "/hooks",
    "",
    "http://example.com/",
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://example.com/",
    "javascript:alert(1)",
    "unix:///var/run/docker.sock",
    "https://[::1",
    "https://[not-an-address]/",
    "https://" + "a" * 64 + ".com/",
    "https://" + "a." * 127 + "com/",
    "https://example.com/" + "a" * 2048,
]


@pytest.mark.parametrize("url", HOSTILE)
def test_a_hostile_address_is_refused_before_anything_is_asked(url):
    with pytest.raises(TargetRefused):
        targets.parse(url, loopback_allowed=False)


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("https://example.com", "example.com", 443, "/"),
        ("https://Example.COM/Hooks?a=b&c", "example.com", 443, "/Hooks?a=b&c"),
        ("https://hooks.example.com:8443/x", "hooks.example.com", 8443, "/x"),
        ("https://1.1.1.1/x", "1.1.1.1", 443, "/x"),
        ("https://[2606:4700::1111]/x", "2606:4700::1111", 443, "/x"),
        ("https://xn--r8jz45g.jp/", "xn--r8jz45g.jp", 443, "/"),
    ],
)
def test_an_ordinary_address_is_understood(url, host, port, path):
    target = targets.parse(url, loopback_allowed=False)

    assert (target.host, target.port, target.path) == (host, port, path)


def test_a_sandbox_may_post_to_its_own_machine_and_to_no_private_network():
    assert targets.parse("http://127.0.0.1:3000/x", loopback_allowed=True).port == 3000
    assert targets.parse("http://localhost:3000/x", loopback_allowed=True).port == 3000
    for url in ("http://10.0.0.1/", "http://169.254.169.254/", "http://127.0.0.1:22/"):
        with pytest.raises(TargetRefused):
            targets.parse(url, loopback_allowed=True)


def resolving(monkeypatch, *addresses):
    async def getaddrinfo(_self, _host, port, **_):
        if not addresses:
            raise OSError("no such name")
        return [(2, 1, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)
    target = targets.parse("https://rebinding.example.com/", loopback_allowed=False)
    return asyncio.run(targets.resolve(target.host, target.port, loopback_allowed=False))


def test_a_name_is_what_it_resolves_to(monkeypatch):
    assert resolving(monkeypatch, "1.1.1.1", "2606:4700::1111") == ipaddress.ip_address("1.1.1.1")


@pytest.mark.parametrize(
    "private",
    ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1", "fe80::1%eth0"],
)
def test_one_private_address_among_public_ones_spoils_a_name(monkeypatch, private):
    with pytest.raises(TargetRefused, match="not public"):
        resolving(monkeypatch, "1.1.1.1", private)


def test_a_name_without_an_address_may_have_one_later(monkeypatch):
    with pytest.raises(NameNotResolved):
        resolving(monkeypatch)

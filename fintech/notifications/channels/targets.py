"""
Where a webhook may go: public addresses only, checked on what the name really means.

A name is resolved once; every address it has must be allowed, and the connection goes
to an address that was checked, so a name that changes its mind in between gains
nothing. Loopback is allowed where the sandbox's switch says so, and only loopback.
"""

import asyncio
import ipaddress
import re
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

type Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_LONGEST = 2048
_NAME = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*\.?")
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")
_PORTS = frozenset({80, 443, 8080, 8443})
_FIRST_UNPRIVILEGED_PORT = 1024
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_LONGEST_NAME = 253


class TargetRefused(Exception):
    """A webhook may not go there; the text says why."""


class NameNotResolved(Exception):
    """The name has no address now; it may have one later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A URL that was taken apart and may be right, before its name is resolved."""

    scheme: str
    host: str  # As DNS and certificates know it.
    port: int
    path: str

    @property
    def host_header(self) -> str:
        """Return what the receiver is told it was called."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = 443 if self.scheme == "https" else 80
        return host if self.port == usual else f"{host}:{self.port}"


def parse(url: str, *, loopback_allowed: bool) -> Target:
    """
    Take a URL apart.

    Raises:
        TargetRefused: it is malformed, carries credentials, or names an address or a
            port that a webhook may not go to.
    """
    if len(url) > _LONGEST or not url.isascii() or not url.isprintable() or " " in url:
        raise TargetRefused("it is not a plain URL of at most 2048 characters")
    if "\\" in url:
        raise TargetRefused("it contains a backslash")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as wrong:
        raise TargetRefused("it is malformed") from wrong
    host = (parts.hostname or "").lower()
    _check_form(parts, host)
    literal = _literal(host.rstrip("."))
    if literal is None and _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
        raise TargetRefused("its host ends in a number and is no address")
    is_local = literal.is_loopback if literal else host.rstrip(".") == "localhost"
    if is_local and not loopback_allowed:
        raise TargetRefused("it leads to this machine")
    if literal is not None and not allowed(literal, loopback_allowed=loopback_allowed):
        raise TargetRefused("its address is not public")
    # Plain HTTP for the machine itself: nobody is in between to read it.
    if parts.scheme == "http" and not loopback_allowed:
        raise TargetRefused("it must begin with https://")
    number = port if port is not None else (443 if parts.scheme == "https" else 80)
    if number not in _PORTS and not (is_local and number >= _FIRST_UNPRIVILEGED_PORT):
        raise TargetRefused("its port is not one for the web")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(scheme=parts.scheme, host=host, port=number, path=path)


async def resolve(host: str, port: int, *, loopback_allowed: bool) -> Address:
    """
    Return the address to connect to. Every address of the name was checked.

    Raises:
        TargetRefused: one of its addresses is not allowed.
        NameNotResolved: it has none now.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as unknown:
        raise NameNotResolved(host) from unknown
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    if not addresses:
        raise NameNotResolved(host)
    for address in addresses:
        if not allowed(address, loopback_allowed=loopback_allowed):
            raise TargetRefused("its address is not public")
    return addresses[0]


def check_peer(address: str, *, loopback_allowed: bool) -> None:
    """
    Look once more at who has answered a connection.

    Raises:
        TargetRefused: it is nobody that a webhook may go to.
    """
    peer = ipaddress.ip_address(address.partition("%")[0])
    if not allowed(peer, loopback_allowed=loopback_allowed):
        raise TargetRefused("its address is not public")


def allowed(address: Address, *, loopback_allowed: bool) -> bool:
    """Whether a webhook may go to an address, whatever notation it hides in."""
    inner = _inner(address)
    if inner.is_loopback:
        return loopback_allowed
    return inner.is_global and not inner.is_multicast and not inner.is_reserved


def _inner(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address wraps, or the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64 or (int(address) >> 32 == 0 and int(address) > 1):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        # 0x7f.1, 2130706433 and 0177.0.0.1 are addresses too, to the resolver.
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def _check_form(parts: SplitResult, host: str) -> None:
    if parts.scheme not in {"http", "https"}:
        raise TargetRefused("it must begin with https://")
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise TargetRefused("it contains a user or a password")
    if parts.fragment:
        raise TargetRefused("it contains a fragment")
    if ":" in host:
        if _literal(host) is None:
            raise TargetRefused("its host is malformed")
    elif not _NAME.fullmatch(host) or len(host) > _LONGEST_NAME:
        raise TargetRefused("its host is malformed")

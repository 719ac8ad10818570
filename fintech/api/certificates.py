"""
Client certificates, as a proxy in front tells of them (RFC 9440, `Client-Cert`).

TLS ends at the proxy, so the header is worth something only where it comes from one
whose address is configured (`TRUSTED_PROXIES`); from anybody else it is not even read.
"""

import base64
import binascii
import hashlib
import ipaddress
from collections.abc import Mapping
from functools import lru_cache

from django.conf import settings

HEADER = "Client-Cert"


def presented(headers: Mapping[str, str], *, peer: str) -> str:
    """Return the thumbprint of the certificate that a client came with, or nothing."""
    told = headers.get(HEADER)
    if not told or not is_trusted(peer):
        return ""
    try:
        certificate = base64.b64decode(told.strip().strip(":"), validate=True)
    except binascii.Error:
        return ""
    return thumbprint(certificate)


def thumbprint(certificate: bytes) -> str:
    """Return how RFC 8705 names a certificate: base64url of SHA-256 of its DER form."""
    digest = hashlib.sha256(certificate).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def is_trusted(peer: str) -> bool:
    """Whether an address is a proxy's that may speak for its clients."""
    return _within(peer, tuple(settings.TRUSTED_PROXIES))


@lru_cache(maxsize=1024)
def _within(peer: str, networks: tuple[str, ...]) -> bool:
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(network, strict=False) for network in networks)

"""
Signed tokens, read strictly: the compact form of RFC 7515 with RS256 and nothing else.

The key decides the algorithm, never the token. A token names its key by `kid`; whatever
else a header offers (keys, addresses of keys, compression, extensions) is refused, and
nothing is ever fetched. What has two readings has none.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

LONGEST = 8 * 1024  # Characters; no token of ours comes near.
ALGORITHM = "RS256"
_PART = re.compile(r"[A-Za-z0-9_-]+\Z")
_KNOWN = frozenset({"alg", "kid", "typ"})
_PARTS = 3


class Broken(Exception):
    """This is no token that one of these keys has signed."""


def looks_like(text: str) -> bool:
    """Whether a credential means to be a token: a key of ours has no dots."""
    return "." in text


def verified(token: str, keys: Mapping[str, RSAPublicKey]) -> tuple[dict[str, Any], dict[str, Any]]:
    """
    Return header and claims of a token that one of these keys has signed.

    Raises:
        Broken: it is not well formed, or its signature is not that key's.
    """
    header, payload = signed(token, keys)
    return header, _object(payload)


def signed(token: str, keys: Mapping[str, RSAPublicKey]) -> tuple[dict[str, Any], bytes]:
    """Return header and payload of a token that one of these keys has signed, or `Broken`."""
    parts = token.split(".")
    if len(token) > LONGEST or len(parts) != _PARTS:
        raise Broken
    header = _object(_bytes(parts[0]))
    if header.get("alg") != ALGORITHM or not header.keys() <= _KNOWN:
        raise Broken
    kid = header.get("kid")
    key = keys.get(kid) if isinstance(kid, str) else None
    if key is None:
        raise Broken
    payload, signature = _bytes(parts[1]), _bytes(parts[2])
    try:
        key.verify(signature, f"{parts[0]}.{parts[1]}".encode(), PKCS1v15(), SHA256())
    except InvalidSignature:
        raise Broken from None
    return header, payload


def _bytes(part: str) -> bytes:
    """Return what a part stands for: base64url, without padding, written in the one way."""
    if not _PART.match(part):
        raise Broken
    try:
        found = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error:
        raise Broken from None
    if base64.urlsafe_b64encode(found).rstrip(b"=") != part.encode():
        raise Broken
    return found


def _object(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content.decode(), object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise Broken from None
    if not isinstance(found, dict):
        raise Broken
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Broken
    return found


def _refuse(_constant: str) -> None:
    raise Broken

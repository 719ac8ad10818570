"""
Secrets at rest: sealed with AES-256-GCM under a key from the settings.

A dump of the database alone signs nothing. The id of the row is sealed in, so a sealed
secret that is moved to another row does not open. Keys are rotated by putting a new one
first: it seals from then on, and the others still open.
"""

import base64
import hashlib
import os
from functools import cache, lru_cache
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

_FORM = "v1."
_NONCE = 12  # Bytes.


class SealBroken(Exception):
    """No key that we have opens this secret, or it belongs to another row."""


def seal(secret: str, *, of: UUID) -> str:
    """Return a secret as it may be stored."""
    nonce = os.urandom(_NONCE)
    box = _boxes(tuple(settings.ENDPOINT_SECRETS_KEYS))[0]
    sealed = nonce + box.encrypt(nonce, secret.encode(), of.bytes)
    return _FORM + base64.b64encode(sealed).decode()


@lru_cache(maxsize=4096)
def opened(sealed: str, *, of: UUID) -> str:
    """
    Return a secret that was sealed for a row.

    Raises:
        SealBroken: it cannot be opened.
    """
    if not sealed.startswith(_FORM):
        raise SealBroken
    raw = base64.b64decode(sealed.removeprefix(_FORM))
    for box in _boxes(tuple(settings.ENDPOINT_SECRETS_KEYS)):
        try:
            return box.decrypt(raw[:_NONCE], raw[_NONCE:], of.bytes).decode()
        except InvalidTag:
            continue
    raise SealBroken


@cache
def _boxes(keys: tuple[str, ...]) -> tuple[AESGCM, ...]:
    # Whatever a key looks like, 256 bits come of it.
    return tuple(
        AESGCM(hashlib.sha256(f"endpoint secrets {key}".encode()).digest()) for key in keys
    )

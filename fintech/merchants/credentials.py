"""
API keys as text: how a secret is made, marked and recognized.

A secret carries 190 bits of chance, so a plain SHA-256 of it cannot be reversed and
costs a microsecond. The prefix tells a person, and a leak scanner, what was found.
"""

import hashlib
import secrets

from fintech.merchants.data import KeyKind

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_LENGTH = 32  # 62 ** 32 is a little more than 2 ** 190.
_MARKS = {KeyKind.SECRET: "sk", KeyKind.RESTRICTED: "rk", KeyKind.PUBLISHABLE: "pk"}
LONGEST = 64  # No secret of ours is longer; anything longer is not even hashed.


def prefix(kind: KeyKind, *, live: bool) -> str:
    """Return what every secret of a kind begins with on this instance."""
    return f"{_MARKS[kind]}_{'live' if live else 'test'}_ffp_"


def new_secret(kind: KeyKind, *, live: bool) -> str:
    """Return a new secret."""
    chance = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
    return prefix(kind, live=live) + chance


def plausible(secret: str, *, live: bool) -> bool:
    """Whether a text looks like one of this instance's keys, so that asking is worth it."""
    return len(secret) <= LONGEST and secret.startswith(
        tuple(prefix(kind, live=live) for kind in KeyKind)
    )


def digest(secret: str) -> bytes:
    """Return what is kept of a secret."""
    return hashlib.sha256(secret.encode()).digest()

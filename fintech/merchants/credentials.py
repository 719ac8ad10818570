"""
API keys as text: how a secret is made, marked and recognized.

A secret carries 190 bits of chance, so a plain SHA-256 of it cannot be reversed and
costs a microsecond. The prefix tells a person, and a leak scanner, what was found.
"""

import hashlib
import hmac
import secrets
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.contrib.auth.hashers import BasePasswordHasher
from django.utils.crypto import constant_time_compare

from fintech.merchants.data import KeyKind

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_LENGTH = 32  # 62 ** 32 is a little more than 2 ** 190.
_MARKS = {KeyKind.SECRET: "sk", KeyKind.RESTRICTED: "rk", KeyKind.PUBLISHABLE: "pk"}
_NONCE = 12  # Bytes.
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


def seal(content: bytes, *, secret: str) -> bytes:
    """Return bytes that only who knows the instance's secret can read (AES-256-GCM)."""
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(_sealing_key(secret)).encrypt(nonce, content, None)


def unseal(sealed: bytes, *, secret: str) -> bytes:
    """Return what was sealed; `InvalidTag` if it was changed or the secret is another."""
    return AESGCM(_sealing_key(secret)).decrypt(sealed[:_NONCE], sealed[_NONCE:], None)


def _sealing_key(secret: str) -> bytes:
    return hmac.digest(secret.encode(), b"merchants: sealing of signing keys", "sha256")


def digest(secret: str) -> bytes:
    """Return what is kept of a secret."""
    return hashlib.sha256(secret.encode()).digest()


class MachineSecret(BasePasswordHasher):
    """A digest of 256 bits of chance, which no slow hash would make any harder to guess."""

    algorithm = "machine_secret"

    def salt(self) -> str:
        """Return no salt: no two secrets are alike."""
        return "0"

    def encode(self, password: str, salt: str) -> str:
        """Return what is kept of a secret."""
        digest = hashlib.sha256(password.encode()).hexdigest()
        return f"{self.algorithm}${salt}${digest}"

    def decode(self, encoded: str) -> dict[str, Any]:
        """Return the parts of what is kept."""
        algorithm, salt, digest = encoded.split("$", 2)
        return {"algorithm": algorithm, "hash": digest, "salt": salt}

    def verify(self, password: str, encoded: str) -> bool:
        """Whether a secret is the one."""
        return constant_time_compare(self.encode(password, "0"), encoded)

    def safe_summary(self, encoded: str) -> Any:
        """Return what staff may see of it."""
        return {"algorithm": self.decode(encoded)["algorithm"]}

    def must_update(self, encoded: str) -> bool:  # noqa: ARG002 - the framework's signature.
        """Return that it is never written anew."""
        return False

    def harden_runtime(self, password: str, encoded: str) -> None:
        """Take no longer than it takes."""

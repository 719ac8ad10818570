"""
Access tokens of RFC 9068: what each has to say, and whether it still holds.

Signature and claims are checked in this process with keys that it has at hand; nothing is
fetched. Whether a token was taken back is asked of the database, once in two seconds.
Tokens live by real time, not by a sandbox's clock.
"""

import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.conf import settings
from django.utils import timezone

from fintech.api import errors, jws
from fintech.kernel import ids, waiting
from fintech.merchants import data
from fintech.merchants import queries as merchants

TYPE = "at+jwt"
LIFETIME_SECONDS = 15 * 60
_TRUSTED_S = 2.0
_AT_LEAST_S = 0.25  # However many unknown tokens come, keys are not looked up more often.
_MOST_CACHED = 10_000
_keys: tuple[float, dict[str, RSAPublicKey]] = (0.0, {})
_read: dict[str, "Told"] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a token says."""

    merchant_id: UUID
    client_id: str
    scopes: frozenset[str]
    begins: int
    ends: int
    kid: str
    certificate: str = ""


def read(token: str) -> Told:
    """
    Return what a token says, if it is ours, in force and not taken back.

    Raises:
        TokenInvalid, TokenExpired.
    """
    keys = _public_keys(_TRUSTED_S)
    told = _read.get(token)
    if told is None or told.kid not in keys:
        try:
            told = _verified(token, keys)
        except errors.TokenInvalid:
            newer = _public_keys(_AT_LEAST_S)  # A key may have been made a moment ago.
            if newer.keys() == keys.keys():
                raise
            told = _verified(token, newer)
        if len(_read) >= _MOST_CACHED:
            _read.clear()
        _read[token] = told
    now = time.time()
    if now < told.begins:
        raise errors.TokenInvalid
    if now >= told.ends:
        raise errors.TokenExpired
    if not merchants.holds_token(token):
        _read.pop(token, None)
        raise errors.TokenInvalid
    return told


def forget() -> None:
    """Trust no longer what this process remembers."""
    global _keys  # noqa: PLW0603 - one cache per process.
    _keys = (0.0, {})
    _read.clear()


def _verified(token: str, keys: dict[str, RSAPublicKey]) -> Told:
    try:
        header, claims = jws.verified(token, keys)
    except jws.Broken:
        raise errors.TokenInvalid from None
    if header.get("typ") != TYPE:
        raise errors.TokenInvalid
    return _told(claims, kid=header["kid"])


def _told(claims: dict[str, Any], *, kid: str) -> Told:
    """Hold each claim to what RFC 9068 and we say of it."""
    wrong = (
        claims.get("iss") != settings.BASE_URL
        or claims.get("aud") != settings.BASE_URL
        or claims.get("token_use") != "access"
        or claims.get("livemode") is not (settings.MODE == "live")
        or not _is_text(claims.get("jti"))
        or not _is_text(claims.get("client_id"))
        or not _is_text(claims.get("account"))
        or claims.get("sub") != claims.get("client_id")
        or not isinstance(claims.get("scope"), str)
    )
    times = [claims.get(name) for name in ("iat", "exp")] + [claims.get("nbf", 0)]
    if wrong or any(type(one) is not int or not 0 <= one < 2**53 for one in times):
        raise errors.TokenInvalid
    scopes = frozenset(claims["scope"].split())
    try:
        merchant_id = ids.parse("acct", claims["account"])
        certificate = claims["cnf"]["x5t#S256"] if "cnf" in claims else ""
    except (ids.NotAnId, TypeError, KeyError):
        raise errors.TokenInvalid from None
    if not scopes <= data.SCOPES or ("cnf" in claims and not _is_text(certificate)):
        raise errors.TokenInvalid
    return Told(
        merchant_id=merchant_id,
        client_id=claims["client_id"],
        scopes=scopes,
        begins=max(claims["iat"] - 60, claims.get("nbf", 0)),  # A clock may be a minute behind.
        ends=claims["exp"],
        kid=kid,
        certificate=certificate,
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _public_keys(trusted_s: float) -> dict[str, RSAPublicKey]:
    """Return the keys as they were at most so long ago; at once where there were none."""
    global _keys  # noqa: PLW0603 - one cache per process.
    looked_up, known = _keys
    if not known or time.monotonic() >= looked_up + trusted_s:
        found = waiting.aside(lambda: merchants.signing_keys(at=timezone.now()))
        known = {key.kid: known.get(key.kid) or _public(key) for key in found}
        _keys = (time.monotonic(), known)
    return known


def _public(key: data.SigningKey) -> RSAPublicKey:
    public = load_pem_private_key(key.pem.encode(), None).public_key()
    if not isinstance(public, RSAPublicKey):
        raise TypeError(f"{key.kid} is no RSA key")
    return public

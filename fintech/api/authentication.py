"""Who asks: a key in the `Authorization` header, as Bearer or as the user of Basic, or a token."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from fintech.api import certificates, errors, jws, tokens
from fintech.kernel import clock, ids
from fintech.merchants import data as merchant_data
from fintech.merchants import errors as merchant_errors
from fintech.merchants import queries as merchants
from fintech.wire import dialect

CHALLENGE = 'Bearer realm="api"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A merchant's program, known by its key or by its access token."""

    merchant_id: UUID
    name: str  # The key's id or the OAuth client's, for the log.
    key_id: UUID | None = None  # None for a token.
    scopes: frozenset[str] | None = None  # None opens everything.
    version: str = ""  # The account's pin; empty where it has none.

    def may(self, scope: str) -> bool:
        """Whether it may do what a scope names; to write is also to read."""
        if self.scopes is None or scope in self.scopes:
            return True
        resource, _, what = scope.partition(":")
        return what == "read" and f"{resource}:write" in self.scopes


def identify(headers: Mapping[str, str], *, at: datetime, peer: str = "") -> Caller:
    """
    Return who asks.

    Args:
        peer: the address that the request came from; only a proxy we trust may tell of a
            client's certificate.

    Raises:
        ApiKeyMissing: there is no credential.
        ApiKeyInvalid, ApiKeyExpired, TokenInvalid, TokenExpired: it is not one in force.
        AccountInvalid: the caller wants to act for somebody else.
    """
    secret = _secret(headers.get("Authorization", ""))
    if jws.looks_like(secret):
        caller = _by_token(secret, certificates.presented(headers, peer=peer))
    else:
        caller = _by_key(dialect.own_spelling(secret), at=at)
    account = dialect.named_account(headers)
    if account is not None and account != ids.public("acct", caller.merchant_id):
        raise errors.AccountInvalid
    return caller


def _by_key(secret: str, *, at: datetime) -> Caller:
    key = merchants.authenticate(secret, at=at)
    scopes = None if key.kind == merchant_data.KeyKind.SECRET else frozenset(key.scopes)
    return Caller(
        merchant_id=key.merchant_id,
        name=str(key.id),
        key_id=key.id,
        scopes=scopes,
        version=key.api_version,
    )


def _by_token(token: str, certificate: str) -> Caller:
    told = tokens.read(token)
    if told.certificate and told.certificate != certificate:
        raise errors.TokenInvalid
    return Caller(merchant_id=told.merchant_id, name=told.client_id, scopes=told.scopes)


def require(caller: Caller, scope: str) -> None:
    """Make sure that a caller may do what a scope names; `ScopeMissing` if not."""
    if not caller.may(scope):
        raise errors.ScopeMissing(scope)


def _secret(header: str) -> str:
    scheme, _, credential = header.strip().partition(" ")
    credential = credential.strip()
    if not credential:
        raise errors.ApiKeyMissing
    if scheme.lower() == "bearer":
        return credential
    if scheme.lower() != "basic":
        raise errors.ApiKeyMissing
    try:
        user = base64.b64decode(credential, validate=True).decode("ascii").partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        raise merchant_errors.ApiKeyInvalid from None
    if not user:
        raise errors.ApiKeyMissing
    return user


def caller_of(request: Request) -> Caller:
    """Return who asks, of a request of the framework's that was authenticated here."""
    caller: Any = request.auth
    if not isinstance(caller, Caller):
        raise errors.ApiKeyMissing
    return caller


class KeyAuthentication(BaseAuthentication):
    """The same for the framework's views; the caller is the request's `auth`."""

    def authenticate(self, request: Request) -> tuple[None, Caller]:
        """Return the caller; there is no user behind a key."""
        peer = request.META.get("REMOTE_ADDR", "")
        return None, identify(request.headers, at=clock.now(), peer=peer)

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002
        """Return what a caller without credentials is told to send."""
        return CHALLENGE


class HasScope(BasePermission):
    """A key may do what its scopes name."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Refuse what the operation at hand needs and the key lacks."""
        require(caller_of(request), view.operation.scope)
        return True

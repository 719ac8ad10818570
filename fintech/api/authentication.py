"""Who asks: a key in the `Authorization` header, as Bearer or as the user of Basic."""

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

from fintech.api import errors
from fintech.kernel import clock, ids
from fintech.merchants import data as merchant_data
from fintech.merchants import errors as merchant_errors
from fintech.merchants import queries as merchants
from fintech.wire import dialect

CHALLENGE = 'Bearer realm="api"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A merchant's program, known by its key."""

    merchant_id: UUID
    key_id: UUID
    key: merchant_data.ApiKey

    def may(self, scope: str) -> bool:
        """Whether the key may do what a scope names."""
        return self.key.allows(scope)


def identify(headers: Mapping[str, str], *, at: datetime) -> Caller:
    """
    Return who asks.

    Raises:
        ApiKeyMissing: there is no credential.
        ApiKeyInvalid, ApiKeyExpired: it is not one in force.
        AccountInvalid: the caller wants to act for somebody else.
    """
    secret = dialect.own_spelling(_secret(headers.get("Authorization", "")))
    key = merchants.authenticate(secret, at=at)
    account = dialect.named_account(headers)
    if account is not None and account != ids.public("acct", key.merchant_id):
        raise errors.AccountInvalid
    return Caller(merchant_id=key.merchant_id, key_id=key.id, key=key)


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
        return None, identify(request.headers, at=clock.now())

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002
        """Return what a caller without credentials is told to send."""
        return CHALLENGE


class HasScope(BasePermission):
    """A key may do what its scopes name."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Refuse what the operation at hand needs and the key lacks."""
        require(caller_of(request), view.operation.scope)
        return True

"""
OAuth clients and the keys that sign their tokens.

A client is a row of the provider's own (allauth); which merchant it belongs to stands in
its data. Revoking one deletes its tokens with it, so whoever looks a token up finds none.
"""

import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from allauth.idp.oidc.models import Client, Token
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import connection
from django_subatomic import db

from fintech.kernel import event_log, ids
from fintech.kernel.actor import Actor
from fintech.kernel.events import Code
from fintech.merchants import credentials, data, errors, events, queries
from fintech.merchants.models import Merchant, SigningKey
from fintech.merchants.services import people

_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}\Z")
_KEY_BITS = 2048
AHEAD = timedelta(hours=1)  # How long a key is published before it signs.
OVERLAP = timedelta(hours=1)  # How long a former key's tokens are good after it.
_LOCK = 0x0A071  # Any number: one process at a time makes the first key.
HASHER = "machine_secret"


def create_oauth_client(
    *,
    merchant_id: UUID,
    name: str,
    scopes: Sequence[str],
    certificate: str = "",
    by: Actor,
    at: datetime,
) -> data.NewOAuthClient:
    """
    Let a program of a merchant ask for tokens with these scopes.

    Args:
        certificate: the thumbprint of the certificate that it must come with, if any.

    Raises:
        MerchantNotFound, NameMissing, ScopeUnknown, CertificateInvalid.
    """
    for scope in scopes:
        if scope not in data.SCOPES:
            raise errors.ScopeUnknown(scope)
    if not scopes:
        raise errors.ScopesMismatch(data.KeyKind.RESTRICTED)
    if certificate and not _THUMBPRINT.match(certificate):
        raise errors.CertificateInvalid
    proper, secret, new = people.proper_name(name), secrets.token_urlsafe(32), ids.new()
    wanted = sorted(set(scopes))
    with db.transaction_if_not_already():
        if not Merchant.objects.filter(id=merchant_id).exists():
            raise errors.MerchantNotFound(merchant_id)
        client = Client(
            id=ids.public("oac", new),
            name=proper,
            secret=make_password(secret, hasher=HASHER),
            type=Client.Type.CONFIDENTIAL,
            created_at=at,
            data={"merchant_id": str(merchant_id), "certificate": certificate},
        )
        client.set_scopes(wanted)
        client.set_default_scopes(wanted)
        client.set_grant_types([Client.GrantType.CLIENT_CREDENTIALS])
        client.response_types = ""
        client.save(force_insert=True)
        fact = events.OAuthClientCreated(
            oauth_client_id=new,
            merchant_id=merchant_id,
            scopes=tuple(Code(scope) for scope in wanted),
            version=1,
            at=at,
        )
        event_log.append([fact], by=by)
    return data.NewOAuthClient(client=queries.oauth_client_of(client), secret=secret)


def revoke_oauth_client(*, merchant_id: UUID, client_id: str, by: Actor, at: datetime) -> None:
    """
    End a client and all its tokens: here now, in every other process within two seconds.

    Raises:
        OAuthClientNotFound: this merchant has no such client.
    """
    with db.transaction_if_not_already():
        client = Client.objects.select_for_update().filter(id=client_id).first()
        if client is None or queries.oauth_client_of(client).merchant_id != merchant_id:
            raise errors.OAuthClientNotFound(client_id)
        fact = events.OAuthClientRevoked(
            oauth_client_id=ids.parse("oac", client_id),
            merchant_id=merchant_id,
            version=2,
            at=at,
        )
        client.delete()
        event_log.append([fact], by=by)
    queries.forget_tokens()


def forget_expired_tokens(*, at: datetime) -> int:
    """Delete tokens whose time has passed, and return how many."""
    deleted, _ = Token.objects.filter(expires_at__lt=at).delete()
    return int(deleted)


def signing_keys(*, at: datetime) -> list[data.SigningKey]:
    """Return the keys whose tokens are good, oldest first; the first is made when needed."""
    known = queries.signing_keys(at=at)
    if not any(key.not_before <= at for key in known):
        rotate_signing_key(at=at, if_none=True)
        known = queries.signing_keys(at=at)
    return known


def rotate_signing_key(*, at: datetime, if_none: bool = False) -> None:
    """
    Publish a new key, which signs in an hour; the former ends an hour after that.

    The first key of an instance signs at once. With `if_none` nothing happens where
    there is one already.
    """
    private = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with db.transaction_if_not_already():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        former = SigningKey.objects.filter(expires_at__isnull=True)
        is_first = not former.exists()
        if if_none and not is_first:
            return
        begins = at if is_first else at + AHEAD
        former.update(expires_at=begins + OVERLAP)
        SigningKey.objects.create(
            kid=_kid(pem.decode()),
            sealed=credentials.seal(pem, secret=settings.SECRET_KEY),
            created_at=at,
            not_before=begins,
        )
    queries.forget_tokens()


def _kid(pem: str) -> str:
    """Return the name that the provider gives a key in what it publishes and signs."""
    from allauth.core.internal import jwkkit

    told: dict[str, Any] = jwkkit.load_jwk_from_pem(pem)[0]
    return str(told["kid"])

"""
Questions about merchants, people and keys. They change nothing.

`authenticate` is on the path of every request: a key that this process has seen within
two seconds costs no query, so a revocation is honored everywhere within two seconds.
"""

import time
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from allauth.idp.oidc.models import Client, Token
from django.conf import settings
from django.contrib.auth.backends import BaseBackend
from django.db.models import Count
from guardian.core import ObjectPermissionChecker

from fintech.kernel import ids, waiting
from fintech.kernel.invariants import Invariant
from fintech.kernel.money import Money
from fintech.merchants import credentials, data, errors
from fintech.merchants.data import MerchantStatus, Right, Role, StaffRole
from fintech.merchants.models import (
    STAFF_GROUP,
    ApiKey,
    Membership,
    Merchant,
    RequestLogLine,
    SigningKey,
    User,
    normalized,
)

_TRUSTED_S, _LOOKED_UP_WITHIN_S = 1.9, 0.1  # Together the longest that a revoked key is taken.
_MOST_CACHED = 10_000
_cached: dict[bytes, tuple[float, data.ApiKey]] = {}
_tokens: dict[bytes, float] = {}

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        id="M-1",
        rule="Every merchant has an owner who can sign in",
        sql="SELECT m.id FROM merchants_merchant m WHERE NOT EXISTS (SELECT FROM "
        "merchants_membership s JOIN merchants_user u ON u.id = s.user_id "
        "WHERE s.merchant_id = m.id AND s.role = 'owner' AND u.is_active)",
    ),
    Invariant(
        id="M-2",
        rule="A member is in the group of their role on that merchant, and in no other of it",
        sql="SELECT s.id FROM merchants_membership s WHERE (SELECT array_agg(g.name::text) "
        "FROM merchants_user_groups ug JOIN auth_group g ON g.id = ug.group_id "
        "WHERE ug.user_id = s.user_id AND g.name LIKE 'merchant:' || s.merchant_id || ':%%') "
        "IS DISTINCT FROM ARRAY['merchant:' || s.merchant_id || ':' || s.role]",
    ),
)


def merchant(merchant_id: UUID) -> data.Merchant:
    """
    Return a merchant.

    Raises:
        MerchantNotFound: there is none with this id.
    """
    found = Merchant.objects.filter(id=merchant_id).first()
    if found is None:
        raise errors.MerchantNotFound(merchant_id)
    return found.as_data()


def merchants() -> list[data.Merchant]:
    """Return all merchants, oldest first."""
    return [found.as_data() for found in Merchant.objects.order_by("id")]


def merchants_by_id(merchant_ids: Sequence[UUID]) -> dict[UUID, data.Merchant]:
    """Return those of the merchants that exist, in one query."""
    return {found.id: found.as_data() for found in Merchant.objects.filter(id__in=merchant_ids)}


def authenticate(secret: str, *, at: datetime) -> data.ApiKey:
    """
    Return the key that a secret belongs to, if it is in force.

    Raises:
        ApiKeyInvalid: no key has this secret, it was revoked, or its merchant is closed.
        ApiKeyExpired: its time has passed.
    """
    if not credentials.plausible(secret, live=settings.MODE == "live"):
        raise errors.ApiKeyInvalid
    digest = credentials.digest(secret)
    now = time.monotonic()
    trusted_until, key = _cached.get(digest, (0.0, None))
    if key is None or now >= trusted_until:
        if key is not None:  # Who comes meanwhile goes by it, and does not look as well.
            _cached[digest] = (now + _LOOKED_UP_WITHIN_S, key)
        key = waiting.aside(lambda: _looked_up(digest))
        if len(_cached) >= _MOST_CACHED:
            _cached.clear()
        _cached[digest] = (now + _TRUSTED_S, key)
    if key.expires_at is not None and at >= key.expires_at:
        raise errors.ApiKeyExpired(key.id)
    return key


def forget_key(digest: bytes) -> None:
    """Trust no longer what this process remembers of a key."""
    _cached.pop(digest, None)


def _looked_up(digest: bytes) -> data.ApiKey:
    found = (
        ApiKey.objects.select_related("merchant")
        .filter(
            secret_sha256=digest,
            revoked_at__isnull=True,
            merchant__status=MerchantStatus.ACTIVE.value,
        )
        .first()
    )
    if found is None:
        forget_key(digest)
        raise errors.ApiKeyInvalid
    return replace(found.as_data(), api_version=found.merchant.api_version)


def oauth_client_of(client: Client) -> data.OAuthClient:
    """Return the provider's row of a client as a value."""
    told = client.data or {}
    return data.OAuthClient(
        id=ids.parse("oac", client.id),
        client_id=client.id,
        merchant_id=UUID(told["merchant_id"]),
        name=client.name,
        scopes=tuple(client.get_scopes()),
        certificate=told.get("certificate", ""),
        created_at=client.created_at,
    )


def oauth_clients(merchant_id: UUID) -> list[data.OAuthClient]:
    """Return a merchant's OAuth clients, newest first."""
    found = Client.objects.filter(data__merchant_id=str(merchant_id)).order_by("-id")
    return [oauth_client_of(client) for client in found]


def signing_keys(*, at: datetime) -> list[data.SigningKey]:
    """Return the keys whose tokens are good or will be, oldest first."""
    found = SigningKey.objects.exclude(expires_at__lte=at).order_by("not_before", "kid")
    return [
        data.SigningKey(
            kid=key.kid,
            pem=credentials.unseal(bytes(key.sealed), secret=settings.SECRET_KEY).decode(),
            not_before=key.not_before,
            expires_at=key.expires_at,
        )
        for key in found
    ]


def holds_token(token: str) -> bool:
    """
    Whether a token was given out and not taken back, and its merchant may do business.

    A token that this process has asked about within two seconds costs no query, so a
    revocation is honored everywhere within two seconds, with Valkey or without.
    """
    digest = credentials.digest(token)
    now = time.monotonic()
    if _tokens.get(digest, 0.0) > now:
        return True
    if not waiting.aside(lambda: _is_held(digest)):
        _tokens.pop(digest, None)
        return False
    if len(_tokens) >= _MOST_CACHED:
        _tokens.clear()
    _tokens[digest] = now + _TRUSTED_S
    return True


def _is_held(digest: bytes) -> bool:
    found = (
        Token.objects.filter(type=Token.Type.ACCESS_TOKEN, hash=digest.hex())
        .values_list("client__data", flat=True)
        .first()
    )
    return (
        found is not None
        and Merchant.objects.filter(
            id=found["merchant_id"], status=MerchantStatus.ACTIVE.value
        ).exists()
    )


def forget_tokens() -> None:
    """Trust no longer what this process remembers of tokens."""
    _tokens.clear()


def api_keys(merchant_id: UUID) -> list[data.ApiKey]:
    """Return a merchant's keys, newest first, those out of force included."""
    found = ApiKey.objects.filter(merchant_id=merchant_id).order_by("-id")
    return [key.as_data() for key in found]


def api_key(key_id: UUID, merchant_id: UUID) -> data.ApiKey:
    """
    Return one of a merchant's keys.

    Raises:
        ApiKeyNotFound: this merchant has no such key.
    """
    found = ApiKey.objects.filter(id=key_id, merchant_id=merchant_id).first()
    if found is None:
        raise errors.ApiKeyNotFound(key_id)
    return found.as_data()


def user(user_id: UUID) -> data.User:
    """
    Return a person.

    Raises:
        UserNotFound: there is nobody with this id.
    """
    found = User.objects.filter(id=user_id, is_active=True).first()
    if found is None:
        raise errors.UserNotFound(user_id)
    return found.as_data()


def user_by_email(email: str) -> data.User | None:
    """Return the person with an address, in any case of letters."""
    found = User.objects.filter(email=normalized(email), is_active=True).first()
    return found.as_data() if found else None


def memberships(user_id: UUID) -> list[tuple[data.Merchant, Role]]:
    """Return whom a person works for, and as what; oldest merchant first."""
    found = (
        Membership.objects.select_related("merchant")
        .filter(user_id=user_id)
        .order_by("merchant_id")
    )
    return [(member.merchant.as_data(), Role(member.role)) for member in found]


def members(merchant_id: UUID) -> list[data.Membership]:
    """Return who works for a merchant, in the order they came."""
    found = Membership.objects.select_related("user").filter(merchant_id=merchant_id)
    return [member.as_data() for member in found.order_by("id")]


def owners_to_write_to(merchant_id: UUID) -> list[str]:
    """Return the mail addresses of a merchant's owners, read when a mail is sent."""
    return list(
        User.objects.filter(
            memberships__merchant_id=merchant_id,
            memberships__role=Role.OWNER.value,
            is_active=True,
        )
        .order_by("id")
        .values_list("email", flat=True)
    )


def rights(user_id: UUID, merchant_id: UUID) -> frozenset[str]:
    """Return all that a person may do for a merchant."""
    person = User.objects.filter(id=user_id, is_active=True).first()
    if person is None:
        return frozenset()
    checker = ObjectPermissionChecker(person)
    return frozenset(checker.get_perms(Merchant(id=merchant_id)))


def may(user_id: UUID, merchant_id: UUID, right: str) -> bool:
    """Whether a person may do something for a merchant (`data.Right`)."""
    return right in rights(user_id, merchant_id)


def is_alone(user_id: UUID, merchant_id: UUID, right: Right, amount: Money) -> bool:
    """Whether a person may do this with so much alone, or a second member has to agree."""
    role = (
        Membership.objects.filter(user_id=user_id, merchant_id=merchant_id)
        .values_list("role", flat=True)
        .first()
    )
    return role is not None and data.is_alone(Role(role), right, amount)


def staff_roles(user_id: UUID) -> frozenset[StaffRole]:
    """Return what a person does in the back office."""
    names = User.objects.filter(
        id=user_id, is_active=True, is_staff=True, groups__name__startswith=STAFF_GROUP
    ).values_list("groups__name", flat=True)
    return frozenset(StaffRole(name.removeprefix(STAFF_GROUP)) for name in names)


class StaffRoles(BaseBackend):
    """Django's question whether staff may do something, answered by the matrix."""

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        """Whether one of the person's roles has a permission."""
        return obj is None and data.permits(self._roles(user_obj), perm)

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        """Whether one of the person's roles may see anything of an app."""
        return any(
            pattern.startswith(f"{app_label}.")
            for role in self._roles(user_obj)
            for right in data.STAFF_ROLES[role]
            for pattern in data.PERMISSIONS[right]
        )

    def _roles(self, user: Any) -> frozenset[StaffRole]:
        """Return a person's roles, looked up once per request."""
        if not user.is_active or user.pk is None:
            return frozenset()
        if not hasattr(user, "staff_roles"):
            user.staff_roles = staff_roles(user.pk)
        found: frozenset[StaffRole] = user.staff_roles
        return found


_ABOUT = timedelta(hours=1)


def request_log(
    merchant_id: UUID,
    limit: int = 50,
    before: UUID | None = None,
    *,
    failed: bool = False,
    named: tuple[str, datetime] | None = None,
) -> list[data.RequestLogLine]:
    """
    Return a merchant's requests, newest first, older than the line `before`.

    Args:
        named: a request's id and about when it was made: only that one is looked for.
    """
    found = RequestLogLine.objects.filter(merchant_id=merchant_id)
    if named is not None:
        request_id, at = named
        found = found.filter(
            request_id=request_id,
            id__gte=ids.at_time(at - _ABOUT),
            id__lt=ids.at_time(at + _ABOUT),
        )
    if before is not None:
        found = found.filter(id__lt=before)
    if failed:
        found = found.filter(status__gte=400)
    return [line.as_data() for line in found.order_by("-id")[:limit]]


def logged_request(line_id: UUID, merchant_id: UUID) -> data.RequestLogLine | None:
    """Return one line of a merchant's request log, or nothing."""
    found = RequestLogLine.objects.filter(id=line_id, merchant_id=merchant_id).first()
    return None if found is None else found.as_data()


def failed_requests(
    merchant_id: UUID, *, since: datetime, most: int = 200
) -> list[tuple[str, str, str, int]]:
    """Return what failed since then: method, path, code, and how often; the most frequent first."""
    rows = RequestLogLine.objects.filter(
        merchant_id=merchant_id, id__gte=ids.at_time(since), status__gte=400
    )
    told = rows.values_list("method", "path", "error_code").annotate(count=Count("id"))
    return list(told.order_by("-count")[:most])


def first_uses(
    merchant_id: UUID, keys: Collection[str], *, since: datetime
) -> dict[str, data.RequestLogLine]:
    """Return, by idempotency key, the first request since then that came with it."""
    if not keys:
        return {}
    rows = RequestLogLine.objects.filter(
        merchant_id=merchant_id, id__gte=ids.at_time(since), idempotency_key__in=list(keys)
    )
    return {line.idempotency_key: line.as_data() for line in rows.order_by("-id")}

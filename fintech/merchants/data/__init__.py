"""
The values that go in and out of merchants: frozen, typed, free of Django.

Who may do what stands in `rights`, the one matrix.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from fintech.merchants.data.rights import (
    ALONE_UP_TO,
    PERMISSIONS,
    ROLES,
    STAFF_ROLES,
    TWO_PEOPLE,
    Right,
    Role,
    StaffRight,
    StaffRole,
    is_alone,
    permits,
)

__all__ = [
    "ALONE_UP_TO",
    "PERMISSIONS",
    "ROLES",
    "SCOPES",
    "STAFF_ROLES",
    "TWO_PEOPLE",
    "ApiKey",
    "KeyKind",
    "Membership",
    "Merchant",
    "MerchantStatus",
    "NewKey",
    "NewOAuthClient",
    "OAuthClient",
    "RequestLogLine",
    "Right",
    "Role",
    "SigningKey",
    "StaffRight",
    "StaffRole",
    "User",
    "is_alone",
    "permits",
]


class MerchantStatus(StrEnum):
    """Whether a merchant may do business."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"


class KeyKind(StrEnum):
    """What a key is for."""

    SECRET = "secret"  # noqa: S105 - a kind, not a secret; it opens everything
    RESTRICTED = "restricted"  # what its scopes name
    PUBLISHABLE = "publishable"  # the hosted page only


_RESOURCES = (
    "payments",
    "refunds",
    "customers",
    "payouts",
    "disputes",
    "webhooks",
    "wallets",
    "ledger",
    "fraud",
    "reconciliation",
    "audit",
    "notifications",
)

SCOPES = frozenset(f"{resource}:{what}" for resource in _RESOURCES for what in ("read", "write"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Merchant:
    """A tenant: a company that takes, holds and moves money through us."""

    id: UUID
    name: str
    country: str
    default_currency: str
    fee_basis_points: int
    fee_fixed_minor: int  # For sales in `default_currency`.
    status: MerchantStatus
    created_at: datetime
    statement_descriptor: str
    version: int = 1
    # The fixed part for sales in other currencies, in their minor units.
    fee_fixed_elsewhere: Mapping[str, int] = field(default_factory=dict)
    api_version: str = ""  # The dated version of the API that it is pinned to, if any.


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person who signs in."""

    id: UUID
    email: str
    name: str
    is_staff: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """A person working for a merchant."""

    id: UUID
    merchant_id: UUID
    user: User
    role: Role
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A program's right to speak for a merchant. Its secret is not kept."""

    id: UUID
    merchant_id: UUID
    kind: KeyKind
    scopes: tuple[str, ...]
    last4: str
    name: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    api_version: str = ""  # Its merchant's pin, where it was looked up with the key.

    def allows(self, scope: str) -> bool:
        """Whether the key may do what a scope names; to write is also to read."""
        if self.kind == KeyKind.SECRET:
            return True
        resource, _, what = scope.partition(":")
        return scope in self.scopes or (what == "read" and f"{resource}:write" in self.scopes)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key at the one moment its secret is known."""

    key: ApiKey
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthClient:
    """A program that asks for short-lived tokens. Its secret is not kept."""

    id: UUID
    client_id: str  # "oac_…"
    merchant_id: UUID
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    # The certificate that its tokens are bound to: base64url of SHA-256 of the DER form.
    certificate: str = ""
    revoked_at: datetime | None = None
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOAuthClient:
    """A client at the one moment its secret is known."""

    client: OAuthClient
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A key that signs access tokens, or did, or will."""

    kid: str
    pem: str = field(repr=False)
    not_before: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestLogLine:
    """One request to the API, as its merchant may read it. Bodies come redacted."""

    id: UUID
    merchant_id: UUID | None
    api_key_id: UUID | None
    request_id: str
    method: str
    path: str
    status: int
    duration_ms: int
    at: datetime
    error_code: str = ""
    idempotency_key: str = ""
    request_body: Any = None
    response_body: Any = None

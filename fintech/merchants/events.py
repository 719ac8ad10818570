"""Facts about merchants, in the past tense. Ids and codes only: never a name or an address."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from fintech.kernel.events import Code, Event


@dataclass(frozen=True, kw_only=True)
class MerchantOpened(Event):
    """A new tenant is here."""

    name: ClassVar = "merchants.merchant_opened.v1"
    stream_of: ClassVar = "merchant_id"

    merchant_id: UUID
    country: Code
    default_currency: Code
    fee_basis_points: int
    fee_fixed_minor: int


@dataclass(frozen=True, kw_only=True)
class MerchantVersionPinned(Event):
    """A merchant's programs count on a dated version of the API."""

    name: ClassVar = "merchants.version_pinned.v1"
    stream_of: ClassVar = "merchant_id"

    merchant_id: UUID
    api_version: Code


@dataclass(frozen=True, kw_only=True)
class MerchantPriceSet(Event):
    """What a merchant pays per sale is different from now on."""

    name: ClassVar = "merchants.merchant_price_set.v1"
    stream_of: ClassVar = "merchant_id"

    merchant_id: UUID
    fee_basis_points: int
    fee_fixed_minor: int
    fee_fixed_elsewhere: tuple[Code, ...] = ()  # Such as "JPY:30", in minor units.


@dataclass(frozen=True, kw_only=True)
class UserJoined(Event):
    """A person can sign in. Who they are stands in their row only."""

    name: ClassVar = "merchants.user_joined.v1"
    stream_of: ClassVar = "user_id"

    user_id: UUID
    is_staff: bool


@dataclass(frozen=True, kw_only=True)
class StaffRoleFact(Event):
    """What every fact of a role in the back office says."""

    stream_of: ClassVar = "user_id"

    user_id: UUID
    role: Code


@dataclass(frozen=True, kw_only=True)
class StaffRoleGranted(StaffRoleFact):
    """A person may do in the back office what a role may."""

    name: ClassVar = "merchants.staff_role_granted.v1"


@dataclass(frozen=True, kw_only=True)
class StaffRoleWithdrawn(StaffRoleFact):
    """A person no longer has a role in the back office."""

    name: ClassVar = "merchants.staff_role_withdrawn.v1"


@dataclass(frozen=True, kw_only=True)
class MemberAdded(Event):
    """A person works for a merchant, in a role."""

    name: ClassVar = "merchants.member_added.v1"
    stream_of: ClassVar = "membership_id"

    membership_id: UUID
    merchant_id: UUID
    user_id: UUID
    role: Code


@dataclass(frozen=True, kw_only=True)
class MemberRoleChanged(Event):
    """A person does something else for a merchant."""

    name: ClassVar = "merchants.member_role_changed.v1"
    stream_of: ClassVar = "membership_id"

    membership_id: UUID
    merchant_id: UUID
    user_id: UUID
    role: Code


@dataclass(frozen=True, kw_only=True)
class MemberRemoved(Event):
    """A person no longer works for a merchant."""

    name: ClassVar = "merchants.member_removed.v1"
    stream_of: ClassVar = "membership_id"

    membership_id: UUID
    merchant_id: UUID
    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class ApiKeyFact(Event):
    """What every fact of a key's stream says: never its secret."""

    stream_of: ClassVar = "api_key_id"

    api_key_id: UUID
    merchant_id: UUID


@dataclass(frozen=True, kw_only=True)
class ApiKeyCreated(ApiKeyFact):
    """A program can speak for a merchant."""

    name: ClassVar = "merchants.api_key_created.v1"

    kind: Code
    scopes: tuple[Code, ...]
    expires_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class ApiKeyRolled(ApiKeyFact):
    """A key has a successor and ends after an overlap."""

    name: ClassVar = "merchants.api_key_rolled.v1"

    successor_id: UUID
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class ApiKeyRevoked(ApiKeyFact):
    """A key is good for nothing from now on."""

    name: ClassVar = "merchants.api_key_revoked.v1"


@dataclass(frozen=True, kw_only=True)
class OAuthClientFact(Event):
    """What every fact of an OAuth client's stream says: never its secret."""

    stream_of: ClassVar = "oauth_client_id"

    oauth_client_id: UUID
    merchant_id: UUID


@dataclass(frozen=True, kw_only=True)
class OAuthClientCreated(OAuthClientFact):
    """A program can ask for tokens of a merchant."""

    name: ClassVar = "merchants.oauth_client_created.v1"

    scopes: tuple[Code, ...]


@dataclass(frozen=True, kw_only=True)
class OAuthClientRevoked(OAuthClientFact):
    """A client gets no more tokens, and those it has are good for nothing."""

    name: ClassVar = "merchants.oauth_client_revoked.v1"

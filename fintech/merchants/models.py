"""
Rows of the who: merchants, people, what people do for merchants, keys, requests.

Rights are rows too: a group per merchant and role holds its rights on that one merchant
(django-guardian with direct foreign keys), and a member of that role is in the group.
"""

from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length, Lower
from django.db.models.lookups import Exact
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase

from fintech.kernel import ids
from fintech.merchants import data
from fintech.merchants.data import KeyKind, MerchantStatus, Right, Role

STAFF_GROUP = "staff:"  # Begins the name of a staff role's group.


def _choices(codes: type[MerchantStatus | KeyKind | Role]) -> list[tuple[str, str]]:
    return [(code.value, code.value.replace("_", " ").capitalize()) for code in codes]


def normalized(email: str) -> str:
    """Return a mail address as it is kept and looked for."""
    return email.strip().lower()


class UserManager(BaseUserManager["User"]):
    """Makes people for Django's own commands; the platform goes through services."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Make a person who can sign in."""
        user = self.model(email=normalized(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Make a person who may do everything in the back office."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        """Find a person by address, in any case."""
        return self.get(email=normalized(username or ""))


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in with a mail address."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    email = models.EmailField(max_length=254)
    name = models.CharField(max_length=100, blank=True, default="")
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    version = models.BigIntegerField(default=1)

    objects: ClassVar[UserManager] = UserManager()

    EMAIL_FIELD = "email"
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["email"], name="merchants_user_has_an_address_of_their_own"
            ),
            models.CheckConstraint(
                condition=Q(email=Lower("email")), name="merchants_user_address_is_lower_case"
            ),
        )

    def __str__(self) -> str:
        return self.email

    def as_data(self) -> data.User:
        """Return the frozen value for the door."""
        return data.User(id=self.id, email=self.email, name=self.name, is_staff=self.is_staff)


class Merchant(models.Model):
    """A tenant: a company that takes, holds and moves money through us."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    name = models.CharField(max_length=100)
    country = models.CharField(max_length=2)
    default_currency = models.CharField(max_length=3)
    fee_basis_points = models.IntegerField()
    fee_fixed_minor = models.BigIntegerField()  # In the merchant's own currency …
    # … and in others that it was agreed in: minor units by currency. A CHECK knows its form.
    fee_fixed_elsewhere = models.JSONField(default=dict, blank=True, db_default={})
    status = models.CharField(
        max_length=10, choices=_choices(MerchantStatus), default=MerchantStatus.ACTIVE.value
    )
    statement_descriptor = models.CharField(max_length=22, blank=True, default="")
    created_at = models.DateTimeField()
    version = models.BigIntegerField(default=1)
    # Empty is the newest: callers who count on an older one are pinned to it.
    api_version = models.CharField(max_length=10, blank=True, default="", db_default="")

    class Meta:
        default_permissions = ()
        permissions = tuple((right.value, right.value.replace("_", " ")) for right in Right)
        constraints = (
            models.CheckConstraint(condition=~Q(name=""), name="merchants_merchant_has_a_name"),
            models.CheckConstraint(
                condition=Q(country__regex=r"^[A-Z]{2}$"),
                name="merchants_merchant_names_its_country",
            ),
            models.CheckConstraint(
                condition=Q(default_currency__regex=r"^[A-Z]{3}$"),
                name="merchants_merchant_names_its_currency",
            ),
            models.CheckConstraint(
                condition=Q(
                    fee_basis_points__gte=0, fee_basis_points__lte=10_000, fee_fixed_minor__gte=0
                ),
                name="merchants_merchant_pays_between_nothing_and_the_whole",
            ),
            models.CheckConstraint(
                condition=Q(status__in=[status.value for status in MerchantStatus]),
                name="merchants_merchant_has_a_known_status",
            ),
            models.CheckConstraint(
                condition=Q(version__gte=1), name="merchants_merchant_counts_versions_from_one"
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} ({ids.public('acct', self.id)})"

    def as_data(self) -> data.Merchant:
        """Return the frozen value for the door."""
        return data.Merchant(
            id=self.id,
            name=self.name,
            country=self.country,
            default_currency=self.default_currency,
            fee_basis_points=self.fee_basis_points,
            fee_fixed_minor=self.fee_fixed_minor,
            fee_fixed_elsewhere=dict(self.fee_fixed_elsewhere),
            status=MerchantStatus(self.status),
            created_at=self.created_at,
            statement_descriptor=self.statement_descriptor,
            version=self.version,
            api_version=self.api_version,
        )


class MerchantUserPermission(UserObjectPermissionBase):
    """A right of one person on one merchant, beyond their role. guardian looks here."""

    content_object = models.ForeignKey(Merchant, on_delete=models.CASCADE)


class MerchantGroupPermission(GroupObjectPermissionBase):
    """A right of a role's group on its merchant. guardian looks here."""

    content_object = models.ForeignKey(Merchant, on_delete=models.CASCADE)


class Membership(models.Model):
    """A person working for a merchant, in one role."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=10, choices=_choices(Role))
    created_at = models.DateTimeField()
    version = models.BigIntegerField(default=1)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["merchant", "user"], name="merchants_membership_is_one_per_person"
            ),
            models.CheckConstraint(
                condition=Q(role__in=[role.value for role in Role]),
                name="merchants_membership_has_a_known_role",
            ),
        )

    def __str__(self) -> str:
        return f"{self.user} as {self.role} of {self.merchant}"

    def as_data(self) -> data.Membership:
        """Return the frozen value for the door; needs `user` at hand."""
        return data.Membership(
            id=self.id,
            merchant_id=self.merchant_id,
            user=self.user.as_data(),
            role=Role(self.role),
            created_at=self.created_at,
        )


class ApiKey(models.Model):
    """A program's right to speak for a merchant. Only a digest of the secret is kept."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="api_keys")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=12, choices=_choices(KeyKind))
    scopes = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    secret_sha256 = models.BinaryField(max_length=32)
    last4 = models.CharField(max_length=4)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    # Told by the request log in batches: behind by a second or so, and no fact of its own.
    last_used_at = models.DateTimeField(null=True, blank=True)
    version = models.BigIntegerField(default=1)

    class Meta:
        indexes = (models.Index(fields=["merchant", "-id"], name="merchants_api_key_list"),)
        constraints = (
            models.UniqueConstraint(
                fields=["secret_sha256"], name="merchants_api_key_has_a_secret_of_its_own"
            ),
            models.CheckConstraint(
                condition=Exact(Length("secret_sha256"), 32),
                name="merchants_api_key_keeps_a_digest_only",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in KeyKind]),
                name="merchants_api_key_has_a_known_kind",
            ),
            models.CheckConstraint(
                condition=Q(kind="restricted") ^ Q(scopes=[]),
                name="merchants_api_key_names_scopes_if_restricted",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__isnull=True) | Q(expires_at__gte=F("created_at")),
                name="merchants_api_key_expires_after_it_was_made",
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} (…{self.last4})"

    def in_force(self, at: datetime) -> bool:
        """Whether the key opens anything at a moment."""
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)

    def as_data(self) -> data.ApiKey:
        """Return the frozen value for the door."""
        return data.ApiKey(
            id=self.id,
            merchant_id=self.merchant_id,
            kind=KeyKind(self.kind),
            scopes=tuple(self.scopes),
            last4=self.last4,
            name=self.name,
            created_at=self.created_at,
            expires_at=self.expires_at,
            revoked_at=self.revoked_at,
            last_used_at=self.last_used_at,
        )


class SigningKey(models.Model):
    """A key that signs access tokens. What is kept is sealed with the instance's secret."""

    kid = models.CharField(primary_key=True, max_length=64)
    sealed = models.BinaryField()
    created_at = models.DateTimeField()
    not_before = models.DateTimeField()  # Published before, so that everybody knows it by then.
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(expires_at__isnull=True) | Q(expires_at__gt=F("not_before")),
                name="merchants_signingkey_ends_after_it_begins",
            ),
        )

    def __str__(self) -> str:
        return self.kid


class RequestLogLine(models.Model):
    """
    One request to the API.

    No relation: lines are written in bulk, after the fact, and outlive what they name.
    """

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    merchant_id = models.UUIDField(null=True, blank=True)
    api_key_id = models.UUIDField(null=True, blank=True)
    request_id = models.CharField(max_length=64)
    method = models.CharField(max_length=10)
    path = models.CharField(max_length=2048)
    status = models.SmallIntegerField()
    duration_ms = models.IntegerField()
    error_code = models.CharField(max_length=80, blank=True, default="")
    idempotency_key = models.CharField(max_length=255, blank=True, default="")
    request_body = models.JSONField(null=True, blank=True)
    response_body = models.JSONField(null=True, blank=True)
    at = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(fields=["merchant_id", "-id"], name="merchants_request_log_list"),
            models.Index(fields=["at"], name="merchants_request_log_aging"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(status__gte=100, status__lte=599),
                name="merchants_requestlogline_has_an_http_status",
            ),
        )

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.status}"

    def as_data(self) -> data.RequestLogLine:
        """Return the frozen value for the door."""
        return data.RequestLogLine(
            **{field.attname: getattr(self, field.attname) for field in self._meta.concrete_fields}
        )

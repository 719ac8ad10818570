"""Merchants in the back office: read here, changed through services."""

from collections.abc import Callable

from allauth.account.models import EmailAddress
from allauth.idp.oidc.models import Client, Token
from allauth.mfa.models import Authenticator
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import TabularInline

from fintech.kernel import clock
from fintech.kernel.actor import Actor
from fintech.kernel.backoffice import ReadOnlyAdmin
from fintech.kernel.errors import Refusal
from fintech.kernel.money import Money
from fintech.merchants import queries, services
from fintech.merchants.data import StaffRole
from fintech.merchants.models import ApiKey, Membership, Merchant, RequestLogLine, User

# Roles are given through memberships, and a person's address is the person's own.
# Tokens live for minutes, and only their digests are kept.
admin.site.unregister((Authenticator, Client, EmailAddress, Group, Token))


class MembershipInline(TabularInline):
    model = Membership
    fields = ("user", "role", "created_at")
    readonly_fields = fields
    extra = 0
    can_delete = False

    def has_add_permission(self, request: object, obj: object = None) -> bool:
        return False


@admin.register(Merchant)
class MerchantAdmin(ReadOnlyAdmin):
    list_display = ("name", "country", "default_currency", "price", "status", "created_at")
    list_filter = ("status", "country", "default_currency")
    search_fields = ("name__icontains", "id")
    ordering = ("-id",)
    inlines = (MembershipInline,)

    @admin.display(description="Price per sale")
    def price(self, merchant: Merchant) -> str:
        percent = f"{merchant.fee_basis_points // 100}.{merchant.fee_basis_points % 100:02d} %"
        fixed = {merchant.default_currency: merchant.fee_fixed_minor}
        parts = (fixed | merchant.fee_fixed_elsewhere).items()
        return " + ".join((percent, " / ".join(str(Money(minor, code)) for code, minor in parts)))


def _proposal(role: StaffRole) -> Callable[["UserAdmin", HttpRequest, QuerySet[User]], None]:
    """Return the action that proposes a role for the people chosen."""

    @admin.action(description=f"Propose the role: {role.value.replace('_', ' ')}")
    def propose(self: "UserAdmin", request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset:
            self.attempt(
                request,
                lambda user=user: services.propose_staff_role(  # type: ignore[misc]
                    user_id=user.pk, role=role.value, by=_by(request), at=clock.now()
                ),
                f"{user}: proposed; another person decides under Approvals.",
            )

    propose.__name__ = f"propose_{role.value}"
    return propose


def _by(request: HttpRequest) -> Actor:
    return Actor(kind="staff", id=str(request.user.pk))


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    list_display = ("email", "name", "roles", "is_staff", "is_active", "last_login", "created_at")
    list_filter = ("is_staff", "is_active")
    search_fields = ("id", "email__icontains", "name__icontains")
    exclude = ("password", "user_permissions")
    ordering = ("email",)
    actions = (*(_proposal(role) for role in StaffRole), "withdraw_roles")

    @admin.display(description="In the back office")
    def roles(self, user: User) -> str:
        if user.is_superuser:
            return "everything"
        return ", ".join(sorted(role.value for role in queries.staff_roles(user.pk)))

    @admin.action(description="Withdraw all roles")
    def withdraw_roles(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset:
            self.attempt(
                request,
                lambda user=user: services.withdraw_staff_roles(  # type: ignore[misc]
                    user_id=user.pk, by=_by(request), at=clock.now()
                ),
                f"{user} has no role any more.",
            )

    def attempt(self, request: HttpRequest, work: Callable[[], object], done: str) -> None:
        """Do something and say what came of it."""
        try:
            work()
        except Refusal as refusal:
            self.message_user(request, refusal.message, messages.ERROR)
        else:
            self.message_user(request, done, messages.SUCCESS)


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    list_display = (
        "name",
        "merchant",
        "kind",
        "ending",
        "last_used_at",
        "expires_at",
        "revoked_at",
    )
    list_filter = ("kind",)
    list_select_related = ("merchant",)
    search_fields = ("id", "name__icontains", "last4", "merchant__name__icontains")
    exclude = ("secret_sha256",)
    ordering = ("-id",)

    @admin.display(description="Ends in")
    def ending(self, key: ApiKey) -> str:
        return f"…{key.last4}"


@admin.register(Client)
class OAuthClientAdmin(ReadOnlyAdmin):
    list_display = ("name", "id", "scopes", "created_at")
    search_fields = ("id", "name")
    fields = ("id", "name", "scopes", "data", "created_at")
    ordering = ("-id",)


@admin.register(RequestLogLine)
class RequestLogLineAdmin(ReadOnlyAdmin):
    list_display = ("at", "method", "path", "status", "error_code", "duration_ms", "request_id")
    list_filter = ("method", "status")
    search_fields = ("request_id", "path", "idempotency_key")
    ordering = ("-id",)
    show_full_result_count = False

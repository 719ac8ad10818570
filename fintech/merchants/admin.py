"""Merchants in the back office: read here, changed through services."""

from allauth.account.models import EmailAddress
from allauth.idp.oidc.models import Client, Token
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.auth.models import Group
from unfold.admin import TabularInline

from fintech.kernel.backoffice import ReadOnlyAdmin
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
        return f"{percent} + {merchant.fee_fixed_minor} minor"


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    list_display = ("email", "name", "is_staff", "is_active", "last_login", "created_at")
    list_filter = ("is_staff", "is_active")
    search_fields = ("id", "email__icontains", "name__icontains")
    exclude = ("password", "user_permissions")
    ordering = ("email",)


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

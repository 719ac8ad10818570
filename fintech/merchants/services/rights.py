"""
Rights as rows: a group per merchant and role, made when its first member comes.

A role's rights are those of `data.ROLES` on that one merchant; a person has them by
being in the group, so a change of role is one row leaving and one arriving.
"""

from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType

from fintech.merchants.data import ROLES, Right, Role
from fintech.merchants.models import Merchant, MerchantGroupPermission, User


def grant(user: User, merchant: Merchant, role: Role) -> None:
    """Give a person a role's rights on a merchant. The caller's transaction holds it."""
    user.groups.add(_group(merchant, role))


def withdraw(user: User, merchant: Merchant, role: Role) -> None:
    """Take a role's rights on a merchant from a person."""
    user.groups.remove(*Group.objects.filter(name=_name(merchant, role)))


def _name(merchant: Merchant, role: Role) -> str:
    return f"merchant:{merchant.id}:{role.value}"


def _group(merchant: Merchant, role: Role) -> Group:
    group, is_new = Group.objects.get_or_create(name=_name(merchant, role))
    if is_new:
        permissions = _permissions()
        MerchantGroupPermission.objects.bulk_create(
            MerchantGroupPermission(
                group=group, permission=permissions[right.value], content_object=merchant
            )
            for right in sorted(ROLES[role])
        )
    return group


def _permissions() -> dict[str, Permission]:
    """Return a permission per right; Django makes them after a migration, we if it has not."""
    kind, _ = ContentType.objects.get_or_create(app_label="merchants", model="merchant")
    Permission.objects.bulk_create(
        [
            Permission(content_type=kind, codename=right.value, name=right.value.replace("_", " "))
            for right in Right
        ],
        ignore_conflicts=True,
    )
    return {found.codename: found for found in Permission.objects.filter(content_type=kind)}

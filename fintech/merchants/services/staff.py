"""
What staff do in the back office. A role is given by two people, and taken back by one.

A person has a role by being in its group; what it may do stands in `data.rights`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.models import Group
from django_subatomic import db

from fintech.kernel import approvals, event_log
from fintech.kernel.actor import Actor
from fintech.kernel.events import Code
from fintech.merchants import data, errors, events
from fintech.merchants.data import StaffRole
from fintech.merchants.models import STAFF_GROUP, User
from fintech.merchants.services import people

KIND = "merchants.staff_role"


def create_staff(
    *,
    email: str,
    name: str,
    password: str,
    by: Actor,
    at: datetime,
    role: str = "",
    is_superuser: bool | None = None,
) -> data.User:
    """
    Let a person into the back office: in a role, or as one who may do everything.

    Only from the shell and by stories: in the back office roles are proposed.

    Raises:
        EmailInvalid, NameMissing, PasswordTooWeak, RoleUnknown.
    """
    wanted = _role(role) if role else None
    with db.transaction_if_not_already():
        user = people.person(
            email=email,
            name=name,
            password=password,
            by=by,
            at=at,
            is_staff=True,
            is_superuser=wanted is None if is_superuser is None else is_superuser,
        )
        if wanted is not None:
            _grant(user, wanted, by=by, at=at)
        return user.as_data()


def propose_staff_role(*, user_id: UUID, role: str, by: Actor, at: datetime) -> UUID:
    """
    Propose a role for somebody of the staff; another person has a day to agree.

    Raises:
        RoleUnknown, UserNotFound.
        RoleForOneself: nobody proposes a role for himself.
    """
    wanted = _role(role)
    with db.transaction_if_not_already():
        user = _locked(user_id)
        if str(user_id) == by.id:
            raise errors.RoleForOneself
        return approvals.propose(
            kind=KIND,
            payload={"user_id": user.id, "role": wanted.value},
            version_seen=user.version,
            by=by,
            at=at,
        )


def staff_role_agreed(
    payload: Mapping[str, Any],
    *,
    version_seen: int,  # noqa: ARG001 - a role may be given whatever else was.
    by: Actor,
    at: datetime,
) -> None:
    """
    Give the role that was proposed; called by `approvals` in its transaction.

    Raises:
        RoleForOneself: whoever gets the role is the one who agrees.
    """
    user = _locked(UUID(payload["user_id"]))
    if str(user.id) == by.id:
        raise errors.RoleForOneself
    _grant(user, _role(payload["role"]), by=by, at=at)


def withdraw_staff_roles(*, user_id: UUID, by: Actor, at: datetime) -> None:
    """Take all roles from somebody of the staff, at once."""
    with db.transaction_if_not_already():
        user = _locked(user_id)
        groups = list(user.groups.filter(name__startswith=STAFF_GROUP).order_by("name"))
        user.groups.remove(*groups)
        for group in groups:
            user.version += 1
            fact = events.StaffRoleWithdrawn(
                user_id=user.id,
                role=Code(group.name.removeprefix(STAFF_GROUP)),
                version=user.version,
                at=at,
            )
            event_log.append([fact], by=by)
        user.save(update_fields=["version"])


def _grant(user: User, role: StaffRole, *, by: Actor, at: datetime) -> None:
    group, _ = Group.objects.get_or_create(name=f"{STAFF_GROUP}{role.value}")
    if user.groups.filter(id=group.id).exists():
        return
    user.groups.add(group)
    user.version += 1
    user.save(update_fields=["version"])
    fact = events.StaffRoleGranted(
        user_id=user.id, role=Code(role.value), version=user.version, at=at
    )
    event_log.append([fact], by=by)


def _locked(user_id: UUID) -> User:
    user = User.objects.select_for_update().filter(id=user_id, is_staff=True).first()
    if user is None:
        raise errors.UserNotFound(user_id)
    return user


def _role(role: str) -> StaffRole:
    try:
        return StaffRole(role)
    except ValueError as unknown:
        raise errors.RoleUnknown(role) from unknown

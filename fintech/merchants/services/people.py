"""People: who can sign in, and what they do for whom."""

from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django_subatomic import db

from fintech.kernel import event_log
from fintech.kernel.actor import Actor
from fintech.kernel.events import Code
from fintech.merchants import data, errors, events
from fintech.merchants.data import Role
from fintech.merchants.models import Membership, Merchant, User, normalized
from fintech.merchants.services import rights

_SHORTEST_PASSWORD = 12
LONGEST_NAME = 100


def invite_user(
    *,
    merchant_id: UUID,
    email: str,
    name: str,
    role: str,
    password: str | None = None,
    by: Actor,
    at: datetime,
) -> data.Membership:
    """
    Let a person work for a merchant, in a role.

    Whoever has the address already keeps their name and password. Without a password a
    new person cannot sign in until they have set one.

    Raises:
        MerchantNotFound, RoleUnknown, EmailInvalid, NameMissing, PasswordTooWeak.
        AlreadyMember: they work for this merchant already.
    """
    wanted = _role(role)
    with db.transaction_if_not_already():
        merchant = locked_merchant(merchant_id)
        user = person(email=email, name=name, password=password, by=by, at=at)
        if Membership.objects.filter(merchant=merchant, user=user).exists():
            raise errors.AlreadyMember(user_id=user.id, merchant_id=merchant_id)
        return add_member(merchant, user, wanted, by=by, at=at).as_data()


def change_role(
    *, merchant_id: UUID, user_id: UUID, role: str, by: Actor, at: datetime
) -> data.Membership:
    """
    Give a member another role.

    Raises:
        MerchantNotFound, MembershipNotFound, RoleUnknown.
        LastOwner: nobody else would own the merchant.
    """
    wanted = _role(role)
    with db.transaction_if_not_already():
        merchant = locked_merchant(merchant_id)
        member = _member(merchant, user_id)
        if member.role == wanted:
            return member.as_data()
        _keep_an_owner(merchant, member)
        rights.withdraw(member.user, merchant, Role(member.role))
        rights.grant(member.user, merchant, wanted)
        member.role, member.version = wanted.value, member.version + 1
        member.save(update_fields=["role", "version"])
        fact = events.MemberRoleChanged(
            membership_id=member.id,
            merchant_id=merchant_id,
            user_id=user_id,
            role=Code(wanted.value),
            version=member.version,
            at=at,
        )
        event_log.append([fact], by=by)
        return member.as_data()


def remove_member(*, merchant_id: UUID, user_id: UUID, by: Actor, at: datetime) -> None:
    """
    End a person's work for a merchant.

    Raises:
        MerchantNotFound, MembershipNotFound.
        LastOwner: nobody else would own the merchant.
    """
    with db.transaction_if_not_already():
        merchant = locked_merchant(merchant_id)
        member = _member(merchant, user_id)
        _keep_an_owner(merchant, member)
        rights.withdraw(member.user, merchant, Role(member.role))
        fact = events.MemberRemoved(
            membership_id=member.id,
            merchant_id=merchant_id,
            user_id=user_id,
            version=member.version + 1,
            at=at,
        )
        member.delete()
        event_log.append([fact], by=by)


def person(
    *,
    email: str,
    name: str,
    password: str | None,
    by: Actor,
    at: datetime,
    is_staff: bool = False,
    is_superuser: bool = False,
) -> User:
    """Return the person with an address, who may be new. Needs an open transaction."""
    address = normalized(email)
    try:
        validate_email(address)
    except ValidationError as invalid:
        raise errors.EmailInvalid from invalid
    known = User.objects.select_for_update().filter(email=address).first()
    if known is not None:
        return known
    if password is not None and len(password) < _SHORTEST_PASSWORD:
        raise errors.PasswordTooWeak
    user = User(
        email=address,
        name=proper_name(name, "owner_name"),
        is_staff=is_staff,
        is_superuser=is_superuser,
    )
    user.set_password(password)  # None leaves it unusable.
    user.save(force_insert=True)
    fact = events.UserJoined(user_id=user.id, is_staff=is_staff, version=user.version, at=at)
    event_log.append([fact], by=by)
    return user


def add_member(
    merchant: Merchant, user: User, role: Role, *, by: Actor, at: datetime
) -> Membership:
    """Make a person a member. Needs an open transaction that holds the merchant."""
    member = Membership.objects.create(merchant=merchant, user=user, role=role.value, created_at=at)
    rights.grant(user, merchant, role)
    fact = events.MemberAdded(
        membership_id=member.id,
        merchant_id=merchant.id,
        user_id=user.id,
        role=Code(role.value),
        version=member.version,
        at=at,
    )
    event_log.append([fact], by=by)
    return member


def locked_merchant(merchant_id: UUID) -> Merchant:
    """Return a merchant's row, held until the commit."""
    merchant = Merchant.objects.select_for_update().filter(id=merchant_id).first()
    if merchant is None:
        raise errors.MerchantNotFound(merchant_id)
    return merchant


def proper_name(name: str, param: str = "name") -> str:
    """Return a name without the space around it; refuse one that is no name."""
    stripped = name.strip()
    if not 0 < len(stripped) <= LONGEST_NAME or not stripped.isprintable():
        raise errors.NameMissing(param)
    return stripped


def _role(role: str) -> Role:
    try:
        return Role(role)
    except ValueError as unknown:
        raise errors.RoleUnknown(role) from unknown


def _member(merchant: Merchant, user_id: UUID) -> Membership:
    member = (
        Membership.objects.select_related("user").filter(merchant=merchant, user_id=user_id).first()
    )
    if member is None:
        raise errors.MembershipNotFound(user_id=user_id, merchant_id=merchant.id)
    return member


def _keep_an_owner(merchant: Merchant, leaving: Membership) -> None:
    owners = Membership.objects.filter(merchant=merchant, role=Role.OWNER.value)
    if not owners.exclude(id=leaving.id).exists():
        raise errors.LastOwner(merchant.id)

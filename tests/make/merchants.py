"""Merchants, people and keys, made through the services that life uses."""

from datetime import UTC, datetime
from itertools import count

from fintech.kernel import actor
from fintech.merchants import data
from fintech.merchants import services as merchants

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
PASSWORD = "correct horse battery"
BY = actor.system("tests")
_number = count(1)


def merchant(
    *,
    name: str = "Blue Bottle Books",
    country: str = "DE",
    currency: str = "EUR",
    owner_email: str | None = None,
    at: datetime = NOON,
) -> data.Merchant:
    """Return a merchant with an owner who can sign in."""
    return merchants.open_merchant(
        name=name,
        country=country,
        default_currency=currency,
        owner_email=owner_email or f"owner-{next(_number)}@example.com",
        owner_name="Olga Owner",
        owner_password=PASSWORD,
        by=BY,
        at=at,
    )


def api_key(
    of: data.Merchant,
    *,
    kind: data.KeyKind = data.KeyKind.SECRET,
    scopes: tuple[str, ...] = (),
    expires_at: datetime | None = None,
    at: datetime = NOON,
) -> data.NewKey:
    """Return a key of a merchant, with its secret."""
    return merchants.create_api_key(
        merchant_id=of.id,
        name="Web shop",
        kind=kind,
        scopes=scopes,
        expires_at=expires_at,
        by=BY,
        at=at,
    )


def member(of: data.Merchant, role: data.Role, *, at: datetime = NOON) -> data.Membership:
    """Return a new person working for a merchant."""
    return merchants.invite_user(
        merchant_id=of.id,
        email=f"member-{next(_number)}@example.com",
        name="Mia Member",
        role=role,
        password=PASSWORD,
        by=BY,
        at=at,
    )

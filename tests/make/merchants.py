"""
Merchants, people and keys, made through the services that life uses.

Factories whose `_create` calls our services: no row that life could not have made.
"""

from datetime import UTC, datetime
from typing import Any

import factory

from fintech.kernel import actor
from fintech.merchants import data
from fintech.merchants import services as merchants

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
PASSWORD = "correct horse battery"
BY = actor.system("tests")


class MerchantFactory(factory.Factory):
    """A merchant with an owner who can sign in."""

    class Meta:
        model = data.Merchant

    name = "Blue Bottle Books"
    country = "DE"
    currency = "EUR"
    owner_email = factory.Sequence("owner-{}@example.com".format)
    owner_name = "Olga Owner"
    owner_password = PASSWORD
    by = BY
    at = NOON

    @classmethod
    def _create(cls, model_class: type, *args: Any, **facets: Any) -> data.Merchant:
        return merchants.open_merchant(default_currency=facets.pop("currency"), **facets)


class ApiKeyFactory(factory.Factory):
    """A key of the merchant `of`, with its secret."""

    class Meta:
        model = data.NewKey

    of = factory.SubFactory(MerchantFactory)
    name = "Web shop"
    kind = data.KeyKind.SECRET
    scopes = ()
    expires_at = None
    by = BY
    at = NOON

    @classmethod
    def _create(cls, model_class: type, *args: Any, **facets: Any) -> data.NewKey:
        return merchants.create_api_key(merchant_id=facets.pop("of").id, **facets)


class MemberFactory(factory.Factory):
    """A new person working for the merchant `of`."""

    class Meta:
        model = data.Membership

    of = factory.SubFactory(MerchantFactory)
    email = factory.Sequence("member-{}@example.com".format)
    name = "Mia Member"
    role = data.Role.VIEWER
    password = PASSWORD
    by = BY
    at = NOON

    @classmethod
    def _create(cls, model_class: type, *args: Any, **facets: Any) -> data.Membership:
        return merchants.invite_user(merchant_id=facets.pop("of").id, **facets)


def merchant(**facets: Any) -> data.Merchant:
    """Return a merchant with an owner who can sign in."""
    return MerchantFactory(**facets)


def api_key(of: data.Merchant, **facets: Any) -> data.NewKey:
    """Return a key of a merchant, with its secret."""
    return ApiKeyFactory(of=of, **facets)


def member(of: data.Merchant, role: data.Role, **facets: Any) -> data.Membership:
    """Return a new person working for a merchant."""
    return MemberFactory(of=of, role=role, **facets)


def oauth_client(of: data.Merchant, *scopes: str, certificate: str = "") -> data.NewOAuthClient:
    """Return a program of a merchant that asks for tokens."""
    return merchants.create_oauth_client(
        merchant_id=of.id,
        name="Nightly job",
        scopes=scopes or ("payments:write", "customers:read"),
        certificate=certificate,
        by=BY,
        at=NOON,
    )

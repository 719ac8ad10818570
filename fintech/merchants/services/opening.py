"""Opening a merchant, and what they pay."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from babel import Locale
from django_subatomic import db

from fintech.kernel import event_log, money
from fintech.kernel.actor import Actor
from fintech.kernel.events import Code
from fintech.merchants import data, errors, events
from fintech.merchants.data import Role
from fintech.merchants.models import Merchant
from fintech.merchants.services import people

# 1.4 % and 25 minor units a sale, until somebody sets another price.
_FEE_BASIS_POINTS = 140
_FEE_FIXED_MINOR = 25
_WHOLE = 10_000
_DESCRIPTOR = 22  # What fits on a card statement.
_COUNTRY = 2


def open_merchant(
    *,
    name: str,
    country: str,
    default_currency: str,
    owner_email: str,
    owner_name: str,
    owner_password: str | None,
    by: Actor,
    at: datetime,
) -> data.Merchant:
    """
    Open a merchant with its first owner, at the usual price.

    The merchant, the person, their rights and the facts are committed together. If the
    address belongs to somebody already, they become the owner and keep their password.

    Raises:
        NameMissing, CountryUnknown, CurrencyNotSupported, EmailInvalid, PasswordTooWeak.
    """
    country, default_currency = country.strip().upper(), default_currency.strip().upper()
    if len(country) != _COUNTRY or country not in Locale("en").territories:
        raise errors.CountryUnknown(country)
    if not money.is_known(default_currency):
        raise errors.CurrencyNotSupported(default_currency)
    proper = people.proper_name(name)
    with db.transaction_if_not_already():
        owner = people.person(
            email=owner_email, name=owner_name, password=owner_password, by=by, at=at
        )
        merchant = Merchant.objects.create(
            name=proper,
            country=country,
            default_currency=default_currency,
            fee_basis_points=_FEE_BASIS_POINTS,
            fee_fixed_minor=_FEE_FIXED_MINOR,
            statement_descriptor=_descriptor(proper),
            created_at=at,
        )
        fact = events.MerchantOpened(
            merchant_id=merchant.id,
            country=Code(country),
            default_currency=Code(default_currency),
            fee_basis_points=merchant.fee_basis_points,
            fee_fixed_minor=merchant.fee_fixed_minor,
            version=merchant.version,
            at=at,
        )
        event_log.append([fact], by=by)
        people.add_member(merchant, owner, Role.OWNER, by=by, at=at)
    return merchant.as_data()


def set_price(
    *,
    merchant_id: UUID,
    fee_basis_points: int,
    fee_fixed_minor: int,
    fee_fixed_elsewhere: Mapping[str, int] | None = None,
    by: Actor,
    at: datetime,
) -> data.Merchant:
    """
    Change what a merchant pays per sale, from now on; payments begun keep their price.

    Args:
        fee_basis_points: hundredths of a percent of every sale, in whatever currency.
        fee_fixed_minor: once per sale in the merchant's own currency, in its minor units.
        fee_fixed_elsewhere: the same for sales in other currencies, each in its own minor units;
            in those that are left out there is none. Without it, what was agreed stays.

    Raises:
        MerchantNotFound.
        PriceInvalid: less than nothing, or more than the whole.
        CurrencyNotSupported: a fixed part is in no currency that we know, or in the own one.
    """
    elsewhere = None if fee_fixed_elsewhere is None else dict(sorted(fee_fixed_elsewhere.items()))
    if not 0 <= fee_basis_points <= _WHOLE or fee_fixed_minor < 0:
        raise errors.PriceInvalid
    if any(minor < 0 for minor in (elsewhere or {}).values()):
        raise errors.PriceInvalid
    with db.transaction_if_not_already():
        merchant = people.locked_merchant(merchant_id)
        for currency in elsewhere or {}:
            if not money.is_known(currency) or currency == merchant.default_currency:
                raise errors.CurrencyNotSupported(currency)
        merchant.fee_basis_points, merchant.fee_fixed_minor = fee_basis_points, fee_fixed_minor
        if elsewhere is not None:
            merchant.fee_fixed_elsewhere = elsewhere
        merchant.version += 1
        merchant.save(
            update_fields=["fee_basis_points", "fee_fixed_minor", "fee_fixed_elsewhere", "version"]
        )
        fact = events.MerchantPriceSet(
            merchant_id=merchant_id,
            fee_basis_points=fee_basis_points,
            fee_fixed_minor=fee_fixed_minor,
            fee_fixed_elsewhere=tuple(
                Code(f"{currency}:{minor}")
                for currency, minor in merchant.fee_fixed_elsewhere.items()
            ),
            version=merchant.version,
            at=at,
        )
        event_log.append([fact], by=by)
    return merchant.as_data()


def pin_version(*, merchant_id: UUID, version: str, by: Actor, at: datetime) -> data.Merchant:
    """
    Pin a merchant's programs to a dated version of the API, or to none with an empty one.

    Which versions there are the API knows; it refuses a pin that never was.

    Raises:
        MerchantNotFound.
    """
    with db.transaction_if_not_already():
        merchant = people.locked_merchant(merchant_id)
        merchant.api_version = version
        merchant.version += 1
        merchant.save(update_fields=["api_version", "version"])
        fact = events.MerchantVersionPinned(
            merchant_id=merchant_id,
            api_version=Code(version),
            version=merchant.version,
            at=at,
        )
        event_log.append([fact], by=by)
    return merchant.as_data()


def _descriptor(name: str) -> str:
    """Return a name as card statements can print it."""
    kept = "".join(c for c in name.upper() if c.isascii() and (c.isalnum() or c in " .-"))
    return kept[:_DESCRIPTOR].strip()

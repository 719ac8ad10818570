"""What is asked for, checked: rows that are not stored yet, at their price."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self
from uuid import UUID

from fintech.kernel import ids, money
from fintech.kernel.events import Code
from fintech.kernel.money import Money
from fintech.merchants import data as merchant_data
from fintech.merchants import queries as merchant_queries
from fintech.payments import data, errors, events
from fintech.payments.models import Customer, Payment
from fintech.payments.services import rows

_LARGEST_MINOR = 999_999_999_999
_MOST_METADATA = 50


@dataclass(slots=True)
class Prices:
    """Merchants' prices, read once per batch."""

    known: dict[UUID, merchant_data.Merchant] = field(default_factory=dict)

    @classmethod
    def for_all(cls, merchant_ids: Collection[UUID]) -> Self:
        """Read the prices of a batch's merchants in one query."""
        wanted = sorted(set(merchant_ids))
        return cls(merchant_queries.merchants_by_id(wanted) if wanted else {})

    def of(self, merchant_id: UUID) -> merchant_data.Merchant:
        """Return the merchant with its price."""
        if merchant_id not in self.known:
            self.known[merchant_id] = merchant_queries.merchant(merchant_id)
        return self.known[merchant_id]


def new_row(new: data.NewPayment, *, merchant_id: UUID, prices: Prices, at: datetime) -> Payment:
    """Check what is asked for, and return its row, not yet stored."""
    check_amount(new.amount)
    check_metadata(new.metadata)
    price = prices.of(merchant_id)
    return Payment(
        id=new.id or ids.new(),
        merchant_id=merchant_id,
        purpose=new.purpose,
        wallet_id=new.wallet_id,
        currency=new.amount.currency,
        amount_minor=new.amount.minor,
        fee_basis_points=price.fee_basis_points,
        fee_fixed_minor=fixed_fee(price, new.amount.currency),
        capture_method=new.capture_method,
        customer_id=new.customer_id,
        description=short(new.description, 1000, "description"),
        metadata=dict(new.metadata),
        receipt_email=short(new.receipt_email, 512, "receipt_email"),
        return_url=short(new.return_url, 2048, "return_url"),
        statement_descriptor=short(new.statement_descriptor, 22, "statement_descriptor"),
        link_id=new.link_id,
        session_id=new.session_id,
        created_at=at,
        expires_at=at + rows.CONFIRMATION_LASTS,
    )


def fixed_fee(price: merchant_data.Merchant, currency: str) -> int:
    """
    Return the fixed part of a merchant's price in minor units of a sale's currency.

    It is agreed in the merchant's own currency and in each other one by itself; a sale in a
    currency that none was agreed in has the percentage alone. To scale it by the currencies'
    decimals is no conversion: 25 yen would be 25.000 KWD.
    """
    if price.default_currency == currency:
        return price.fee_fixed_minor
    return price.fee_fixed_elsewhere.get(currency, 0)


@dataclass(frozen=True, slots=True)
class Known:
    """What fraud compares of a customer."""

    since: datetime
    name: str


def known_customers(wanted: Collection[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], Known]:
    """Return which (merchant, customer) belong together and are not forgotten, in one query."""
    if not wanted:
        return {}
    found = Customer.objects.filter(
        id__in={customer_id for _, customer_id in wanted}, deleted_at=None
    ).values_list("merchant_id", "id", "created_at", "name")
    belong = {
        (merchant_id, customer_id): Known(since, name)
        for merchant_id, customer_id, since, name in found
    }
    return {pair: belong[pair] for pair in wanted if pair in belong}


def created(payment: Payment, *, at: datetime) -> events.PaymentCreated:
    """Tell that a payment was made."""
    return rows.tell(
        events.PaymentCreated,
        payment,
        was="",
        at=at,
        purpose=Code(str(payment.purpose)),
        capture_method=Code(str(payment.capture_method)),
        customer_id=payment.customer_id,
        payment_method_id=payment.payment_method_id,
        fee_basis_points=payment.fee_basis_points,
        fee_fixed_minor=payment.fee_fixed_minor,
        wallet_id=payment.wallet_id,
        link_id=payment.link_id,
        session_id=payment.session_id,
    )


def check_amount(amount: Money, *, param: str = "amount") -> None:
    """Refuse what nobody can owe."""
    if not money.is_known(amount.currency):
        raise errors.CurrencyNotSupported(amount.currency)
    if amount.minor < 1:
        raise errors.AmountTooSmall(amount.minor, param=param)
    if amount.minor > _LARGEST_MINOR:
        raise errors.AmountTooLarge(amount.minor, param=param)


def check_metadata(metadata: Mapping[str, str]) -> None:
    """Refuse metadata that is too much: 50 keys of 40 characters, values of 500."""
    if len(metadata) > _MOST_METADATA:
        raise errors.ParameterInvalid("metadata", "Metadata has at most 50 keys.")
    for name, text in metadata.items():
        short(name, 40, "metadata")
        short(text, 500, "metadata")


def merged(kept: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """Return metadata with what is given; an empty value removes its key."""
    together = {name: text for name, text in {**kept, **given}.items() if text}
    check_metadata(together)
    return together


def short(text: str, most: int, param: str) -> str:
    """Return text as it is, if it is no longer than `most` and can be stored."""
    if len(text) > most or "\x00" in text:
        raise errors.ParameterInvalid(param, f"This must be text of at most {most} characters.")
    return text

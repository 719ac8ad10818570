"""Cards: made from a sandbox number or token, attached to a customer, never shown whole."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django_subatomic import db

from fintech.fraud import queries as fraud_queries
from fintech.kernel import event_log, idempotency, ids
from fintech.kernel.actor import Actor
from fintech.kernel.idempotency import Done, Key
from fintech.payments import data, errors, events
from fintech.payments.models import Customer, PaymentMethod
from fintech.payments.providers import sandbox_cards
from fintech.payments.services import drafting
from fintech.wallets import errors as wallet_errors
from fintech.wallets import queries as wallet_queries

_YEARS_VALID = 8


def create_payment_method(
    *,
    merchant_id: UUID,
    token: str = "",
    number: str = "",
    exp_month: int | None = None,
    exp_year: int | None = None,
    billing_name: str = "",
    billing_email: str = "",
    billing_phone: str = "",
    billing_country: str = "",
    metadata: Mapping[str, str] | None = None,
    key: Key | None = None,
    by: Actor,  # noqa: ARG001 - every command names its actor.
    at: datetime,
) -> Done[data.PaymentMethod]:
    """
    Keep a card as a token. The number itself is never stored.

    Raises:
        CardNumberUnknown: not a number or token of the sandbox's table.
        ParameterInvalid: the number or expiry cannot be a card's, or there is no such country.
    """
    row_made = _row(
        _found(token, number),
        merchant_id=merchant_id,
        exp_month=exp_month,
        exp_year=exp_year,
        at=at,
    )
    row_made.billing_name = drafting.short(billing_name, 256, "billing_details[name]")
    row_made.billing_email = drafting.short(billing_email, 512, "billing_details[email]")
    row_made.billing_phone = drafting.short(billing_phone, 40, "billing_details[phone]")
    row_made.billing_country = _country(billing_country)
    row_made.metadata = drafting.merged({}, metadata or {})

    def work() -> data.PaymentMethod:
        row_made.save(force_insert=True)
        return row_made.as_data()

    return idempotency.once(key, work, at=at)


def attach(
    *,
    merchant_id: UUID,
    payment_method_id: UUID | None = None,
    token: str = "",
    customer_id: UUID,
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.PaymentMethod]:
    """
    Let a card belong to a customer: one that is kept, or a new one of a sandbox's `token`.

    A new card is made under the same key, so that asking again makes no other.

    Raises:
        PaymentMethodNotFound, CustomerNotFound: the merchant has no such thing.
        ParameterInvalid: the card belongs to somebody else.
    """

    # Rows are locked before the key's row is written: see `claims.taken`.
    def work() -> data.PaymentMethod:
        customer = Customer.objects.filter(
            id=customer_id, merchant_id=merchant_id, deleted_at=None
        ).first()
        if customer is None:
            raise errors.CustomerNotFound(customer_id)
        if method.customer_id not in {None, customer_id}:
            raise errors.ParameterInvalid("customer", "The card belongs to another customer.")
        if method.customer_id is None:
            method.customer = customer
            method.version += 1
            method.save(force_insert=is_new)
            event_log.append(
                [
                    events.PaymentMethodAttached(
                        payment_method_id=method.id,
                        customer_id=customer_id,
                        merchant_id=merchant_id,
                        version=method.version,
                        at=at,
                    )
                ],
                by=by,
            )
        return method.as_data()

    is_new = payment_method_id is None
    with db.transaction_if_not_already():
        method = (
            row_from_token(token, merchant_id=merchant_id, at=at)
            if payment_method_id is None
            else _locked(payment_method_id, merchant_id=merchant_id)
        )
        return idempotency.once(key, work, at=at)


def detach(
    *,
    merchant_id: UUID,
    payment_method_id: UUID,
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.PaymentMethod]:
    """Let a card belong to nobody; `PaymentMethodNotFound` if the merchant has none such."""

    def work() -> data.PaymentMethod:
        was = method.customer_id
        if was is not None:
            method.customer = None
            method.version += 1
            method.save()
            event_log.append(
                [
                    events.PaymentMethodDetached(
                        payment_method_id=method.id,
                        customer_id=was,
                        merchant_id=merchant_id,
                        version=method.version,
                        at=at,
                    )
                ],
                by=by,
            )
        return method.as_data()

    with db.transaction_if_not_already():
        method = _locked(payment_method_id, merchant_id=merchant_id)
        return idempotency.once(key, work, at=at)


def update_payment_method(
    *,
    merchant_id: UUID,
    payment_method_id: UUID,
    billing_name: str | None = None,
    billing_email: str | None = None,
    billing_phone: str | None = None,
    billing_country: str | None = None,
    metadata: Mapping[str, str] | None = None,
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.PaymentMethod]:
    """Change what is given; metadata is merged, and an empty value removes its key."""
    drafting.check_metadata(metadata or {})

    def work() -> data.PaymentMethod:
        if billing_name is not None:
            method.billing_name = drafting.short(billing_name, 256, "billing_details[name]")
        if billing_email is not None:
            method.billing_email = drafting.short(billing_email, 512, "billing_details[email]")
        if billing_phone is not None:
            method.billing_phone = drafting.short(billing_phone, 40, "billing_details[phone]")
        if billing_country is not None:
            method.billing_country = _country(billing_country)
        if metadata is not None:
            method.metadata = drafting.merged(method.metadata, metadata)
        method.version += 1
        method.save()
        event_log.append(
            [
                events.PaymentMethodUpdated(
                    payment_method_id=method.id,
                    customer_id=method.customer_id,
                    merchant_id=merchant_id,
                    version=method.version,
                    at=at,
                )
            ],
            by=by,
        )
        return method.as_data()

    with db.transaction_if_not_already():
        method = _locked(payment_method_id, merchant_id=merchant_id)
        return idempotency.once(key, work, at=at)


def row(payment_method_id: UUID, *, merchant_id: UUID) -> PaymentMethod:
    """Return a merchant's card; `PaymentMethodNotFound` if it has none of that id."""
    found = PaymentMethod.objects.filter(id=payment_method_id, merchant_id=merchant_id).first()
    if found is None:
        raise errors.PaymentMethodNotFound(payment_method_id)
    return found


def row_from_token(token: str, *, merchant_id: UUID, at: datetime) -> PaymentMethod:
    """Return a new card, not yet stored, from the neutral code of a sandbox card."""
    return _row(_found(token, ""), merchant_id=merchant_id, exp_month=None, exp_year=None, at=at)


def bin_of(method: PaymentMethod) -> str | None:
    """Return the digits of a card that name its bank; None of a wallet."""
    card = sandbox_cards.BY_CODE.get(method.card_token)
    return card.bin if card is not None else None


def row_from_wallet(wallet_id: UUID, *, merchant_id: UUID, at: datetime) -> PaymentMethod:
    """
    Return a new method, not yet stored, that charges a wallet of the same merchant.

    Raises:
        PaymentMethodNotFound: the merchant has no such wallet.
        WalletUnfit: nothing leaves the wallet now.
    """
    try:
        wallet = wallet_queries.wallet(wallet_id, merchant_id)
    except wallet_errors.WalletNotFound:
        raise errors.PaymentMethodNotFound(wallet_id) from None
    if str(wallet.state) != "active":
        raise errors.WalletUnfit(wallet_id=wallet_id, state=str(wallet.state))
    return PaymentMethod(
        id=ids.new(),
        merchant_id=merchant_id,
        card_token="",
        brand="wallet",
        last4="",
        exp_month=0,
        exp_year=0,
        country="",
        funding="",
        fingerprint=hashlib.sha256(f"wallet {wallet_id}".encode()).hexdigest()[:24],
        wallet_id=wallet_id,
        created_at=at,
    )


def chosen(
    *, token: str, wallet_id: UUID | None, method_id: UUID | None, merchant_id: UUID, at: datetime
) -> tuple[PaymentMethod | None, bool]:
    """Return what is to be charged, and whether its row is new; nothing if none is named."""
    if token:
        return row_from_token(token, merchant_id=merchant_id, at=at), True
    if wallet_id is not None:
        return row_from_wallet(wallet_id, merchant_id=merchant_id, at=at), True
    if method_id is not None:
        return row(method_id, merchant_id=merchant_id), False
    return None, False


def _country(code: str) -> str:
    """Return a country's code as it is compared; refuse what is none."""
    upper = code.upper()
    if upper and not fraud_queries.is_country(upper):
        raise errors.ParameterInvalid(
            "billing_details[address][country]", "This is no country's code of two letters."
        )
    return upper


def _locked(payment_method_id: UUID, *, merchant_id: UUID) -> PaymentMethod:
    found = (
        PaymentMethod.objects.select_for_update()
        .filter(id=payment_method_id, merchant_id=merchant_id)
        .first()
    )
    if found is None:
        raise errors.PaymentMethodNotFound(payment_method_id)
    return found


def _found(token: str, number: str) -> sandbox_cards.SandboxCard:
    if token:
        if token not in sandbox_cards.BY_CODE:
            raise errors.CardNumberUnknown("payment_method")
        return sandbox_cards.BY_CODE[token]
    digits = number.replace(" ", "").replace("-", "")
    if digits in sandbox_cards.BY_NUMBER:
        return sandbox_cards.BY_NUMBER[digits]
    if not (digits.isascii() and digits.isdigit() and sandbox_cards.passes_luhn(digits)):
        raise errors.CardNumberIncorrect
    raise errors.CardNumberUnknown


def _row(
    card: sandbox_cards.SandboxCard,
    *,
    merchant_id: UUID,
    exp_month: int | None,
    exp_year: int | None,
    at: datetime,
) -> PaymentMethod:
    month = 12 if exp_month is None else exp_month
    year = at.year + _YEARS_VALID if exp_year is None else exp_year
    if not 1 <= month <= 12:  # noqa: PLR2004 - months of a year.
        raise errors.ParameterInvalid("card[exp_month]", "The month must be from 1 to 12.")
    if (year, month) < (at.year, at.month) or year > at.year + 50:
        raise errors.ParameterInvalid("card[exp_year]", "The card has expired.")
    return PaymentMethod(
        id=ids.new(),
        merchant_id=merchant_id,
        card_token=card.code,
        brand=card.brand,
        last4=card.last4,
        exp_month=month,
        exp_year=year,
        country=card.country,
        funding=card.funding,
        fingerprint=card.fingerprint,
        risk=card.risk,
        created_at=at,
    )

"""Rows under lock, facts told of them, and what may be asked of them."""

import re
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from fintech.kernel import columns, money
from fintech.kernel.actor import Actor
from fintech.kernel.columns import Column
from fintech.kernel.events import Code
from fintech.kernel.money import Money
from fintech.wallets import data, errors, events
from fintech.wallets.models import Hold, Wallet

_MOST_MINOR = 999_999_999_999
_MOST_PAIRS = 50
_CODE = re.compile(r"[A-Za-z0-9_.:-]*")


class Party(NamedTuple):
    """What an operation must know of a wallet that it takes from or brings to."""

    id: UUID
    merchant_id: UUID
    customer_id: UUID | None
    state: str
    currencies: Sequence[str]


def parties(wallet_ids: Collection[UUID]) -> dict[UUID, Party]:
    """
    Return wallets that stay as they are until the commit, locked in id order.

    FOR SHARE: any number may spend from them at once (the ledger decides who gets the
    money), but nobody freezes or closes them meanwhile.
    """
    if not wallet_ids:
        return {}
    with columns.cursor() as cursor:
        cursor.execute(
            "SELECT id, merchant_id, customer_id, state, currencies "
            "FROM wallets_wallet WHERE id = ANY(%s::uuid[]) ORDER BY id FOR SHARE",
            [Column("uuid", list(wallet_ids))],
        )
        return {row[0]: Party(*row) for row in cursor.fetchall()}


def party(wallet_id: UUID, *, merchant_id: UUID | None = None) -> Party:
    """Return one wallet that stays as it is until the commit."""
    found = parties([wallet_id]).get(wallet_id)
    if found is None or merchant_id not in {None, found.merchant_id}:
        raise errors.WalletNotFound(wallet_id)
    return found


def locked(
    wallet_id: UUID, *, merchant_id: UUID | None = None, expected_version: int | None = None
) -> Wallet:
    """Return a wallet that only we may change until the commit."""
    wallet = Wallet.objects.select_for_update(no_key=True).filter(id=wallet_id).first()
    if wallet is None or merchant_id not in {None, wallet.merchant_id}:
        raise errors.WalletNotFound(wallet_id)
    if expected_version is not None and wallet.version != expected_version:
        raise errors.WalletChanged(
            wallet_id=wallet_id, expected=expected_version, version=wallet.version
        )
    return wallet


def locked_hold(hold_id: UUID, *, merchant_id: UUID | None = None) -> Hold:
    """Return a hold that only we may change until the commit."""
    rows = Hold.objects.select_for_update(no_key=True).filter(id=hold_id)
    if merchant_id is not None:
        rows = rows.filter(merchant_id=merchant_id)
    found = rows.first()
    if found is None:
        raise errors.HoldNotFound(hold_id)
    return found


def usable(wallet: Party | Wallet, amount: Money) -> None:
    """Refuse to let this amount leave a wallet for what it is, funds aside."""
    check_amount(amount)
    if wallet.state != data.WalletState.ACTIVE:
        raise errors.WalletFrozen(wallet_id=wallet.id, state=str(wallet.state))
    check_kept(wallet, amount.currency)


def check_kept(wallet: Party | Wallet, currency: str) -> None:
    """Refuse a currency that the wallet does not keep."""
    if currency not in wallet.currencies:
        raise errors.CurrencyNotTheWallets(asked=currency, wallet=", ".join(wallet.currencies))


def check_not_closed(wallet: Party | Wallet) -> None:
    """Refuse a wallet that has ended."""
    if wallet.state == data.WalletState.CLOSED:
        raise errors.WalletFrozen(wallet_id=wallet.id, state=str(wallet.state))


def check_amount(amount: Money) -> None:
    """Refuse what no amount can be."""
    if amount.minor < 1:
        raise errors.AmountTooSmall(amount.minor)
    if amount.minor > _MOST_MINOR:
        raise errors.AmountTooLarge(amount.minor)


def check_currency(currency: str) -> str:
    """Refuse a currency that nobody can pay with."""
    if not money.is_known(currency):
        raise errors.CurrencyNotSupported(currency)
    return currency


def check_code(text: str, most: int, param: str) -> str:
    """Refuse what is not a machine's word: letters, digits and `_.:-`."""
    if len(text) > most or not _CODE.fullmatch(text):
        raise errors.ParameterInvalid(
            param, f"This is at most {most} letters, digits, dots, colons, dashes or underscores."
        )
    return text


def check_zone(zone: str) -> str:
    """Refuse a time zone that there is not."""
    if zone and not data.is_zone(zone):
        raise errors.ParameterInvalid("zone", "This is not a time zone that we know.")
    return zone


def check_text(text: str, most: int, param: str) -> str:
    """Refuse a text that its column cannot hold."""
    if len(text) > most:
        raise errors.ParameterInvalid(param, f"This must be at most {most} characters.")
    if "\x00" in text:
        raise errors.ParameterInvalid(param, "This must not contain a null character.")
    return text


def check_metadata(metadata: dict[str, str]) -> dict[str, str]:
    """Refuse metadata that is more than a few short words."""
    if len(metadata) > _MOST_PAIRS:
        raise errors.ParameterInvalid("metadata", f"There are at most {_MOST_PAIRS} keys.")
    for name, text in metadata.items():
        check_text(name, 40, "metadata")
        check_text(text, 500, f"metadata[{name[:40]}]")
    return metadata


def tell_wallet[Fact: events.WalletFact](
    fact: type[Fact], wallet: Wallet, *, at: datetime, **fields: Any
) -> Fact:
    """Make the next fact of a wallet's stream, and count it."""
    wallet.version += 1
    return fact(
        wallet_id=wallet.id,
        merchant_id=wallet.merchant_id,
        currency=Code(wallet.currency),
        version=wallet.version,
        at=at,
        **fields,
    )


def tell_hold[Fact: events.HoldFact](
    fact: type[Fact], hold: Hold, *, amount_minor: int, entry_id: UUID, at: datetime, **fields: Any
) -> Fact:
    """Make the next fact of a hold's stream, and count it."""
    hold.version += 1
    return fact(
        hold_id=hold.id,
        wallet_id=hold.wallet_id,
        merchant_id=hold.merchant_id,
        amount_minor=amount_minor,
        currency=Code(hold.currency),
        entry_id=entry_id,
        version=hold.version,
        at=at,
        **fields,
    )


def named(by: Actor) -> str:
    """Return who acts, as a row keeps it."""
    return f"{by.kind}:{by.id}"[:100]


def both(
    found: dict[UUID, Party], source_id: UUID, destination_id: UUID, merchant_id: UUID | None
) -> tuple[Party, Party]:
    """Return the two wallets of one merchant."""
    source = found.get(source_id)
    if source is None or merchant_id not in {None, source.merchant_id}:
        raise errors.WalletNotFound(source_id)
    destination = found.get(destination_id)
    if destination is None or destination.merchant_id != source.merchant_id:
        raise errors.WalletNotFound(destination_id)
    return source, destination


def tell_transfer[Fact: events.TransferFact](
    fact: type[Fact], made: data.Transfer, entry_id: UUID, *, at: datetime
) -> Fact:
    """Make a fact of a transfer's stream."""
    return fact(
        transfer_id=made.id,
        merchant_id=made.merchant_id,
        source_id=made.source_id,
        destination_id=made.destination_id,
        amount_minor=made.amount.minor,
        currency=Code(made.amount.currency),
        received_minor=made.received.minor,
        received_currency=Code(made.received.currency),
        quote_id=made.quote_id,
        entry_id=entry_id,
        version=made.version,
        at=at,
    )

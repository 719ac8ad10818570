"""
How far a wallet may fall: overdrawn as far as its merchant may lend, or not below what must stay.

The floor itself stands in the ledger, on the balance, whose CHECK keeps it whoever posts.
How far a merchant may lend is the platform's to say, and takes two of its people.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django_subatomic import db

from fintech.kernel import approvals, event_log, idempotency
from fintech.kernel.actor import Actor
from fintech.kernel.events import Code
from fintech.kernel.idempotency import Done, Key
from fintech.kernel.money import Money
from fintech.ledger import services as ledger
from fintech.ledger.data import chart
from fintech.ledger.errors import BelowFloor
from fintech.wallets import data, errors, events
from fintech.wallets.models import Allowance, Wallet
from fintech.wallets.services import rows

OVERDRAFT_KIND = "wallets.overdraft"  # Among `settings.APPROVALS`.
MOST_MINOR = 999_999_999_999


def set_floor(
    *,
    wallet_id: UUID,
    currency: str,
    floor_minor: int,
    merchant_id: UUID | None = None,
    expected_version: int | None = None,
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.Wallet]:
    """
    Let a wallet fall this far in a currency and no further.

    Args:
        floor_minor: in minor units; below zero it may be overdrawn, above zero so much
            must stay in it. What holds set aside counts as gone.

    Raises:
        WalletNotFound, WalletChanged, WalletFrozen: as `freeze`.
        CurrencyNotTheWallets: it does not keep this currency.
        OverdraftNotAllowed: its merchant may not lend so much.
        BelowMinimum: less than that is available now.
    """

    def work() -> data.Wallet:
        wallet = rows.locked(wallet_id, merchant_id=merchant_id, expected_version=expected_version)
        rows.check_not_closed(wallet)
        rows.check_kept(wallet, currency)
        if floor_minor != wallet.floor(currency):
            fact = lower(wallet, currency, floor_minor, at=at)
            wallet.save()
            event_log.append([fact], by=by)
            in_the_books(wallet, currency, by=by, at=at)
        return wallet.as_data()

    return idempotency.once(key, work, at=at)


def lower(wallet: Wallet, currency: str, floor_minor: int, *, at: datetime) -> events.FloorSet:
    """Give a wallet's row another floor, if its merchant may, and return the fact of it."""
    check_floor(floor_minor)
    if floor_minor < 0:
        allowed = _allowed(wallet.merchant_id, currency)
        if -floor_minor > allowed:
            raise errors.OverdraftNotAllowed(
                asked=Money(-floor_minor, currency), allowed=Money(allowed, currency)
            )
    wallet.floors = {code: minor for code, minor in wallet.floors.items() if code != currency}
    if floor_minor:
        wallet.floors[currency] = floor_minor
    return rows.tell_wallet(
        events.FloorSet, wallet, at=at, floor_currency=Code(currency), floor_minor=floor_minor
    )


def in_the_books(wallet: Wallet, currency: str, *, by: Actor, at: datetime) -> None:
    """Have the ledger keep a floor that the wallet's row has; it comes last."""
    floor = wallet.floor(currency)
    account = chart.account(chart.WALLET, currency, str(wallet.id))
    try:
        ledger.set_floor(account=account, floor=floor, by=by, at=at)
    except BelowFloor as refused:
        raise errors.BelowMinimum(wallet_id=wallet.id, minimum=Money(floor, currency)) from refused


def check_floor(floor_minor: int) -> None:
    """Refuse what no floor can be."""
    if not -MOST_MINOR <= floor_minor <= MOST_MINOR:
        raise errors.AmountTooLarge(floor_minor)


def _allowed(merchant_id: UUID, currency: str) -> int:
    """Return how far a wallet may be overdrawn; it stays so until the commit."""
    found = Allowance.objects.select_for_update(no_key=True)
    row = found.filter(merchant_id=merchant_id, currency=currency).first()
    return 0 if row is None else row.most_minor


def allow_overdraft(
    *, merchant_id: UUID, currency: str, most_minor: int, by: Actor, at: datetime
) -> data.Allowance:
    """
    Let each wallet of a merchant be overdrawn so far, from now on; zero takes it back.

    Floors that wallets have already stay as they are.

    Raises:
        CurrencyNotSupported, AmountTooSmall, AmountTooLarge.
    """
    rows.check_currency(currency)
    if most_minor < 0:
        raise errors.AmountTooSmall(most_minor)
    check_floor(most_minor)
    with db.transaction_if_not_already():
        # Whoever is first makes the row, and both of two wait for it; the fact gives it version 1.
        new = Allowance(merchant_id=merchant_id, currency=currency, most_minor=0, changed_at=at)
        Allowance.objects.bulk_create([new], ignore_conflicts=True)
        row = Allowance.objects.select_for_update(no_key=True).get(
            merchant_id=merchant_id, currency=currency
        )
        if row.version and row.most_minor == most_minor:
            return row.as_data()
        row.version += 1
        row.most_minor, row.changed_at = most_minor, at
        row.save()
        fact = events.OverdraftAllowed(
            allowance_id=row.id,
            merchant_id=merchant_id,
            currency=Code(currency),
            most_minor=most_minor,
            version=row.version,
            at=at,
        )
        event_log.append([fact], by=by)
        return row.as_data()


def propose_overdraft(
    *, merchant_id: UUID, currency: str, most_minor: int, reason: str, by: Actor, at: datetime
) -> UUID:
    """
    Propose how far wallets of a merchant may be overdrawn; another person has a day to agree.

    Raises:
        CurrencyNotSupported, AmountTooSmall, AmountTooLarge.
        ParameterInvalid: no reason is given, or a long one.
    """
    rows.check_currency(currency)
    if most_minor < 0:
        raise errors.AmountTooSmall(most_minor)
    check_floor(most_minor)
    if not reason.strip():
        raise errors.ParameterInvalid("reason", "This is needed.")
    return approvals.propose(
        kind=OVERDRAFT_KIND,
        payload={
            "merchant_id": merchant_id,
            "currency": currency,
            "most_minor": most_minor,
            "reason": rows.check_text(reason.strip(), 500, "reason"),
        },
        by=by,
        at=at,
    )


def overdraft_agreed(
    payload: Mapping[str, Any],
    *,
    version_seen: int,  # noqa: ARG001 - the figure is whole, whatever stood before.
    by: Actor,
    at: datetime,
) -> data.Allowance:
    """Do what was proposed and agreed to; called by `approvals`."""
    return allow_overdraft(
        merchant_id=UUID(payload["merchant_id"]),
        currency=payload["currency"],
        most_minor=payload["most_minor"],
        by=by,
        at=at,
    )

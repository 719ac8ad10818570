"""Open a wallet and its currencies, freeze and unfreeze it, close it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from django_subatomic import db

from fintech.kernel import event_log, idempotency, ids
from fintech.kernel.actor import Actor
from fintech.kernel.events import Code, Event
from fintech.kernel.idempotency import Done, Key
from fintech.kernel.money import Money
from fintech.ledger import queries as ledger_queries
from fintech.ledger import services as ledger
from fintech.ledger.data import Account, chart
from fintech.ledger.errors import AccountInUse, AccountNotFound
from fintech.wallets import data, errors, events
from fintech.wallets.data import WalletState, WalletType
from fintech.wallets.models import Wallet
from fintech.wallets.services import flooring, rows

_MOST_CURRENCIES = 50


def create_wallet(
    *,
    merchant_id: UUID,
    owner: str = "",
    currency: str,
    currencies: Sequence[str] = (),
    type: str = WalletType.CUSTOMER,  # noqa: A002 - the word of the field.
    tier: str = "",
    zone: str = "",
    customer_id: UUID | None = None,
    metadata: Mapping[str, str] | None = None,
    floor_minor: int = 0,
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.Wallet]:
    """
    Open a wallet, with nothing in it.

    Args:
        owner: whose it is, in the merchant's own words; it stays in the row.
        currency: the one that is meant when none is named.
        currencies: others that it keeps as well; more can be added.
        type: whose purse it is, a customer's or the merchant's own.
        tier: a class of wallets that limits may name, such as `basic` or `verified`.
        zone: where the owner lives; limits may count days, weeks and months there,
            so it stays.
        floor_minor: how far it may fall in `currency`; see `set_floor`.

    Raises:
        CurrencyNotSupported: nobody can pay with it.
        OverdraftNotAllowed, BelowMinimum: as `set_floor`.
        ParameterInvalid: a field is longer than it may be, or not one of its words.
    """
    wallet = Wallet(
        id=ids.new(),
        merchant_id=merchant_id,
        customer_id=customer_id,
        owner=rows.check_text(owner, 200, "owner"),
        type=_type(type),
        tier=rows.check_code(tier, 40, "tier"),
        zone=rows.check_zone(zone),
        currency=rows.check_currency(currency),
        currencies=[currency],
        metadata=rows.check_metadata(dict(metadata or {})),
        created_at=at,
    )
    others = _new_currencies(wallet, currencies)

    def work() -> data.Wallet:
        facts: list[Event] = [
            rows.tell_wallet(
                events.WalletCreated,
                wallet,
                at=at,
                customer_id=wallet.customer_id,
                type=Code(str(wallet.type)),
                tier=Code(wallet.tier),
            )
        ]
        facts += [_keep(wallet, other, at=at) for other in others]
        if floor_minor:
            facts.append(flooring.lower(wallet, currency, floor_minor, at=at))
        wallet.save(force_insert=True)
        event_log.append(facts, by=by)
        if floor_minor:
            flooring.in_the_books(wallet, currency, by=by, at=at)
        return wallet.as_data()

    return idempotency.once(key, work, at=at)


def add_currencies(
    *,
    wallet_id: UUID,
    merchant_id: UUID | None = None,
    currencies: Sequence[str],
    expected_version: int | None = None,
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.Wallet]:
    """
    Let a wallet keep more currencies; those that it keeps already stay as they are.

    Raises:
        WalletNotFound, WalletChanged, WalletFrozen: as `freeze`.
        CurrencyNotSupported: nobody can pay with one of them.
        ParameterInvalid: a wallet keeps at most 50.
    """

    def work() -> data.Wallet:
        wallet = rows.locked(wallet_id, merchant_id=merchant_id, expected_version=expected_version)
        rows.check_not_closed(wallet)
        facts = [_keep(wallet, other, at=at) for other in _new_currencies(wallet, currencies)]
        if facts:
            wallet.save()
            event_log.append(facts, by=by)
        return wallet.as_data()

    return idempotency.once(key, work, at=at)


def _new_currencies(wallet: Wallet, currencies: Sequence[str]) -> list[str]:
    known = dict.fromkeys(rows.check_currency(currency) for currency in currencies)
    new = [currency for currency in known if currency not in wallet.currencies]
    if len(new) + len(wallet.currencies) > _MOST_CURRENCIES:
        raise errors.ParameterInvalid(
            "currencies", f"A wallet keeps at most {_MOST_CURRENCIES} currencies."
        )
    return new


def _keep(wallet: Wallet, currency: str, *, at: datetime) -> events.CurrencyAdded:
    wallet.currencies.append(currency)
    return rows.tell_wallet(events.CurrencyAdded, wallet, at=at, added=Code(currency))


def _type(text: str) -> WalletType:
    try:
        return WalletType(text)
    except ValueError:
        known = ", ".join(WalletType)
        raise errors.ParameterInvalid("type", f"This is one of {known}.") from None


def update_wallet(
    *,
    wallet_id: UUID,
    merchant_id: UUID | None = None,
    owner: str | None = None,
    tier: str | None = None,
    metadata: Mapping[str, str] | None = None,
    expected_version: int | None = None,
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.Wallet]:
    """
    Change what is given; metadata is merged, and an empty value removes its key.

    Raises:
        WalletNotFound: there is none, or it is another merchant's.
        WalletChanged: it is not the version that the caller has seen.
        ParameterInvalid: owner, tier or metadata is longer than it may be.
    """

    def change(wallet: Wallet, at: datetime) -> events.WalletFact:
        if owner is not None:
            wallet.owner = rows.check_text(owner, 200, "owner")
        if metadata is not None:
            merged = {**wallet.metadata, **metadata}
            wallet.metadata = rows.check_metadata({k: v for k, v in merged.items() if v})
        if tier is not None:
            wallet.tier = rows.check_code(tier, 40, "tier")
        return rows.tell_wallet(events.WalletUpdated, wallet, at=at, tier=Code(wallet.tier))

    return _change(
        change,
        wallet_id=wallet_id,
        merchant_id=merchant_id,
        expected_version=expected_version,
        key=key,
        by=by,
        at=at,
    )


def freeze(
    *,
    wallet_id: UUID,
    merchant_id: UUID | None = None,
    expected_version: int | None = None,
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.Wallet]:
    """
    Let nothing leave a wallet; what comes in still comes in, what is held stays held.

    A wallet that is frozen already stays as it is.

    Raises:
        WalletNotFound: there is none, or it is another merchant's.
        WalletChanged: it is not the version that the caller has seen.
        WalletFrozen: it is closed.
    """

    def change(wallet: Wallet, at: datetime) -> events.WalletFact | None:
        if wallet.state == WalletState.FROZEN:
            return None
        rows.check_not_closed(wallet)
        wallet.freeze()
        return rows.tell_wallet(events.WalletFrozen, wallet, at=at)

    return _change(
        change,
        wallet_id=wallet_id,
        merchant_id=merchant_id,
        expected_version=expected_version,
        key=key,
        by=by,
        at=at,
    )


def unfreeze(
    *,
    wallet_id: UUID,
    merchant_id: UUID | None = None,
    expected_version: int | None = None,
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.Wallet]:
    """Let money leave again; refuses as `freeze` does."""

    def change(wallet: Wallet, at: datetime) -> events.WalletFact | None:
        if wallet.state == WalletState.ACTIVE:
            return None
        rows.check_not_closed(wallet)
        wallet.unfreeze()
        return rows.tell_wallet(events.WalletUnfrozen, wallet, at=at)

    return _change(
        change,
        wallet_id=wallet_id,
        merchant_id=merchant_id,
        expected_version=expected_version,
        key=key,
        by=by,
        at=at,
    )


def close(
    *,
    wallet_id: UUID,
    merchant_id: UUID | None = None,
    expected_version: int | None = None,
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.Wallet]:
    """
    End a wallet in which nothing is; its ledger accounts take nothing any more.

    Raises:
        WalletNotEmpty: something is in it, or set aside in it.
        WalletNotFound, WalletChanged, WalletFrozen: as `freeze`.
    """

    def change(wallet: Wallet, at: datetime) -> events.WalletFact | None:
        if wallet.state == WalletState.CLOSED:
            return None
        known = ledger_queries.wallet_balances([(wallet.id, of) for of in wallet.currencies])
        for balance in known:
            if balance.posted or balance.pending_out:
                raise errors.WalletNotEmpty(
                    wallet_id=wallet.id, posted=balance.posted, held=balance.pending_out
                )
        _close_accounts(wallet, by=by, at=at)
        wallet.close(at=at)
        return rows.tell_wallet(events.WalletClosed, wallet, at=at)

    return _change(
        change,
        wallet_id=wallet_id,
        merchant_id=merchant_id,
        expected_version=expected_version,
        key=key,
        by=by,
        at=at,
    )


def receive(*, wallet_ids: Collection[UUID], by: Actor, at: datetime) -> None:
    """
    Make sure that wallets can take money that has been taken from a payer already.

    One that was closed while the money was under way exists again, frozen: nothing is
    lost, and somebody has to look. Requires the caller's transaction.
    """
    with db.transaction_required():
        closed = Wallet.objects.filter(id__in=wallet_ids, state=WalletState.CLOSED)
        for wallet_id in list(closed.order_by("id").values_list("id", flat=True)):
            wallet = rows.locked(wallet_id)
            if wallet.state != WalletState.CLOSED:
                continue
            for account in _accounts(wallet):
                with suppress(AccountNotFound):
                    ledger.reopen_account(account=account, by=by, at=at)
            wallet.reopen()
            fact = rows.tell_wallet(events.WalletReopened, wallet, at=at)
            wallet.save()
            event_log.append([fact], by=by)


def _close_accounts(wallet: Wallet, *, by: Actor, at: datetime) -> None:
    for account in _accounts(wallet):
        try:
            ledger.close_account(account=account, by=by, at=at)
        except AccountNotFound:
            continue  # It was never used.
        except AccountInUse as refused:
            # Something came in since we looked.
            nothing = Money.zero(account.currency)
            raise errors.WalletNotEmpty(
                wallet_id=wallet.id, posted=nothing, held=nothing
            ) from refused


def _accounts(wallet: Wallet) -> list[Account]:
    return [chart.account(chart.WALLET, of, str(wallet.id)) for of in wallet.currencies]


def _change(
    change: Callable[[Wallet, datetime], events.WalletFact | None],
    *,
    wallet_id: UUID,
    merchant_id: UUID | None,
    expected_version: int | None,
    key: Key | None,
    by: Actor,
    at: datetime,
) -> Done[data.Wallet]:
    """Lock a wallet, change it, save it and say so; a change that is none says nothing."""

    def work() -> data.Wallet:
        wallet = rows.locked(wallet_id, merchant_id=merchant_id, expected_version=expected_version)
        fact = change(wallet, at)
        if fact is not None:
            wallet.save()
            event_log.append([fact], by=by)
        return wallet.as_data()

    return idempotency.once(key, work, at=at)

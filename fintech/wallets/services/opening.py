"""Open a wallet, freeze and unfreeze it, close it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import UUID

from fintech.kernel import event_log, idempotency, ids
from fintech.kernel.actor import Actor
from fintech.kernel.idempotency import Done, Key
from fintech.ledger import queries as ledger_queries
from fintech.wallets import data, errors, events
from fintech.wallets.data import WalletState
from fintech.wallets.models import Wallet
from fintech.wallets.services import rows


def create_wallet(
    *,
    merchant_id: UUID,
    owner: str = "",
    currency: str,
    customer_id: UUID | None = None,
    metadata: Mapping[str, str] | None = None,
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.Wallet]:
    """
    Open a wallet in one currency, with nothing in it.

    Args:
        owner: whose it is, in the merchant's own words; it stays in the row.

    Raises:
        CurrencyNotSupported: nobody can pay with it.
        ParameterInvalid: owner or metadata is longer than it may be.
    """
    wallet = Wallet(
        id=ids.new(),
        merchant_id=merchant_id,
        customer_id=customer_id,
        owner=rows.check_text(owner, 200, "owner"),
        currency=rows.check_currency(currency),
        metadata=rows.check_metadata(dict(metadata or {})),
        created_at=at,
    )

    def work() -> data.Wallet:
        fact = rows.tell_wallet(events.WalletCreated, wallet, at=at, customer_id=wallet.customer_id)
        wallet.save(force_insert=True)
        event_log.append([fact], by=by)
        return wallet.as_data()

    return idempotency.once(key, work, at=at)


def update_wallet(
    *,
    wallet_id: UUID,
    merchant_id: UUID | None = None,
    owner: str | None = None,
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
        ParameterInvalid: owner or metadata is longer than it may be.
    """

    def change(wallet: Wallet) -> type[events.WalletFact]:
        if owner is not None:
            wallet.owner = rows.check_text(owner, 200, "owner")
        if metadata is not None:
            merged = {**wallet.metadata, **metadata}
            wallet.metadata = rows.check_metadata({k: v for k, v in merged.items() if v})
        return events.WalletUpdated

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

    def change(wallet: Wallet) -> type[events.WalletFact] | None:
        if wallet.state == WalletState.FROZEN:
            return None
        _refuse_closed(wallet)
        wallet.freeze()
        return events.WalletFrozen

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

    def change(wallet: Wallet) -> type[events.WalletFact] | None:
        if wallet.state == WalletState.ACTIVE:
            return None
        _refuse_closed(wallet)
        wallet.unfreeze()
        return events.WalletUnfrozen

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
    End a wallet in which nothing is.

    Raises:
        WalletNotEmpty: something is in it, or set aside in it.
        WalletNotFound, WalletChanged, WalletFrozen: as `freeze`.
    """

    def change(wallet: Wallet) -> type[events.WalletFact] | None:
        if wallet.state == WalletState.CLOSED:
            return None
        balance = ledger_queries.wallet_balance(wallet.id, wallet.currency)
        if balance.posted or balance.pending_out:
            raise errors.WalletNotEmpty(
                wallet_id=wallet.id, posted=balance.posted, held=balance.pending_out
            )
        wallet.close(at=at)
        return events.WalletClosed

    return _change(
        change,
        wallet_id=wallet_id,
        merchant_id=merchant_id,
        expected_version=expected_version,
        key=key,
        by=by,
        at=at,
    )


def _change(
    change: Callable[[Wallet], type[events.WalletFact] | None],
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
        fact = change(wallet)
        if fact is not None:
            told = rows.tell_wallet(fact, wallet, at=at)
            wallet.save()
            event_log.append([told], by=by)
        return wallet.as_data()

    return idempotency.once(key, work, at=at)


def _refuse_closed(wallet: Wallet) -> None:
    if wallet.state == WalletState.CLOSED:
        raise errors.WalletFrozen(wallet_id=wallet.id, state=str(wallet.state))

"""
From one wallet to another, in one journal entry; and back.

What a transfer is allowed for (fraud, approval) is decided above, in `payments`; here
are the wallets' own rules. Rows are locked in id order, so transfers that cross each
other never wait in a circle.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import django_fsm as fsm

from fintech.kernel import event_log, idempotency, ids
from fintech.kernel.actor import Actor
from fintech.kernel.events import Code, Event
from fintech.kernel.idempotency import Done, Key
from fintech.kernel.money import Money
from fintech.ledger import data as ledger_data
from fintech.ledger import services as ledger
from fintech.ledger.data import templates
from fintech.ledger.errors import Overdraft
from fintech.wallets import data, errors, events
from fintech.wallets.models import Quote, Transfer, Wallet
from fintech.wallets.services import limiting, quoting, rows


@dataclass(frozen=True, slots=True)
class _Terms:
    """What leaves, what arrives, and at whose terms."""

    amount: Money
    received: Money
    quote: Quote | None = None


def transfer(
    *,
    source_id: UUID,
    destination_id: UUID,
    amount: Money | None = None,
    quote_id: UUID | None = None,
    merchant_id: UUID | None = None,
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.Transfer]:
    """
    Move money from one wallet of a merchant to another.

    Args:
        amount: what leaves the source, in its currency; with a quote, the quote's.
        quote_id: the terms at which it changes its currency; needed where it does.

    Raises:
        WalletNotFound: there is none, or it is another merchant's.
        WalletFrozen: the source lets nothing leave, or the destination is closed.
        ParameterInvalid: source and destination are the same, or quote and amount differ.
        CurrencyNotTheWallets, AmountTooSmall, AmountTooLarge.
        QuoteMissing, QuoteNotFound, QuoteNotOpen: of the terms.
        LimitExceeded: it would go over a limit.
        InsufficientFunds: less than that is available.
    """
    if source_id == destination_id:
        raise errors.ParameterInvalid("destination", "A wallet does not pay itself.")

    def work() -> data.Transfer:
        source, destination = _both(source_id, destination_id, merchant_id)
        terms = _terms(source, destination, amount, quote_id, at=at)
        rows.usable(source, terms.amount)
        _refuse_closed(destination)
        made = Transfer(
            id=ids.new(),
            merchant_id=source.merchant_id,
            source=source,
            destination=destination,
            currency=terms.amount.currency,
            amount_minor=terms.amount.minor,
            received_currency=terms.received.currency,
            received_minor=terms.received.minor,
            quote=terms.quote,
            entry_id=ids.new(),
            created_at=at,
        )
        limiting.reserve_or_refuse(
            data.LimitRequest(
                operation_id=made.id,
                merchant_id=source.merchant_id,
                customer_id=source.customer_id,
                card_fingerprint="",
                amount=terms.amount,
                at=at,
                wallet_id=source.id,
                counterparty=str(destination.id),
            )
        )
        limiting.confirm([made.id])
        facts: list[Event] = [_fact(events.TransferSucceeded, made, made.entry_id, at=at)]
        if terms.quote is not None:
            facts.append(quoting.use(terms.quote, made.id, at=at))
        made.save(force_insert=True)
        event_log.append(facts, by=by)
        _post(_entry(made, terms, at=at), source_id, terms.amount, by=by)
        return made.as_data()

    return idempotency.once(key, work, at=at)


def reverse_transfer(
    *,
    transfer_id: UUID,
    merchant_id: UUID | None = None,
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.Transfer]:
    """
    Let a transfer go back, whole; what it had used of limits is free again.

    Raises:
        TransferNotFound: there is none, or it is another merchant's.
        TransferNotReversible: it went back already, or it was converted.
        WalletFrozen: one of the wallets lets nothing leave, or in.
        InsufficientFunds: the destination has spent it.
    """

    def work() -> data.Transfer:
        rows_ = Transfer.objects.select_for_update(no_key=True).filter(id=transfer_id)
        made = rows_.first()
        if made is None or merchant_id not in {None, made.merchant_id}:
            raise errors.TransferNotFound(transfer_id)
        if not fsm.can_proceed(made.reverse):
            raise errors.TransferNotReversible(
                transfer_id=transfer_id, because="has been reversed already"
            )
        if made.quote_id is not None:
            raise errors.TransferNotReversible(transfer_id=transfer_id, because="was converted")
        source, destination = _both(made.source_id, made.destination_id, made.merchant_id)
        amount = Money(made.amount_minor, made.currency)
        rows.usable(destination, amount)
        _refuse_closed(source)
        made.reverse(at=at)
        made.version += 1
        limiting.free([made.id])
        made.save()
        reversal_id = made.reversal_id or ids.new()
        event_log.append([_fact(events.TransferReversed, made, reversal_id, at=at)], by=by)
        entry = templates.transfer_wallets(
            entry_id=reversal_id,
            source_wallet_id=destination.id,
            destination_wallet_id=source.id,
            amount=amount,
            subject=made.id,
            at=at,
        )
        _post(entry, destination.id, amount, by=by)
        return made.as_data()

    return idempotency.once(key, work, at=at)


def _both(source_id: UUID, destination_id: UUID, merchant_id: UUID | None) -> tuple[Wallet, Wallet]:
    """Return two wallets of one merchant that stay as they are until the commit."""
    found = {
        wallet.id: wallet
        for wallet in Wallet.objects.raw(
            "SELECT * FROM wallets_wallet WHERE id = ANY(%s::uuid[]) ORDER BY id FOR SHARE",
            [[source_id, destination_id]],
        )
    }
    source = found.get(source_id)
    if source is None or merchant_id not in {None, source.merchant_id}:
        raise errors.WalletNotFound(source_id)
    destination = found.get(destination_id)
    if destination is None or destination.merchant_id != source.merchant_id:
        raise errors.WalletNotFound(destination_id)
    return source, destination


def _terms(
    source: Wallet,
    destination: Wallet,
    amount: Money | None,
    quote_id: UUID | None,
    *,
    at: datetime,
) -> _Terms:
    if quote_id is None:
        if amount is None:
            raise errors.ParameterInvalid("amount", "This is needed without a quote.")
        if source.currency != destination.currency:
            raise errors.QuoteMissing
        return _Terms(amount, amount)
    quote = quoting.locked_quote(quote_id, merchant_id=source.merchant_id, at=at)
    sold = Money(quote.source_minor, quote.source_currency)
    bought = Money(quote.destination_minor, quote.destination_currency)
    if amount not in {None, sold}:
        raise errors.ParameterInvalid("amount", f"The quote is for {sold}.")
    if bought.currency != destination.currency:
        raise errors.CurrencyNotTheWallets(asked=bought.currency, wallet=destination.currency)
    return _Terms(sold, bought, quote)


def _entry(made: Transfer, terms: _Terms, *, at: datetime) -> ledger_data.JournalEntry:
    if terms.quote is None:
        return templates.transfer_wallets(
            entry_id=made.entry_id,
            source_wallet_id=made.source_id,
            destination_wallet_id=made.destination_id,
            amount=terms.amount,
            subject=made.id,
            at=at,
        )
    return templates.convert_wallets(
        entry_id=made.entry_id,
        source_wallet_id=made.source_id,
        destination_wallet_id=made.destination_id,
        amount=terms.amount,
        spread=Money(terms.quote.spread_minor, terms.amount.currency),
        received=terms.received,
        subject=made.id,
        at=at,
    )


def _post(entry: ledger_data.JournalEntry, payer_id: UUID, amount: Money, *, by: Actor) -> None:
    try:
        ledger.post([entry], by=by)
    except Overdraft as refused:
        raise errors.InsufficientFunds(wallet_id=payer_id, asked=amount) from refused


def _refuse_closed(wallet: Wallet) -> None:
    if wallet.state == data.WalletState.CLOSED:
        raise errors.WalletFrozen(wallet_id=wallet.id, state=str(wallet.state))


def _fact[Fact: events.TransferFact](
    fact: type[Fact], made: Transfer, entry_id: UUID, *, at: datetime
) -> Fact:
    return fact(
        transfer_id=made.id,
        merchant_id=made.merchant_id,
        source_id=made.source_id,
        destination_id=made.destination_id,
        amount_minor=made.amount_minor,
        currency=Code(made.currency),
        received_minor=made.received_minor,
        received_currency=Code(made.received_currency),
        quote_id=made.quote_id,
        entry_id=entry_id,
        version=made.version,
        at=at,
    )

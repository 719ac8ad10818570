"""A transfer goes back, whole."""

from datetime import datetime
from uuid import UUID

import django_fsm as fsm

from fintech.kernel import event_log, idempotency, ids
from fintech.kernel.actor import Actor
from fintech.kernel.idempotency import Done, Key
from fintech.kernel.money import Money
from fintech.ledger import services as ledger
from fintech.ledger.data import templates
from fintech.ledger.errors import Overdraft
from fintech.wallets import data, errors, events
from fintech.wallets.data import TransferState
from fintech.wallets.models import Transfer
from fintech.wallets.services import limiting, rows

_WHY_NOT = {
    TransferState.REVERSED: "has been reversed already",
    TransferState.AWAITING_APPROVAL: "has not been made yet",
    TransferState.CANCELED: "was not made",
}


def reverse_transfer(
    *,
    transfer_id: UUID,
    merchant_id: UUID | None = None,
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.Transfer]:
    """
    Let a transfer go back, whole; what limits give back on reversal is free again.

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
            because = _WHY_NOT[TransferState(made.state)]
            raise errors.TransferNotReversible(transfer_id=transfer_id, because=because)
        if made.quote_id is not None:
            raise errors.TransferNotReversible(transfer_id=transfer_id, because="was converted")
        found = rows.parties({made.source_id, made.destination_id})
        source, destination = rows.both(
            found, made.source_id, made.destination_id, made.merchant_id
        )
        amount = Money(made.amount_minor, made.currency)
        rows.usable(destination, amount)
        rows.check_not_closed(source)
        made.reverse(at=at)
        made.version += 1
        limiting.reverse([made.id])
        made.save()
        reversal_id = made.reversal_id or ids.new()
        value = made.as_data()
        event_log.append(
            [rows.tell_transfer(events.TransferReversed, value, reversal_id, at=at)], by=by
        )
        entry = templates.transfer_wallets(
            entry_id=reversal_id,
            source_wallet_id=destination.id,
            destination_wallet_id=source.id,
            amount=amount,
            subject=made.id,
            at=at,
        )
        try:
            ledger.post([entry], by=by)
        except Overdraft as refused:
            raise errors.InsufficientFunds(wallet_id=destination.id, asked=amount) from refused
        return value

    return idempotency.once(key, work, at=at)

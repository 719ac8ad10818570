"""
Transfers that wait for a person: somebody else than who made them lets them go, or not.

Why one waits (its amount, what fraud saw in it) is decided above, in `payments`. The money
is set aside meanwhile, by one pending journal entry that the transfer's row names: nobody can
spend it, and agreeing cannot fail for funds. Whom nobody answers has it back after three days.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import django_fsm as fsm

from fintech.kernel import event_log, idempotency, ids
from fintech.kernel.actor import Actor, system
from fintech.kernel.approvals import NotAPerson, SamePerson
from fintech.kernel.money import Money
from fintech.ledger import services as ledger
from fintech.ledger.data import JournalEntry, templates
from fintech.wallets import data, errors, events
from fintech.wallets.data import TransferState
from fintech.wallets.models import Transfer
from fintech.wallets.services import limiting, rows

TRANSFER_WAITS = timedelta(days=3)
_PEOPLE = frozenset({"staff", "user"})


def approve_transfer(*, transfer_id: UUID, by: Actor, at: datetime) -> data.Transfer:
    """
    Let a transfer that waits for a person arrive.

    Raises:
        TransferNotFound, TransferUnexpectedState.
        SamePerson, NotAPerson: whoever made it, or a machine, does not decide it.
        WalletFrozen: nothing leaves the one wallet now, or the other is closed.
        CurrencyNotTheWallets: the receiving wallet does not keep the currency.
    """

    def decide(waiting: Transfer) -> tuple[type[events.TransferFact], JournalEntry]:
        found = rows.parties({waiting.source_id, waiting.destination_id})
        source, destination = rows.both(
            found, waiting.source_id, waiting.destination_id, waiting.merchant_id
        )
        amount, received = _amounts(waiting)
        rows.usable(source, amount)
        rows.check_not_closed(destination)
        rows.check_kept(destination, received.currency)
        waiting.approve(by=rows.named(by), at=at)
        limiting.confirm([waiting.id])
        spread = 0 if waiting.quote is None else waiting.quote.spread_minor
        return events.TransferSucceeded, templates.capture_transfer(
            entry_id=waiting.entry_id,
            pending_id=_hold_of(waiting),
            source_wallet_id=waiting.source_id,
            destination_wallet_id=waiting.destination_id,
            amount=amount,
            spread=Money(spread, amount.currency),
            received=received,
            subject=waiting.id,
            at=at,
        )

    return _decided(transfer_id, decide, by=_person(by), at=at)


def reject_transfer(*, transfer_id: UUID, by: Actor, at: datetime) -> data.Transfer:
    """
    Bring back a transfer that waits for a person.

    Raises:
        TransferNotFound, TransferUnexpectedState, SamePerson, NotAPerson: as `approve_transfer`.
    """
    return _bring_back(transfer_id, by=_person(by), at=at)


def expire_transfers(at: datetime) -> int:
    """Bring back what nobody has decided for three days; return how many there were."""
    due = Transfer.objects.filter(
        state=TransferState.AWAITING_APPROVAL, created_at__lte=at - TRANSFER_WAITS
    )
    brought_back = 0
    for transfer_id in list(due.order_by("id").values_list("id", flat=True)[:1000]):
        try:
            _bring_back(transfer_id, by=system("transfers"), at=at)
        except errors.TransferUnexpectedState:
            continue  # Somebody has decided it just now.
        brought_back += 1
    return brought_back


def _bring_back(transfer_id: UUID, *, by: Actor, at: datetime) -> data.Transfer:
    def decide(waiting: Transfer) -> tuple[type[events.TransferFact], JournalEntry]:
        waiting.reject(by=rows.named(by), at=at)
        limiting.free([waiting.id])
        return events.TransferCanceled, templates.release(
            entry_id=ids.new(), pending_id=_hold_of(waiting), subject=waiting.id, at=at
        )

    return _decided(transfer_id, decide, by=by, at=at)


type _Decide = Callable[[Transfer], tuple[type[events.TransferFact], JournalEntry]]


def _decided(transfer_id: UUID, decide: _Decide, *, by: Actor, at: datetime) -> data.Transfer:
    """Lock what waits, decide it, write it, and post its entry last."""

    def work() -> data.Transfer:
        found = Transfer.objects.select_for_update(of=("self",), no_key=True)
        waiting = found.select_related("quote").filter(id=transfer_id).first()
        if waiting is None:
            raise errors.TransferNotFound(transfer_id)
        if not fsm.can_proceed(waiting.approve):
            raise errors.TransferUnexpectedState(transfer_id=transfer_id, state=str(waiting.state))
        if waiting.made_by == rows.named(by):
            raise SamePerson(transfer_id=str(transfer_id))
        fact, entry = decide(waiting)
        waiting.version += 1
        waiting.save()
        value = waiting.as_data()
        event_log.append([rows.tell_transfer(fact, value, entry.id, at=at)], by=by)
        ledger.post([entry], by=by)
        return value

    return idempotency.once(None, work, at=at).value


def _person(by: Actor) -> Actor:
    if by.kind not in _PEOPLE:
        raise NotAPerson(kind_of_actor=by.kind)
    return by


def _amounts(waiting: Transfer) -> tuple[Money, Money]:
    return (
        Money(waiting.amount_minor, waiting.currency),
        Money(waiting.received_minor, waiting.received_currency),
    )


def _hold_of(waiting: Transfer) -> UUID:
    if waiting.hold_entry_id is None:  # The table does not let it be.
        raise errors.TransferUnexpectedState(transfer_id=waiting.id, state=str(waiting.state))
    return waiting.hold_entry_id

"""
Money leaves a wallet for a bank account outside.

What is asked of the bank, and whether a person has to agree, is orchestrated above, in
`payments`; here are the wallet's own steps. The money leaves the wallet in the commit
that begins it, for what is in transit, so nothing can be withdrawn twice; whoever says
no afterwards brings it back.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import django_fsm as fsm

from fintech.kernel import event_log, idempotency, ids
from fintech.kernel.actor import Actor
from fintech.kernel.events import Code
from fintech.kernel.idempotency import Done, Key
from fintech.kernel.money import Money
from fintech.ledger import services as ledger
from fintech.ledger.data import JournalEntry, templates
from fintech.ledger.errors import Overdraft
from fintech.wallets import data, errors, events
from fintech.wallets.data import WithdrawalState
from fintech.wallets.models import Withdrawal
from fintech.wallets.services import limiting, rows


def begin_withdrawal(
    *,
    wallet_id: UUID,
    amount: Money,
    account: str,
    needs_approval: bool,
    merchant_id: UUID | None = None,
    channel: str = "",
    category: str = "",
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.Withdrawal]:
    """
    Take money out of a wallet, for a bank account outside.

    Args:
        account: where to, such as an IBAN; it stays in the row.
        needs_approval: whether it waits for a person before the bank is asked.

    Raises:
        WalletNotFound, WalletFrozen, CurrencyNotTheWallets, AmountTooSmall, AmountTooLarge,
        ParameterInvalid, LimitExceeded, InsufficientFunds: as `hold`.
    """
    if not account:
        raise errors.ParameterInvalid("account", "This is needed.")
    rows.check_text(account, 64, "account")

    def work() -> data.Withdrawal:
        wallet = rows.party(wallet_id, merchant_id=merchant_id)
        rows.usable(wallet, amount)
        begun = Withdrawal(
            id=ids.new(),
            wallet_id=wallet.id,
            merchant_id=wallet.merchant_id,
            state=WithdrawalState.AWAITING_APPROVAL if needs_approval else WithdrawalState.PENDING,
            currency=amount.currency,
            amount_minor=amount.minor,
            account=account,
            entry_id=ids.new(),
            created_at=at,
        )
        limiting.reserve_or_refuse(
            data.LimitRequest(
                operation_id=begun.id,
                merchant_id=wallet.merchant_id,
                customer_id=wallet.customer_id,
                card_fingerprint="",
                amount=amount,
                at=at,
                wallet_id=wallet.id,
                counterparty="bank",
                operation="withdrawal",
                channel=channel,
                category=category,
            )
        )
        begun.save(force_insert=True)
        event_log.append([_fact(events.WithdrawalBegun, begun, begun.entry_id, at=at)], by=by)
        entry = templates.withdraw(
            entry_id=begun.entry_id, wallet_id=wallet.id, amount=amount, subject=begun.id, at=at
        )
        try:
            ledger.post([entry], by=by)
        except Overdraft as refused:
            raise errors.InsufficientFunds(wallet_id=wallet.id, asked=amount) from refused
        return begun.as_data()

    return idempotency.once(key, work, at=at)


def approve_withdrawal(*, withdrawal_id: UUID, by: Actor, at: datetime) -> data.Withdrawal:
    """
    Let a withdrawal that waits for a person go to the bank.

    Raises:
        WithdrawalNotFound, WithdrawalUnexpectedState.
    """

    def work() -> data.Withdrawal:
        waiting = _locked(withdrawal_id)
        _refuse_unless(waiting.approve, waiting, "be approved")
        waiting.approve()
        waiting.version += 1
        waiting.save()
        fact = _fact(events.WithdrawalApproved, waiting, waiting.entry_id, at=at)
        event_log.append([fact], by=by)
        return waiting.as_data()

    return idempotency.once(None, work, at=at).value


def reject_withdrawal(*, withdrawal_id: UUID, by: Actor, at: datetime) -> data.Withdrawal:
    """Bring back a withdrawal that waits for a person; refuses as `approve_withdrawal`."""

    def work() -> data.Withdrawal:
        waiting = _locked(withdrawal_id)
        _refuse_unless(waiting.reject, waiting, "be rejected")
        waiting.reject(at=at)
        return _bring_back(waiting, events.WithdrawalCanceled, by=by, at=at)

    return idempotency.once(None, work, at=at).value


def end_withdrawal(
    *,
    withdrawal_id: UUID,
    paid: bool,
    bank_account: str,
    bank_reference: str = "",
    by: Actor,
    at: datetime,
) -> data.Withdrawal:
    """
    Record what the bank said; one that has ended already stays as it is.

    Raises:
        WithdrawalNotFound, WithdrawalUnexpectedState.
    """

    def work() -> data.Withdrawal:
        sent = _locked(withdrawal_id)
        if sent.state in {WithdrawalState.PAID, WithdrawalState.FAILED}:
            return sent.as_data()
        _refuse_unless(sent.pay, sent, "be ended")
        sent.bank_reference = rows.check_text(bank_reference, 64, "bank_reference")
        if not paid:
            sent.fail(at=at)
            return _bring_back(sent, events.WithdrawalFailed, by=by, at=at)
        sent.pay(at=at)
        limiting.confirm([sent.id])
        entry = templates.withdrawal_paid(
            entry_id=_end_entry(sent),
            wallet_id=sent.wallet_id,
            amount=Money(sent.amount_minor, sent.currency),
            bank_account=bank_account,
            subject=sent.id,
            at=at,
        )
        return _ended(sent, events.WithdrawalPaid, entry, by=by, at=at)

    return idempotency.once(None, work, at=at).value


def _bring_back(
    sent: Withdrawal, fact: type[events.WithdrawalFact], *, by: Actor, at: datetime
) -> data.Withdrawal:
    limiting.free([sent.id])
    entry = templates.withdrawal_failed(
        entry_id=_end_entry(sent),
        wallet_id=sent.wallet_id,
        amount=Money(sent.amount_minor, sent.currency),
        subject=sent.id,
        at=at,
    )
    return _ended(sent, fact, entry, by=by, at=at)


def _ended(
    sent: Withdrawal,
    fact: type[events.WithdrawalFact],
    entry: JournalEntry,
    *,
    by: Actor,
    at: datetime,
) -> data.Withdrawal:
    sent.version += 1
    sent.save()
    event_log.append([_fact(fact, sent, entry.id, at=at)], by=by)
    ledger.post([entry], by=by)
    return sent.as_data()


def _end_entry(sent: Withdrawal) -> UUID:
    return sent.end_entry_id or ids.new()


def pending_withdrawals(limit: int = 100) -> Sequence[data.Withdrawal]:
    """Return withdrawals of which the bank has not said yet what came of them."""
    found = Withdrawal.objects.filter(state=WithdrawalState.PENDING).order_by("id")[:limit]
    return [row.as_data() for row in found]


def _locked(withdrawal_id: UUID) -> Withdrawal:
    found = Withdrawal.objects.select_for_update(no_key=True).filter(id=withdrawal_id).first()
    if found is None:
        raise errors.WithdrawalNotFound(withdrawal_id)
    return found


def _refuse_unless(move: object, row: Withdrawal, action: str) -> None:
    if not fsm.can_proceed(move):
        raise errors.WithdrawalUnexpectedState(
            withdrawal_id=row.id, state=str(row.state), action=action
        )


def _fact[Fact: events.WithdrawalFact](
    fact: type[Fact], row: Withdrawal, entry_id: UUID, *, at: datetime
) -> Fact:
    return fact(
        withdrawal_id=row.id,
        wallet_id=row.wallet_id,
        merchant_id=row.merchant_id,
        amount_minor=row.amount_minor,
        currency=Code(row.currency),
        state=Code(str(row.state)),
        entry_id=entry_id,
        version=row.version,
        at=at,
    )

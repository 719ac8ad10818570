"""What becomes of a merchant's money: E4, E7, E8, E11, E13."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from fintech.kernel.money import Money
from fintech.ledger.data import EntryKind, JournalEntry, chart
from fintech.ledger.data.chart import Account, Kind
from fintech.ledger.data.templates.making import (
    Pair,
    available,
    bank,
    owed,
    pairs,
    pending,
    receivable,
    shown_by_bank,
)


def make_available(
    *,
    entry_id: UUID,
    merchant_id: UUID,
    amount: Money,
    reserved: Money,
    subject: UUID,
    at: datetime,
) -> JournalEntry:
    """E4: money becomes available; a part of `amount` may be withheld as a reserve."""
    funds = pending(merchant_id, amount)
    reserve = _of(chart.MERCHANT_RESERVE, merchant_id, amount)
    first = (funds, available(merchant_id, amount), amount - reserved)
    second = (funds, reserve, reserved)
    return _posted("make_available", entry_id, subject, at, *_moving_first(first, second))


def call_back(
    *,
    entry_id: UUID,
    merchant_id: UUID,
    amount: Money,
    shortfall: Money,
    subject: UUID,
    at: datetime,
) -> JournalEntry:
    """E4 undone: what was given back of available money; the merchant owes the `shortfall`."""
    funds = pending(merchant_id, amount)
    first = (available(merchant_id, amount), funds, amount - shortfall)
    second = (owed(merchant_id, amount), funds, shortfall)
    return _posted("call_back", entry_id, subject, at, *_moving_first(first, second))


def dispute_opened(
    *,
    entry_id: UUID,
    merchant_id: UUID,
    provider: str,
    amount: Money,
    from_available: Money,
    scheme_fee: Money,
    merchant_fee: Money,
    subject: UUID,
    at: datetime,
) -> JournalEntry:
    """
    E7: the scheme has taken the money back; the merchant's is frozen until it is decided.

    `from_available` of amount and fee is taken from what the merchant may be paid, the
    amount first; for the rest the merchant owes us. (Version 1 took the fee beyond it.)
    """
    frozen = min(amount, from_available)
    paid_fee = min(merchant_fee, from_available - frozen)
    fees = chart.account(chart.DISPUTE_FEES, amount.currency)
    reserve = _of(chart.DISPUTE_RESERVE, merchant_id, amount)
    funds, debt = available(merchant_id, amount), owed(merchant_id, amount)
    return _posted(
        "dispute_opened",
        entry_id,
        subject,
        at,
        (_disputed(provider, amount), receivable(provider, amount), amount),
        (funds, reserve, frozen),
        (debt, reserve, amount - frozen),
        (
            chart.account(chart.PROCESSOR_DISPUTE_FEES, amount.currency),
            receivable(provider, amount),
            scheme_fee,
        ),
        (funds, fees, paid_fee),
        (debt, fees, merchant_fee - paid_fee),
        version=2,
    )


def dispute_won(
    *,
    entry_id: UUID,
    merchant_id: UUID,
    provider: str,
    amount: Money,
    subject: UUID,
    at: datetime,
) -> JournalEntry:
    """E7w: the scheme gives the money back, and so do we."""
    return _posted(
        "dispute_won",
        entry_id,
        subject,
        at,
        (receivable(provider, amount), _disputed(provider, amount), amount),
        (
            _of(chart.DISPUTE_RESERVE, merchant_id, amount),
            available(merchant_id, amount),
            amount,
        ),
    )


def dispute_lost(
    *,
    entry_id: UUID,
    merchant_id: UUID,
    provider: str,
    amount: Money,
    liable: Literal["merchant", "platform"],
    subject: UUID,
    at: datetime,
) -> JournalEntry:
    """E7l: the money is gone; if we are liable, the merchant has it back and we lose it."""
    reserve, disputed = (
        _of(chart.DISPUTE_RESERVE, merchant_id, amount),
        _disputed(provider, amount),
    )
    if liable == "merchant":
        return _posted("dispute_lost", entry_id, subject, at, (reserve, disputed, amount))
    losses = chart.account(chart.FRAUD_LOSSES, amount.currency)
    return _posted(
        "dispute_lost",
        entry_id,
        subject,
        at,
        (reserve, available(merchant_id, amount), amount),
        (losses, disputed, amount),
    )


def payout_created(
    *, entry_id: UUID, merchant_id: UUID, amount: Money, subject: UUID, at: datetime
) -> JournalEntry:
    """E8: available money is on its way to the merchant's bank."""
    return _posted(
        "payout_created",
        entry_id,
        subject,
        at,
        (available(merchant_id, amount), _in_transit(merchant_id, amount), amount),
    )


def payout_paid(
    *,
    entry_id: UUID,
    merchant_id: UUID,
    amount: Money,
    bank_account: str,
    subject: UUID,
    at: datetime,
) -> JournalEntry:
    """E8: our bank has sent a payout. Version 2: its statement will show it."""
    return JournalEntry(
        id=entry_id,
        kind=EntryKind.POSTED,
        template="payout_paid",
        version=2,
        at=at,
        lines=pairs(
            (_in_transit(merchant_id, amount), bank(bank_account, amount), amount),
            expected=shown_by_bank(bank_account, subject, at),
            expected_line=1,
        ),
        subject=subject,
    )


def payout_failed(
    *, entry_id: UUID, merchant_id: UUID, amount: Money, subject: UUID, at: datetime
) -> JournalEntry:
    """E8: a payout failed before our bank sent it."""
    return _posted(
        "payout_failed",
        entry_id,
        subject,
        at,
        (_in_transit(merchant_id, amount), available(merchant_id, amount), amount),
    )


def payout_returned(
    *,
    entry_id: UUID,
    merchant_id: UUID,
    amount: Money,
    bank_account: str,
    subject: UUID,
    at: datetime,
) -> JournalEntry:
    """E8: a payout that was sent came back."""
    return _posted(
        "payout_returned",
        entry_id,
        subject,
        at,
        (bank(bank_account, amount), available(merchant_id, amount), amount),
    )


def release_reserve(
    *, entry_id: UUID, merchant_id: UUID, amount: Money, subject: UUID, at: datetime
) -> JournalEntry:
    """E11: what was withheld becomes available."""
    return _posted(
        "release_reserve",
        entry_id,
        subject,
        at,
        (_of(chart.MERCHANT_RESERVE, merchant_id, amount), available(merchant_id, amount), amount),
    )


def recover_debt(
    *,
    entry_id: UUID,
    merchant_id: UUID,
    amount: Money,
    subject: UUID,
    at: datetime,
    from_pending: Money | None = None,
) -> JournalEntry:
    """
    E11: what a merchant owes is taken from what has become available.

    Version 2: of `amount`, some may be taken `from_pending` funds.
    """
    early = from_pending or Money.zero(amount.currency)
    debt = owed(merchant_id, amount)
    first = (available(merchant_id, amount), debt, amount - early)
    second = (pending(merchant_id, amount), debt, early)
    return _posted("recover_debt", entry_id, subject, at, *_moving_first(first, second), version=2)


def write_off(
    *, entry_id: UUID, merchant_id: UUID, amount: Money, subject: UUID, at: datetime
) -> JournalEntry:
    """E13: we give up what a merchant owes. Proposed by one person, approved by another."""
    return _posted(
        "write_off",
        entry_id,
        subject,
        at,
        (chart.account(chart.BAD_DEBT, amount.currency), owed(merchant_id, amount), amount),
    )


def _posted(
    template: str,
    entry_id: UUID,
    subject: UUID,
    at: datetime,
    first: Pair,
    *others: Pair,
    version: int = 1,
) -> JournalEntry:
    return JournalEntry(
        id=entry_id,
        kind=EntryKind.POSTED,
        template=template,
        version=version,
        at=at,
        lines=pairs(first, *others),
        subject=subject,
    )


def _moving_first(first: Pair, second: Pair) -> tuple[Pair, Pair]:
    """Return two pairs in the order that `pairs` takes: the first may move nothing."""
    return (first, second) if first[2] else (second, first)


def _of(kind: Kind, merchant_id: UUID, amount: Money) -> Account:
    return chart.account(kind, amount.currency, str(merchant_id))


def _in_transit(merchant_id: UUID, amount: Money) -> Account:
    return _of(chart.PAYOUT_IN_TRANSIT, merchant_id, amount)


def _disputed(provider: str, amount: Money) -> Account:
    return chart.account(chart.DISPUTED, amount.currency, provider)

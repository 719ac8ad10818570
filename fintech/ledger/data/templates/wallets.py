"""Customers' money: E1w, E3 from a wallet, E9, E10."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from fintech.kernel.money import Money
from fintech.ledger.data import EntryKind, Expected, JournalEntry, Line, Seen, chart
from fintech.ledger.data.chart import Account
from fintech.ledger.data.templates.making import (
    bank,
    pairs,
    pending,
    processing_fees,
    processor_fees,
    receivable,
    shown_by_bank,
    taken_from_merchant,
    wallet,
)


def hold_wallet(
    *,
    entry_id: UUID,
    wallet_id: UUID,
    to_account: Literal["merchant pending", "platform"],
    merchant_id: UUID,
    amount: Money,
    expires_at: datetime | None,
    subject: UUID,
    at: datetime,
) -> JournalEntry:
    """E1w: a wallet's money is set aside; the payer has less, nobody has more yet."""
    to = (
        pending(merchant_id, amount)
        if to_account == "merchant pending"
        else processing_fees(amount)
    )
    return JournalEntry(
        id=entry_id,
        kind=EntryKind.PENDING,
        template="hold_wallet",
        version=1,
        at=at,
        lines=pairs((wallet(wallet_id, amount), to, amount)),
        subject=subject,
        expires_at=expires_at,
    )


def capture_wallet(
    *,
    entry_id: UUID,
    pending_id: UUID,
    wallet_id: UUID,
    merchant_id: UUID,
    amount: Money,
    fee: Money,
    final: bool,
    subject: UUID,
    at: datetime,
    to_account: Literal["merchant pending", "platform"] = "merchant pending",
) -> JournalEntry:
    """E3 from a wallet: held money goes to the merchant, less our fee."""
    income = processing_fees(amount)
    to = pending(merchant_id, amount) if to_account == "merchant pending" else income
    return JournalEntry(
        id=entry_id,
        kind=EntryKind.CAPTURE,
        template="capture_wallet",
        version=1,
        at=at,
        lines=pairs((wallet(wallet_id, amount), to, amount), (to, income, fee)),
        subject=subject,
        pending_id=pending_id,
        final=final,
    )


def refund_wallet(
    *,
    entry_id: UUID,
    wallet_id: UUID,
    merchant_id: UUID,
    amount: Money,
    subject: UUID,
    at: datetime,
    from_available: Money | None = None,
    shortfall: Money | None = None,
) -> JournalEntry:
    """
    E6 to a wallet: the merchant gives back what was paid from it.

    Version 2: of `amount`, what pending funds do not hold comes `from_available` ones, and the
    `shortfall` the merchant owes.
    """
    first, *others = taken_from_merchant(
        merchant_id, amount, from_available=from_available, shortfall=shortfall
    )
    return JournalEntry(
        id=entry_id,
        kind=EntryKind.POSTED,
        template="refund_wallet",
        version=2,
        at=at,
        lines=(first, Line(wallet(wallet_id, amount), -amount.minor), *others),
        subject=subject,
    )


def top_up(
    *,
    entry_id: UUID,
    wallet_id: UUID,
    provider: str,
    amount: Money,
    processor_fee: Money,
    provider_reference: str,
    due_on: date,
    subject: UUID,
    at: datetime,
) -> JournalEntry:
    """E10: a card payment fills a wallet; the processor's fee is ours."""
    owes = receivable(provider, amount)
    return JournalEntry(
        id=entry_id,
        kind=EntryKind.POSTED,
        template="top_up",
        version=1,
        at=at,
        lines=pairs(
            (owes, wallet(wallet_id, amount), amount),
            (processor_fees(processor_fee), owes, processor_fee),
            expected=Expected(
                kind=Seen.CAPTURE,
                source=provider,
                reference=provider_reference,
                due_on=due_on,
                fee_minor=processor_fee.minor,
            ),
        ),
        subject=subject,
    )


def transfer_wallets(
    *,
    entry_id: UUID,
    source_wallet_id: UUID,
    destination_wallet_id: UUID,
    amount: Money,
    subject: UUID,
    at: datetime,
) -> JournalEntry:
    """E10: one wallet pays another."""
    return JournalEntry(
        id=entry_id,
        kind=EntryKind.POSTED,
        template="transfer_wallets",
        version=1,
        at=at,
        lines=pairs(
            (wallet(source_wallet_id, amount), wallet(destination_wallet_id, amount), amount)
        ),
        subject=subject,
    )


def convert_wallets(
    *,
    entry_id: UUID,
    source_wallet_id: UUID,
    destination_wallet_id: UUID,
    amount: Money,
    spread: Money,
    received: Money,
    subject: UUID,
    at: datetime,
) -> JournalEntry:
    """
    E9: one wallet's money becomes another currency in another wallet.

    Each currency balances by itself through the position account. `amount` is all that
    the payer gives, the spread in it; rounding stays with the position.
    """
    source = wallet(source_wallet_id, amount)
    return JournalEntry(
        id=entry_id,
        kind=EntryKind.POSTED,
        template="convert_wallets",
        version=1,
        at=at,
        lines=pairs(
            (source, chart.account(chart.FX_POSITION, amount.currency), amount - spread),
            (source, chart.account(chart.FX_SPREAD, amount.currency), spread),
            (
                chart.account(chart.FX_POSITION, received.currency),
                wallet(destination_wallet_id, received),
                received,
            ),
        ),
        subject=subject,
    )


def hold_transfer(
    *,
    entry_id: UUID,
    source_wallet_id: UUID,
    destination_wallet_id: UUID,
    amount: Money,
    received: Money,
    subject: UUID,
    at: datetime,
) -> JournalEntry:
    """E10 or E9 that a person must agree to: the payer has less, nobody has more yet."""
    return JournalEntry(
        id=entry_id,
        kind=EntryKind.PENDING,
        template="hold_transfer",
        version=1,
        at=at,
        lines=pairs(
            (
                wallet(source_wallet_id, amount),
                _arrives(destination_wallet_id, amount, received),
                amount,
            )
        ),
        subject=subject,
    )


def capture_transfer(
    *,
    entry_id: UUID,
    pending_id: UUID,
    source_wallet_id: UUID,
    destination_wallet_id: UUID,
    amount: Money,
    spread: Money,
    received: Money,
    subject: UUID,
    at: datetime,
) -> JournalEntry:
    """E10 or E9 that a person has agreed to; converted, each currency balances by itself."""
    to = _arrives(destination_wallet_id, amount, received)
    there = wallet(destination_wallet_id, received)
    converted = (
        (to, chart.account(chart.FX_SPREAD, amount.currency), spread),
        (chart.account(chart.FX_POSITION, received.currency), there, received),
    )
    return JournalEntry(
        id=entry_id,
        kind=EntryKind.CAPTURE,
        template="capture_transfer",
        version=1,
        at=at,
        lines=pairs(
            (wallet(source_wallet_id, amount), to, amount),
            *(converted if amount.currency != received.currency else ()),
        ),
        subject=subject,
        pending_id=pending_id,
        final=True,
    )


def _arrives(destination_wallet_id: UUID, amount: Money, received: Money) -> Account:
    """Return what a payer's money goes to: the other wallet, or our position if converted."""
    if amount.currency == received.currency:
        return wallet(destination_wallet_id, amount)
    return chart.account(chart.FX_POSITION, amount.currency)


def withdraw(
    *, entry_id: UUID, wallet_id: UUID, amount: Money, subject: UUID, at: datetime
) -> JournalEntry:
    """E10: a customer's money leaves the wallet; the bank has not said so yet."""
    return JournalEntry(
        id=entry_id,
        kind=EntryKind.POSTED,
        template="withdraw",
        version=1,
        at=at,
        lines=pairs((wallet(wallet_id, amount), _leaving(wallet_id, amount), amount)),
        subject=subject,
    )


def withdrawal_paid(
    *,
    entry_id: UUID,
    wallet_id: UUID,
    amount: Money,
    bank_account: str,
    subject: UUID,
    at: datetime,
) -> JournalEntry:
    """E10: the bank has sent a withdrawal. Version 2: its statement will show it."""
    return JournalEntry(
        id=entry_id,
        kind=EntryKind.POSTED,
        template="withdrawal_paid",
        version=2,
        at=at,
        lines=pairs(
            (_leaving(wallet_id, amount), bank(bank_account, amount), amount),
            expected=shown_by_bank(bank_account, subject, at),
            expected_line=1,
        ),
        subject=subject,
    )


def withdrawal_failed(
    *, entry_id: UUID, wallet_id: UUID, amount: Money, subject: UUID, at: datetime
) -> JournalEntry:
    """E10: a withdrawal did not leave; the customer has the money again."""
    return JournalEntry(
        id=entry_id,
        kind=EntryKind.POSTED,
        template="withdrawal_failed",
        version=1,
        at=at,
        lines=pairs((_leaving(wallet_id, amount), wallet(wallet_id, amount), amount)),
        subject=subject,
    )


def _leaving(wallet_id: UUID, amount: Money) -> Account:
    return chart.account(chart.WITHDRAWAL_IN_TRANSIT, amount.currency, str(wallet_id))

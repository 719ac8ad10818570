"""
How each business event becomes a journal entry: the only maker of entries.

A template is a name and a version; a template that changes gets a new version, and what
was posted under the old one stays as it is. The names E1 to E14 are those of the chart
of postings in the ledger's README. The first two lines of an entry that sets money
aside are the debit and the credit; a capture of it repeats that pair first.
"""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from fintech.kernel.money import CurrencyMismatch, Money
from fintech.ledger.data import EntryKind, Expected, JournalEntry, Line, Seen, chart
from fintech.ledger.data.chart import Account

_Pair = tuple[Account, Account, Money]


def authorize_card(
    *,
    entry_id: UUID,
    merchant_id: UUID,
    provider: str,
    amount: Money,
    expires_at: datetime,
    subject: UUID,
    at: datetime,
) -> JournalEntry:
    """E1: the payer's bank sets money aside; nothing is posted yet."""
    return JournalEntry(
        id=entry_id,
        kind=EntryKind.PENDING,
        template="authorize_card",
        version=1,
        at=at,
        lines=_pairs((_receivable(provider, amount), _pending(merchant_id, amount), amount)),
        subject=subject,
        expires_at=expires_at,
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
        _pending(merchant_id, amount)
        if to_account == "merchant pending"
        else chart.account(chart.PROCESSING_FEES, amount.currency)
    )
    return JournalEntry(
        id=entry_id,
        kind=EntryKind.PENDING,
        template="hold_wallet",
        version=1,
        at=at,
        lines=_pairs((_wallet(wallet_id, amount), to, amount)),
        subject=subject,
        expires_at=expires_at,
    )


def release(*, entry_id: UUID, pending_id: UUID, subject: UUID, at: datetime) -> JournalEntry:
    """E2: what is still set aside is let go of; nothing is posted."""
    return JournalEntry(
        id=entry_id,
        kind=EntryKind.RELEASE,
        template="release",
        version=1,
        at=at,
        lines=(),
        subject=subject,
        pending_id=pending_id,
        final=True,
    )


def capture_card(
    *,
    entry_id: UUID,
    pending_id: UUID,
    merchant_id: UUID,
    provider: str,
    amount: Money,
    fee: Money,
    processor_fee: Money,
    final: bool,
    provider_reference: str,
    due_on: date,
    subject: UUID,
    at: datetime,
) -> JournalEntry:
    """E3: a part or all of an authorization is taken, with our fee and the processor's estimate."""
    receivable, pending = _receivable(provider, amount), _pending(merchant_id, amount)
    expected = Expected(
        kind=Seen.CAPTURE,
        source=provider,
        reference=provider_reference,
        due_on=due_on,
        fee_minor=processor_fee.minor,
    )
    return JournalEntry(
        id=entry_id,
        kind=EntryKind.CAPTURE,
        template="capture_card",
        version=1,
        at=at,
        lines=_pairs(
            (receivable, pending, amount),
            (pending, chart.account(chart.PROCESSING_FEES, fee.currency), fee),
            (_processor_fees(processor_fee), receivable, processor_fee),
            expected=expected,
        ),
        subject=subject,
        pending_id=pending_id,
        final=final,
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
    income = chart.account(chart.PROCESSING_FEES, amount.currency)
    to = _pending(merchant_id, amount) if to_account == "merchant pending" else income
    return JournalEntry(
        id=entry_id,
        kind=EntryKind.CAPTURE,
        template="capture_wallet",
        version=1,
        at=at,
        lines=_pairs((_wallet(wallet_id, amount), to, amount), (to, income, fee)),
        subject=subject,
        pending_id=pending_id,
        final=final,
    )


def settle_processor(
    *,
    entry_id: UUID,
    provider: str,
    net: Money,
    fee_difference: Money,
    bank_account: str,
    subject: UUID,
    at: datetime,
) -> JournalEntry:
    """E5: the processor has paid; what its fees differ from our estimate is made good."""
    receivable, fees = _receivable(provider, net), _processor_fees(net)
    if fee_difference.minor >= 0:
        true_up = (fees, receivable, fee_difference)
    else:
        true_up = (receivable, fees, -fee_difference)
    return JournalEntry(
        id=entry_id,
        kind=EntryKind.POSTED,
        template="settle_processor",
        version=1,
        at=at,
        lines=_pairs(
            (chart.account(chart.BANK, net.currency, bank_account), receivable, net), true_up
        ),
        subject=subject,
    )


def refund_card(
    *,
    entry_id: UUID,
    merchant_id: UUID,
    provider: str,
    amount: Money,
    from_pending: bool,
    provider_reference: str,
    due_on: date,
    subject: UUID,
    at: datetime,
) -> JournalEntry:
    """E6: money goes back to the payer, from the merchant's pending or available funds."""
    return JournalEntry(
        id=entry_id,
        kind=EntryKind.POSTED,
        template="refund_card",
        version=1,
        at=at,
        lines=_pairs(
            (
                _funds(merchant_id, amount, pending=from_pending),
                _receivable(provider, amount),
                amount,
            ),
            expected=Expected(
                kind=Seen.REFUND, source=provider, reference=provider_reference, due_on=due_on
            ),
            expected_line=1,
        ),
        subject=subject,
    )


def refund_returned(
    *,
    entry_id: UUID,
    merchant_id: UUID,
    provider: str,
    amount: Money,
    to_pending: bool,
    provider_reference: str,
    due_on: date,
    subject: UUID,
    at: datetime,
) -> JournalEntry:
    """E6f: the payer's bank sent a refund back; the merchant has it again."""
    return JournalEntry(
        id=entry_id,
        kind=EntryKind.POSTED,
        template="refund_returned",
        version=1,
        at=at,
        lines=_pairs(
            (
                _receivable(provider, amount),
                _funds(merchant_id, amount, pending=to_pending),
                amount,
            ),
            expected=Expected(
                kind=Seen.REFUND_RETURNED,
                source=provider,
                reference=provider_reference,
                due_on=due_on,
            ),
        ),
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
    receivable = _receivable(provider, amount)
    return JournalEntry(
        id=entry_id,
        kind=EntryKind.POSTED,
        template="top_up",
        version=1,
        at=at,
        lines=_pairs(
            (receivable, _wallet(wallet_id, amount), amount),
            (_processor_fees(processor_fee), receivable, processor_fee),
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
        lines=_pairs(
            (_wallet(source_wallet_id, amount), _wallet(destination_wallet_id, amount), amount)
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
    source = _wallet(source_wallet_id, amount)
    return JournalEntry(
        id=entry_id,
        kind=EntryKind.POSTED,
        template="convert_wallets",
        version=1,
        at=at,
        lines=_pairs(
            (source, chart.account(chart.FX_POSITION, amount.currency), amount - spread),
            (source, chart.account(chart.FX_SPREAD, amount.currency), spread),
            (
                chart.account(chart.FX_POSITION, received.currency),
                _wallet(destination_wallet_id, received),
                received,
            ),
        ),
        subject=subject,
    )


def _pairs(
    first: _Pair,
    *others: _Pair,
    expected: Expected | None = None,
    expected_line: Literal[0, 1] = 0,
) -> tuple[Line, ...]:
    """Return debit and credit of each pair; pairs of nothing, such as no fee, are left out."""
    lines = []
    for debit, credit, amount in (first, *(pair for pair in others if pair[2])):
        if not debit.currency == credit.currency == amount.currency:
            raise CurrencyMismatch(debit.currency, amount.currency)
        lines.append(Line(debit, amount.minor))
        lines.append(Line(credit, -amount.minor))
    if expected is not None:
        marked = lines[expected_line]
        lines[expected_line] = Line(marked.account, marked.amount_minor, expected)
    return tuple(lines)


def _receivable(provider: str, amount: Money) -> Account:
    return chart.account(chart.RECEIVABLE, amount.currency, provider)


def _pending(merchant_id: UUID, amount: Money) -> Account:
    return chart.account(chart.MERCHANT_PENDING, amount.currency, str(merchant_id))


def _funds(merchant_id: UUID, amount: Money, *, pending: bool) -> Account:
    kind = chart.MERCHANT_PENDING if pending else chart.MERCHANT_AVAILABLE
    return chart.account(kind, amount.currency, str(merchant_id))


def _wallet(wallet_id: UUID, amount: Money) -> Account:
    return chart.account(chart.WALLET, amount.currency, str(wallet_id))


def _processor_fees(amount: Money) -> Account:
    return chart.account(chart.PROCESSOR_FEES, amount.currency)

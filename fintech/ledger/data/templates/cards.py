"""Card payments: E1 to E3, E5, E6."""

from datetime import date, datetime
from uuid import UUID

from fintech.kernel.money import Money
from fintech.ledger.data import EntryKind, Expected, JournalEntry, Line, Seen
from fintech.ledger.data.chart import Account
from fintech.ledger.data.templates.making import (
    available,
    bank,
    owed,
    pairs,
    pending,
    processing_fees,
    processor_fees,
    receivable,
    taken_from_merchant,
)


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
        lines=pairs((receivable(provider, amount), pending(merchant_id, amount), amount)),
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
    owes, funds = receivable(provider, amount), pending(merchant_id, amount)
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
        lines=pairs(
            (owes, funds, amount),
            (funds, processing_fees(fee), fee),
            (processor_fees(processor_fee), owes, processor_fee),
            expected=expected,
        ),
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
    owes, fees = receivable(provider, net), processor_fees(net)
    if fee_difference.minor >= 0:
        true_up = (fees, owes, fee_difference)
    else:
        true_up = (owes, fees, -fee_difference)
    return JournalEntry(
        id=entry_id,
        kind=EntryKind.POSTED,
        template="settle_processor",
        version=1,
        at=at,
        lines=pairs((bank(bank_account, net), owes, net), true_up),
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
    from_available: Money | None = None,
    shortfall: Money | None = None,
) -> JournalEntry:
    """
    E6: money goes back to the payer, from the merchant's pending or available funds.

    Of `amount`, the `shortfall` is not there, and the merchant owes it. Version 3: what pending
    funds do not hold may come `from_available` ones.
    """
    expected = Expected(
        kind=Seen.REFUND, source=provider, reference=provider_reference, due_on=due_on
    )
    first, *others = taken_from_merchant(
        merchant_id,
        amount,
        from_pending=from_pending,
        from_available=from_available,
        shortfall=shortfall,
    )
    back = Line(receivable(provider, amount), -amount.minor, expected)
    return JournalEntry(
        id=entry_id,
        kind=EntryKind.POSTED,
        template="refund_card",
        version=3,
        at=at,
        lines=(first, back, *others),
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
    repaid: Money | None = None,
) -> JournalEntry:
    """
    E6f: the payer's bank sent a refund back; the merchant has it again.

    Version 2: of `amount`, what is `repaid` pays what the merchant owes.
    """
    debt = repaid or Money.zero(amount.currency)
    funds = _funds(merchant_id, amount, before_settlement=to_pending)
    back = Line(
        receivable(provider, amount),
        amount.minor,
        Expected(
            kind=Seen.REFUND_RETURNED, source=provider, reference=provider_reference, due_on=due_on
        ),
    )
    given = (
        Line(funds, -(amount - debt).minor),
        Line(owed(merchant_id, amount), -debt.minor),
    )
    return JournalEntry(
        id=entry_id,
        kind=EntryKind.POSTED,
        template="refund_returned",
        version=2,
        at=at,
        lines=(back, *(line for line in given if line.amount_minor)),
        subject=subject,
    )


def _funds(merchant_id: UUID, amount: Money, *, before_settlement: bool) -> Account:
    return (pending if before_settlement else available)(merchant_id, amount)

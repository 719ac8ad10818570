"""What every template is made of: accounts, and pairs of a debit and a credit."""

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from fintech.kernel.money import CurrencyMismatch, Money
from fintech.ledger.data import Expected, Line, Seen, at_bank, chart
from fintech.ledger.data.chart import Account

Pair = tuple[Account, Account, Money]
_BANK_DAYS = timedelta(days=4)  # Over a weekend.


def pairs(
    first: Pair,
    *others: Pair,
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


def shown_by_bank(bank_account: str, reference: UUID, at: datetime) -> Expected:
    """Mark what the bank's statement will show under the reference that it was given."""
    return Expected(
        kind=Seen.PAYOUT,
        source=at_bank(bank_account),
        reference=str(reference),
        due_on=(at + _BANK_DAYS).date(),
    )


def receivable(provider: str, amount: Money) -> Account:
    """Return what a processor owes us."""
    return chart.account(chart.RECEIVABLE, amount.currency, provider)


def pending(merchant_id: UUID, amount: Money) -> Account:
    """Return a merchant's money before settlement."""
    return chart.account_by_id(chart.MERCHANT_PENDING, amount.currency, merchant_id)


def available(merchant_id: UUID, amount: Money) -> Account:
    """Return a merchant's money that may be paid out."""
    return chart.account_by_id(chart.MERCHANT_AVAILABLE, amount.currency, merchant_id)


def owed(merchant_id: UUID, amount: Money) -> Account:
    """Return what a merchant owes us."""
    return chart.account_by_id(chart.MERCHANT_OWES, amount.currency, merchant_id)


def wallet(wallet_id: UUID, amount: Money) -> Account:
    """Return a customer's money."""
    return chart.account_by_id(chart.WALLET, amount.currency, wallet_id)


def bank(bank_account: str, amount: Money) -> Account:
    """Return our money at a bank."""
    return chart.account(chart.BANK, amount.currency, bank_account)


def processing_fees(amount: Money) -> Account:
    """Return what merchants pay us."""
    return chart.account(chart.PROCESSING_FEES, amount.currency)


def processor_fees(amount: Money) -> Account:
    """Return what processors charge us."""
    return chart.account(chart.PROCESSOR_FEES, amount.currency)


def taken_from_merchant(
    merchant_id: UUID,
    amount: Money,
    *,
    from_pending: bool = True,
    from_available: Money | None = None,
    shortfall: Money | None = None,
) -> list[Line]:
    """
    Return the debits by which a merchant gives an amount back: at least one, none of nothing.

    What is in `shortfall` the merchant owes, what is in `from_available` comes out of 2010; the
    rest out of 2000, or all but the shortfall out of 2010 where `from_pending` is not.
    """
    nothing = Money.zero(amount.currency)
    debt, second = shortfall or nothing, from_available or nothing
    first = amount - debt - second
    funds = (pending if from_pending else available)(merchant_id, amount)
    lines = (
        Line(funds, first.minor),
        Line(available(merchant_id, amount), second.minor),
        Line(owed(merchant_id, amount), debt.minor),
    )
    return [line for line in lines if line.amount_minor]

"""Client money owed against client money held, per currency: what a regulator asks for."""

from datetime import UTC, date, datetime, time

from fintech.kernel.money import Money
from fintech.ledger import queries as ledger
from fintech.ledger.data import chart
from fintech.reconciliation import data

# Whose money it is that we hold: merchants', customers', and what nobody has explained yet.
_OWED = {
    kind.code
    for kind in (
        chart.MERCHANT_PENDING,
        chart.MERCHANT_AVAILABLE,
        chart.MERCHANT_RESERVE,
        chart.DISPUTE_RESERVE,
        chart.PAYOUT_IN_TRANSIT,
        chart.WALLET,
        chart.WITHDRAWAL_IN_TRANSIT,
        chart.SUSPENSE,
    )
}
_AT_PROCESSORS = {chart.RECEIVABLE.code, chart.PROCESSOR_RESERVE.code, chart.DISPUTED.code}


def safeguarding(*, on: date, today: date) -> list[data.Safeguarded]:
    """
    Return, per currency, what is owed to clients, what banks hold, and what is on its way.

    Of a day before `today` it is told as of its end (UTC), by when things occurred; of today,
    of the moment in which it is asked.
    """
    past = datetime.combine(on, time.max, tzinfo=UTC) if on < today else None
    owed: dict[str, int] = {}
    held: dict[str, int] = {}
    coming: dict[str, int] = {}
    for line in ledger.trial_balance(occurred_at=past):
        net = line.debit.minor - line.credit.minor
        if line.code in _OWED:
            # What one of them owes us is no money of another's: it pays nobody out.
            owed[line.currency] = owed.get(line.currency, 0) + line.credit.minor
        elif line.code == chart.BANK.code:
            held[line.currency] = held.get(line.currency, 0) + net
        elif line.code in _AT_PROCESSORS:
            coming[line.currency] = coming.get(line.currency, 0) + net
    return [
        data.Safeguarded(
            on=on,
            currency=currency,
            owed=Money(owed.get(currency, 0), currency),
            held=Money(held.get(currency, 0), currency),
            at_processors=Money(coming.get(currency, 0), currency),
        )
        for currency in sorted({*owed, *held, *coming})
    ]

"""
Adyen: the settlement detail report and the payments accounting report.

Debits and credits stand in columns of their own, in the currency the payer saw (GC) and in
the one we are paid in (NC); what is charged stands in four columns of the latter. A payout is
a row like the others: all rows of a batch that was paid out add up to nothing.
"""

from collections.abc import Iterator
from decimal import Decimal

from fintech.reconciliation.readers.reports import Adapter, Cells, Entry, Told, kind_of
from fintech.reconciliation.readers.staging import ZERO

_FEES = ("commission (nc)", "markup (nc)", "scheme fees (nc)", "interchange (nc)")
_CHARGED = ("commission (sc)", "markup (sc)", "scheme fees (sc)", "interchange (sc)")
_PAYOUTS = {"merchantpayout", "payout", "payment to merchant"}
_MOVES_NOTHING = {
    "received", "authorised", "sentforsettle", "sentforrefund", "refused", "error", "cancelled",
    "expired", "captureinitiated", "authorisedexternally", "receivedpayout",
    "sentforsettleexternally", "settledexternally", "refundedexternally", "retried",
}  # fmt: skip


def _detail(cells: Cells) -> Iterator[Told]:
    word = cells.text("type")
    net = cells.amount("net credit (nc)") - cells.amount("net debit (nc)")
    fees = sum((cells.amount(name) for name in _FEES), ZERO)
    gross = _difference(cells, "gross credit (gc)", "gross debit (gc)")
    currency = cells.currency("net currency")
    seen = cells.currency("gross currency")
    payout = word.lower() in _PAYOUTS
    if gross is None:
        # A fee of its own, an invoice, a correction: all of it is charged or given.
        gross, fees = ZERO, (ZERO if payout else -net)
        seen = currency
    if not currency:
        message = "the net currency is missing"
        raise ValueError(message)
    yield Entry(
        kind=kind_of(word),
        currency=currency,
        net=net,
        fee=fees,
        gross=gross,
        gross_currency=seen,
        rate=cells.amount_or_none("exchange rate"),
        reference=cells.text("modification reference", "psp reference"),
        others=(cells.text("psp reference"), cells.text("merchant reference")),
        batch=cells.text("batch number"),
        on=cells.day("booking date", "creation date"),
        text=cells.text("modification merchant reference") or cells.text("modification reference"),
        payout=payout,
    )


def _accounting(cells: Cells) -> Iterator[Told]:
    word = cells.text("record type")
    currency = cells.currency("settlement currency", "main currency", "payment currency")
    if not currency:
        message = "the settlement currency is missing"
        raise ValueError(message)
    moves = word.lower().replace(" ", "") not in _MOVES_NOTHING
    net = cells.amount("payable (sc)") if moves else ZERO
    fees = sum((cells.amount(name) for name in _CHARGED), ZERO) if moves else ZERO
    yield Entry(
        kind=kind_of(word),
        currency=currency,
        net=net,
        fee=fees,
        gross=ZERO if word.lower() in _PAYOUTS else None,
        rate=cells.amount_or_none("exchange rate"),
        reference=cells.text("modification psp reference", "psp reference"),
        others=(cells.text("psp reference"), cells.text("merchant reference")),
        batch=cells.text("payable batch", "batch number"),
        on=cells.day("booking date", "creation date"),
        text=cells.text("payment method"),
        payout=word.lower() in _PAYOUTS,
    )


def _difference(cells: Cells, credit: str, debit: str) -> Decimal | None:
    plus, minus = cells.amount_or_none(credit), cells.amount_or_none(debit)
    if plus is None and minus is None:
        return None
    return (plus or ZERO) - (minus or ZERO)


SETTLEMENT_DETAIL = Adapter(
    source="adyen",
    requires=(
        frozenset({"psp reference", "type", "net currency", "net credit (nc)", "net debit (nc)"}),
    ),
    told=_detail,
    amounts=("net credit (nc)", "net debit (nc)", "gross credit (gc)", "gross debit (gc)"),
    days=("creation date", "booking date"),
)
PAYMENTS_ACCOUNTING = Adapter(
    source="adyen",
    requires=(frozenset({"psp reference", "record type", "main amount"}),),
    told=_accounting,
    amounts=("main amount", "payable (sc)", "captured (pc)"),
    days=("booking date", "creation date"),
)

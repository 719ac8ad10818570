"""
Stripe: itemized payout reconciliation and balance changes, and the dashboard's balance export.

The payout is a total: a row whose amount is what the other rows of its currency add up to.
"""

from collections.abc import Iterator

from fintech.reconciliation.readers.reports import Adapter, Cells, Entry, Told, kind_of

_PAYOUTS = {"payout", "payout_minimum_balance_hold", "transfer"}


def _item(cells: Cells) -> Iterator[Told]:
    word = cells.text("reporting category", "type")
    payout = word.lower() == "payout"
    currency = cells.currency("currency")
    if not currency:
        message = "the currency is missing"
        raise ValueError(message)
    net, fee = cells.amount("net"), cells.amount("fee", "fees")
    yield Entry(
        kind=kind_of(word),
        currency=currency,
        # Some exports show a payout as money that leaves, some as the amount that is paid.
        net=abs(net) if payout else net,
        fee=fee,
        gross=None if payout else cells.amount_or_none("gross", "amount"),
        reference=cells.text("source id", "source", "balance transaction id", "id"),
        others=(
            cells.text("balance transaction id", "id"),
            cells.text("charge id"),
            cells.text("payment intent id"),
            cells.text("payment metadata[external identifier]"),
        ),
        batch=cells.text("automatic payout id", "payout id", "transfer"),
        on=cells.day("available on", "available on (utc)", "available on utc"),
        booked_on=cells.day("created", "created (utc)", "created utc"),
        text=cells.text("description"),
        payout=payout,
        counts=not payout,
    )


REPORT = Adapter(
    source="stripe",
    requires=(
        frozenset({"balance transaction id", "reporting category", "net", "currency"}),
        frozenset({"id", "type", "source", "amount", "net", "currency", "created (utc)"}),
    ),
    told=_item,
    amounts=("gross", "amount", "net", "fee"),
    days=("created", "available on"),
)

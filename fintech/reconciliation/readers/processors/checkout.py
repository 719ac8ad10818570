"""Checkout.com: the settlement breakdown. Deductions are negative and of the holding currency."""

from collections.abc import Iterator

from fintech.reconciliation.readers.reports import Adapter, Cells, Entry, Told, kind_of


def _row(cells: Cells) -> Iterator[Told]:
    currency = cells.currency("holding currency")
    if not currency:
        message = "the holding currency is missing"
        raise ValueError(message)
    gross, fee = (
        cells.amount("gross in holding currency"),
        -cells.amount("deduction in holding currency"),
    )
    net = cells.amount_or_none("net in holding currency")
    yield Entry(
        kind=kind_of(cells.text("type", "breakdown type")),
        currency=currency,
        net=gross - fee if net is None else net,
        fee=fee,
        gross=gross,
        rate=cells.amount_or_none("fx rate applied"),
        reference=cells.text("payment id", "action id"),
        others=(cells.text("reference"),),
        batch=cells.text("payout id"),
        on=cells.day("available on", "processed on"),
        booked_on=cells.day("processed on"),
        text=cells.text("payment method"),
    )


REPORT = Adapter(
    source="checkout",
    requires=(
        frozenset({"holding currency", "gross in holding currency", "net in holding currency"}),
    ),
    told=_row,
    amounts=("gross in holding currency", "net in holding currency"),
    days=("processed on", "available on"),
)

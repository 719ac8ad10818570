"""Gr4vy (Gravy): the all transactions report. Amounts are whole minor units; it tells no fees."""

from collections.abc import Iterator

from fintech.reconciliation.readers.reports import Adapter, Cells, Entry, Told, in_minor


def _transaction(cells: Cells) -> Iterator[Told]:
    currency = cells.currency("currency")
    if not currency:
        message = "the currency is missing"
        raise ValueError(message)
    taken, given = (
        in_minor(cells.whole(name), currency) for name in ("captured amount", "refunded amount")
    )
    status = cells.text("status").lower()
    yield Entry(
        kind="capture" if taken else status,
        currency=currency,
        net=taken - given,
        gross=taken - given,
        reference=cells.text("payment service transaction id", "id"),
        others=(cells.text("id"), cells.text("external identifier")),
        on=cells.day("captured at", "updated at", "created at"),
        booked_on=cells.day("created at"),
        text=status,
        status=status,
    )


REPORT = Adapter(
    source="gravy",
    requires=(
        frozenset({"external identifier", "captured amount", "refunded amount", "currency"}),
    ),
    told=_transaction,
    amounts=("captured amount", "refunded amount", "amount"),
    days=("created at",),
)

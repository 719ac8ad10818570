"""Journal entries in words: account names, and amounts on two sides."""

from collections.abc import Iterable
from uuid import UUID

from django.urls import reverse

from fintech.kernel import ids
from fintech.kernel.money import Money
from fintech.web.dashboard.steps.drawn import JournalLine, Step
from fintech.web.data import Item

_ENTRIES = {
    "authorize_card": "Booked: authorization, pending",
    "capture_card": "Booked: capture and fee",
    "release": "Booked: authorization released",
    "refund_card": "Booked: refund",
    "refund_returned": "Booked: refund came back",
    "top_up": "Booked: wallet top-up",
}
_ACCOUNTS = (
    ("assets:bank:", "Bank"),
    ("assets:processor:", "Acquirer owes us"),
    ("assets:merchant:", "Merchant owes us"),
    ("liabilities:wallet:", "Wallet"),
    ("income:fees:processing", "Our fee"),
    ("expenses:processor_fees", "Acquirer's fee"),
)


def account(address: str) -> str:
    """Return a ledger account's address in words."""
    if address.startswith("liabilities:merchant:"):
        part = address.split(":")[3] if address.count(":") >= 3 else ""  # noqa: PLR2004
        return f"Your {part.replace('_', ' ')} balance"
    for start, name in _ACCOUNTS:
        if address.startswith(start):
            return name
    return address


def step_of(item: Item) -> Step:
    """Draw a journal entry with its lines on two sides."""
    template = str(item.data.get("template", ""))
    entry_id = UUID(item.data["entry_id"])
    lines = tuple(
        JournalLine(
            account=account(line["address"]),
            address=line["address"],
            debit=Money(line["minor"], line["currency"]) if line["side"] == "debit" else None,
            credit=Money(line["minor"], line["currency"]) if line["side"] == "credit" else None,
        )
        for line in item.data.get("lines", ())
    )
    return Step(
        tone="info",
        icon="journal-text",
        title=_ENTRIES.get(template, f"Booked: {template.replace('_', ' ')}"),
        at=item.occurred_at,
        recorded_at=item.recorded_at,
        journal=lines,
        total=_total(lines),
        reference=ids.public("ltx", entry_id),
        links=(
            (reverse("web:proof", args=[item.payment_id]), "Proof"),
            (reverse("web:balance"), "Balance"),
        ),
        order=(1, item.position),
    )


def _total(lines: Iterable[JournalLine]) -> Money | None:
    debits = [line.debit for line in lines if line.debit is not None]
    if not debits:
        return None
    return sum(debits[1:], start=debits[0])

"""A journal entry with its lines, as the merchant whose money it moves sees it."""

from fintech.kernel import ids
from fintech.kernel.money import Money
from fintech.ledger.data import JournalEntryView
from fintech.ledger.data.books import public_account
from fintech.wire.scalars import Json, amount, head, public, unix, unix_or_null


def render(entry: JournalEntryView) -> Json:
    """Return a journal entry, with all its documented fields."""
    remaining: Money | None = entry.remaining
    return {
        **head("ledger.entry", ids.public("ltx", entry.id), entry.occurred_at, None),
        "amount_remaining": None if remaining is None else remaining.minor,
        "expires_at": unix_or_null(entry.expires_at),
        "kind": entry.kind.name.lower(),
        "lines": [
            {
                "account": public_account(line.address),
                **amount(line.amount),
                "direction": str(line.direction),
                "pending": line.pending,
            }
            for line in entry.lines
        ],
        "pending_entry": public("ltx", entry.pending_id),
        "recorded_at": unix(entry.recorded_at),
        "source_id": None if entry.subject is None else str(entry.subject),
        "status": str(entry.state),
        "template": entry.template,
        "version": entry.version,
    }

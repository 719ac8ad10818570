"""What merchants write in their own books: no business of ours, so its form is theirs."""

from datetime import datetime
from uuid import UUID

from fintech.ledger.data import EntryKind, JournalEntry, Line


def by_merchant(
    *,
    entry_id: UUID,
    template: str,
    kind: EntryKind,
    lines: tuple[Line, ...],
    at: datetime,
    pending_id: UUID | None = None,
    final: bool = False,
    expires_at: datetime | None = None,
) -> JournalEntry:
    """An entry of a merchant's own book, under the name that the merchant gives its kind."""
    return JournalEntry(
        id=entry_id,
        kind=kind,
        template=f"book.{template}",
        version=1,
        at=at,
        lines=lines,
        pending_id=pending_id,
        final=final,
        expires_at=expires_at,
    )

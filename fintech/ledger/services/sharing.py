"""
Sharing commits: entries that merchants post one by one, at the same moment, are one batch.

On the event loop of a web worker the combiner takes what has come meanwhile; elsewhere,
and where `COMBINE` is off, each goes by itself. Either way it is `post_to_book`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError
from django_subatomic import db

from fintech.kernel import waiting
from fintech.kernel.actor import Actor
from fintech.kernel.group_commit import LoopCombiner
from fintech.ledger import data, queries
from fintech.ledger.data.books import EntryAsked
from fintech.ledger.services import books, posting


@dataclass(frozen=True, slots=True)
class _Asked:
    """An entry, whose book it is for and who posts it."""

    book: UUID
    entry: EntryAsked
    by: Actor


def post_among_others(*, book: UUID, entry: EntryAsked, by: Actor) -> data.JournalEntryView:
    """
    Post one entry to a merchant's book, and return it as it stands in the journal.

    Its id is its idempotency key: the same entry under the same id counts once.

    Raises:
        PostingRefused: a subclass names the rule; nothing was written.
        QueueFull: too many wait for the writer; nothing was done.
    """
    asked = _Asked(book, entry, by)
    if settings.COMBINE and waiting.on_loop():
        return waiting.wait_for(_posts().submit(asked))
    (told,) = waiting.aside(lambda: post_each([asked]))
    if isinstance(told, Exception):
        raise told
    return told


def post_each(asked: Sequence[_Asked]) -> Sequence[data.JournalEntryView | Exception]:
    """Post many in one commit and one call, of whatever books; answer each."""
    try:
        with db.transaction_if_not_already():
            return _posted(asked)
    except DatabaseError as failure:
        if len(asked) == 1:
            return [failure]
    return [told for one in asked for told in post_each([one])]


def _posted(asked: Sequence[_Asked]) -> list[data.JournalEntryView | Exception]:
    outcomes = books.post_to_books(
        books=[one.book for one in asked],
        entries=[one.entry for one in asked],
        by=[one.by for one in asked],
    )
    shown = iter(queries.entries_by_id([one.entry_id for one in outcomes if one.code.stands]))
    return [next(shown) if one.code.stands else posting.refusal(one) for one in outcomes]


@cache
def _posts() -> LoopCombiner[_Asked, data.JournalEntryView]:
    return LoopCombiner(lambda asked: waiting.tidily(lambda: post_each(asked)), claims=_claims)


def _claims(asked: _Asked) -> Iterable[int]:
    return posting.claims(asked.entry, (line.account_id for line in asked.entry.lines))

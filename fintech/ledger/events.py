"""
Facts about the books.

The journal is the ledger's own log: it is read as a second source beside the event log
and not copied there. This is the shape in which it is read.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from fintech.kernel.events import Code, Event


@dataclass(frozen=True, kw_only=True)
class EntryPosted(Event):
    """
    An entry came into the journal.

    Lines are told as three tuples of one length: addresses, posted and pending amounts,
    debit positive.
    """

    name: ClassVar = "ledger.entry_posted.v1"
    stream_of: ClassVar = "entry_id"

    entry_id: UUID
    kind: int
    template: Code
    template_version: int
    subject_id: UUID | None
    pending_id: UUID | None
    currency: Code
    accounts: tuple[int, ...]
    amounts_minor: tuple[int, ...]
    pendings_minor: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class PeriodClosed(Event):
    """Nothing may occur in a book before a moment any more."""

    name: ClassVar = "ledger.period_closed.v1"
    stream_of: ClassVar = "book_id"

    book_id: UUID
    closed_before: datetime


@dataclass(frozen=True, kw_only=True)
class AccountClosed(Event):
    """Nothing may be posted to an account any more. Its id is its digest."""

    name: ClassVar = "ledger.account_closed.v1"
    stream_of: ClassVar = "account_id"

    account_id: UUID


@dataclass(frozen=True, kw_only=True)
class AccountReopened(Event):
    """An account may be posted to again."""

    name: ClassVar = "ledger.account_reopened.v1"
    stream_of: ClassVar = "account_id"

    account_id: UUID


@dataclass(frozen=True, kw_only=True)
class FloorSet(Event):
    """How far an account may fall is another figure. The floor's id is the account's digest."""

    name: ClassVar = "ledger.floor_set.v1"
    stream_of: ClassVar = "floor_id"

    floor_id: UUID
    floor: int  # In minor units, in the account's normal direction; below zero: an overdraft.


@dataclass(frozen=True, kw_only=True)
class BookAccountOpened(Event):
    """A merchant has opened an account in its own book."""

    name: ClassVar = "ledger.book_account_opened.v1"
    stream_of: ClassVar = "book_account_id"

    book_account_id: UUID
    book_id: UUID
    type: Code
    currency: Code


@dataclass(frozen=True, kw_only=True)
class BookAccountChanged(Event):
    """A merchant calls its account otherwise, or has closed or reopened it."""

    name: ClassVar = "ledger.book_account_changed.v1"
    stream_of: ClassVar = "book_account_id"

    book_account_id: UUID
    closed: bool

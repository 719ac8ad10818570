"""
Books that merchants keep for themselves: accounts of their own, beside the platform's chart.

A merchant's book is known by the merchant's id. An account's address is made of its type,
its book and its id, so that no name can be taken for another's or for one of the chart.
"""

from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from fintech.kernel import ids
from fintech.kernel.frozen import shape
from fintech.kernel.money import Money
from fintech.ledger.data import chart
from fintech.ledger.data.chart import Account, Type

PREFIX = "lac"
_ROOTS = {
    Type.ASSET: "assets",
    Type.LIABILITY: "liabilities",
    Type.EQUITY: "equity",
    Type.INCOME: "income",
    Type.EXPENSE: "expenses",
}
_TYPES = {root: kind for kind, root in _ROOTS.items()}
_CODE = 0  # These accounts have no place in the platform's chart.


@shape("ledger.book_account.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class BookAccount:
    """An account of a merchant's own book."""

    id: UUID
    book: UUID
    type: Type
    currency: str
    code: str
    name: str
    floor: int | None
    closed: bool
    metadata: dict[str, str] = field(hash=False)
    opened_at: datetime
    version: int

    @property
    def account(self) -> Account:
        """Return the account as entries name it."""
        return account_of(self.book, self.type, self.id, self.currency, self.floor)


@dataclass(frozen=True, slots=True)
class NamedAccount:
    """What posting must know of an account of some book."""

    account: Account
    closed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BookTrialLine:
    """What one account of a book holds."""

    account: BookAccount
    debit: Money
    credit: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class LineAsked:
    """A line that a merchant asks for."""

    account_id: UUID
    amount_minor: int  # Debit positive, credit negative.
    currency: str | None  # Checked against the account's, if it is given.


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryAsked:
    """An entry that a merchant asks for; one without lines lets go of a pending one."""

    id: UUID
    template: str
    at: datetime
    lines: tuple[LineAsked, ...]
    pending: bool = False
    pending_id: UUID | None = None
    final: bool = True
    expires_at: datetime | None = None


def address(book: UUID, kind: Type, account_id: UUID) -> str:
    """Return the address of an account in a merchant's book."""
    return f"{_ROOTS[kind]}:book:{book}:{ids.public(PREFIX, account_id)}"


@lru_cache(maxsize=chart.REMEMBERED)
def account_of(
    book: UUID, kind: Type, account_id: UUID, currency: str, floor: int | None
) -> Account:
    """Return an account of a merchant's book as entries name it."""
    return _account(book, address(book, kind, account_id), currency, kind, floor)


def account_at(address: str, currency: str) -> Account:
    """
    Return the account at an address of the chart or of a merchant's book.

    Raises:
        NotInTheChart: there is no such address.
    """
    parts = address.split(":")
    if len(parts) == 4 and parts[1] == "book" and parts[0] in _TYPES:  # noqa: PLR2004
        # Its floor stands on its balance; an account that exists keeps its own.
        return _account(UUID(parts[2]), address, currency, _TYPES[parts[0]], None)
    return chart.at(address, currency)


def is_in(book: UUID, address: str) -> bool:
    """Whether an address is one of a merchant's book."""
    return address.split(":")[1:3] == ["book", str(book)]


def public_account(address: str) -> str:
    """Return how the outside knows an account: by its id in a book, else by its address."""
    return address.rpartition(":")[2] if ":book:" in address else address


def _account(book: UUID, address: str, currency: str, kind: Type, floor: int | None) -> Account:
    return Account(
        digest=chart.digest_of(book, address, currency),
        address=address,
        currency=currency,
        code=_CODE,
        normal=kind.normal,
        floor=floor,
        book=book,
    )

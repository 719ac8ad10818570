"""
The lists beside the payments: refunds, customers, movements of the balance, payment links.

One definition gives the table, the columns to choose from, the filters, and the files:
what is exported is what is filtered, because both ask the same question.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.http import QueryDict
from django.urls import reverse

from fintech.kernel import clock, ids
from fintech.kernel.money import Money, is_known
from fintech.merchants.data import Right
from fintech.payments import data as payment_data
from fintech.payments import queries as payment_queries
from fintech.web import filtering, formats, pills

PAGE = 25
_AT_ONCE = 100  # What the rooms below give in one go.
Cell = str | int | Money | datetime | None
Kind = Literal["text", "money", "moment", "pill", "id", "count", "day"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: what it is called, and what a row says in it."""

    name: str
    label: str
    read: Callable[[Any], Cell]
    kind: Kind = "text"
    usual: bool = True
    empty: str = "—"  # What a page shows where a row says nothing.
    machine: str = ""  # Of a pill.
    leads: Callable[[Any], str] | None = None  # Where a click leads.


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A filter beside the days; what is offered, or any text where nothing is."""

    name: str
    label: str
    offered: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an address asks of a list."""

    values: Mapping[str, str]
    created: Mapping[str, int]
    chips: tuple[tuple[str, str], ...]


Ask = Callable[[UUID, Told, int, UUID | None, UUID | None], payment_data.Page[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A list of things that belong to a merchant."""

    name: str
    title: str
    many: str  # What its rows are called.
    page: str  # The name of its page.
    right: Right
    prefix: str  # Of its rows' public ids.
    columns: tuple[Column, ...]
    choices: tuple[Choice, ...]
    ask: Ask

    @property
    def url(self) -> str:
        """Return the address of its page."""
        return reverse(f"web:{self.page}")

    def mark(self, text: str) -> UUID | None:
        """Read a place in the list; what is none is as good as none."""
        try:
            return ids.parse(self.prefix, text)
        except ids.NotAnId:
            return None

    def read(self, asked: QueryDict, *, at: datetime) -> Told:
        """Read the filters of an address; what is not offered is left out."""
        values, chips = {}, []
        for choice in self.choices:
            said = asked.get(choice.name, "")
            value = said.strip() if isinstance(said, str) else ""
            label = dict(choice.offered).get(value, "" if choice.offered else value)
            if value and label:
                values[choice.name] = value
                chips.append((choice.name, label))
        bounds, told = filtering.when(asked, at=at)
        return Told(values=values, created=filtering.seconds(bounds), chips=(*chips, *told))

    def rows(self, merchant_id: UUID, told: Told) -> Iterator[Any]:
        """Return every row that fits, newest first, a page at a time."""
        after: UUID | None = None
        while True:
            page = self.ask(merchant_id, told, _AT_ONCE, after, None)
            yield from page.items
            if not page.has_more:
                return
            after = page.items[-1].id

    def cells(self, row: Any) -> Sequence[Cell]:
        """Return what a file says of a row: every column, whatever is shown."""
        return [column.read(row) for column in self.columns]


def _payment(row: Any) -> str:
    return reverse("web:payment", args=[row.payment_id])


def _refunds(
    merchant_id: UUID, told: Told, limit: int, after: UUID | None, before: UUID | None
) -> payment_data.Page[payment_data.Refund]:
    state = told.values.get("state")
    return payment_queries.refunds(
        merchant_id,
        limit,
        after,
        before,
        states=_STATES[state] if state else (),
        created=told.created,
    )


_STATES = {
    "pending": ("created", "submitted", "unknown"),
    "succeeded": ("succeeded", "partially_succeeded"),
    "failed": ("failed", "canceled", "reversed", "partially_succeeded"),
}
REFUNDS = Listing(
    name="refunds",
    title="Refunds",
    many="refunds",
    page="refunds",
    right=Right.VIEW_PAYMENTS,
    prefix="re",
    columns=(
        Column(
            name="amount",
            label="Amount",
            kind="money",
            read=lambda one: one.amount,
            leads=_payment,
        ),
        Column(
            name="status",
            label="Status",
            kind="pill",
            machine="operation",
            read=lambda one: str(one.state),
        ),
        Column(name="reason", label="Reason", read=lambda one: one.reason.replace("_", " ")),
        Column(
            name="failure",
            label="Why it failed",
            usual=False,
            read=lambda one: (one.failure_reason or "").replace("_", " "),
        ),
        Column(
            name="payment",
            label="Payment",
            kind="id",
            read=lambda one: ids.public("pi", one.payment_id),
            leads=_payment,
        ),
        Column(
            name="reference",
            label="Acquirer's reference",
            kind="id",
            usual=False,
            read=lambda one: one.provider_reference,
        ),
        Column(
            name="id",
            label="Id",
            kind="id",
            usual=False,
            read=lambda one: ids.public("re", one.id),
        ),
        Column(name="created", label="Created", kind="moment", read=lambda one: one.created_at),
    ),
    choices=(
        Choice(
            name="state",
            label="Status",
            offered=(
                ("pending", "On its way"),
                ("succeeded", "Arrived"),
                ("failed", "Did not happen"),
            ),
        ),
    ),
    ask=_refunds,
)


def _customers(
    merchant_id: UUID, told: Told, limit: int, after: UUID | None, before: UUID | None
) -> payment_data.Page[payment_data.Customer]:
    return payment_queries.customers(
        merchant_id,
        limit,
        after,
        before,
        email=told.values.get("email"),
        created=told.created,
    )


CUSTOMERS = Listing(
    name="customers",
    title="Customers",
    many="customers",
    page="customers",
    right=Right.VIEW_CUSTOMERS,
    prefix="cus",
    columns=(
        Column(
            name="name",
            label="Name",
            read=lambda one: one.name or "Unnamed",
            leads=lambda one: reverse("web:customer", args=[one.id]),
        ),
        Column(name="email", label="Email", read=lambda one: one.email or ""),
        Column(name="phone", label="Phone", usual=False, read=lambda one: one.phone or ""),
        Column(name="note", label="Note", usual=False, read=lambda one: one.description or ""),
        Column(name="id", label="Id", kind="id", read=lambda one: ids.public("cus", one.id)),
        Column(name="created", label="Since", kind="moment", read=lambda one: one.created_at),
    ),
    choices=(Choice(name="email", label="Email"),),
    ask=_customers,
)


def _movements(
    merchant_id: UUID, told: Told, limit: int, after: UUID | None, before: UUID | None
) -> payment_data.Page[payment_data.BalanceTransaction]:
    currency = told.values.get("currency", "").upper()
    return payment_queries.balance_transactions(
        merchant_id,
        limit,
        after,
        before,
        kind=told.values.get("kind"),
        currency=currency if is_known(currency) else None,
        created=told.created,
    )


MOVEMENTS = Listing(
    name="movements",
    title="Balance",
    many="movements",
    page="balance",
    right=Right.VIEW_BALANCE,
    prefix="txn",
    columns=(
        Column(
            name="kind",
            label="What",
            read=lambda one: one.kind.replace("_", " ").capitalize(),
            leads=_payment,
        ),
        Column(name="amount", label="Amount", kind="money", read=lambda one: one.amount),
        Column(name="fee", label="Fee", kind="money", read=lambda one: one.fee),
        Column(name="net", label="Net", kind="money", read=lambda one: one.net),
        Column(
            name="available",
            label="Available",
            kind="day",
            read=lambda one: (
                f"{'since' if one.is_available else 'from'} {formats.day(one.available_on)}"
            ),
        ),
        Column(
            name="payment",
            label="Payment",
            kind="id",
            usual=False,
            read=lambda one: ids.public("pi", one.payment_id),
            leads=_payment,
        ),
        Column(
            name="id",
            label="Id",
            kind="id",
            usual=False,
            read=lambda one: ids.public("txn", one.id),
        ),
        Column(name="created", label="When", kind="moment", read=lambda one: one.created_at),
    ),
    choices=(
        Choice(
            name="kind",
            label="What",
            offered=(
                ("charge", "Charges"),
                ("refund", "Refunds"),
                ("refund_failure", "Refunds that came back"),
                ("adjustment", "Adjustments"),
            ),
        ),
        Choice(name="currency", label="Currency"),
    ),
    ask=_movements,
)


def _links(
    merchant_id: UUID, told: Told, limit: int, after: UUID | None, before: UUID | None
) -> payment_data.Page[payment_data.Link]:
    active = told.values.get("active")
    return payment_queries.links(
        merchant_id,
        limit,
        after,
        before,
        active=None if active is None else active == "yes",
        created=told.created,
    )


LINKS = Listing(
    name="links",
    title="Payment links",
    many="payment links",
    page="links",
    right=Right.TAKE_PAYMENTS,
    prefix="plink",
    columns=(
        Column(name="title", label="For", read=lambda one: one.title),
        Column(
            name="amount", label="Amount", kind="money", empty="open", read=lambda one: one.amount
        ),
        Column(name="currency", label="Currency", usual=False, read=lambda one: one.currency),
        Column(
            name="status",
            label="Status",
            kind="pill",
            machine="link",
            read=lambda one: pills.of_link(one, clock.now()),
        ),
        Column(name="uses", label="Used", kind="count", usual=False, read=lambda one: one.uses),
        Column(
            name="max_uses",
            label="Usable",
            kind="count",
            usual=False,
            empty="any number of times",
            read=lambda one: one.max_uses,
        ),
        Column(
            name="last_day",
            label="Ends",
            kind="moment",
            usual=False,
            empty="never",
            read=lambda one: one.expires_at,
        ),
        Column(
            name="id",
            label="Id",
            kind="id",
            usual=False,
            read=lambda one: ids.public("plink", one.id),
        ),
    ),
    choices=(
        Choice(
            name="active",
            label="Status",
            offered=(("yes", "Not closed"), ("no", "Closed")),
        ),
    ),
    ask=_links,
)
LISTINGS = {one.name: one for one in (REFUNDS, CUSTOMERS, MOVEMENTS, LINKS)}

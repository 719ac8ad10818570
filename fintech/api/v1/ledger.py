"""The ledger: the journal entries that a merchant's money has made."""

from uuid import UUID

from fintech.api import errors, pagination
from fintech.api.codec import entries, fields
from fintech.api.codec.fields import Field
from fintech.api.operations import Answer, Call, operation
from fintech.kernel import ids, waiting
from fintech.kernel.errors import NotFound
from fintech.ledger import queries, services
from fintech.ledger.data import JournalEntryView
from fintech.ledger.data.books import EntryAsked
from fintech.ledger.errors import EntryNotSealed
from fintech.payments import queries as payments
from fintech.wallets import queries as wallets
from fintech.wire import ledger_books, ledger_entries
from fintech.wire.errors import Fault

_READ = "ledger:read"
_WRITE = "ledger:write"
_SOURCES: dict[str, Field] = {
    "payment_intent": fields.Id(prefix="pi", noun="payment intent"),
    "refund": fields.Id(prefix="re", noun="refund"),
    "wallet_hold": fields.Id(prefix="whd", noun="wallet hold"),
}


@operation(
    "GET",
    "/v1/ledger/entries",
    scope=_READ,
    returns="list",
    of="ledger.entry",
    noun="journal entry",
    parameters={
        **_SOURCES,
        "account": fields.Id(prefix="lac", noun="ledger account", about="Of your own book."),
        "limit": fields.Integer(least=1, most=100, about="Of an account's; 10 if not given."),
        "starting_after": fields.Id(prefix="ltx", noun="journal entry", about="Of an account's."),
    },
    exclusive=tuple((name, "account") for name in _SOURCES),
)
def index(call: Call) -> Answer:
    """
    List the journal entries of a payment, refund or hold, oldest first.

    Or those that touch an account of your own book, newest first.
    """
    if call.get("account") is not None:
        return _of_account(call)
    named = [name for name in _SOURCES if call.get(name) is not None]
    if len(named) != 1:
        code = "parameter_missing" if not named else "parameters_exclusive"
        message = f"Give one of {', '.join(_SOURCES)}."
        raise errors.ParametersWrong([Fault((named or list(_SOURCES))[-1], code, message)])
    try:
        subject = _subject(call, named[0])
    except NotFound:
        message = f"There is no such {named[0].replace('_', ' ')}."
        raise errors.ParametersWrong([Fault(named[0], "resource_missing", message)]) from None
    found = queries.entries_of(subject)
    return pagination.answer(call, found, ledger_entries.render, has_more=False)


def _of_account(call: Call) -> Answer:
    try:
        account = queries.book_account(call.values["account"], call.merchant_id)
    except NotFound:
        message = "There is no such ledger account."
        raise errors.ParametersWrong([Fault("account", "resource_missing", message)]) from None
    found = queries.book_entries(account, limit=call.page.limit, before=call.page.after)
    return pagination.answer_longer(call, found, ledger_entries.render)


@operation(
    "GET",
    "/v1/ledger/entries/{id}",
    scope=_READ,
    returns="ledger.entry",
    noun="journal entry",
)
def retrieve(call: Call) -> Answer:
    """Retrieve a journal entry that touches an account of the merchant."""
    entry = queries.entry(call.this("ltx"))
    if not _touches(entry, call.merchant_id):
        raise errors.ResourceMissing("journal entry")
    return Answer(body=ledger_entries.render(entry))


@operation(
    "POST",
    "/v1/ledger/entries",
    scope=_WRITE,
    returns="ledger.entry",
    noun="journal entry",
    parameters=entries.ENTRY,
    is_combined=lambda _values: True,
    rehearses=True,
)
def create(call: Call) -> Answer:
    """Post an entry to your own book; capture or release what an earlier one set aside."""
    asked, faults = entries.read_one(call.values, at=call.at)
    if asked is None:
        raise errors.ParametersWrong(faults)
    if call.key is None:
        found = services.post_among_others(book=call.merchant_id, entry=asked, by=call.by)
        return Answer(body=ledger_entries.render(found))
    return waiting.aside(lambda: _created_once(call, asked))


def _created_once(call: Call, asked: EntryAsked) -> Answer:
    done = call.once(
        lambda: services.post_one_to_book(book=call.merchant_id, entry=asked, by=call.by)
    )
    found = queries.entry(done.value.entry_id)
    return Answer(body=ledger_entries.render(found), replayed=done.replayed)


@operation(
    "POST",
    "/v1/ledger/entries/{id}/reverse",
    scope=_WRITE,
    returns="ledger.entry",
    noun="journal entry",
    parameters={"id": entries.NewId(prefix="ltx", about="The new entry's id.")},
    rehearses=True,
)
def reverse(call: Call) -> Answer:
    """Post the exact opposite of an entry of your book, once; both stay to be seen."""
    entry_id = call.this("ltx")
    reversal_id = call.get("id") or ids.new()
    done = call.once(
        lambda: services.reverse_in_book(
            book=call.merchant_id,
            entry_id=entry_id,
            reversal_id=reversal_id,
            by=call.by,
            at=call.at,
        )
    )
    found = queries.entry(done.value.entry_id)
    return Answer(body=ledger_entries.render(found), replayed=done.replayed)


@operation(
    "GET",
    "/v1/ledger/entries/{id}/proof",
    scope=_READ,
    returns="ledger.proof",
    noun="journal entry",
    expands=False,
)
def proof(call: Call) -> Answer:
    """Return what shows an entry to be in the journal: its leaf and the way to a signed root."""
    entry = queries.entry(call.this("ltx"))
    if not _touches(entry, call.merchant_id):
        raise errors.ResourceMissing("journal entry")
    shown = queries.proof(entry.id)
    if shown is None:
        raise EntryNotSealed(entry.id)
    return Answer(body=ledger_books.render_proof(entry.id, shown))


def _subject(call: Call, name: str) -> UUID:
    """Return what the journal knows the entries by, if it is the merchant's."""
    named: UUID = call.values[name]
    if name == "payment_intent":
        return payments.payment(named, call.merchant_id).id
    if name == "refund":
        return payments.refund(named, call.merchant_id).payment_id
    return wallets.hold(named, call.merchant_id).id


def _touches(entry: JournalEntryView, merchant_id: UUID) -> bool:
    """Whether a line is on an account of the merchant, or of a wallet of its own."""
    for line in entry.lines:
        parts = line.address.split(":")
        if str(merchant_id) in parts:
            return True
        if "wallet" in parts and _owns_wallet(parts[parts.index("wallet") + 1], merchant_id):
            return True
    return False


def _owns_wallet(wallet_id: str, merchant_id: UUID) -> bool:
    try:
        wallets.wallet(UUID(wallet_id), merchant_id)
    except (ValueError, NotFound):
        return False
    return True

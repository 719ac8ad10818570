"""The ledger: the journal entries that a merchant's money has made."""

from uuid import UUID

from fintech.api import errors, pagination
from fintech.api.codec import fields
from fintech.api.codec.fields import Field
from fintech.api.operations import Answer, Call, operation
from fintech.kernel.errors import NotFound
from fintech.ledger import queries
from fintech.ledger.data import JournalEntryView
from fintech.payments import queries as payments
from fintech.wallets import queries as wallets
from fintech.wire import ledger_entries
from fintech.wire.errors import Fault

_READ = "ledger:read"
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
    parameters=_SOURCES,
)
def index(call: Call) -> Answer:
    """List the journal entries of a payment, refund or hold, oldest first."""
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

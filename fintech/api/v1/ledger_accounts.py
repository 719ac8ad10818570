"""A merchant's own book: the accounts that it opens there."""

from uuid import UUID

from fintech.api import pagination
from fintech.api.codec import fields
from fintech.api.operations import Answer, Call, list_parameters, operation
from fintech.ledger import queries, services
from fintech.ledger.data import Type, books
from fintech.wire import ledger_books as wire

READ, WRITE = "ledger:read", "ledger:write"
OBJECT, NOUN = "ledger.account", "ledger account"
_LARGEST = (1 << 62) - 1
_NAME = fields.Text(longest=200, about="What you call it.")


@operation(
    "POST",
    "/v1/ledger/accounts",
    scope=WRITE,
    returns=OBJECT,
    noun=NOUN,
    parameters={
        "code": fields.Text(
            longest=40,
            pattern=r"[A-Za-z0-9_.-]+",
            required=True,
            about="Your number for it; each is given once in your book.",
            example="1000",
        ),
        "currency": fields.Currency(required=True, example="eur"),
        "type": fields.OneOf(
            words=tuple(Type), required=True, about="Decides its normal side.", example="asset"
        ),
        "name": _NAME,
        "minimum_balance": fields.Integer(
            least=-_LARGEST, most=_LARGEST, about="Its available balance never falls below this."
        ),
        "metadata": fields.Metadata(),
    },
)
def create(call: Call) -> Answer:
    """Open an account in your own book. The platform's accounts are not among them."""
    done = call.once(
        lambda: services.open_book_account(
            book=call.merchant_id,
            type=Type(call.values["type"]),
            currency=call.values["currency"],
            code=call.values["code"],
            name=call.text("name"),
            floor=call.get("minimum_balance"),
            metadata=call.new_labels(),
            by=call.by,
            at=call.at,
        )
    )
    return Answer(body=_shown(done.value), replayed=done.replayed)


@operation(
    "GET",
    "/v1/ledger/accounts",
    scope=READ,
    returns="list",
    of=OBJECT,
    noun=NOUN,
    parameters=list_parameters(books.PREFIX, NOUN),
    exclusive=(("starting_after", "ending_before"),),
)
def index(call: Call) -> Answer:
    """List the accounts of your book."""
    page = call.page
    found = queries.book_accounts(
        call.merchant_id, limit=page.limit, after=page.after, before=page.before
    )
    more = len(found) > page.limit
    shown = found[1:] if more and page.before is not None else found[: page.limit]
    balances = queries.book_balances(shown)
    return pagination.answer(
        call, shown, lambda one: wire.render_account(one, balances[one.id]), has_more=more
    )


@operation("GET", "/v1/ledger/accounts/{id}", scope=READ, returns=OBJECT, noun=NOUN)
def retrieve(call: Call) -> Answer:
    """Retrieve an account with what it holds."""
    return Answer(body=_shown(_account(call)))


@operation(
    "POST",
    "/v1/ledger/accounts/{id}",
    scope=WRITE,
    returns=OBJECT,
    noun=NOUN,
    parameters={"name": _NAME, "metadata": fields.Metadata()},
)
def update(call: Call) -> Answer:
    """Change what you call an account."""
    account_id = call.this(books.PREFIX)

    def change() -> books.BookAccount:
        labels = call.merged(lambda: queries.book_account(account_id, call.merchant_id).metadata)
        return services.update_book_account(
            account_id=account_id,
            book=call.merchant_id,
            name=call.changed("name"),
            metadata=labels,
            by=call.by,
            at=call.at,
        )

    done = call.once(change)
    return Answer(body=_shown(done.value), replayed=done.replayed)


@operation("POST", "/v1/ledger/accounts/{id}/close", scope=WRITE, returns=OBJECT, noun=NOUN)
def close(call: Call) -> Answer:
    """Close an empty account: nothing can be posted to it any more."""
    return _set_closed(call, call.this(books.PREFIX), closed=True)


@operation("POST", "/v1/ledger/accounts/{id}/reopen", scope=WRITE, returns=OBJECT, noun=NOUN)
def reopen(call: Call) -> Answer:
    """Open a closed account again."""
    return _set_closed(call, call.this(books.PREFIX), closed=False)


@operation(
    "GET",
    "/v1/ledger/accounts/{id}/lines",
    scope=READ,
    returns="list",
    of="ledger.line",
    noun=NOUN,
    parameters={
        "limit": fields.Integer(least=1, most=100, about="How many to return; 10 if not given."),
        "before_sequence": fields.Integer(
            least=1, about="Return what was posted before this line."
        ),
    },
)
def lines(call: Call) -> Answer:
    """List an account's posted lines with the balance after each, newest first."""
    account = _account(call).account
    found = queries.statement(
        account.address,
        account.currency,
        limit=call.page.limit + 1,
        before=call.get("before_sequence"),
    )
    return pagination.answer_longer(call, found, wire.render_line)


def _account(call: Call) -> books.BookAccount:
    return queries.book_account(call.this(books.PREFIX), call.merchant_id)


def _shown(account: books.BookAccount) -> dict[str, object]:
    return wire.render_account(account, queries.book_balances([account])[account.id])


def _set_closed(call: Call, account_id: UUID, *, closed: bool) -> Answer:
    done = call.once(
        lambda: services.set_book_account_closed(
            account_id=account_id, book=call.merchant_id, closed=closed, by=call.by, at=call.at
        )
    )
    return Answer(body=_shown(done.value), replayed=done.replayed)

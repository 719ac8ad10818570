"""
Reconciliation: files from outside, runs that compare them with the books, and breaks.

What is compared is the platform's own money, of all merchants at once. A live instance
lets only the merchants of `OPERATOR_MERCHANTS` in; a sandbox lets everyone try.
"""

from datetime import date, timedelta
from uuid import UUID

from django.conf import settings

from fintech.api import errors, pagination
from fintech.api.codec import fields, files
from fintech.api.codec.tree import Malformed
from fintech.api.operations import Answer, Call, operation
from fintech.kernel import idempotency, ids
from fintech.kernel.errors import NotFound
from fintech.reconciliation import queries
from fintech.reconciliation import services as reconciliation
from fintech.reconciliation.data import BreakState, Reading, Resolution
from fintech.wire import reconciliation as wire
from fintech.wire.errors import Fault

_READ, _WRITE = "reconciliation:read", "reconciliation:write"
_LARGEST_FILE = 64 * 1024 * 1024  # Bytes.
_MOST = 100
_SOURCE = fields.Text(longest=60, pattern="[a-z0-9_]+", about="The processor's name.")
_DAY = r"\d{4}-\d{2}-\d{2}"
_LIMIT = fields.Integer(least=1, most=_MOST, about="How many to return; 10 if not given.")


@operation(
    "POST",
    "/v1/reconciliation/statements",
    scope=_WRITE,
    returns="reconciliation.statement",
    noun="statement",
    expands=False,
    content_limit=_LARGEST_FILE,
    takes_content=True,
)
def bring_statement(call: Call) -> Answer:
    """Bring a bank statement or a processor's report: raw, or the part `file` of a form."""
    _operators_only(call)
    try:
        file = files.read(call.content, call.headers)
    except Malformed as broken:
        raise errors.MalformedBody(broken.message) from None
    if not file.content:
        raise errors.MalformedBody("The file is empty.")
    done = idempotency.around(
        call.key,
        lambda: reconciliation.import_file(
            content=file.content, name=file.name, by=call.by, at=call.at
        ),
        at=call.at,
    )
    brought = done.value
    return Answer(body=wire.render_statement(brought, _read(brought.id)), replayed=done.replayed)


@operation(
    "GET",
    "/v1/reconciliation/statements",
    scope=_READ,
    returns="list",
    of="reconciliation.statement",
    noun="statement",
    parameters={"limit": _LIMIT},
)
def list_statements(call: Call) -> Answer:
    """List the files that were brought, newest first."""
    _operators_only(call)
    found = queries.imports(limit=call.page.limit + 1)
    read = queries.readings([one.id for one in found])
    return pagination.answer_longer(
        call, found, lambda one: wire.render_statement(one, read[one.id])
    )


@operation(
    "GET",
    "/v1/reconciliation/statements/{id}",
    scope=_READ,
    returns="reconciliation.statement",
    noun="statement",
)
def retrieve_statement(call: Call) -> Answer:
    """Retrieve a file that was brought."""
    _operators_only(call)
    brought = queries.imported(call.this("rst"))
    return Answer(body=wire.render_statement(brought, _read(brought.id)))


@operation(
    "POST",
    "/v1/reconciliation/runs",
    scope=_WRITE,
    returns="reconciliation.run",
    noun="run",
    parameters={
        "source": fields.Text(longest=60, pattern="[a-z0-9_]+", required=True, example="simulator")
    },
)
def run(call: Call) -> Answer:
    """Compare what the ledger expects of a processor with its reports, and those with the bank."""
    _operators_only(call)
    try:
        done = idempotency.around(
            call.key,
            lambda: reconciliation.run(source=call.values["source"], by=call.by, at=call.at),
            at=call.at,
        )
    except NotFound as missing:
        raise errors.ParametersWrong(
            [Fault("source", "resource_missing", missing.message)]
        ) from None
    return Answer(body=wire.render_run(done.value), replayed=done.replayed)


@operation(
    "GET",
    "/v1/reconciliation/runs",
    scope=_READ,
    returns="list",
    of="reconciliation.run",
    noun="run",
    parameters={"limit": _LIMIT, "source": _SOURCE},
)
def list_runs(call: Call) -> Answer:
    """List runs, newest first."""
    _operators_only(call)
    found = queries.runs(source=call.get("source"), limit=call.page.limit + 1)
    return pagination.answer_longer(call, found, wire.render_run)


@operation(
    "GET",
    "/v1/reconciliation/runs/{id}",
    scope=_READ,
    returns="reconciliation.run",
    noun="run",
)
def retrieve_run(call: Call) -> Answer:
    """Retrieve a run, with what it did to the rows of each witness."""
    _operators_only(call)
    return Answer(body=wire.render_run(queries.run(call.this("rrn"))))


@operation(
    "GET",
    "/v1/reconciliation/breaks",
    scope=_READ,
    returns="list",
    of="reconciliation.break",
    noun="break",
    parameters={
        "limit": _LIMIT,
        "run": fields.Id(prefix="rrn", noun="run"),
        "source": _SOURCE,
        "status": fields.OneOf(words=tuple(state.value for state in BreakState)),
    },
)
def list_breaks(call: Call) -> Answer:
    """List differences between what we say and what the outside says, newest first."""
    _operators_only(call)
    state = call.get("status")
    found = queries.breaks(
        call.get("run"),
        source=call.get("source"),
        state=None if state is None else BreakState(state),
        limit=call.page.limit + 1,
    )
    return pagination.answer_longer(call, found, wire.render_break)


@operation(
    "GET",
    "/v1/reconciliation/breaks/{id}",
    scope=_READ,
    returns="reconciliation.break",
    noun="break",
)
def retrieve_break(call: Call) -> Answer:
    """Retrieve a break."""
    _operators_only(call)
    return Answer(body=wire.render_break(queries.found_break(call.this("rbk"))))


@operation(
    "POST",
    "/v1/reconciliation/breaks/{id}/resolve",
    scope=_WRITE,
    returns="reconciliation.break",
    noun="break",
    parameters={
        "resolution": fields.OneOf(
            words=tuple(word.value for word in Resolution if word is not Resolution.LATE_FILE),
            required=True,
        ),
        "note": fields.Text(longest=500, lines=True, required=True, about="Why."),
        "with": fields.Id(
            prefix="rbk", noun="break", about="For `link`: the break that misses what this has."
        ),
    },
)
def resolve(call: Call) -> Answer:
    """End a break by a person's decision; `post_adjustment` books what makes it good."""
    _operators_only(call)
    break_id = call.this("rbk")
    done = idempotency.around(
        call.key,
        lambda: reconciliation.resolve(
            break_id=break_id,
            resolution=Resolution(call.values["resolution"]),
            note=call.values["note"],
            other_id=call.get("with"),
            by=call.by,
            at=call.at,
        ),
        at=call.at,
    )
    return Answer(body=wire.render_break(done.value), replayed=done.replayed)


@operation(
    "GET",
    "/v1/reconciliation/breaks/{id}/proposal",
    scope=_READ,
    returns="reconciliation.proposal",
    noun="break",
    expands=False,
)
def propose(call: Call) -> Answer:
    """Show the journal entry that `post_adjustment` would post for a break, and why."""
    _operators_only(call)
    return Answer(body=wire.render_proposal(reconciliation.proposal(call.this("rbk"), at=call.at)))


@operation(
    "GET",
    "/v1/reconciliation/breaks/{id}/suggestions",
    scope=_READ,
    returns="reconciliation.suggestions",
    noun="break",
    expands=False,
)
def suggest(call: Call) -> Answer:
    """Rank what the missing side of a break might be, for a person to judge."""
    _operators_only(call)
    break_id = call.this("rbk")
    return Answer(body=wire.render_suggestions(break_id, queries.suggestions(break_id)))


@operation(
    "POST",
    "/v1/reconciliation/breaks/{id}/wait",
    scope=_WRITE,
    returns="reconciliation.break",
    noun="break",
    parameters={
        "until": fields.Text(
            longest=10, pattern=_DAY, required=True, example="2026-12-01", about="A day, UTC."
        ),
        "note": fields.Text(longest=500, lines=True, required=True, about="Why."),
    },
)
def wait(call: Call) -> Answer:
    """Say that a break will explain itself; it stays open."""
    _operators_only(call)
    break_id, until = call.this("rbk"), _day(call, "until")
    done = idempotency.around(
        call.key,
        lambda: reconciliation.wait(
            break_id=break_id,
            until=until or call.at.date(),
            note=call.values["note"],
            by=call.by,
            at=call.at,
        ),
        at=call.at,
    )
    return Answer(body=wire.render_break(done.value), replayed=done.replayed)


@operation(
    "GET",
    "/v1/reconciliation/runs/{id}/report",
    scope=_READ,
    returns="reconciliation.report",
    noun="run",
    expands=False,
)
def report(call: Call) -> Answer:
    """Retrieve a run's control totals, bank balances and breaks, signed by the platform."""
    _operators_only(call)
    return Answer(body=wire.render_report(queries.report(call.this("rrn"))))


@operation(
    "GET",
    "/v1/reconciliation/history",
    scope=_READ,
    returns="reconciliation.history",
    expands=False,
    parameters={
        "source": fields.Text(longest=60, pattern="[a-z0-9_]+", required=True, example="simulator"),
        "from": fields.Text(longest=10, pattern=_DAY, about="30 days back if not given."),
        "to": fields.Text(longest=10, pattern=_DAY, about="Today if not given."),
    },
)
def history(call: Call) -> Answer:
    """Show a source per business day, its fees against the contract, and what it has not paid."""
    _operators_only(call)
    source, today = call.values["source"], call.at.date()
    end = _day(call, "to") or today
    begin = _day(call, "from") or end - timedelta(days=30)
    return Answer(
        body=wire.render_history(
            source,
            queries.day_figures(source=source, begin=begin, end=end),
            queries.fee_report(source=source, begin=begin, end=end),
            queries.settlement_ageing(source=source, today=today),
        )
    )


@operation(
    "GET",
    "/v1/reconciliation/safeguarding",
    scope=_READ,
    returns="reconciliation.safeguarding",
    expands=False,
    parameters={"date": fields.Text(longest=10, pattern=_DAY, about="Today if not given.")},
)
def safeguarding(call: Call) -> Answer:
    """Hold client money that is owed against client money that is held, per currency and day."""
    _operators_only(call)
    today = call.at.date()
    on = _day(call, "date") or today
    return Answer(
        body=wire.render_safeguarding(on.isoformat(), queries.safeguarding(on=on, today=today))
    )


def _day(call: Call, name: str) -> date | None:
    """Read a parameter that is a day of the calendar; None where it was not given."""
    text = call.get(name)
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        message = "This must be a day such as 2026-12-01."
        raise errors.ParametersWrong([Fault(name, "parameter_invalid", message)]) from None


def _read(import_id: UUID) -> Reading:
    return queries.readings([import_id])[import_id]


def _operators_only(call: Call) -> None:
    """Let in whoever runs the platform, and in a sandbox everyone."""
    operators = settings.OPERATOR_MERCHANTS
    if settings.MODE == "live" and ids.public("acct", call.merchant_id) not in operators:
        raise errors.ScopeMissing(call.operation.scope)

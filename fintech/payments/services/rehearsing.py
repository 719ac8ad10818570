"""
Dry runs: what a command would do, found out by doing it and taking it back.

The command runs as always, in one transaction that is rolled back at the end. Where it
would ask a provider, the most favorable answer is assumed; nobody is asked. No key is
claimed, no counter moves, no fact is told.
"""

import re
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from uuid import UUID

from django_subatomic import db

from fintech.fraud import data as fraud_data
from fintech.kernel.errors import Refusal
from fintech.kernel.idempotency import Done
from fintech.ledger import data as ledger_data
from fintech.ledger import queries as ledger_queries
from fintech.payments import data, errors
from fintech.wallets import data as wallet_data
from fintech.wallets import errors as wallet_errors
from fintech.wallets import queries as wallet_queries

_WALLET = "liabilities:wallet:"
_WALLET_ACCOUNT = re.compile(rf"{_WALLET}[0-9a-f-]{{36}}")


@dataclass(slots=True)
class Rehearsal:
    """What has been seen of a command that will be taken back."""

    assessments: list[fraud_data.Assessment] = field(default_factory=list)
    transfers: list[fraud_data.TransferAssessment] = field(default_factory=list)


class _TakeBack(Exception):
    """Rolls the transaction back."""


_current: ContextVar[Rehearsal | None] = ContextVar("rehearsal", default=None)


def current() -> Rehearsal | None:
    """Return the rehearsal that is under way, or None when it is meant."""
    return _current.get()


def dry_run[T](act: Callable[[], Done[T]]) -> data.DryRun:
    """
    Return what a command would do. Nothing of it stays.

    A refusal is the result of a dry run, not an error of it. Bad input is an error, as
    it is when it is meant. What it would post is read from the journal before it is taken
    back, whichever room has posted it.

    Args:
        act: calls a verb of this room's or of one below, without an idempotency key.

    Raises:
        Invalid, NotFound: the request cannot be right.
    """
    rehearsal = Rehearsal()
    token = _current.set(rehearsal)
    try:
        with db.transaction():
            before = {entry.id for entry in ledger_queries.entries_of_this_transaction()}
            result, refusal = _acted(act)
            posted = [
                _posting(entry)
                for entry in ledger_queries.entries_of_this_transaction()
                if entry.id not in before
            ]
            balances = _balances(posted)
            raise _TakeBack  # noqa: TRY301 - it rolls back what the block has done.
    except _TakeBack:
        pass
    finally:
        _current.reset(token)
    return replace(_told(rehearsal, posted, result, refusal), balances=balances)


def _balances(
    postings: Sequence[data.Posting],
) -> tuple[tuple[UUID, wallet_data.Balances], ...]:
    """Return what would be in the wallets that money went from or to, in its currencies."""
    moved = {
        (UUID(address.removeprefix(_WALLET)), currency)
        for posting in postings
        for address, _, currency in posting.lines
        if _WALLET_ACCOUNT.fullmatch(address)
    }
    known = wallet_queries.balances_of([wallet_id for wallet_id, _ in moved]) if moved else []
    return tuple(
        (wallet.id, each)
        for wallet, parts in known
        for each in parts
        if (wallet.id, each.currency) in moved
    )


def _acted[T](act: Callable[[], Done[T]]) -> tuple[T | None, Refusal | None]:
    try:
        # What the database takes back with a refusal is taken back here too.
        with db.savepoint():
            return act().value, None
    except Refusal as refused:
        if refused.kind in {"invalid", "not_found"}:
            raise
        return None, refused


def _told(
    rehearsal: Rehearsal,
    posted: Sequence[data.Posting],
    result: object,
    refusal: Refusal | None,
) -> data.DryRun:
    if isinstance(refusal, errors.CardDeclined | errors.AcquirerUnavailable):
        result = refusal.payment
    assessments: list[fraud_data.Assessment | fraud_data.TransferAssessment] = [
        *rehearsal.assessments,
        *rehearsal.transfers,
    ]
    assessment = assessments[-1] if assessments else None
    return data.DryRun(
        result=result,
        refusal=refusal,
        postings=tuple(posted),
        fee=result.fee if isinstance(result, data.Payment) else None,
        breaches=_breaches(refusal),
        score=assessment.score if assessment else None,
        decision=str(assessment.decision) if assessment else "",
        reasons=tuple(str(reason) for reason in assessment.reasons) if assessment else (),
    )


def _breaches(refusal: Refusal | None) -> tuple[str, ...]:
    if isinstance(refusal, errors.LimitExceeded):
        return refusal.breaches
    if isinstance(refusal, wallet_errors.LimitExceeded):
        return tuple(refusal.facts["breaches"])
    return ()


def _posting(entry: ledger_data.JournalEntryView) -> data.Posting:
    return data.Posting(
        template=entry.template,
        pending=entry.kind == ledger_data.EntryKind.PENDING,
        lines=tuple(
            (
                line.address,
                line.amount.minor if line.direction == "debit" else -line.amount.minor,
                line.amount.currency,
            )
            for line in entry.lines
        ),
    )

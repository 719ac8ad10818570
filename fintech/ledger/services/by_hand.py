"""
Entries to the platform's chart that no business event makes: one person proposes, another approves.

What is proposed waits in `kernel.approvals`; the database refuses that both are one. Only
the approval posts, and the entry tells who gave it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from fintech.kernel import approvals, ids
from fintech.kernel.actor import Actor
from fintech.kernel.money import Money
from fintech.ledger import data, errors
from fintech.ledger.data import chart, templates
from fintech.ledger.services import posting

KIND = "ledger.manual_entry"  # Among `settings.APPROVALS`.
_LONGEST_REASON = 500


def propose_entry(
    *,
    lines: Sequence[tuple[str, Money]],
    reason: str,
    by: Actor,
    at: datetime,
    occurred_at: datetime | None = None,
) -> UUID:
    """
    Propose an entry to the platform's chart; another person has a day to approve it.

    Args:
        lines: addresses of the chart, each with an amount: debit positive, credit negative.
        reason: why, in words that the other person reads. It does not enter the journal.
        occurred_at: when it happened; now, if not given.

    Returns:
        The id of the proposal.

    Raises:
        ManualEntryWrong: no such address, no reason, or it does not balance.
    """
    if not reason.strip():
        raise errors.ManualEntryWrong("A reason is needed.")
    moment = occurred_at or at
    payload = {
        "entry_id": ids.new(),
        "lines": [
            {"address": address, "currency": amount.currency, "minor": amount.minor}
            for address, amount in lines
        ],
        "occurred_at": moment.isoformat(),
        "reason": reason.strip()[:_LONGEST_REASON],
    }
    _made(payload)
    return approvals.propose(kind=KIND, payload=payload, by=by, at=at)


def post_approved_entry(
    payload: Mapping[str, Any],
    *,
    version_seen: int,  # noqa: ARG001 - there is nothing that could have changed meanwhile.
    by: Actor,
    at: datetime,  # noqa: ARG001 - it occurred when the proposal says.
) -> data.Posted:
    """
    Post what was proposed and approved; called by `approvals` in its transaction.

    Raises:
        PostingRefused: the books cannot take it now, such as a period closed meanwhile.
    """
    return posting.post([_made(payload)], by=by)[0]


def _made(payload: Mapping[str, Any]) -> data.JournalEntry:
    sums: dict[str, int] = {}
    for line in payload["lines"]:
        sums[line["currency"]] = sums.get(line["currency"], 0) + line["minor"]
    if len(payload["lines"]) < 2 or any(sums.values()):  # noqa: PLR2004
        raise errors.ManualEntryWrong("Debits and credits differ.")
    if not all(line["minor"] for line in payload["lines"]):
        raise errors.ManualEntryWrong("A line moves nothing.")
    try:
        return templates.by_hand(
            entry_id=UUID(str(payload["entry_id"])),
            lines=[
                (line["address"], Money(line["minor"], line["currency"]))
                for line in payload["lines"]
            ],
            at=datetime.fromisoformat(payload["occurred_at"]),
        )
    except chart.NotInTheChart as unknown:
        message = f"{unknown} is no address of the chart."
        raise errors.ManualEntryWrong(message) from None

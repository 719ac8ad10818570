"""
The journal entry that would make a break good: shown before anybody confirms it.

An entry is made by the ledger's own templates, so that what is shown is what is posted.
"""

from datetime import datetime
from uuid import UUID

from django.conf import settings

from fintech.kernel import ids
from fintech.kernel.money import Money
from fintech.ledger.data import JournalEntry, templates
from fintech.ledger.data.templates.reconciling import Against
from fintech.reconciliation import data, errors
from fintech.reconciliation.data import SOURCES, BreakKind, Place, Resolution
from fintech.reconciliation.models import Batch, Break, Expectation, Line


def proposal(break_id: UUID, *, at: datetime) -> data.Proposal:
    """
    Return the entry that would be posted for a break, and in a sentence why.

    Raises:
        BreakNotFound: there is none.
        ResolutionImpossible: no entry can make it good.
    """
    row = Break.objects.filter(id=break_id).first()
    if row is None:
        raise errors.BreakNotFound(break_id)
    entry, why = made(row, entry_id=ids.new(), at=at)
    return data.Proposal(
        break_id=row.id,
        template=entry.template,
        why=why,
        needs_approval=needs_approval(row),
        lines=tuple(
            data.ProposedLine(
                address=line.account.address,
                amount=Money(abs(line.amount_minor), line.account.currency),
                debit=line.amount_minor >= 0,
            )
            for line in entry.lines
        ),
    )


def needs_approval(row: Break) -> bool:
    """Whether an adjustment of this size takes a second person."""
    return abs(row.amount_minor) > settings.RECONCILIATION_ALONE_UP_TO_MINOR


def made(row: Break, *, entry_id: UUID, at: datetime) -> tuple[JournalEntry, str]:
    """
    Make the entry for a break.

    Raises:
        ResolutionImpossible: no entry can make it good.
    """
    provider, currency = row.source, row.currency
    subject = row.id

    def adjusted(minor: int, against: Against, why: str) -> tuple[JournalEntry, str]:
        return (
            templates.adjust_receivable(
                entry_id=entry_id,
                provider=provider,
                amount=Money(minor, currency),
                against=against,
                subject=subject,
                at=at,
            ),
            why,
        )

    match (row.leg, row.kind):
        case (1, BreakKind.FEE_VARIANCE):
            return adjusted(
                row.amount_minor, "processor_fees", "The processor's fee differs from the contract."
            )
        case (1, BreakKind.AMOUNT_OVER | BreakKind.AMOUNT_UNDER):
            return adjusted(
                row.amount_minor,
                "suspense",
                "The processor pays another amount than was captured; the rest waits in suspense.",
            )
        case (1, BreakKind.MISSING_IN_LEDGER | BreakKind.DUPLICATE):
            net = sum(line.net_minor for line in Line.objects.filter(difference=row))
            return adjusted(net, "suspense", "The processor pays something that nobody has booked.")
        case (1, BreakKind.MISSING_IN_PROCESSOR | BreakKind.STATUS):
            owed = sum(
                one.amount_minor - one.fee_minor
                for one in Expectation.objects.filter(difference=row)
            )
            return adjusted(-owed, "losses", "The processor will not pay what we expect.")
        case (2, BreakKind.AMOUNT_OVER | BreakKind.AMOUNT_UNDER):
            return _paid_otherwise(row, entry_id=entry_id, at=at)
        case (2, BreakKind.UNIDENTIFIED_CREDIT | BreakKind.DUPLICATE) if row.amount_minor > 0:
            return (
                templates.unknown_credit(
                    entry_id=entry_id,
                    bank_account=SOURCES[provider].account,
                    amount=Money(row.amount_minor, currency),
                    subject=subject,
                    at=at,
                ),
                "Money arrived and nobody knows why; it waits in suspense.",
            )
        case _:
            raise errors.ResolutionImpossible(kind=row.kind, resolution=Resolution.POST_ADJUSTMENT)


def _paid_otherwise(row: Break, *, entry_id: UUID, at: datetime) -> tuple[JournalEntry, str]:
    batch = Batch.objects.filter(difference=row, place=Place.BROKEN).first()
    entries = list(Line.objects.filter(difference=row, place=Place.BROKEN))
    if batch is None or len(entries) != 1:
        raise errors.ResolutionImpossible(kind=row.kind, resolution=Resolution.POST_ADJUSTMENT)
    net = entries[0].net_minor
    fee = batch.fee_difference_minor + batch.net_minor - net
    return (
        templates.settle_processor(
            entry_id=entry_id,
            provider=row.source,
            net=Money(net, row.currency),
            fee_difference=Money(fee, row.currency),
            bank_account=SOURCES[row.source].account,
            subject=batch.id,
            at=at,
        ),
        "The bank was paid another amount than the batch says; the difference is booked as a fee.",
    )

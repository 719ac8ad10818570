"""The counters in Valkey: told of every committed attempt, and of all anew when lost."""

from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID, uuid4

from fintech.fraud import queries
from fintech.fraud.counters import LONGEST, Away, Seen
from fintech.fraud.models import Assessment

_CHUNK = 2_000


def count_online(assessment_ids: Sequence[UUID]) -> None:
    """
    Add committed attempts to the counters; those that are there already change nothing.

    Raises:
        Away: Valkey does not answer; nothing was added.
    """
    rows = Assessment.objects.filter(id__in=assessment_ids)
    queries.online().tell([_seen(row) for row in rows], in_order=True)


def count_at_once(seen: Sequence[Seen]) -> None:
    """
    Add attempts that have just been committed, before the log tells of them.

    Never fails: what is not told now is told by the log.
    """
    online = queries.online()
    if not online.is_away():
        with suppress(Away):
            online.tell(seen, in_order=False)


def keep_online() -> int:
    """
    Tell the counters of the last week again if they are not complete; return of how many.

    Nothing holds up those who count meanwhile: an attempt that is committed now is told
    of by its subscription, and one that is wiped while this runs leaves the counters
    incomplete, to be told anew by the next.

    Raises:
        Away: Valkey does not answer.
    """
    online = queries.online()
    if online.is_complete():
        return 0
    token = uuid4().hex
    online.begin(token)
    newest = Assessment.objects.order_by("-id").values_list("created_at", flat=True).first()
    told, last = 0, UUID(int=0)
    while newest is not None:
        rows = list(
            Assessment.objects.filter(created_at__gt=newest - LONGEST, id__gt=last).order_by("id")[
                :_CHUNK
            ]
        )
        if not rows:
            break
        online.tell([_seen(row) for row in rows], in_order=True)
        told, last = told + len(rows), rows[-1].id
    online.end(token)
    return told


def _seen(row: Assessment) -> Seen:
    return Seen(
        id=row.id,
        at=row.created_at,
        minor=row.amount_minor,
        currency=row.currency,
        card_fingerprint=row.card_fingerprint,
        device_hash=row.device_hash,
        ip_hash=row.ip_hash,
        email_hash=row.email_hash,
        card_bin=row.card_bin,
        customer_id=row.customer_id,
        merchant_id=row.merchant_id,
    )

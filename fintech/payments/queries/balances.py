"""
What the platform owes a merchant, and the movements that made it so.

The figures are the ledger's; each movement points at its journal entry.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from fintech.kernel.money import Money
from fintech.ledger import queries as ledger_queries
from fintech.payments import data, errors
from fintech.payments.models import Payment
from fintech.payments.queries.reading import MOST, Between

_MOVEMENTS = """
SELECT c.entry_id AS id, 'charge' AS kind, c.currency, c.amount_minor, c.fee_minor,
       c.id AS source_id, c.attempt_id, c.payment_id, c.succeeded_at AS at, c.id AS capture_id
FROM payments_capture c
WHERE c.merchant_id = %(merchant)s AND c.state IN ('succeeded', 'reversed')
UNION ALL
SELECT c.reversal_entry_id, 'adjustment', c.currency, -c.amount_minor, -c.fee_minor,
       c.id, c.attempt_id, c.payment_id, c.reversed_at, c.id
FROM payments_capture c
WHERE c.merchant_id = %(merchant)s AND c.state = 'reversed'
UNION ALL
SELECT r.entry_id, 'refund', r.currency, -r.amount_minor, 0,
       coalesce(r.whole_id, r.id), r.attempt_id, r.payment_id, r.succeeded_at, r.capture_id
FROM payments_refund r WHERE r.merchant_id = %(merchant)s AND r.entry_id IS NOT NULL
UNION ALL
SELECT r.return_entry_id, 'refund_failure', r.currency, r.amount_minor, 0,
       coalesce(r.whole_id, r.id), r.attempt_id, r.payment_id, r.returned_at, r.capture_id
FROM payments_refund r WHERE r.merchant_id = %(merchant)s AND r.return_entry_id IS NOT NULL
"""
_IS_OURS = """
m.kind NOT IN ('charge', 'adjustment')
OR EXISTS (SELECT 1 FROM payments_payment p WHERE p.id = m.payment_id AND p.purpose = 'sale')
"""
_BECOMING = """
SELECT (available_due_at AT TIME ZONE 'UTC')::date, currency,
  sum(CASE state WHEN 'succeeded' THEN amount_minor - fee_minor - refunded_minor ELSE 0 END
    - available_minor)::bigint AS minor
FROM payments_capture WHERE merchant_id = %s AND available_due_at IS NOT NULL
GROUP BY 1, 2 ORDER BY 1, 2 LIMIT %s
"""
_SPARE = 100
_SIGNS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_COLUMNS = (
    "id, kind, currency, amount_minor, fee_minor, source_id, attempt_id, payment_id, at, capture_id"
)
_OF_CAPTURE = "c.succeeded_at, c.became_available_at IS NOT NULL"


def balance(merchant_id: UUID) -> data.Balance:
    """
    Return what the platform owes a merchant, in each currency it has taken.

    What the merchant owes is taken off what is available, which falls below nothing by it.
    """
    taken = (
        Payment.objects.filter(merchant_id=merchant_id, captured_minor__gt=0)
        .order_by("currency")
        .values_list("currency", flat=True)
        .distinct()
    )
    found = ledger_queries.merchant_funds(merchant_id, list(taken))
    return data.Balance(
        merchant_id=merchant_id,
        pending=tuple(funds.pending for funds in found),
        available=tuple(funds.available - funds.owed for funds in found),
    )


def becoming_available(merchant_id: UUID, limit: int = 14) -> list[data.Becoming]:
    """Return what becomes available next of each day and currency, soonest first."""
    with connection.cursor() as cursor:
        cursor.execute(_BECOMING, [merchant_id, limit])
        return [data.Becoming(on=on, amount=Money(minor, code)) for on, code, minor in cursor]


def balance_transactions(
    merchant_id: UUID,
    limit: int = 10,
    after: UUID | None = None,
    before: UUID | None = None,
    *,
    payment_id: UUID | None = None,
    source_id: UUID | None = None,
    kind: str | None = None,
    currency: str | None = None,
    created: Between | None = None,
) -> data.Page[data.BalanceTransaction]:
    """Return a stretch of the movements of a merchant's balance, newest first."""
    wanted = max(1, min(limit, MOST))
    found = _movements(
        merchant_id,
        {
            "payment_id = %(payment)s": ("payment", payment_id),
            "source_id = %(source)s": ("source", source_id),
            "kind = %(kind)s": ("kind", kind),
            "currency = %(currency)s": ("currency", currency),
            "id < %(after)s": ("after", after if before is None else None),
            "id > %(before)s": ("before", before),
            **{
                f"at {_SIGNS[name]} %({name})s": (name, datetime.fromtimestamp(second, tz=UTC))
                for name, second in (created or {}).items()
            },
        },
        order="id" if before is not None else "id DESC",
        limit=wanted + 1,
    )
    shown = found[:wanted]
    return data.Page(
        items=tuple(shown if before is None else shown[::-1]), has_more=len(found) > wanted
    )


def balance_transaction(entry_id: UUID, merchant_id: UUID) -> data.BalanceTransaction:
    """
    Return the movement that a journal entry made.

    Raises:
        BalanceTransactionNotFound: this merchant's balance has no such movement.
    """
    found = _movements(merchant_id, {"id = %(entry)s": ("entry", entry_id)}, order="id", limit=1)
    if not found:
        raise errors.BalanceTransactionNotFound(entry_id)
    return found[0]


def _movements(
    merchant_id: UUID, conditions: dict[str, tuple[str, Any]], *, order: str, limit: int
) -> list[data.BalanceTransaction]:
    meant = {text: given for text, given in conditions.items() if given[1] is not None}
    where = " AND ".join(meant) or "true"
    parameters = {"merchant": merchant_id, **dict(meant.values())}
    # Which captures are top-ups stands with their payments; so few are that the newest rows
    # are taken first. Where too few of those are sales, all rows are looked at.
    rows: list[tuple[Any, ...]] = []
    for looked_at in (limit + _SPARE, None):
        with connection.cursor() as cursor:
            cursor.execute(
                f"WITH newest AS MATERIALIZED (SELECT {_COLUMNS} FROM ({_MOVEMENTS}) m "
                f"WHERE {where} ORDER BY {order} LIMIT {looked_at or 'ALL'}) "
                f"SELECT m.*, {_OF_CAPTURE}, (SELECT count(*) FROM newest) FROM newest m "
                f"JOIN payments_capture c ON c.id = m.capture_id WHERE {_IS_OURS} "
                f"ORDER BY m.{order} LIMIT {limit}",
                parameters,
            )
            rows = cursor.fetchall()
        if len(rows) == limit or (rows and looked_at and rows[0][-1] < looked_at):
            break
    return [_value(merchant_id, row[:-1]) for row in rows]


def _value(merchant_id: UUID, row: tuple[Any, ...]) -> data.BalanceTransaction:
    entry_id, kind, currency, amount, fee, source_id, attempt_id, payment_id, at, *of_capture = row
    _, taken_at, is_available = of_capture
    return data.BalanceTransaction(
        id=entry_id,
        merchant_id=merchant_id,
        kind=kind,
        amount=Money(amount, currency),
        fee=Money(fee, currency),
        net=Money(amount - fee, currency),
        source_id=source_id,
        attempt_id=attempt_id,
        payment_id=payment_id,
        entry_id=entry_id,
        created_at=at,
        available_on=max(at, data.available_on(taken_at)),
        is_available=is_available,
    )

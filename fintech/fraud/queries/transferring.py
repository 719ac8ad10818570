"""What is known of transfers before they are decided, in one round trip."""

from collections.abc import Sequence
from uuid import UUID

from fintech.fraud import data
from fintech.fraud.models import TransferAssessment
from fintech.fraud.queries.posturing import OURS
from fintech.kernel import columns
from fintech.kernel.columns import Column

# A wallet's history is its newest so many transfers: a busy one costs no more than a quiet one.
_HISTORY = 300
_GATHER = f"""
WITH asked AS MATERIALIZED (
  SELECT * FROM unnest(%b, %b, %b, %b, %b, %b, %b) WITH ORDINALITY AS t(
    merchant_id, source, destination, source_customer, destination_customer, currency, at, place
  )
)
SELECT s.hour, s.day, s.n, s.total, s.known, r.minor, d.senders, l.hits,
  p.mode, p.review_at, p.block_at
FROM asked q
CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE at > q.at - interval '1 hour') AS hour,
    count(*) FILTER (WHERE at > q.at - interval '1 day') AS day,
    count(*) FILTER (WHERE same) AS n,
    coalesce(sum(amount_minor) FILTER (WHERE same), 0)::bigint AS total,
    coalesce(bool_or(destination_wallet_id = q.destination), false) AS known
  FROM (SELECT a.created_at AS at, a.amount_minor, a.destination_wallet_id,
               a.currency = q.currency AS same
        FROM fraud_transferassessment a
        WHERE a.source_wallet_id = q.source AND a.created_at <= q.at AND a.decision <> 'block'
        ORDER BY a.created_at DESC LIMIT {_HISTORY}) newest
) s
CROSS JOIN LATERAL (
  SELECT coalesce(sum(amount_minor) FILTER (WHERE same), 0)::bigint AS minor
  FROM (SELECT a.amount_minor, a.currency = q.currency AS same
        FROM fraud_transferassessment a
        WHERE a.destination_wallet_id = q.source AND a.created_at <= q.at
          AND a.created_at > q.at - interval '1 hour' AND a.decision <> 'block'
        ORDER BY a.created_at DESC LIMIT {_HISTORY}) newest
) r
CROSS JOIN LATERAL (
  SELECT count(DISTINCT source_wallet_id) AS senders
  FROM (SELECT a.source_wallet_id FROM fraud_transferassessment a
        WHERE a.destination_wallet_id = q.destination AND a.created_at <= q.at
          AND a.created_at > q.at - interval '1 hour' AND a.decision <> 'block'
        ORDER BY a.created_at DESC LIMIT {_HISTORY}) newest
) d
CROSS JOIN LATERAL (
  SELECT coalesce(array_agg(DISTINCT f.kind || ':' || f.action), '{{}}') AS hits
  FROM fraud_listitem f
  WHERE f.kind = 'customer'
    AND f.value IN (q.source_customer::text, q.destination_customer::text)
    AND f.removed_at IS NULL AND (f.expires_at IS NULL OR f.expires_at > q.at)
    AND (f.merchant_id IS NULL OR f.merchant_id = q.merchant_id)
) l
LEFT JOIN LATERAL (
  SELECT p.mode, p.review_at, p.block_at FROM fraud_posture p
  WHERE p.merchant_id = q.merchant_id OR p.merchant_id IS NULL
  ORDER BY p.merchant_id NULLS LAST LIMIT 1
) p ON true
ORDER BY q.place
"""


def gather_transfers(questions: Sequence[data.TransferQuestion]) -> list[data.TransferFeatures]:
    """Return what is known of transfers, in the order of `questions`."""
    if not questions:
        return []
    with columns.cursor() as cursor:
        cursor.execute(
            _GATHER,
            [
                Column("uuid", [asked.merchant_id for asked in questions]),
                Column("uuid", [asked.source_wallet_id for asked in questions]),
                Column("uuid", [asked.destination_wallet_id for asked in questions]),
                Column("uuid", [asked.source_customer_id for asked in questions]),
                Column("uuid", [asked.destination_customer_id for asked in questions]),
                Column("text", [asked.amount.currency for asked in questions]),
                Column("timestamptz", [asked.at for asked in questions]),
            ],
        )
        found = cursor.fetchall()
    return [
        data.TransferFeatures(
            amount_minor=asked.amount.minor,
            currency=asked.amount.currency,
            wallet_age_minutes=max(0, int((asked.at - asked.source_since).total_seconds()) // 60),
            sent_1h=hour,
            sent_24h=day,
            sent_before=n,
            sent_mean_minor=total // n if n else 0,
            destination_known=known,
            received_1h_minor=received,
            senders_1h=senders,
            source_is_merchants=asked.source_is_merchants,
            destination_is_merchants=asked.destination_is_merchants,
            listed=tuple(sorted(hits)),
            mode=mode or str(OURS.mode),
            review_at=OURS.review_at if review_at is None else review_at,
            block_at=OURS.block_at if block_at is None else block_at,
        )
        for asked, (hour, day, n, total, known, received, senders, hits, mode, review_at, block_at)
        in zip(questions, found, strict=True)
    ]  # fmt: skip


def transfer_assessments(*, transfer_ids: Sequence[UUID]) -> list[data.TransferAssessment]:
    """Return what was decided about transfers that were made or wait, oldest first."""
    rows = TransferAssessment.objects.filter(transfer_id__in=transfer_ids).order_by("id")
    return [row.as_data() for row in rows]

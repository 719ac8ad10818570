"""What must always be true of payments, as SQL that returns the rows that break it."""

from fintech.kernel.invariants import Invariant
from fintech.payments.models import Payment
from fintech.payments.models.transitions import edges

_AMOUNTS = """
SELECT p.id, 'payment amounts' AS what FROM payments_payment p
WHERE NOT (0 <= p.refunded_minor AND 0 <= p.refund_pending_minor
  AND p.refunded_minor + p.refund_pending_minor <= p.captured_minor
  AND p.captured_minor <= p.authorized_minor AND p.authorized_minor <= p.amount_minor)
UNION ALL
SELECT p.id, 'refunds' FROM payments_payment p
LEFT JOIN (
  SELECT payment_id,
    coalesce(sum(amount_minor) FILTER (WHERE state = 'succeeded'), 0) AS done,
    coalesce(sum(amount_minor) FILTER (WHERE state IN ('created', 'submitted', 'unknown')), 0)
      AS pending
  FROM payments_refund GROUP BY payment_id
) r ON r.payment_id = p.id
WHERE p.refunded_minor <> coalesce(r.done, 0)
   OR p.refund_pending_minor <> coalesce(r.pending, 0)
UNION ALL
SELECT p.id, 'captures' FROM payments_payment p
LEFT JOIN (
  SELECT payment_id, sum(amount_minor) AS taken, sum(fee_minor) AS fee
  FROM payments_capture WHERE state = 'succeeded' GROUP BY payment_id
) c ON c.payment_id = p.id
WHERE p.captured_minor <> coalesce(c.taken, 0) OR p.fee_minor <> coalesce(c.fee, 0)
UNION ALL
SELECT a.id, 'attempt' FROM payments_attempt a
LEFT JOIN (
  SELECT attempt_id, sum(amount_minor) AS taken
  FROM payments_capture WHERE state = 'succeeded' GROUP BY attempt_id
) c ON c.attempt_id = a.id
LEFT JOIN (
  SELECT attempt_id, sum(amount_minor) AS given
  FROM payments_refund WHERE state = 'succeeded' GROUP BY attempt_id
) r ON r.attempt_id = a.id
WHERE a.captured_minor <> coalesce(c.taken, 0) OR a.refunded_minor <> coalesce(r.given, 0)
UNION ALL
SELECT c.id, 'capture' FROM payments_capture c
LEFT JOIN (
  SELECT capture_id, sum(amount_minor) AS given
  FROM payments_refund WHERE state NOT IN ('failed', 'canceled') GROUP BY capture_id
) r ON r.capture_id = c.id
WHERE c.refunded_minor <> coalesce(r.given, 0)
UNION ALL
SELECT r.id, 'refund of a whole' FROM payments_refund r JOIN payments_refund w ON w.id = r.whole_id
WHERE w.whole_id IS DISTINCT FROM w.id OR w.payment_id <> r.payment_id OR w.id > r.id
"""

_STORY = """
WITH told AS (
  SELECT stream, version, data->>'from_state' AS was, data->>'to_state' AS became,
    lag(data->>'to_state') OVER story AS before, row_number() OVER story AS place,
    row_number() OVER (PARTITION BY stream ORDER BY version DESC) = 1 AS last
  FROM kernel_event WHERE starts_with(stream, 'payments.payment:')
  WINDOW story AS (PARTITION BY stream ORDER BY version)
), allowed (was, became) AS (VALUES {allowed})
SELECT split_part(stream, ':', 2) AS id, version || ': ' || was || ' > ' || became AS what
FROM told WHERE version <> place OR was <> coalesce(before, '')
  OR (was <> became AND NOT EXISTS (
    SELECT FROM allowed a WHERE a.was = told.was AND a.became = told.became))
UNION ALL
SELECT coalesce(p.id::text, split_part(t.stream, ':', 2)), 'row and last fact differ'
FROM payments_payment p
FULL JOIN (SELECT * FROM told WHERE last) t ON t.stream = 'payments.payment:' || p.id
WHERE p.state IS DISTINCT FROM t.became OR p.version IS DISTINCT FROM t.version
"""

_ONE_EFFECT = """
SELECT min(id::text) AS id, 'provider reference booked twice' AS what FROM payments_capture
WHERE provider_reference <> '' AND state = 'succeeded'
GROUP BY provider, provider_reference HAVING count(*) > 1
UNION ALL
SELECT min(id::text), 'journal entry named twice' FROM (
  SELECT id, entry_id FROM payments_capture WHERE entry_id IS NOT NULL
  UNION ALL SELECT id, entry_id FROM payments_refund WHERE entry_id IS NOT NULL
  UNION ALL SELECT id, return_entry_id FROM payments_refund WHERE return_entry_id IS NOT NULL
) booked GROUP BY entry_id HAVING count(*) > 1
UNION ALL
SELECT min(id::text), 'idempotency key at work twice' FROM (
  SELECT id, merchant_id, claim->>'key' AS key FROM payments_attempt WHERE claim IS NOT NULL
  UNION ALL SELECT id, merchant_id, claim->>'key' FROM payments_capture WHERE claim IS NOT NULL
  UNION ALL SELECT id, merchant_id, claim->>'key' FROM payments_refund WHERE claim IS NOT NULL
) kept GROUP BY merchant_id, key HAVING count(*) > 1
UNION ALL
SELECT kept.id::text, 'idempotency key settled while its operation is open' FROM (
  SELECT id, merchant_id, claim->>'key' AS key FROM payments_attempt WHERE claim IS NOT NULL
  UNION ALL SELECT id, merchant_id, claim->>'key' FROM payments_capture WHERE claim IS NOT NULL
  UNION ALL SELECT id, merchant_id, claim->>'key' FROM payments_refund WHERE claim IS NOT NULL
) kept JOIN kernel_idempotencykey k ON k.scope = kept.merchant_id AND k.key = kept.key
WHERE k.outcome IS NOT NULL
UNION ALL
SELECT k.id::text, 'idempotency key without its effect' FROM kernel_idempotencykey k
WHERE (k.outcome->'value'->>'shape' = 'payments.payment.v1' AND NOT EXISTS (
    SELECT FROM payments_payment p
    WHERE p.id = (k.outcome->'value'->>'id')::uuid
      AND k.scope IN (p.merchant_id, p.link_id, p.session_id)))
  OR (k.outcome->'value'->>'shape' = 'payments.refund.v1' AND NOT EXISTS (
    SELECT FROM payments_refund r
    WHERE r.id = (k.outcome->'value'->>'id')::uuid AND r.merchant_id = k.scope))
"""

_AVAILABLE = """
SELECT c.id, 'available of a capture' AS what FROM payments_capture c
WHERE c.available_due_at IS NULL AND c.available_minor <> CASE
  WHEN c.state = 'succeeded' AND c.became_available_at IS NOT NULL
    THEN c.amount_minor - c.fee_minor - c.refunded_minor ELSE 0 END
UNION ALL
SELECT c.id, 'never becomes available' FROM payments_capture c
JOIN payments_payment p ON p.id = c.payment_id
WHERE c.state = 'succeeded' AND p.purpose = 'sale'
  AND c.available_due_at IS NULL AND c.became_available_at IS NULL
"""

_STUCK = """
SELECT p.id, p.created_at AS what FROM payments_payment p
LEFT JOIN payments_attempt a ON a.payment_id = p.id AND a.number = p.attempts
WHERE p.state = 'processing' AND a.next_check_at IS NULL
"""


_SESSIONS = """
SELECT s.id, s.state || ' with a payment ' || p.state AS what
FROM payments_checkoutsession s JOIN payments_payment p ON p.id = s.payment_id
WHERE p.session_id IS DISTINCT FROM s.id
  OR (p.state = 'created' AND p.amount_minor <> s.amount_minor)
  OR (s.state <> 'complete' AND p.state IN ('authorized', 'in_review', 'captured',
      'partially_captured'))
  OR (s.state = 'open' AND p.state = 'canceled')
  OR (s.outcome = '' AND s.state = 'complete' AND p.state IN ('captured', 'canceled'))
  OR (s.outcome = 'paid' AND p.state IN ('created', 'authorized', 'in_review', 'canceled'))
UNION ALL
SELECT p.id, 'payment of no session' FROM payments_payment p
WHERE p.session_id IS NOT NULL AND NOT EXISTS (
  SELECT FROM payments_checkoutsession s WHERE s.id = p.session_id AND s.payment_id = p.id)
UNION ALL
SELECT s.id, 'amount and lines differ' FROM payments_checkoutsession s
JOIN payments_checkoutline l ON l.session_id = s.id
GROUP BY s.id, s.amount_minor HAVING sum(l.amount_minor) <> s.amount_minor
UNION ALL
SELECT coalesce(s.id, split_part(t.stream, ':', 2)::uuid), 'row and last fact differ'
FROM payments_checkoutsession s FULL JOIN (
  SELECT DISTINCT ON (stream) stream, version, data->>'to_state' AS became
  FROM kernel_event WHERE starts_with(stream, 'payments.session:')
  ORDER BY stream, version DESC
) t ON t.stream = 'payments.session:' || s.id
WHERE s.state IS DISTINCT FROM t.became OR s.version IS DISTINCT FROM t.version
"""


def _allowed() -> str:
    """Return the machine's edges, and its birth, as SQL values."""
    moves = {(source, target) for source, target, _ in edges(Payment)} | {("", "created")}
    return ", ".join(f"('{was}', '{became}')" for was, became in sorted(moves))


INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        id="I-8",
        rule="0 ≤ refunded ≤ captured ≤ authorized, and each is the sum of its operations",
        sql=_AMOUNTS,
    ),
    Invariant(
        id="I-9",
        rule="A payment's row is where its facts lead, along its machine and without gaps",
        sql=_STORY.replace("{allowed}", _allowed()),
    ),
    Invariant(
        id="I-10",
        rule="An idempotency key and a provider's reference have one effect each",
        sql=_ONE_EFFECT,
    ),
    Invariant(
        id="I-27",
        rule="Of a capture, what is left of it is available from its day on, once",
        sql=_AVAILABLE,
    ),
    Invariant(
        id="I-12",
        rule="No payment is processing without a time at which the provider is asked again",
        sql=_STUCK,
    ),
    Invariant(
        id="P-1",
        rule="A checkout session is where its payment and its facts lead, and sums up its lines",
        sql=_SESSIONS,
    ),
)

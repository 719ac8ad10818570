"""Degraded decisions, looked at again when everything can be known."""

from datetime import datetime, timedelta
from uuid import UUID

from django_subatomic import db

from fintech.fraud import data, events, queries
from fintech.fraud.models import Assessment, Reassessment
from fintech.kernel import event_log, ids
from fintech.kernel.actor import Actor
from fintech.kernel.events import Code
from fintech.kernel.money import Money

_NOT_OLDER = timedelta(days=7)


def reassess_degraded(*, by: Actor, at: datetime, limit: int = 100) -> int:
    """
    Decide again what was decided without knowing all; return how many were.

    What is known is what was known then: nothing later than the attempt is read. The
    first decision stands; the second is told beside it, and people see where they differ.
    """
    rows = list(
        Assessment.objects.exclude(degraded="")
        .filter(reassessment=None, created_at__gt=at - _NOT_OLDER)
        .order_by("created_at", "id")[:limit]
    )
    again = queries.gather([_question(row) for row in rows], may_be_online=False)
    done = 0
    for row, features in zip(rows, again, strict=True):
        if not features.degraded:
            _write(row, features, by=by, at=at)
            done += 1
    return done


def _write(row: Assessment, features: data.Features, *, by: Actor, at: datetime) -> None:
    made = row.as_data()
    counted = [reason for reason in made.reasons if reason.code == "velocity_limit"]
    judged = queries.decided(features, row.merchant_id, counted)
    with db.transaction_if_not_already():
        _, is_new = Reassessment.objects.get_or_create(
            assessment=row,
            defaults={
                "id": ids.new(),
                "score": judged.score,
                "decision": judged.decision,
                "reasons": [reason.stored() for reason in judged.reasons],
                "features": features.stored(),
                "created_at": at,
            },
        )
        if not is_new:
            return
        event_log.append(
            [
                events.AssessmentReconsidered(
                    assessment_id=row.id,
                    payment_id=row.payment_id,
                    merchant_id=row.merchant_id,
                    score=judged.score,
                    decision=Code(str(judged.decision)),
                    was=Code(row.decision),
                    version=2,
                    at=at,
                )
            ],
            by=by,
        )


def _question(row: Assessment) -> data.Question:
    kept = data.Features.restored(row.features)
    age = kept.customer_age_days
    return data.Question(
        attempt_id=row.attempt_id,
        payment_id=row.payment_id,
        merchant_id=row.merchant_id,
        customer_id=UUID(str(row.customer_id)) if row.customer_id else None,
        amount=Money(row.amount_minor, row.currency),
        card_fingerprint=row.card_fingerprint,
        card_country=row.card_country,
        email_hash=row.email_hash,
        ip_hash=row.ip_hash,
        # Just before itself: it is not its own past.
        at=row.created_at - timedelta(microseconds=1),
        sandbox_risk=kept.sandbox_risk,
        ip_country=kept.ip_country,
        email_thrown_away=kept.email_thrown_away,
        device_hash=row.device_hash,
        card_bin=row.card_bin,
        billing_country=kept.billing_country,
        name_match=kept.name_match,
        mail_match=kept.mail_match,
        can_challenge=kept.can_challenge,
        customer_since=row.created_at - timedelta(days=age) if age >= 0 else None,
    )

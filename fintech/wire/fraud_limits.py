"""Velocity limits, what a merchant wants of fraud, and models, as merchants see them."""

from fintech.fraud.data import Posture, TrainedModel, VelocityLimit
from fintech.kernel import ids
from fintech.wire.scalars import Json, head, livemode


def render(limit: VelocityLimit) -> Json:
    """Return a velocity limit, with all its documented fields."""
    return {
        **head("fraud.velocity_limit", ids.public("fvl", limit.id), limit.created_at, None),
        "active": limit.active,
        "decision": str(limit.decision),
        "maximum": limit.maximum,
        "name": limit.name,
        "of": str(limit.of),
        "seconds": limit.seconds,
    }


def render_posture(posture: Posture) -> Json:
    """Return what holds for a merchant; `own` says whether he has said so himself."""
    return {
        "object": "fraud.posture",
        "bands": {
            "block": posture.block_at,
            "challenge": posture.challenge_at,
            "review": posture.review_at,
        },
        "ceiling": posture.ceiling_minor,
        "explore": posture.explore,
        "fails": str(posture.fails),
        "livemode": livemode(),
        "mode": str(posture.mode),
        "own": posture.merchant_id is not None,
    }


def render_model(model: TrainedModel) -> Json:
    """Return a model: what it is worth and what it must pass; its files and rows stay inside."""
    return {
        **head("fraud.model", ids.public("fmo", model.id), model.created_at, None),
        "card": model.card,
        "gates": [{"name": name, "passed": passed} for name, passed in sorted(model.gates.items())],
        "metrics": [
            {"name": name, "value": str(value)}
            for name, value in sorted(model.metrics.items())
            if isinstance(value, int | float | str)
        ],
        "number": model.number,
        "schema": model.schema,
        "stage": str(model.stage),
    }

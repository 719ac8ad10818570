"""From reasons to a score and a decision."""

from collections.abc import Callable

from fintech.fraud.data import Decision, Features, Judgment, Reason
from fintech.fraud.rules import amounts, listed, novelty, velocity

Rule = Callable[[Features], Reason | None]

MODEL_VERSION = "rules.1"  # Raised whenever a rule, weight or band changes.

_RULES: tuple[Rule, ...] = (
    listed.block_list,
    listed.review_list,
    listed.allow_list,
    listed.sandbox_card,
    amounts.unusual_amount,
    velocity.velocity,
    velocity.declines,
    novelty.new_card,
    novelty.new_country,
)
# A hard rule decides whatever the score; bands decide the rest.
_HARD = {
    "list_block": Decision.BLOCK,
    "sandbox_blocked": Decision.BLOCK,
    "list_review": Decision.REVIEW,
    "sandbox_elevated": Decision.REVIEW,
}
_BANDS = ((95, Decision.BLOCK), (75, Decision.REVIEW), (60, Decision.CHALLENGE))
_SEVERITY = list(Decision)  # in the order in which they are declared


def judge(features: Features) -> Judgment:
    """Evaluate every rule; the score is the sum, clamped; the most severe decision wins."""
    reasons = [reason for rule in _RULES if (reason := rule(features)) is not None]
    total = sum(reason.weight for reason in reasons)
    score = max(0, min(100, total))
    if score != total:
        reasons.append(Reason("clamp", score - total))
    decisions = [_HARD[reason.code] for reason in reasons if reason.code in _HARD]
    decisions.append(_band(score))
    return Judgment(
        score=score,
        decision=max(decisions, key=_SEVERITY.index),
        reasons=tuple(reasons),
    )


def _band(score: int) -> Decision:
    return next((decision for least, decision in _BANDS if score >= least), Decision.ALLOW)

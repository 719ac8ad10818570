"""From reasons to a score and a decision."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from fintech.fraud.data import Decision, Features, Judgment, Reason
from fintech.fraud.rules import amounts, listed, novelty, velocity
from fintech.fraud.rules.language import Condition

MODEL_VERSION = "rules.3"  # Raised whenever a rule, weight or band changes.


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A rule that people have written, ready to be evaluated."""

    name: str
    number: int
    merchant_id: UUID | None
    condition: Condition
    points: int
    decision: Decision | None = None
    watches: bool = False  # It tells what it would say, and decides nothing.

    def reason(self, features: Features) -> Reason | None:
        """Return what the rule says of a snapshot, if anything."""
        if not self.condition.holds(features):
            return None
        detail: tuple[tuple[str, int | str], ...] = (("rule", self.name), ("version", self.number))
        if self.decision is not None:
            detail = (*detail, ("decision", str(self.decision)))
        return Reason("rule", self.points, detail)


_RULES: tuple[Callable[[Features], Reason | None], ...] = (
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


def judge(
    features: Features, written: Sequence[Written] = (), counted: Sequence[Reason] = ()
) -> Judgment:
    """
    Evaluate every rule; the score is the sum, clamped; the most severe decision wins.

    `counted` are the reasons of velocity limits, which the database has counted.
    """
    reasons = [*counted]
    reasons += [reason for rule in _RULES if (reason := rule(features)) is not None]
    shadow: list[Reason] = []
    for rule in written:
        reason = rule.reason(features)
        if reason is not None:
            (shadow if rule.watches else reasons).append(reason)
    return combined(reasons, shadow)


def combined(reasons: Sequence[Reason], shadow: Sequence[Reason] = ()) -> Judgment:
    """Add reasons up, clamp, and decide."""
    total = sum(reason.weight for reason in reasons)
    score = max(0, min(100, total))
    decisions = [hard for reason in reasons if (hard := _hard(reason)) is not None]
    clamp = (Reason("clamp", score - total),) if score != total else ()
    return Judgment(
        score=score,
        decision=max([*decisions, _band(score)], key=_SEVERITY.index),
        reasons=(*reasons, *clamp),
        shadow=tuple(shadow),
    )


def _hard(reason: Reason) -> Decision | None:
    if reason.code not in {"rule", "velocity_limit"}:
        return _HARD.get(reason.code)
    asked = dict(reason.detail).get("decision")
    return Decision(str(asked)) if asked else None


def _band(score: int) -> Decision:
    return next((decision for least, decision in _BANDS if score >= least), Decision.ALLOW)

"""From reasons to a score and a decision."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from fintech.fraud.data import Decision, Fails, Features, Judgment, Mode, Reason
from fintech.fraud.rules import amounts, listed, novelty, velocity
from fintech.fraud.rules.language import Condition

MODEL_VERSION = "rules.7"  # Raised whenever a rule, weight or band changes.


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
    novelty.travel,
    novelty.throwaway_mail,
    novelty.billing,
    novelty.disputes,
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

    `counted` are the reasons that come from elsewhere: of velocity limits, which the
    database has counted, and of a model.
    """
    if features.mode == Mode.OFF:
        return Judgment(score=0, decision=Decision.ALLOW, reasons=())
    reasons = [*counted]
    reasons += [reason for rule in _RULES if (reason := rule(features)) is not None]
    shadow: list[Reason] = []
    for rule in written:
        reason = rule.reason(features)
        if reason is not None:
            (shadow if rule.watches else reasons).append(reason)
    reasons += _degraded(features)
    return combined(reasons, shadow, features)


def combined(
    reasons: Sequence[Reason], shadow: Sequence[Reason] = (), features: Features | None = None
) -> Judgment:
    """Add reasons up, clamp, and decide as the merchant wants it."""
    total = sum(reason.weight for reason in reasons)
    score = max(0, min(100, total))
    hard = [asked for reason in reasons if (asked := _hard(reason)) is not None]
    told = [Reason("clamp", score - total)] if score != total else []
    band = _band(score, features.bands if features is not None else ())
    decision = max([*hard, band], key=_SEVERITY.index)
    if features is not None:
        if band == decision == Decision.BLOCK not in hard and features.draw < features.explore:
            decision = Decision.REVIEW
            told.append(Reason("explored", 0))
        if decision == Decision.CHALLENGE and not features.can_challenge:
            decision = Decision.REVIEW
            told.append(Reason("challenge_unavailable", 0))
        if features.mode == Mode.ADVISORY and decision != Decision.ALLOW:
            told.append(Reason("advisory", 0, (("would", str(decision)),)))
            decision = Decision.ALLOW
    return Judgment(score=score, decision=decision, reasons=(*reasons, *told), shadow=tuple(shadow))


def _degraded(features: Features) -> list[Reason]:
    """Ask for what the merchant wants when not everything was known."""
    if not features.degraded:
        return []
    asked = {Fails.REVIEW: Decision.REVIEW, Fails.CLOSED: Decision.BLOCK}.get(
        Fails(features.fails), Decision.ALLOW
    )
    if asked == Decision.ALLOW and 0 < features.ceiling_minor < features.amount_minor:
        asked = Decision.REVIEW
    return [Reason("degraded", 0, (("why", features.degraded), ("decision", str(asked))))]


def _hard(reason: Reason) -> Decision | None:
    if reason.code not in {"rule", "velocity_limit", "degraded"}:
        return _HARD.get(reason.code)
    asked = dict(reason.detail).get("decision")
    return Decision(str(asked)) if asked else None


def _band(score: int, bands: Sequence[int]) -> Decision:
    own = zip(bands, (decision for _, decision in _BANDS), strict=True) if bands else _BANDS
    return next((decision for least, decision in own if score >= least), Decision.ALLOW)

"""
From what is known of a transfer between wallets to a score and a decision.

There is nobody to ask for a proof in the middle of a transfer, so it is let through, shown
to a person, or blocked. What is suspicious here is money that hurries on: in at many
doors, out at a new one, more and faster than this wallet ever did. A merchant's own wallet
gathers and pays all day: that says nothing of it.
"""

from collections.abc import Callable

from fintech.fraud.data import Decision, Judgment, ListAction, Mode, Reason, TransferFeatures
from fintech.kernel import money

TRANSFER_MODEL = "transfers.2"  # Raised whenever a rule, weight or band changes.

_LARGE = 1_000  # Whole units of the currency.
_NOTABLE = 100
_ENOUGH = 5  # Transfers, to know what is usual.
_FAR = 5  # Times the mean.
_MANY_AN_HOUR, _MANY_A_DAY = 30, 200
_MANY_SENDERS = 10
_DAY = 24 * 60  # minutes
_PASSED_ON = 80  # percent of the amount

_LISTED = {
    ListAction.BLOCK: ("list_block", 100),
    ListAction.REVIEW: ("list_review", 50),
    ListAction.ALLOW: ("list_allow", -40),
}
_HARD = {"list_block": Decision.BLOCK, "list_review": Decision.REVIEW}
_SEVERITY = list(Decision)


def _lists(features: TransferFeatures) -> list[Reason]:
    reasons = []
    for action, (code, weight) in _LISTED.items():
        hits = [kind for kind, _, asked in map(_parted, features.listed) if asked == action]
        if hits:
            reasons.append(Reason(code, weight, (("on", ".".join(hits)),)))
    return reasons


def _parted(hit: str) -> tuple[str, str, str]:
    return hit.partition(":")


def _amount(features: TransferFeatures) -> Reason | None:
    mean = max(1, features.sent_mean_minor)
    times = features.amount_minor // mean
    if features.sent_before < _ENOUGH or times < _FAR:
        return None
    return Reason("transfer_amount", min(40, 15 + times), (("times", times), ("mean_minor", mean)))


def _haste(features: TransferFeatures) -> Reason | None:
    if features.source_is_merchants:
        return None
    if features.sent_1h >= _MANY_AN_HOUR:
        return Reason("transfer_velocity_1h", 30, (("count", features.sent_1h),))
    if features.sent_24h >= _MANY_A_DAY:
        return Reason("transfer_velocity_24h", 30, (("count", features.sent_24h),))
    return None


def _new_destination(features: TransferFeatures) -> Reason | None:
    if features.destination_known or features.amount_minor < _units(_LARGE, features):
        return None
    return Reason("transfer_new_destination", 20)


def _young(features: TransferFeatures) -> Reason | None:
    if features.wallet_age_minutes >= _DAY or features.amount_minor < _units(_LARGE, features):
        return None
    return Reason("transfer_young_wallet", 15, (("minutes", features.wallet_age_minutes),))


def _passed_on(features: TransferFeatures) -> Reason | None:
    known = features.destination_known or features.source_is_merchants
    if known or features.amount_minor < _units(_NOTABLE, features):
        return None
    percent = features.received_1h_minor * 100 // features.amount_minor
    if percent < _PASSED_ON:
        return None
    return Reason("transfer_passed_on", 25, (("percent", min(percent, 999)),))


def _gathered(features: TransferFeatures) -> Reason | None:
    if features.destination_is_merchants or features.senders_1h < _MANY_SENDERS:
        return None
    return Reason(
        "transfer_gathered", min(45, 20 + features.senders_1h), (("senders", features.senders_1h),)
    )


_RULES: tuple[Callable[[TransferFeatures], Reason | None], ...] = (
    _amount,
    _haste,
    _new_destination,
    _young,
    _passed_on,
    _gathered,
)


def judge_transfer(features: TransferFeatures) -> Judgment:
    """Evaluate every rule; the score is the sum, clamped; the most severe decision wins."""
    if features.mode == Mode.OFF:
        return Judgment(score=0, decision=Decision.ALLOW, reasons=())
    reasons = _lists(features)
    reasons += [reason for rule in _RULES if (reason := rule(features)) is not None]
    total = sum(reason.weight for reason in reasons)
    score = max(0, min(100, total))
    if score != total:
        reasons.append(Reason("clamp", score - total))
    hard = [_HARD[reason.code] for reason in reasons if reason.code in _HARD]
    decision = max([*hard, _band(score, features)], key=_SEVERITY.index)
    if features.mode == Mode.ADVISORY and decision != Decision.ALLOW:
        reasons.append(Reason("advisory", 0, (("would", str(decision)),)))
        decision = Decision.ALLOW
    return Judgment(score=score, decision=decision, reasons=tuple(reasons))


def _band(score: int, features: TransferFeatures) -> Decision:
    if score >= features.block_at:
        return Decision.BLOCK
    return Decision.REVIEW if score >= features.review_at else Decision.ALLOW


def _units(units: int, features: TransferFeatures) -> int:
    """Return whole units of the transfer's currency in minor units."""
    return int(units * 10 ** money.exponent(features.currency))

"""From what was found of an attempt to its snapshot: integers, codes, yes and no."""

from collections.abc import Sequence
from math import isqrt
from typing import Any

from fintech.fraud import data
from fintech.fraud.counters import FIGURES
from fintech.fraud.queries import modeling
from fintech.fraud.queries.countries import distance_km, zone_of

_MORNING = 6
_SATURDAY = 5


def features(
    question: data.Question, row: Sequence[Any], *, why: str, counted: str
) -> data.Features:
    """
    Return the snapshot of one attempt.

    Args:
        question: the attempt.
        row: what `gathering` has read of it, in the order in which it asks.
        why: what was not known in time, if anything.
        counted: who has counted.
    """
    listed, ruleset, *wanted = row[:9]
    known, n, total, squares, used_card, used_country = row[9:15]
    merchant_n, merchant_total, merchant_squares = row[15:18]
    card_seen, been_here, declines, card_disputes, customer_disputes = row[18:23]
    customer_mean, customer_deviation = _spread(n, total, squares)
    merchant_mean, merchant_deviation = _spread(merchant_n, merchant_total, merchant_squares)
    broken = modeling.live(ruleset).broken
    return data.Features(
        amount_minor=question.amount.minor,
        currency=question.amount.currency,
        customer_known=known,
        customer_payments=n,
        customer_mean_minor=customer_mean,
        customer_deviation_minor=customer_deviation,
        customer_has_used_card=used_card,
        customer_has_used_country=used_country,
        customer_age_days=_age_days(question),
        customer_disputes=customer_disputes,
        merchant_payments=merchant_n,
        merchant_mean_minor=merchant_mean,
        merchant_deviation_minor=merchant_deviation,
        counterparty_new=not why and not been_here,
        card_seen=card_seen,
        card_declines_24h=declines,
        card_disputes=card_disputes,
        listed=tuple(listed),
        sandbox_risk=question.sandbox_risk,
        ruleset=ruleset,
        email_thrown_away=question.email_thrown_away,
        name_match=question.name_match,
        mail_match=question.mail_match,
        can_challenge=question.can_challenge,
        draw=question.attempt_id.int % 10_000,
        counted=counted,
        degraded=" ".join([*([why] if why else []), *(["model"] if broken else [])]),
        **_figures(row[25:]),
        **_places(question, *row[23:25]),
        **_posture(wanted),
    )


def _figures(told: Sequence[Any]) -> dict[str, Any]:
    """Return velocity by name; nothing of a subject that was not counted."""
    if None in told:
        return {}
    return dict(zip(FIGURES, (figure for each in told for figure in each), strict=True))


def _places(question: data.Question, was: str | None, minutes: int | None) -> dict[str, Any]:
    """Compare the countries of address, card and bill, and the one before."""
    address, card, billing = question.ip_country, question.card_country, question.billing_country
    there = question.at.astimezone(zone_of(address or billing or card))
    found = {
        "card_country": card,
        "ip_country": address,
        "billing_country": billing,
        "ip_abroad": bool(address and card) and address != card,
        "billing_abroad": bool(billing and card) and billing != card,
        "ip_from_card_km": distance_km(address, card),
        "ip_from_billing_km": distance_km(address, billing),
        "night": there.hour < _MORNING,
        "weekend": there.weekday() >= _SATURDAY,
    }
    if was and address and was != address and minutes is not None:
        within, km = int(minutes) + 1, distance_km(was, address)
        found |= {"moved_within_minutes": within, "moved_km": km, "moved_kmh": km * 60 // within}
    return found


def _posture(wanted: Sequence[Any]) -> dict[str, Any]:
    mode, fails, ceiling, block, review, challenge, explore = wanted
    if mode is None:
        return {}
    return {
        "mode": mode,
        "fails": fails,
        "ceiling_minor": ceiling,
        "bands": (block, review, challenge),
        "explore": explore,
    }


def _age_days(question: data.Question) -> int:
    if question.customer_since is None:
        return -1
    return max(0, (question.at - question.customer_since).days)


def _spread(count: int, total: Any, squares: Any) -> tuple[int, int]:
    """Return mean and deviation in whole minor units, from exact sums."""
    if not count:
        return 0, 0
    total, squares = int(total), int(squares)
    return total // count, isqrt(max(0, count * squares - total * total)) // count

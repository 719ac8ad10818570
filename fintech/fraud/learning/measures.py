"""
How good a model is, by the measures and the protocol of the Fraud Detection Handbook.

On each day of a test, customers who are known as defrauded by then are left out: those
of the training period, then those who become known while the label's delay passes.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from fintech.fraud.learning.handbook import DAY, Transactions
from fintech.fraud.learning.windows import Numbers, Places, Truths

_CARDS_A_DAY = 100
_GOOD_CUSTOMERS_STOPPED = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Whole days, both included."""

    first: int
    last: int

    def holds(self, day: Places) -> Truths:
        """Return which days belong to the period."""
        return (day >= self.first) & (day <= self.last)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """What a model is worth on a test."""

    average_precision: float
    card_precision_100: float
    auc_roc: float
    money_saved_at_1pct_stopped: float


def remaining(rows: Transactions, *, train: Period, test: Period, delay: int) -> Places:
    """Return the rows of a test that are left when known defrauded customers are removed."""
    day, fraud, days = rows.day, rows.fraud, delay // DAY
    known = set(rows.customer[train.holds(day) & fraud].tolist())
    left: list[Places] = []
    for today in range(test.first, test.last + 1):
        known |= set(rows.customer[(day == today - days - 1) & fraud].tolist())
        of_today = np.flatnonzero(day == today)
        left.append(of_today[~np.isin(rows.customer[of_today], list(known))])
    return np.concatenate(left)


def measure(rows: Transactions, tested: Places, scores: Numbers) -> Measures:
    """Measure scores, one for each tested row."""
    fraud = rows.fraud[tested]
    return Measures(
        average_precision=average_precision(fraud, scores),
        card_precision_100=_card_precision(rows, tested, scores),
        auc_roc=auc_roc(fraud, scores),
        money_saved_at_1pct_stopped=money_saved(
            rows.customer[tested], rows.cents[tested], fraud, scores
        ),
    )


def _card_precision(rows: Transactions, tested: Places, scores: Numbers) -> float:
    """Return the share of frauds among the cards that people look at, the mean over days."""
    day, found, shares = rows.day[tested], set[int](), []
    for today in np.unique(day):
        best: dict[int, float] = {}
        worst: dict[int, bool] = {}
        of_today = day == today
        for customer, score, fraud in zip(
            rows.customer[tested][of_today].tolist(),
            scores[of_today].tolist(),
            rows.fraud[tested][of_today].tolist(),
            strict=True,
        ):
            if customer not in found:
                best[customer] = max(best.get(customer, score), score)
                worst[customer] = worst.get(customer, False) or fraud
        seen = sorted(best, key=best.__getitem__, reverse=True)[:_CARDS_A_DAY]
        caught = {customer for customer in seen if worst[customer]}
        shares.append(len(caught) / _CARDS_A_DAY)
        found |= caught
    return float(np.mean(shares))


def money_saved(customer: Places, cents: Places, fraud: Truths, scores: Numbers) -> float:
    """Return the share of fraud's value above the lowest bar that stops 1 % of good customers."""
    worst: dict[int, float] = {}
    defrauded = set(customer[fraud].tolist())
    for who, score in zip(customer.tolist(), scores.tolist(), strict=True):
        if who not in defrauded:
            worst[who] = max(worst.get(who, score), score)
    allowed = int(len(worst) * _GOOD_CUSTOMERS_STOPPED)
    ordered = sorted(worst.values(), reverse=True)
    bar = ordered[allowed] if allowed < len(ordered) else -np.inf
    total = int(cents[fraud].sum())
    return int(cents[fraud & (scores > bar)].sum()) / total if total else 0.0


def average_precision(fraud: Truths, scores: Numbers) -> float:
    """Return the average precision of scores."""
    return float(average_precision_score(fraud, scores))


def auc_roc(fraud: Truths, scores: Numbers) -> float:
    """Return how probably a fraud has a higher score than a good payment."""
    return float(roc_auc_score(fraud, scores))


def recall_at_capacity(day: Places, fraud: Truths, scores: Numbers, *, a_day: int) -> float:
    """Return the share of fraud among as many payments a day as people can look at."""
    seen = 0
    for today in np.unique(day):
        here = np.flatnonzero(day == today)
        first = here[np.argsort(-scores[here], kind="stable")[:a_day]]
        seen += int(fraud[first].sum())
    return seen / int(fraud.sum()) if fraud.any() else 0.0

"""
Velocity: how many attempts, of how much, with how many others, within hour, day and week.

A window ends with the moment that asks, which belongs to it, and begins after the moment
an hour, a day or a week before. Of each subject only its newest attempts are looked at: a
hundred within an hour says as much as a thousand, and a busy shop costs no more than a
quiet card.
"""

from dataclasses import dataclass
from datetime import timedelta

MOST = 100  # attempts of one subject
WINDOWS = {"1h": timedelta(hours=1), "24h": timedelta(days=1), "7d": timedelta(days=7)}
LONGEST = max(WINDOWS.values())


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose attempts are counted."""

    name: str
    column: str  # of an assessment
    asked: str  # of the question
    others: str  # what is told apart among its attempts
    others_column: str
    more: str = ""  # what else must be the same

    def figures(self) -> tuple[str, ...]:
        """Return the features' names: counts, sums, others, each by window."""
        return (
            *(f"{self.name}_{window}" for window in WINDOWS),
            *(f"{self.name}_sum_{window}_minor" for window in WINDOWS),
            *(f"{self.name}_{self.others}_{window}" for window in WINDOWS),
        )


_CARDS = ("cards", "card_fingerprint")
SUBJECTS = (
    Subject("card", "card_fingerprint", "card", "ips", "ip_hash"),
    Subject("device", "device_hash", "device", *_CARDS),
    Subject("ip", "ip_hash", "ip", *_CARDS),
    Subject("email", "email_hash", "email", *_CARDS),
    Subject("bin", "card_bin", "bin", *_CARDS),
    Subject("customer", "customer_id", "customer_id", *_CARDS),
    Subject("merchant", "merchant_id", "merchant_id", *_CARDS, more=" AND a.currency = q.currency"),
)
FIGURES = tuple(name for subject in SUBJECTS for name in subject.figures())


def laterals() -> str:
    """Return the joins that count each subject of a question `q` from the assessments."""
    return "".join(_lateral(subject) for subject in SUBJECTS)


def read() -> str:
    """Return what is read of the joins: an array of figures per subject."""
    return ", ".join(f"{_alias(subject)}.figures" for subject in SUBJECTS)


def _alias(subject: Subject) -> str:
    return f"of_{subject.name}"


def _lateral(subject: Subject) -> str:
    within = [
        f"created_at > q.at - interval '{int(window.total_seconds())} seconds'"
        for window in WINDOWS.values()
    ]
    figures = [
        *(f"count(*) FILTER (WHERE {window})" for window in within),
        *(
            f"coalesce(sum(amount_minor) FILTER (WHERE currency = q.currency AND {window}), 0)"
            for window in within
        ),
        # Whoever else was there is there in all windows that hold his newest attempt.
        *(f"count(*) FILTER (WHERE newest_with AND {window})" for window in within),
    ]
    return f"""
CROSS JOIN LATERAL (
  SELECT ARRAY[{", ".join(figures)}]::bigint[] AS figures
  FROM (
    SELECT created_at, amount_minor, currency,
      other IS NOT NULL
        AND row_number() OVER (PARTITION BY other ORDER BY created_at DESC) = 1 AS newest_with
    FROM (
      SELECT created_at, amount_minor, currency, {subject.others_column} AS other
      FROM fraud_assessment a
      WHERE a.{subject.column} = q.{subject.asked}{subject.more}
        AND a.created_at <= q.at AND a.created_at > q.at - interval '{LONGEST.days} days'
      ORDER BY a.created_at DESC, a.id DESC LIMIT {MOST}
    ) newest
  ) told
) {_alias(subject)}"""

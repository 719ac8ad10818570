"""How fraud does: what people should look at now, and the figures behind it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class AlertKind(StrEnum):
    """What is out of the ordinary."""

    DEGRADED = "degraded"  # Decisions are made without knowing all.
    STOPPING = "stopping"  # Far more is stopped than usual.
    PASSING = "passing"  # Fraud passes that was found before.
    CRYING_WOLF = "crying_wolf"  # What is stopped was mostly good.
    OVERDUE = "overdue"  # Cases wait longer than they may.
    DRIFT = "drift"  # Payments are not what the champion was trained on.


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Something out of the ordinary, until it is not any more."""

    id: UUID
    kind: AlertKind
    said: str
    raised_at: datetime
    cleared_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """
    How fraud does, as of now.

    Shares are of 10,000; None where there is nothing to measure.
    """

    lately: int  # decisions of the last hour, of the newest that are looked at
    before: int
    stopped_lately: int | None  # share that was stopped: blocked or sent to a person
    stopped_before: int | None
    degraded_lately: int | None
    labeled_stops: int
    precision: int | None  # of what was stopped and has a label: fraud
    labeled_fraud: int
    recall: int | None  # of what is known as fraud: stopped
    open_cases: int
    overdue_cases: int
    in_time: int | None  # of the cases closed within 30 days: before they were due

"""Questions to fraud: what is known before a decision, and what was decided."""

from fintech.fraud.queries.gathering import gather
from fintech.fraud.queries.proving import INVARIANTS, replay
from fintech.fraud.queries.reading import (
    assessment,
    assessments,
    case,
    cases,
    list_item,
    list_items,
    outcomes,
    related,
)
from fintech.fraud.queries.ruling import (
    decided_again,
    limits_of,
    rule,
    rules,
    velocity_limits,
    written,
)
from fintech.fraud.queries.testing import back_test

__all__ = [
    "INVARIANTS",
    "assessment",
    "assessments",
    "back_test",
    "case",
    "cases",
    "decided_again",
    "gather",
    "limits_of",
    "list_item",
    "list_items",
    "outcomes",
    "related",
    "replay",
    "rule",
    "rules",
    "velocity_limits",
    "written",
]

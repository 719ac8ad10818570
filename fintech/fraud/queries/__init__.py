"""Questions to fraud: what is known before a decision, and what was decided."""

from fintech.fraud.queries.counting import online, seen
from fintech.fraud.queries.countries import is_country
from fintech.fraud.queries.gathering import gather
from fintech.fraud.queries.learned import MATURES, drift, label_maturity
from fintech.fraud.queries.modeling import forget_models, live, model, models, said, served
from fintech.fraud.queries.places import country_of, is_thrown_away, mail_matches, names_match
from fintech.fraud.queries.posturing import posture, postures
from fintech.fraud.queries.proving import INVARIANTS, replay
from fintech.fraud.queries.reading import (
    LOOKED_AT_WITHIN,
    assessment,
    assessments,
    assessments_by_id,
    case,
    cases,
    list_item,
    list_items,
    outcomes,
    related,
)
from fintech.fraud.queries.ruling import (
    decided,
    decided_again,
    limits_of,
    names_for_all,
    rule,
    rules,
    velocity_limit,
    velocity_limits,
    written,
)
from fintech.fraud.queries.testing import back_test, back_test_all
from fintech.fraud.queries.transferring import gather_transfers, transfer_assessments
from fintech.fraud.queries.watching import alerts, figures, unusual

__all__ = [
    "INVARIANTS",
    "LOOKED_AT_WITHIN",
    "MATURES",
    "alerts",
    "assessment",
    "assessments",
    "assessments_by_id",
    "back_test",
    "back_test_all",
    "case",
    "cases",
    "country_of",
    "decided",
    "decided_again",
    "drift",
    "figures",
    "forget_models",
    "gather",
    "gather_transfers",
    "is_country",
    "is_thrown_away",
    "label_maturity",
    "limits_of",
    "list_item",
    "list_items",
    "live",
    "mail_matches",
    "model",
    "models",
    "names_for_all",
    "names_match",
    "online",
    "outcomes",
    "posture",
    "postures",
    "related",
    "replay",
    "rule",
    "rules",
    "said",
    "seen",
    "served",
    "transfer_assessments",
    "unusual",
    "velocity_limit",
    "velocity_limits",
    "written",
]

"""What can be done about fraud: assess, look at cases, keep lists and rules, learn."""

from fintech.fraud.services.assessing import assess
from fintech.fraud.services.cases import claim_case, claim_next_case, close_case
from fintech.fraud.services.counting import create_velocity_limit, remove_velocity_limit
from fintech.fraud.services.learning import record_outcome
from fintech.fraud.services.lists import add_to_list, remove_from_list
from fintech.fraud.services.rules import (
    activate_rule,
    archive_rule,
    draft_rule,
    revise_rule,
    watch_rule,
)

__all__ = [
    "activate_rule",
    "add_to_list",
    "archive_rule",
    "assess",
    "claim_case",
    "claim_next_case",
    "close_case",
    "create_velocity_limit",
    "draft_rule",
    "record_outcome",
    "remove_from_list",
    "remove_velocity_limit",
    "revise_rule",
    "watch_rule",
]

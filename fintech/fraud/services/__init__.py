"""What can be done about fraud: assess, look at cases, keep lists and rules, learn."""

from fintech.fraud.services.assessing import assess
from fintech.fraud.services.cases import (
    assign_case,
    claim_case,
    claim_next_case,
    close_case,
    escalate_case,
    expect_before,
    snooze_case,
)
from fintech.fraud.services.counting import create_velocity_limit, remove_velocity_limit
from fintech.fraud.services.learning import record_outcome
from fintech.fraud.services.lists import add_to_list, remove_from_list
from fintech.fraud.services.online import count_online, keep_online
from fintech.fraud.services.posturing import cost_based_bands, set_posture
from fintech.fraud.services.reassessing import reassess_degraded
from fintech.fraud.services.registry import (
    install_model,
    is_signed,
    propose_champion,
    retire_model,
    roll_back_model,
    watch_model,
)
from fintech.fraud.services.rules import (
    activate_rule,
    archive_rule,
    draft_rule,
    revise_rule,
    snooze_rule,
    wake_due_rules,
    wake_rule,
    watch_rule,
)
from fintech.fraud.services.training import train_on_handbook, train_on_payments
from fintech.fraud.services.transferring import assess_transfers, record_transfers
from fintech.fraud.services.watching import watch

__all__ = [
    "activate_rule",
    "add_to_list",
    "archive_rule",
    "assess",
    "assess_transfers",
    "assign_case",
    "claim_case",
    "claim_next_case",
    "close_case",
    "cost_based_bands",
    "count_online",
    "create_velocity_limit",
    "draft_rule",
    "escalate_case",
    "expect_before",
    "install_model",
    "is_signed",
    "keep_online",
    "propose_champion",
    "reassess_degraded",
    "record_outcome",
    "record_transfers",
    "remove_from_list",
    "remove_velocity_limit",
    "retire_model",
    "revise_rule",
    "roll_back_model",
    "set_posture",
    "snooze_case",
    "snooze_rule",
    "train_on_handbook",
    "train_on_payments",
    "wake_due_rules",
    "wake_rule",
    "watch",
    "watch_model",
    "watch_rule",
]

"""Fraud in the back office: decisions and cases to read; lists, rules, models to keep."""

from fintech.fraud.admin.decisions import (
    AlertAdmin,
    AssessmentAdmin,
    CaseAdmin,
    OutcomeAdmin,
    ReassessmentAdmin,
    TransferAssessmentAdmin,
)
from fintech.fraud.admin.lists import ListItemAdmin, VelocityLimitAdmin
from fintech.fraud.admin.postures import PostureAdmin
from fintech.fraud.admin.rules import RuleAdmin
from fintech.fraud.admin.trained import TrainedModelAdmin

__all__ = [
    "AlertAdmin",
    "AssessmentAdmin",
    "CaseAdmin",
    "ListItemAdmin",
    "OutcomeAdmin",
    "PostureAdmin",
    "ReassessmentAdmin",
    "RuleAdmin",
    "TrainedModelAdmin",
    "TransferAssessmentAdmin",
    "VelocityLimitAdmin",
]

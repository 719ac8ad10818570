"""The rows of fraud. Assessments and outcomes only grow; cases and list items move."""

from fintech.fraud.models.alerts import Alert
from fintech.fraud.models.cases import Case
from fintech.fraud.models.decisions import Assessment, Outcome, Reassessment, TransferAssessment
from fintech.fraud.models.lists import ListItem
from fintech.fraud.models.rules import Rule, Ruleset, RuleVersion
from fintech.fraud.models.trained import Posture, TrainedModel
from fintech.fraud.models.velocity import VelocityCount, VelocityLimit

__all__ = [
    "Alert",
    "Assessment",
    "Case",
    "ListItem",
    "Outcome",
    "Posture",
    "Reassessment",
    "Rule",
    "RuleVersion",
    "Ruleset",
    "TrainedModel",
    "TransferAssessment",
    "VelocityCount",
    "VelocityLimit",
]

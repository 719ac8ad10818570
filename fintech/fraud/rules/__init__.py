"""
Rules: pure functions over a snapshot of features. No clock, no database, no chance.

Some are ours, in code; others people write in a small language (`language`).
"""

from fintech.fraud.rules.building import built, text_of
from fintech.fraud.rules.judging import MODEL_VERSION, Written, combined, judge
from fintech.fraud.rules.language import Condition, read
from fintech.fraud.rules.listed import listed_reasons
from fintech.fraud.rules.transfers import TRANSFER_MODEL, judge_transfer

__all__ = [
    "MODEL_VERSION",
    "TRANSFER_MODEL",
    "Condition",
    "Written",
    "built",
    "combined",
    "judge",
    "judge_transfer",
    "listed_reasons",
    "read",
    "text_of",
]

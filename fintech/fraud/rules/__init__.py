"""Rules: pure functions over a snapshot of features. No clock, no database, no chance."""

from fintech.fraud.rules.judging import MODEL_VERSION, judge

__all__ = ["MODEL_VERSION", "judge"]

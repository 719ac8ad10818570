"""
The third beat of a confirmation: record what the provider said, and commit it.

Whoever hears first (the caller, a callback, the janitor) records; whoever hears the
same later changes nothing; whoever hears something else freezes the payment.
"""

from fintech.payments.services.recording.answers import (
    lock_attempts,
    record,
    record_each,
    record_inside,
)
from fintech.payments.services.recording.asking import (
    ask,
    ask_for,
    ask_provider,
    refuse_open_transaction,
)
from fintech.payments.services.recording.ending import challenge, conflict, end_attempt
from fintech.payments.services.recording.hearing import apply

__all__ = [
    "apply",
    "ask",
    "ask_for",
    "ask_provider",
    "challenge",
    "conflict",
    "end_attempt",
    "lock_attempts",
    "record",
    "record_each",
    "record_inside",
    "refuse_open_transaction",
]

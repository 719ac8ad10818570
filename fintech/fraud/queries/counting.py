"""Velocity as Valkey counts it, for as long as that may be believed."""

from collections.abc import Sequence
from functools import cache
from uuid import UUID

from django.conf import settings
from django.db import connection

from fintech.fraud import data
from fintech.fraud.counters import Online, Seen, Told
from fintech.kernel import ids


def online() -> Online:
    """Return this process's way to the counters of its database."""
    return _online(settings.REDIS_URL, str(connection.settings_dict["NAME"]))


@cache
def _online(url: str, database: str) -> Online:
    return Online(url, database)


def asked(questions: Sequence[data.Question]) -> Told | None:
    """Count what came before each question; None if Valkey does not know everything."""
    nobody = ids.at_time(questions[0].at)  # Who asks is not counted.
    return online().ask([seen(question, nobody) for question in questions])


def seen(question: data.Question, attempt: UUID) -> Seen:
    """Return what is counted of an attempt."""
    return Seen(
        id=attempt,
        at=question.at,
        minor=question.amount.minor,
        currency=question.amount.currency,
        card_fingerprint=question.card_fingerprint,
        device_hash=question.device_hash,
        ip_hash=question.ip_hash,
        email_hash=question.email_hash,
        card_bin=question.card_bin,
        customer_id=question.customer_id,
        merchant_id=question.merchant_id,
    )

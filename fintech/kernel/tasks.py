"""The kernel's work on a clock."""

from celery import shared_task

from fintech.kernel import clock, idempotency


@shared_task
def reap_idempotency_keys() -> int:
    """Forget keys that are older than they are kept."""
    return idempotency.reap(at=clock.now())

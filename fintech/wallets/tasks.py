"""What the clock does with wallets."""

from celery import shared_task

from fintech.kernel import clock
from fintech.wallets import services as wallets


@shared_task
def expire_due() -> int:
    """Let go what is left of holds whose time is up."""
    return wallets.expire_due(clock.now())

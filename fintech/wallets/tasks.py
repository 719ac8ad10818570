"""What the clock does with wallets."""

from celery import shared_task

from fintech.kernel import clock
from fintech.wallets import services as wallets


@shared_task
def expire_due() -> int:
    """Let go what is left of holds whose time is up, and transfers that nobody has decided."""
    now = clock.now()
    return wallets.expire_due(now) + wallets.expire_transfers(now)

"""What the clock does with payments. Each run looks in the database for what is due."""

from celery import shared_task

from fintech.kernel import clock
from fintech.kernel.actor import system
from fintech.payments import services as payments


@shared_task
def ask_again() -> int:
    """Ask providers about everything whose outcome is not known by now."""
    payments.keep_holds()
    return payments.resolve_due(by=system("janitor"), at=clock.now())


@shared_task
def expire_due() -> int:
    """End authorizations, confirmations, challenges, reviews and checkout sessions in time."""
    by, at = system("expiry"), clock.now()
    return payments.expire_due(by=by, at=at) + payments.expire_sessions_due(by=by, at=at)


@shared_task
def make_available() -> int:
    """Make available what merchants have waited for."""
    return payments.make_available(by=system("availability"), at=clock.now())


@shared_task
def ask_the_bank() -> int:
    """Ask the bank about withdrawals of which it has not said what came of them."""
    return payments.send_pending_withdrawals(clock.now())


@shared_task
def recover_debts() -> int:
    """Take what merchants owe from what they have by now."""
    return payments.recover_debts(by=system("recovery"), at=clock.now())

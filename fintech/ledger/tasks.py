"""The books' work on a clock."""

from celery import shared_task

from fintech.ledger import services


@shared_task
def seal() -> int:
    """Seal what is committed; return how many entries."""
    made = services.seal()
    return 0 if made is None else made.count


@shared_task
def open_partitions() -> None:
    """Make room for the coming months."""
    services.open_partitions()


@shared_task
def take_snapshots() -> int:
    """Note what busy accounts hold, for replay to check itself by; return of how many."""
    return services.take_snapshots()

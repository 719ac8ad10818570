"""What the clock does for people at their desks."""

from celery import shared_task

from fintech.web import exporting


@shared_task
def write_exports() -> int:
    """Write the large exports that wait."""
    return exporting.write_due()

"""The work of merchants on a clock."""

from celery import shared_task
from django.utils import timezone

from fintech.kernel import clock
from fintech.merchants import services


@shared_task
def forget_requests() -> int:
    """Forget lines of the request log that are older than they are kept."""
    return services.forget_requests(at=clock.now())


@shared_task
def forget_expired_tokens() -> int:
    """Forget access tokens whose time has passed."""
    return services.forget_expired_tokens(at=timezone.now())

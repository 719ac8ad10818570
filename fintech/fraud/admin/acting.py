"""Who acts in the back office."""

from django.http import HttpRequest

from fintech.kernel.actor import Actor


def staff(request: HttpRequest) -> Actor:
    """Return who is signed in, as services want to know it."""
    return Actor(kind="staff", id=str(request.user.pk))

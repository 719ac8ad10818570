"""The picture in a mail whose reader lets us see that it was opened."""

from contextlib import suppress

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from fintech.kernel import clock
from fintech.kernel.errors import Refusal
from fintech.notifications import services as notifications

_PICTURE = bytes.fromhex(
    "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"
)


@require_safe
def opened(_request: HttpRequest, token: str) -> HttpResponse:
    """Note that a mail was opened; whoever made the address up sees the same picture."""
    with suppress(Refusal):
        notifications.note_opened(token=token, at=clock.now())
    return HttpResponse(_PICTURE, content_type="image/gif", headers={"Cache-Control": "no-store"})

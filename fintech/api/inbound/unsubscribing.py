"""One click ends a kind of mail: what mail programs post (RFC 8058), and a page for people."""

from django.http import HttpRequest, HttpResponse
from django.utils.html import escape
from django.views.decorators.csrf import csrf_exempt

from fintech.kernel import clock
from fintech.kernel.errors import Refusal
from fintech.notifications import services as notifications

_PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    '<meta name="color-scheme" content="light dark"><title>Messages</title>'
    "<main><h1>Messages</h1>{}</main></html>"
)
_CHOICES = '<p><a href="/messages/{}">All your choices</a></p>'
_ASKED = (
    "<p>Shall we send you no more mails of this kind ({})?</p>"
    '<form method="post"><button>Send no more</button></form>'
)


@csrf_exempt  # The token in the address is the right to do this; a mail program has no cookie.
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Ask on GET, since programs look at links; do it on POST."""
    try:
        if request.method == "POST":
            kind = notifications.unsubscribe(token=token, at=clock.now())
            said = f"<p>You get no more mails of this kind ({_words(kind)}).</p>"
        else:
            said = _ASKED.format(_words(notifications.kind_of(token)))
    except Refusal as refusal:
        return HttpResponse(_PAGE.format(f"<p>{escape(refusal.message)}</p>"), status=404)
    said += _CHOICES.format(escape(notifications.choices_token_of(token)))
    return HttpResponse(_PAGE.format(said))


def _words(kind: str) -> str:
    return escape(kind.replace("_", " "))

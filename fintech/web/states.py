"""What every state means, on one page with an anchor for each: the docs that pills point at."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from fintech.web import pills


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """List the states of every machine."""
    machines = [(name, states.items()) for name, states in pills.MACHINES.items()]
    return render(request, "web/states.html", {"machines": machines})

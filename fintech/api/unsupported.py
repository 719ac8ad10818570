"""Paths that lead nowhere, answered in the same envelope as everything else."""

from django.http import HttpRequest, HttpResponse

from fintech.api import errors, problems


def answer(request: HttpRequest) -> HttpResponse:
    """Say that there is no such operation."""
    told = problems.problem(
        errors.UnsupportedEndpoint(),
        request_id=request.request_id,  # type: ignore[attr-defined]
    )
    request.trace.error_code = told.code  # type: ignore[attr-defined]
    return problems.respond(told)


answer.csrf_exempt = True  # type: ignore[attr-defined]

"""Paths to operations: `/v1/…` for programs of merchants, `/inbound/…` for providers."""

from django.urls import path, re_path

from fintech.api import oauth, reference, unsupported
from fintech.api.docs import pages
from fintech.api.door import Resource
from fintech.api.inbound import callbacks, opening, receipts, unsubscribing
from fintech.api.operations import OPERATIONS
from fintech.api.routes import BY_PATH, framework_pattern

__all__ = ["OPERATIONS", "urlpatterns"]

urlpatterns = [
    *(
        path(framework_pattern(template), Resource.as_view(operations=operations))
        for template, operations in BY_PATH.items()
    ),
    path("oauth/token", oauth.TokenView.as_view()),
    path("oauth/revoke", oauth.RevokeView.as_view()),
    path(".well-known/jwks.json", oauth.keys),
    path(".well-known/oauth-authorization-server", oauth.metadata),
    path("docs/quickstart", pages.quickstart),
    path("docs/errors", pages.error_codes),
    path("docs/reference", pages.reference),
    path("docs/roles", pages.roles),
    path("docs/explorer", pages.explorer),
    path("docs/versions", pages.changes),
    path("docs/compatibility", pages.compatibility),
    path("v1/openapi.json", reference.openapi),
    path("inbound/messages/<str:provider>", receipts.receive),
    path("inbound/opened/<str:token>", opening.opened),
    path("inbound/unsubscribe/<str:token>", unsubscribing.unsubscribe),
    path("inbound/<str:provider>", callbacks.receive),
    re_path(r"^v[12]/", unsupported.answer),
]

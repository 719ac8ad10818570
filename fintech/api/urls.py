"""Paths to operations: `/v1/…` for programs of merchants, `/inbound/…` for providers."""

import re
from importlib import import_module

from django.urls import URLPattern, path, re_path

from fintech.api import reference, unsupported
from fintech.api.docs import pages
from fintech.api.door import Resource
from fintech.api.inbound import callbacks
from fintech.api.operations import OPERATIONS, Operation

_FILES = (
    "account",
    "balance",
    "balance_transactions",
    "charges",
    "customers",
    "events",
    "fraud",
    "idempotency_keys",
    "ledger",
    "limits",
    "payment_intents",
    "payment_links",
    "payment_methods",
    "reconciliation",
    "refunds",
    "test_helpers",
    "wallets",
    "webhook_endpoints",
)


def _routes() -> list[URLPattern]:
    for name in _FILES:
        import_module(f"fintech.api.v1.{name}")
    by_path: dict[str, dict[str, Operation]] = {}
    for operation in OPERATIONS:
        by_path.setdefault(operation.path, {})[operation.method] = operation
    return [
        path(
            _pattern(template),
            Resource.as_view(operations=operations),
        )
        for template, operations in by_path.items()
    ]


def _pattern(template: str) -> str:
    """Return an operation's path as the framework's: a key may hold slashes, an id may not."""
    plain = template.lstrip("/").replace("{key}", "<path:key>")
    return re.sub(r"\{(\w+)\}", r"<str:\1>", plain)


urlpatterns = [
    *_routes(),
    path("docs/errors", pages.error_codes),
    path("docs/reference", pages.reference),
    path("docs/compatibility", pages.compatibility),
    path("v1/openapi.json", reference.openapi),
    path("inbound/<str:provider>", callbacks.receive),
    re_path(r"^v[12]/", unsupported.answer),
]

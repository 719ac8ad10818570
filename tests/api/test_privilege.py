"""Privilege by default: every path says who may come, and what says nothing fails here."""

import pytest
from django.contrib import admin
from django.urls import get_resolver
from django.urls.resolvers import URLResolver

from fintech.api.door import Resource
from fintech.merchants import data
from fintech.merchants.data import Right

# Open to anybody, and why. Whatever is not here declares a scope or a right.
OPEN = {
    "livez": "probes",
    "readyz": "probes",
    "metrics": "counters without names; the proxy keeps it inside",
    "oauth/token": "who asks says who they are",
    "oauth/revoke": "who asks says who they are",
    ".well-known/jwks.json": "public keys",
    ".well-known/oauth-authorization-server": "where things are",
    "v1/openapi.json": "the contract",
    "inbound/<str:provider>": "signed by the provider",
    "inbound/messages/<str:provider>": "signed by the provider",
    "inbound/unsubscribe/<str:token>": "the token in the message says who",
    "^v[12]/": "says that there is nothing",
    "": "the front page",
    "login": "signing in",
    "dashboard/theme": "the color of one's own screen",
    "dashboard/merchant": "one's own merchants only",
    "dashboard/team/preview": "of no use to who may not give roles, and it takes rights away only",
    "inbound/opened/<str:token>": "the token in the message says who",
    "messages/<str:token>": "the token in the message says who",
    "pay/answered": "signed by the address",
    "pay/challenge/<ch:attempt_id>": "the payer's own, by an address nobody guesses",
    "pay/session/<str:token>": "the payer's own, by an address nobody guesses",
    "pay/session/<str:token>/<pi:payment_id>": "the payer's own, by an address nobody guesses",
    "pay/<str:token>": "the payer's own, by an address nobody guesses",
    "pay/<str:token>/<pi:payment_id>": "the payer's own, by an address nobody guesses",
}
# Whole branches: what is below them asks by itself.
BRANCHES = ("accounts/", "docs/")


def _walked(resolver, prefix: str = ""):
    for pattern in resolver.url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walked(pattern, path)
        else:
            yield path, pattern.callback


VIEWS = sorted(_walked(get_resolver()), key=lambda one: one[0])


def _declares(path: str, view) -> bool:
    if path in OPEN or path.startswith(BRANCHES):
        return True
    if path.startswith("admin/"):
        return True  # Below: staff only.
    if getattr(view, "view_class", getattr(view, "cls", None)) is Resource:
        operations = view.initkwargs["operations"].values()
        return all(operation.scope in data.SCOPES for operation in operations)
    return isinstance(getattr(view, "right", None), Right)


def test_every_path_says_who_may_come():
    undeclared = [path for path, view in VIEWS if not _declares(path, view)]

    assert undeclared == [], (
        "Nobody says who may come here. An operation of the API declares its `scope`, a page of "
        "the dashboard its right by `desk.page`; what is open to anybody stands in OPEN of "
        "tests/api/test_privilege.py with the reason."
    )


def test_nothing_is_open_that_is_not_there():
    paths = {path for path, _view in VIEWS}

    assert sorted(OPEN.keys() - paths) == []


def test_a_view_that_declares_nothing_is_found():
    def lax(_request):
        return None

    assert not _declares("dashboard/secrets", lax)
    assert not _declares("v1/secrets", lax)


@pytest.mark.parametrize(
    "path", [p for p, _ in VIEWS if p.startswith("admin/") and "<" not in p and "(" not in p]
)
def test_the_back_office_is_for_staff(path, client, db):
    answered = client.get(f"/{path}")

    own = path in {"admin/login/", "admin/jsi18n/", "admin/logout/"}
    assert own or answered.status_code in {302, 404, 405}, path
    assert admin.site.has_permission.__self__ is admin.site

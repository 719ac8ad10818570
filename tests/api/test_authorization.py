"""
Who may do what: every operation × every credential × every door, none left out.

The table is made of the declared operations, of all scopes and of all roles. A new
operation is in it by being declared; what it needs is its `scope`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.test import Client

from fintech.api import tokens
from fintech.api.operations import Operation
from fintech.kernel import clock
from fintech.merchants import data, queries
from fintech.merchants import services as merchants
from fintech.merchants.data import KeyKind, MerchantStatus, Role
from fintech.merchants.models import Merchant
from tests.api.conftest import Api
from tests.api.front_door import Front
from tests.api.operations import OPERATIONS, named, path_of
from tests.api.test_oauth import Forge, token_of
from tests.make import merchants as make

type Wanted = tuple[int, str] | None  # None: it is let in.

DOORS: dict[str, type[Api]] = {"Django": Api, "front": Front}
MISSING, INVALID, EXPIRED = (
    (401, "api_key_missing"),
    (401, "api_key_invalid"),
    (401, "api_key_expired"),
)
DENIED = (403, "permission_denied")


@dataclass(frozen=True)
class Credential:
    """One way to come, and what each operation says to it."""

    name: str
    headers: Callable[[data.Merchant], dict[str, str]]
    wanted: Callable[[Operation], Wanted]


def _bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def _scopes(*scopes: str) -> Callable[[data.Merchant], dict[str, str]]:
    return lambda shop: _bearer(make.api_key(shop, kind=KeyKind.RESTRICTED, scopes=scopes).secret)


def _covers(scope: str) -> Callable[[Operation], Wanted]:
    """A scope lets in what it names; whoever may write may also read."""
    reads = {scope, scope.replace(":write", ":read")}
    return lambda operation: None if operation.scope in reads else DENIED


def _all_but(resource: str) -> Credential:
    others = tuple(s for s in sorted(data.SCOPES) if not s.startswith(f"{resource}:"))
    return Credential(
        f"all scopes but {resource}",
        _scopes(*others),
        lambda operation: DENIED if operation.scope.startswith(f"{resource}:") else None,
    )


def _always(wanted: Wanted) -> Callable[[Operation], Wanted]:
    return lambda _operation: wanted


def _revoked(shop: data.Merchant) -> dict[str, str]:
    made = make.api_key(shop)
    merchants.revoke_api_key(merchant_id=shop.id, key_id=made.key.id, by=make.BY, at=clock.now())
    return _bearer(made.secret)


def _expired(shop: data.Merchant) -> dict[str, str]:
    made = make.api_key(shop, expires_at=clock.now() - timedelta(seconds=1))
    return _bearer(made.secret)


def _of_a_merchant_that_is(status: MerchantStatus) -> Callable[[data.Merchant], dict[str, str]]:
    def headers(_shop: data.Merchant) -> dict[str, str]:
        other = make.merchant(name="Elsewhere")
        secret = make.api_key(other).secret
        Merchant.objects.filter(id=other.id).update(status=status.value)
        return _bearer(secret)

    return headers


def _for_another(shop: data.Merchant) -> dict[str, str]:
    from fintech.kernel import ids

    own = make.merchant(name="Elsewhere")
    return {**_bearer(make.api_key(own).secret), "Stripe-Account": ids.public("acct", shop.id)}


def _signed_in(role: Role) -> Callable[[data.Merchant], dict[str, str]]:
    """A browser's session is no credential here, whatever its person may do elsewhere."""

    def headers(shop: data.Merchant) -> dict[str, str]:
        member = make.member(shop, role)
        return _cookie(member.user.id)

    return headers


def _staff(_shop: data.Merchant) -> dict[str, str]:
    person = merchants.create_staff(
        email="staff@example.com", name="Stan", password=make.PASSWORD, by=make.BY, at=clock.now()
    )
    return _cookie(person.id)


def _cookie(user_id) -> dict[str, str]:
    from fintech.merchants.models import User

    browser = Client()
    browser.force_login(User.objects.get(id=user_id), "django.contrib.auth.backends.ModelBackend")
    return {"Cookie": f"sessionid={browser.cookies['sessionid'].value}"}


def _token(*scopes: str) -> Callable[[data.Merchant], dict[str, str]]:
    return lambda shop: _bearer(token_of(make.oauth_client(shop, *scopes)))


def _token_taken_back(shop: data.Merchant) -> dict[str, str]:
    new = make.oauth_client(shop)
    token = token_of(new)
    merchants.revoke_oauth_client(
        merchant_id=shop.id, client_id=new.client.client_id, by=make.BY, at=clock.now()
    )
    return _bearer(token)


def _token_that(**said) -> Callable[[data.Merchant], dict[str, str]]:
    def headers(shop: data.Merchant) -> dict[str, str]:
        new = make.oauth_client(shop, *sorted(data.SCOPES))
        return _bearer(Forge(token_of(new), new).signed(claims=said))

    return headers


_EVERY = tuple(sorted(data.SCOPES))
CREDENTIALS = [
    Credential("a token of every scope", _token(*_EVERY), _always(None)),
    Credential("a token of one scope", _token("customers:write"), _covers("customers:write")),
    Credential("a token taken back", _token_taken_back, _always((401, "token_invalid"))),
    Credential("an expired token", _token_that(exp=1), _always((401, "token_expired"))),
    Credential(
        "a token of wrong mode", _token_that(livemode=True), _always((401, "token_invalid"))
    ),
    Credential("a token for others", _token_that(aud="x"), _always((401, "token_invalid"))),
    Credential("none", lambda _shop: {}, _always(MISSING)),
    Credential("another scheme", lambda _shop: {"Authorization": "Digest x"}, _always(MISSING)),
    Credential(
        "a key never given out", lambda _: _bearer("sk_test_ffp_" + "0" * 32), _always(INVALID)
    ),
    Credential("revoked", _revoked, _always(INVALID)),
    Credential("expired", _expired, _always(EXPIRED)),
    Credential("wrong mode", lambda _: _bearer("sk_live_ffp_" + "0" * 32), _always(INVALID)),
    Credential(
        "of a suspended merchant",
        _of_a_merchant_that_is(MerchantStatus.SUSPENDED),
        _always(INVALID),
    ),
    Credential(
        "of a closed merchant", _of_a_merchant_that_is(MerchantStatus.CLOSED), _always(INVALID)
    ),
    Credential("for another merchant", _for_another, _always((403, "account_invalid"))),
    Credential(
        "publishable",
        lambda shop: _bearer(make.api_key(shop, kind=KeyKind.PUBLISHABLE).secret),
        _always(DENIED),
    ),
    *(
        Credential(f"session of a {role.value}", _signed_in(role), _always(MISSING))
        for role in Role
    ),
    Credential("session of staff", _staff, _always(MISSING)),
    *(
        Credential(f"scope {scope}", _scopes(scope), _covers(scope))
        for scope in sorted(data.SCOPES)
    ),
    *(_all_but(resource) for resource in sorted({s.partition(":")[0] for s in data.SCOPES})),
    Credential("secret", lambda shop: _bearer(make.api_key(shop).secret), _always(None)),
]
CELLS = len(OPERATIONS) * len(CREDENTIALS) * len(DOORS)


def wrong_cells(
    credential: Credential, shop: data.Merchant, doors: dict[str, type[Api]]
) -> list[str]:
    """Where an operation says something else to a credential than is declared."""
    headers, found = credential.headers(shop), []
    for door, kind in doors.items():
        caller = kind("", headers=headers)
        for operation in OPERATIONS:
            answered = caller.send(operation.method, path_of(operation))
            wanted = credential.wanted(operation)
            if wanted is None:
                is_right = answered.status not in {401, 403}
            else:
                is_right = (answered.status, answered.error["code"]) == wanted
                if wanted == DENIED:
                    is_right &= answered.error["required_scope"] == operation.scope
            if not is_right:
                got = answered.status, answered.content[:200]
                found.append(f"{named(operation)} × {credential.name} at {door}: {got}")
    return found


@pytest.mark.parametrize("credential", CREDENTIALS, ids=lambda one: one.name)
def test_every_operation_says_to_every_credential_what_is_declared(
    credential, shop, settings, unhurried
):
    settings.API_RATES = {"default": 100_000, "money": 100_000}
    queries._cached.clear()
    queries.forget_tokens()
    tokens.forget()

    assert wrong_cells(credential, shop, DOORS) == []


def test_none_is_left_out():
    print(
        f"\nauthorization matrix: {len(OPERATIONS)} operations × {len(CREDENTIALS)} credentials"
        f" × {len(DOORS)} doors = {CELLS} cells"
    )
    undeclared = [named(one) for one in OPERATIONS if one.scope not in data.SCOPES]

    assert CELLS >= 2_000
    assert undeclared == [], "Declare each operation's scope as one of merchants.data.SCOPES."


def test_what_changes_something_needs_a_scope_to_write():
    lax = [named(one) for one in OPERATIONS if one.method != "GET" and one.scope.endswith(":read")]

    assert lax == [], "What changes something needs a scope that ends with :write."

"""OAuth 2.0 for programs: tokens asked for, used, forged, bound, taken back."""

import base64
import json
import time
from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client as Browser
from django.utils import timezone

from fintech.api import certificates, jws, tokens
from fintech.merchants import data, queries
from fintech.merchants import services as merchants
from fintech.merchants.data import MerchantStatus
from fintech.merchants.models import Merchant, SigningKey
from tests.api.conftest import Api
from tests.api.front_door import Front
from tests.make import merchants as make

ACCOUNT, INTENT = "/v1/account", "/v1/payment_intents"
INVALID = (401, "token_invalid", None)
CERTIFICATE = b"a certificate in DER form"
BOUND = certificates.thumbprint(CERTIFICATE)
PRESENTED = f":{base64.b64encode(CERTIFICATE).decode()}:"


@pytest.fixture(autouse=True)
def _nothing_remembered(unhurried):
    tokens.forget()
    queries.forget_tokens()


def ask(new: data.NewOAuthClient, *, headers=None, **fields):
    """What the token endpoint says."""
    basic = base64.b64encode(f"{new.client.client_id}:{new.secret}".encode()).decode()
    return Browser().post(
        "/oauth/token",
        {"grant_type": "client_credentials", **fields},
        headers={"Authorization": f"Basic {basic}", **(headers or {})},
    )


def token_of(new: data.NewOAuthClient, **fields) -> str:
    return ask(new, **fields).json()["access_token"]


@pytest.fixture
def client(shop) -> data.NewOAuthClient:
    return make.oauth_client(shop)


@pytest.fixture
def token(client) -> str:
    return token_of(client)


# -- asked for and used ---------------------------------------------------------------------


def test_a_client_asks_for_a_token_and_uses_it_at_every_door(client, shop):
    told = ask(client)

    assert told.status_code == 200
    assert told.headers["Cache-Control"] == "no-store"
    body = told.json()
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 900)
    assert sorted(body["scope"].split()) == ["customers:read", "payments:write"]
    for door in (Api, Front):
        caller = door(body["access_token"])
        assert caller.post(INTENT, amount=100, currency="eur").status == 200
        assert caller.get("/v1/customers").status == 200
        assert caller.get("/v1/wallets").refusal == (403, "permission_denied", None)


def test_a_token_says_what_rfc_9068_asks_for(client, token, shop, settings):
    header, claims = (
        jwt.get_unverified_header(token),
        jwt.decode(token, options={"verify_signature": False}),
    )

    assert (header["typ"], header["alg"]) == ("at+jwt", "RS256")
    assert claims["iss"] == claims["aud"] == settings.BASE_URL
    assert claims["sub"] == claims["client_id"] == client.client.client_id
    assert claims["exp"] - claims["iat"] == 900
    assert claims["livemode"] is False
    assert len(claims["jti"]) == 32


def test_it_asks_for_fewer_scopes_and_gets_no_others(client):
    fewer = token_of(client, scope="customers:read")

    assert Api(fewer).get("/v1/customers").status == 200
    assert Api(fewer).get(INTENT).error["required_scope"] == "payments:read"
    more = ask(client, scope="customers:read ledger:write")
    assert (more.status_code, more.json()["error"]) == (400, "invalid_scope")


def test_the_secret_may_stand_in_the_body(client):
    told = Browser().post(
        "/oauth/token",
        {
            "grant_type": "client_credentials",
            "client_id": client.client.client_id,
            "client_secret": client.secret,
        },
    )

    assert told.status_code == 200


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({}, 400, "unsupported_grant_type"),
        (
            {"grant_type": "password", "username": "a", "password": "b"},
            400,
            "unsupported_grant_type",
        ),
        ({"grant_type": "authorization_code", "code": "x"}, 400, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, 400, "unsupported_grant_type"),
        (
            {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": "x"},
            400,
            "unsupported_grant_type",
        ),
        ({"grant_type": "client_credentials"}, 401, "invalid_client"),
        (
            {"grant_type": "client_credentials", "client_id": "oac_x", "client_secret": "x"},
            401,
            "invalid_client",
        ),
    ],
)
def test_whatever_else_is_asked_for_is_refused_in_the_words_of_rfc_6749(db, fields, status, code):
    told = Browser().post("/oauth/token", fields)

    assert (told.status_code, told.json()["error"]) == (status, code)


def test_a_wrong_secret_gets_nothing(client):
    wrong = data.NewOAuthClient(client=client.client, secret=client.secret[:-1] + "-")

    assert (ask(wrong).status_code, ask(wrong).json()["error"]) == (401, "invalid_client")


def test_no_secret_and_no_token_is_kept(client, token):
    from allauth.idp.oidc.models import Client, Token

    kept = json.dumps([*Client.objects.values(), *Token.objects.values()], default=str)

    assert client.secret not in kept
    assert token not in kept
    assert b"PRIVATE" not in bytes(SigningKey.objects.get().sealed)


def test_programs_find_everything_by_rfc_8414(db, settings, client, token):
    told = Browser().get("/.well-known/oauth-authorization-server").json()

    assert told["issuer"] == settings.BASE_URL
    assert told["token_endpoint"].endswith("/oauth/token")
    assert told["grant_types_supported"] == ["client_credentials"]
    published = Browser().get("/.well-known/jwks.json").json()["keys"]
    assert [one["kid"] for one in published] == [jwt.get_unverified_header(token)["kid"]]
    assert all("d" not in one for one in published)
    key = jwt.PyJWK(published[0]).key
    assert jwt.decode(token, key, algorithms=["RS256"], audience=settings.BASE_URL)["jti"]


# -- taken back -----------------------------------------------------------------------------


@pytest.mark.parametrize("door", [Api, Front])
def test_a_cached_valid_token_costs_no_query(door, token, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from fintech.api import authentication
    from fintech.kernel import clock

    caller = door(token)
    caller.get(ACCOUNT)
    headers = {"Authorization": f"Bearer {token}"}
    with CaptureQueriesContext(connection) as asked:
        authentication.identify(headers, at=clock.now())

    assert [query["sql"] for query in asked.captured_queries if "oidc" in query["sql"]] == []


def test_a_token_is_taken_back_by_its_client(client, token):
    assert Api(token).get(INTENT).status == 200
    basic = base64.b64encode(f"{client.client.client_id}:{client.secret}".encode()).decode()

    told = Browser().post(
        "/oauth/revoke", {"token": token}, headers={"Authorization": f"Basic {basic}"}
    )

    assert told.status_code == 200
    assert Api(token).get(INTENT).refusal == INVALID
    assert Front(token).get(INTENT).refusal == INVALID


def test_another_process_honors_it_within_two_seconds(client, token, monkeypatch):
    from allauth.idp.oidc.models import Token

    assert Api(token).get(INTENT).status == 200
    Token.objects.all().delete()  # As another process does it: nothing here is told.
    assert Api(token).get(INTENT).status == 200
    later = time.monotonic() + 2.0

    monkeypatch.setattr(queries.time, "monotonic", lambda: later)

    assert Api(token).get(INTENT).refusal == INVALID


def test_a_stranger_takes_no_token_back(client, token, stranger):
    basic = base64.b64encode(b"oac_x:y").decode()

    told = Browser().post(
        "/oauth/revoke", {"token": token}, headers={"Authorization": f"Basic {basic}"}
    )

    assert (told.status_code, told.json()["error"]) == (401, "invalid_client")
    assert Api(token).get(INTENT).status == 200


def test_a_client_that_is_revoked_has_no_tokens(client, token, shop):
    assert Api(token).get(INTENT).status == 200

    merchants.revoke_oauth_client(
        merchant_id=shop.id, client_id=client.client.client_id, by=make.BY, at=make.NOON
    )

    assert Api(token).get(INTENT).refusal == INVALID
    assert ask(client).status_code == 401


def test_a_merchant_that_is_suspended_has_no_tokens(client, token, shop):
    Merchant.objects.filter(id=shop.id).update(status=MerchantStatus.SUSPENDED.value)

    assert Api(token).get(INTENT).refusal == INVALID
    assert ask(client).status_code == 401


def test_another_merchants_token_sees_nothing_of_ours(api, token, stranger):
    made = stranger.post(INTENT, amount=100, currency="eur").body

    assert Api(token).get(f"{INTENT}/{made['id']}").refusal == (404, "resource_missing", None)


# -- keys rotate ----------------------------------------------------------------------------


def test_a_new_key_is_published_first_and_signs_later(client, token):
    old = jwt.get_unverified_header(token)["kid"]
    merchants.rotate_signing_key(at=timezone.now())
    tokens.forget()

    published = [one["kid"] for one in Browser().get("/.well-known/jwks.json").json()["keys"]]
    assert (len(published), published[0]) == (2, old)
    assert jwt.get_unverified_header(token_of(client))["kid"] == old

    SigningKey.objects.exclude(kid=old).update(not_before=timezone.now())
    newer = token_of(client)
    assert jwt.get_unverified_header(newer)["kid"] == published[1]
    tokens.forget()
    assert {Api(one).get(INTENT).status for one in (token, newer)} == {200}


def test_a_key_that_has_ended_signs_for_nobody(client, token):
    past = timezone.now() - timedelta(hours=3)
    SigningKey.objects.update(not_before=past, expires_at=past + timedelta(hours=1))
    tokens.forget()

    assert Api(token).get(INTENT).refusal == INVALID
    # A token whose key is not known yet lets the keys be looked up again.
    assert Api(token_of(client)).get(INTENT).status == 200


# -- bound to a certificate -----------------------------------------------------------------


@pytest.fixture
def bound(shop, settings) -> data.NewOAuthClient:
    settings.TRUSTED_PROXIES = ["127.0.0.1/32"]
    return make.oauth_client(shop, certificate=BOUND)


def test_a_bound_token_is_given_and_taken_with_its_certificate_only(bound):
    with_it = {"Client-Cert": PRESENTED}
    other = {"Client-Cert": f":{base64.b64encode(b'another').decode()}:"}
    assert ask(bound).status_code == 401
    assert ask(bound, headers=other).status_code == 401
    token = ask(bound, headers=with_it).json()["access_token"]

    caller = Api(token)

    assert caller.send("GET", INTENT, headers=with_it).status == 200
    assert caller.send("GET", INTENT).refusal == INVALID
    assert caller.send("GET", INTENT, headers=other).refusal == INVALID
    assert caller.send("GET", INTENT, headers={"Client-Cert": "junk"}).refusal == INVALID


def test_the_header_is_worth_nothing_from_anywhere_else(bound, settings):
    token = ask(bound, headers={"Client-Cert": PRESENTED}).json()["access_token"]
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]

    refused = Api(token).send("GET", INTENT, headers={"Client-Cert": PRESENTED})

    assert refused.refusal == INVALID


@pytest.mark.parametrize("wrong", ["short", "x" * 44, "/" * 43])
def test_a_thumbprint_has_its_form(shop, wrong):
    from fintech.merchants import errors

    with pytest.raises(errors.CertificateInvalid):
        make.oauth_client(shop, certificate=wrong)


# -- forged ---------------------------------------------------------------------------------


def b64(content) -> str:
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
STRANGER_JWK = {
    "kty": "RSA",
    "e": "AQAB",
    "n": b64(STRANGER.public_key().public_numbers().n.to_bytes(256, "big")),
}


class Forge:
    """Makes tokens from a good one: each of them wrong in one way."""

    def __init__(self, token: str, client: data.NewOAuthClient) -> None:
        self.good = token
        self.head, self.body, self.signature = token.split(".")
        self.header = jwt.get_unverified_header(token)
        self.claims = jwt.decode(token, options={"verify_signature": False})
        key = merchants.signing_keys(at=timezone.now())[-1]
        self.private = serialization.load_pem_private_key(key.pem.encode(), None)
        self.public_pem = self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.client = client

    def signed(self, header=None, claims=None, *, key=None, drop=()) -> str:
        """A token that our own key signed, with other words in it."""
        told = {
            name: one for name, one in {**self.claims, **(claims or {})}.items() if name not in drop
        }
        return self.by(
            {**self.header, **(header or {})}, json.dumps(told).encode(), key or self.private
        )

    def by(self, header, payload: bytes, key) -> str:
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        said = f"{b64(header)}.{b64(payload)}"
        return f"{said}.{b64(key.sign(said.encode(), PKCS1v15(), SHA256()))}"

    def mac(self, secret: bytes, algorithm: str = "HS256") -> str:
        import hashlib
        import hmac

        said = f"{b64({**self.header, 'alg': algorithm})}.{self.body}"
        return f"{said}.{b64(hmac.digest(secret, said.encode(), hashlib.sha256))}"

    def all(self) -> dict[str, str]:
        now = int(time.time())
        header, body, signature = self.head, self.body, self.signature
        return {
            "alg none": f"{b64({**self.header, 'alg': 'none'})}.{body}.",
            "alg None": f"{b64({**self.header, 'alg': 'None'})}.{body}.{signature}",
            "alg nOnE": f"{b64({**self.header, 'alg': 'nOnE'})}.{body}.{signature}",
            "alg missing": f"{b64({'kid': self.header['kid'], 'typ': 'at+jwt'})}.{body}.{signature}",
            "HS256 with the public key": self.mac(self.public_pem),
            "HS256 with no key": self.mac(b""),
            "HS256 with the client's secret": self.mac(self.client.secret.encode()),
            "PS256 said, RS256 made": self.signed({"alg": "PS256"}),
            "RS512 said": self.signed({"alg": "RS512"}),
            "ES256 of zeros": f"{b64({**self.header, 'alg': 'ES256'})}.{body}.{b64(bytes(64))}",
            "another's key": self.signed(key=STRANGER),
            "another's key in jwk": self.signed({"jwk": STRANGER_JWK}, key=STRANGER),
            "another's key at jku": self.signed({"jku": "https://example.com/jwks"}, key=STRANGER),
            "another's key at x5u": self.signed({"x5u": "https://example.com/x"}, key=STRANGER),
            "jku even with our key": self.signed({"jku": "https://example.com/jwks"}),
            "kid unknown": self.signed({"kid": "nobody"}),
            "kid a path": self.signed({"kid": "../../../../dev/null"}),
            "kid SQL": self.signed({"kid": "' UNION SELECT 'x"}),
            "kid a list": self.signed({"kid": [self.header["kid"]]}),
            "kid a number": self.signed({"kid": 1}),
            "kid missing": self.by({"alg": "RS256", "typ": "at+jwt"}, b"{}", self.private),
            "typ JWT": self.signed({"typ": "JWT"}),
            "typ missing": self.by(
                {"alg": "RS256", "kid": self.header["kid"]},
                json.dumps(self.claims).encode(),
                self.private,
            ),
            "critical extension": self.signed({"crit": ["exp"]}),
            "unencoded payload": self.signed({"b64": False, "crit": ["b64"]}),
            "compressed": self.signed({"zip": "DEF"}),
            "not yet valid": self.signed(claims={"nbf": now + 3600}),
            "issued tomorrow": self.signed(claims={"iat": now + 86_400, "exp": now + 90_000}),
            "exp missing": self.signed(drop=("exp",)),
            "exp text": self.signed(claims={"exp": "9999999999"}),
            "exp a fraction": self.signed(claims={"exp": now + 100.5}),
            "exp true": self.signed(claims={"exp": True}),
            "exp infinite": self.by(
                self.header,
                json.dumps(self.claims).replace(str(self.claims["exp"]), "Infinity").encode(),
                self.private,
            ),
            "iat missing": self.signed(drop=("iat",)),
            "another issuer": self.signed(claims={"iss": "https://example.com"}),
            "issuer missing": self.signed(drop=("iss",)),
            "another audience": self.signed(claims={"aud": "https://example.com"}),
            "many audiences": self.signed(claims={"aud": [self.claims["aud"], "x"]}),
            "audience missing": self.signed(drop=("aud",)),
            "an id token": self.signed(claims={"token_use": "id"}),
            "a live one": self.signed(claims={"livemode": True}),
            "subject is another": self.signed(claims={"sub": "oac_other"}),
            "jti missing": self.signed(drop=("jti",)),
            "scope missing": self.signed(drop=("scope",)),
            "scope unheard of": self.signed(claims={"scope": "everything:write"}),
            "account of another form": self.signed(claims={"account": "acct_1"}),
            "account missing": self.signed(drop=("account",)),
            "never given out": self.signed(claims={"jti": "0" * 32}),
            "claims twice": self.by(
                self.header,
                json.dumps(self.claims)[:-1].encode() + b', "scope": "ledger:write"}',
                self.private,
            ),
            "header twice": f"{b64(b'{' + json.dumps(self.header)[1:-1].encode() + b', "alg": "none"}')}.{body}.{signature}",
            "more scopes, same signature": f"{header}.{b64({**self.claims, 'scope': 'ledger:write'})}.{signature}",
            "no signature": f"{header}.{body}.",
            "blank signature": f"{header}.{body}. ",
            "signature cut": f"{header}.{body}.{signature[:-4]}",
            "signature longer": f"{header}.{body}.{signature}AAAA",
            "signature changed": f"{header}.{body}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}",
            "signature padded": f"{header}.{body}.{signature}==",
            "detached": f"{header}..{signature}",
            "two parts": f"{header}.{body}",
            "five parts": f"{header}.{body}.{signature}.x.y",
            "dots only": "..",
            "not base64": "!!!.!!!.!!!",
            "payload no JSON": self.by(self.header, b"not json", self.private),
            "payload a list": self.by(self.header, b"[]", self.private),
            "payload deep": self.by(self.header, b"[" * 3000, self.private),
            "huge": f"{header}.{'A' * 100_000}.{signature}",
            "a good one and more": f"{self.good} {self.good}",
        }


def test_no_forged_or_broken_token_opens_anything_at_any_door(token, client, settings, unhurried):
    settings.API_RATES = {"default": 100_000}
    forged = Forge(token, client).all()
    found = {
        (name, door.__name__): answered.refusal
        for name, text in forged.items()
        for door in (Api, Front)
        if (answered := door(text).get(INTENT)).refusal != INVALID
    }

    assert len(forged) >= 30
    assert found == {}
    assert Api(token).get(INTENT).status == 200


def test_an_expired_token_says_so(token, client):
    expired = Forge(token, client).signed(claims={"exp": int(time.time()) - 1})

    assert Api(expired).get(INTENT).refusal == (401, "token_expired", None)


def test_a_refusal_tells_how_to_come(token):
    refused = Api(token[:-3] + "AAA").get(INTENT)

    assert refused.headers["WWW-Authenticate"].startswith("Bearer")


def vectors():
    from pathlib import Path

    from django.conf import settings

    return Path(settings.REAL_DATA_DIR) / "vectors" / "wycheproof_json_web_signature_test_even.json"


@pytest.mark.skipif(not vectors().exists(), reason="the vectors are not at REAL_DATA_DIR")
def test_wycheproofs_json_web_signatures():
    """What we take is RS256 by a key for RS256, and nothing that is wrong in any way."""

    def number(text: str) -> int:
        return int.from_bytes(base64.urlsafe_b64decode(text + "=="), "big")

    wrong, taken = [], 0
    for group in json.loads(vectors().read_text())["testGroups"]:
        key = group.get("public") or group.get("private")
        keys = {}
        if key["kty"] == "RSA" and key.get("alg") == "RS256":
            numbers = rsa.RSAPublicNumbers(number(key["e"]), number(key["n"]))
            keys = {key.get("kid"): numbers.public_key()}
        for test in group["tests"]:
            try:
                jws.signed(test["jws"], keys)
                is_taken = True
            except jws.Broken:
                is_taken = False
            taken += is_taken
            if is_taken != (bool(keys) and test["result"] == "valid"):
                wrong.append((test["tcId"], test["comment"], is_taken))

    assert wrong == []
    assert taken > 0

"""
OAuth 2.0 for programs: client credentials, through allauth's provider.

The provider keeps clients and tokens and speaks RFC 6749; this file says what is ours:
access tokens by RFC 9068, keys that rotate, certificate-bound clients, and the documents
by which a program finds all of it (RFC 8414, JWKS). Only these four paths are open: no
browser flow, no registration, no refresh tokens.
"""

import time
import uuid
from typing import Any

import jwt
from allauth.core.internal import jwkkit
from allauth.idp.oidc import views
from allauth.idp.oidc.adapter import DefaultOIDCAdapter, get_adapter
from allauth.idp.oidc.internal.oauthlib.request_validator import OAuthLibRequestValidator
from allauth.idp.oidc.internal.oauthlib.utils import convert_response, extract_params
from allauth.idp.oidc.models import Client, PrivateKey
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from oauthlib.common import Request
from oauthlib.oauth2.rfc6749.endpoints.pre_configured import Server
from oauthlib.oauth2.rfc6749.errors import InvalidClientError

from fintech.api import certificates, jws, tokens
from fintech.kernel import ids
from fintech.merchants import data
from fintech.merchants import queries as merchants
from fintech.merchants import services as merchant_services
from fintech.merchants.data import MerchantStatus

METHODS = ("client_secret_basic", "client_secret_post")


class Provider(DefaultOIDCAdapter):
    """What the provider asks us: who we are, and which keys sign."""

    def get_issuer(self) -> str:
        """Return the name that every token of ours carries."""
        return str(settings.BASE_URL)

    def list_private_keys(self, **_wanted: Any) -> list[PrivateKey]:
        """Return the keys that sign or will; who is still to come is published already."""
        return [
            PrivateKey(
                pem=key.pem,
                not_before=key.not_before,
                expires_at=key.expires_at,
                issued_at=key.not_before,
            )
            for key in merchant_services.signing_keys(at=timezone.now())
        ]

    def get_signing_key(self) -> PrivateKey:
        """Return the newest key whose time has come."""
        known = self.list_private_keys()  # The first is made here, if there is none.
        now = timezone.now()
        return [key for key in known if key.not_before is None or key.not_before <= now][-1]


def _access_token(request: Request) -> str:
    """Return a signed token by RFC 9068."""
    client = merchants.oauth_client_of(request.client)
    now = int(time.time())
    claims = {
        "iss": settings.BASE_URL,
        "sub": client.client_id,
        "aud": settings.BASE_URL,
        "exp": now + tokens.LIFETIME_SECONDS,
        "iat": now,
        "jti": uuid.uuid4().hex,
        "client_id": client.client_id,
        "scope": " ".join(request.scopes),
        "account": ids.public("acct", client.merchant_id),
        "livemode": settings.MODE == "live",
        "token_use": "access",
    }
    if client.certificate:
        claims["cnf"] = {"x5t#S256": client.certificate}
    named, private = jwkkit.load_jwk_from_pem(get_adapter().get_signing_key().pem)
    headers = {"kid": named["kid"], "typ": tokens.TYPE}
    return jwt.encode(claims, private, algorithm=jws.ALGORITHM, headers=headers)


class _Validator(OAuthLibRequestValidator):
    """The provider's, for clients whose merchant may do business and who come as bound."""

    def authenticate_client(self, request: Request, *args: Any, **kwargs: Any) -> bool:
        """Check the secret, then the merchant and the certificate."""
        if not super().authenticate_client(request, *args, **kwargs):
            return False
        client = merchants.oauth_client_of(request.client)
        merchant = merchants.merchant(client.merchant_id)
        if merchant.status != MerchantStatus.ACTIVE:
            return False
        came_with = request.headers.get("X-Thumbprint")  # type: ignore[no-untyped-call]
        return not client.certificate or client.certificate == came_with


def _server() -> Server:
    return Server(  # type: ignore[no-untyped-call]
        request_validator=_Validator(),
        token_generator=_access_token,
        token_expires_in=tokens.LIFETIME_SECONDS,
    )


def _asked(request: HttpRequest) -> tuple[str, str, str, dict[str, str]]:
    """Return a request as the provider's library takes it, with its certificate's name."""
    uri, method, body, headers = extract_params(request)
    peer = request.META.get("REMOTE_ADDR", "")
    headers["X-Thumbprint"] = certificates.presented(request.headers, peer=peer)
    return uri, method, body, headers


@method_decorator(csrf_exempt, name="dispatch")
class TokenView(views.TokenView):
    """`POST /oauth/token`."""

    def _create_token_response(self, request: HttpRequest, **_more: Any) -> HttpResponse:
        if request.POST.get("grant_type") != Client.GrantType.CLIENT_CREDENTIALS:
            return _refused("unsupported_grant_type", "Only client_credentials is offered.", 400)
        return convert_response(*_server().create_token_response(*_asked(request)))

    def _post_device_token(self, request: HttpRequest) -> HttpResponse:
        return self._create_token_response(request)


@method_decorator(csrf_exempt, name="dispatch")
class RevokeView(views.RevokeView):
    """`POST /oauth/revoke` (RFC 7009): honored in every process within two seconds."""

    def post(self, request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponse:
        """Take a token back that belongs to the client who asks."""
        try:
            answer = _server().create_revocation_response(*_asked(request))
        except InvalidClientError as refused:
            return _refused(refused.error, refused.description, refused.status_code)
        merchants.forget_tokens()
        return convert_response(*answer)


@require_safe
def keys(request: HttpRequest) -> Any:
    """`/.well-known/jwks.json`: the public halves, the one that signs next included."""
    answer: Any = views.JwksView.as_view()(request)
    answer["Cache-Control"] = "public, max-age=300"
    return answer


@require_safe
def metadata(_request: HttpRequest) -> HttpResponse:
    """`/.well-known/oauth-authorization-server` (RFC 8414)."""
    base = settings.BASE_URL
    answer = JsonResponse(
        {
            "issuer": base,
            "token_endpoint": f"{base}/oauth/token",
            "token_endpoint_auth_methods_supported": list(METHODS),
            "revocation_endpoint": f"{base}/oauth/revoke",
            "revocation_endpoint_auth_methods_supported": list(METHODS),
            "jwks_uri": f"{base}/.well-known/jwks.json",
            "grant_types_supported": ["client_credentials"],
            "response_types_supported": [],
            "scopes_supported": sorted(data.SCOPES),
            "tls_client_certificate_bound_access_tokens": bool(settings.TRUSTED_PROXIES),
            "service_documentation": f"{base}/docs/reference",
        }
    )
    answer["Cache-Control"] = "public, max-age=300"
    return answer


def _refused(code: str, description: str, status: int) -> HttpResponse:
    answer = JsonResponse({"error": code, "error_description": description}, status=status)
    answer["Cache-Control"] = "no-store"
    return answer

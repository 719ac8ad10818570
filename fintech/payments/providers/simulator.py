"""The adapter to the simulated acquirer of `sandbox/`, over HTTP."""

import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import httpx

from fintech.kernel import money, tracing
from fintech.kernel.money import Money
from fintech.payments import errors
from fintech.payments.data import Answer, AnswerStatus, Notice, SettlementFile
from fintech.payments.providers import signing
from fintech.payments.providers.protocol import Capabilities

_UNKNOWN = Answer(status=AnswerStatus.UNKNOWN)
_ABSENT = Answer(status=AnswerStatus.ABSENT)
_SIGNED = ("X-Timestamp", "X-Signature")
_FILE_TIMEOUT_SECONDS, _FILE_MAX_BYTES = 30.0, 64 * 1024 * 1024
_OK, _NOT_FOUND, _SERVER_ERROR = 200, 404, 500

# What the acquirer keeps: 1.4 % and a fixed part, in minor units of the currency.
_FEE_BASIS_POINTS = 140
_FEE_FIXED_MINOR = {0: 25, 2: 25, 3: 250}


class Simulator:
    """Speaks the simulated acquirer's HTTP contract."""

    capabilities = Capabilities()

    def __init__(
        self,
        *,
        url: str,
        secret: str,
        name: str = "simulator",
        timeout_seconds: float = 2.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Keep connections to `url`; `secret` is what its callbacks are signed with."""
        self.name = name
        self._secret = secret
        self._client = httpx.Client(
            base_url=url,
            headers={"X-Api-Key": "sandbox"},
            timeout=httpx.Timeout(timeout_seconds, connect=1.0),
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=32),
            transport=transport,
            event_hooks={"request": [_in_trace]},
        )

    def authorize(
        self,
        *,
        reference: str,
        amount: Money,
        card: str,
        capture: bool,
        authenticated: bool = False,
        at: datetime,
    ) -> Answer:
        """Ask for money to be reserved, and taken at once if `capture`."""
        return self._post(
            "/authorizations",
            reference,
            amount_minor=amount.minor,
            currency=amount.currency,
            card=card,
            capture=capture,
            authenticated=authenticated,
            occurred_at=at.isoformat(),
        )

    def capture(
        self,
        *,
        reference: str,
        authorization: str,
        amount: Money,
        final: bool = False,
        at: datetime,
    ) -> Answer:
        """Ask for `amount` of the authorization to be taken, and if `final` the rest let go."""
        return self._post(
            f"/authorizations/{authorization}/captures",
            reference,
            amount_minor=amount.minor,
            final=final,
            occurred_at=at.isoformat(),
        )

    def adjust(self, *, reference: str, authorization: str, amount: Money, at: datetime) -> Answer:
        """Ask for `amount` to be reserved in place of what is."""
        return self._post(
            f"/authorizations/{authorization}/adjustments",
            reference,
            amount_minor=amount.minor,
            occurred_at=at.isoformat(),
        )

    def void(self, *, reference: str, authorization: str, at: datetime) -> Answer:
        """Ask for what is left of the authorization to be let go."""
        return self._post(
            f"/authorizations/{authorization}/voids", reference, occurred_at=at.isoformat()
        )

    def refund(self, *, reference: str, capture: str, amount: Money, at: datetime) -> Answer:
        """Ask for `amount` of the capture to be given back."""
        return self._post(
            f"/captures/{capture}/refunds",
            reference,
            amount_minor=amount.minor,
            occurred_at=at.isoformat(),
        )

    def query(self, reference: str, **_: Any) -> Answer:
        """Ask what became of an operation; `ABSENT` if it never arrived."""
        try:
            response = self._client.get(f"/operations/{reference}")
        except httpx.HTTPError:
            return _UNKNOWN
        if response.status_code == _NOT_FOUND:
            return _ABSENT
        return _read(response, reference)

    def settlement_file(self, *, on: date, currency: str) -> SettlementFile:
        """Fetch what was settled on a day, as CSV."""
        path, content = f"/settlements/{on.isoformat()}.csv", bytearray()
        try:
            with self._client.stream(
                "GET", path, params={"currency": currency}, timeout=_FILE_TIMEOUT_SECONDS
            ) as response:
                if response.status_code == _NOT_FOUND:
                    return SettlementFile(status=AnswerStatus.ABSENT)
                if response.status_code != _OK:
                    return SettlementFile(status=AnswerStatus.UNKNOWN)
                for piece in response.iter_bytes():
                    content += piece
                    if len(content) > _FILE_MAX_BYTES:
                        return SettlementFile(status=AnswerStatus.UNKNOWN)
        except httpx.HTTPError:
            return SettlementFile(status=AnswerStatus.UNKNOWN)
        return SettlementFile(status=AnswerStatus.SUCCEEDED, content=bytes(content))

    def verify_callback(self, *, body: bytes, headers: Mapping[str, str], at: datetime) -> Notice:
        """Check signature and age of a callback, then read it."""
        stamp, signature = (signing.header(headers, name) for name in _SIGNED)
        signing.check(body, stamp=stamp, signatures=[signature], secret=self._secret, at=at)
        try:
            told = json.loads(body)
            return Notice(
                event_id=str(told["event_id"])[:100],
                kind=str(told["kind"])[:40],
                reference=str(told["reference"])[:100],
                answer=_answer(told),
                occurred_at=datetime.fromisoformat(told["occurred_at"]),
            )
        except (ValueError, KeyError, TypeError):
            raise errors.CallbackUnverified("form") from None

    def fee(self, amount: Money) -> Money:
        """Estimate what the acquirer will keep: 1.4 % rounded half up, and a fixed part."""
        part = (amount.minor * _FEE_BASIS_POINTS * 2 + 10_000) // 20_000
        fixed = _FEE_FIXED_MINOR.get(money.exponent(amount.currency), 25)
        return Money(min(part + fixed, amount.minor), amount.currency)

    def due_on(self, at: datetime) -> date:
        """Tell that the acquirer settles on the next day."""
        return (at + timedelta(days=1)).date()

    def _post(self, path: str, reference: str, **body: object) -> Answer:
        """
        Ask once; never again with another reference.

        A connection that was not made has sent nothing. After a 5xx the acquirer is
        asked what it knows; a timeout stays unknown, for the request may still arrive.
        """
        try:
            response = self._client.post(path, json={"reference": reference, **body})
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            return _ABSENT
        except httpx.HTTPError:
            return _UNKNOWN
        if response.status_code >= _SERVER_ERROR:
            return self.query(reference)
        if response.status_code != _OK:
            return Answer(status=AnswerStatus.FAILED, decline_code=_refusal_code(response))
        return _read(response, reference)


def _in_trace(request: httpx.Request) -> None:
    """Let the provider know of which trace its work is a part."""
    request.headers.update(tracing.headers())


def _read(response: httpx.Response, reference: str) -> Answer:
    if response.status_code != _OK:
        return _UNKNOWN
    try:
        told = response.json()
        if told["reference"] != reference:
            return _UNKNOWN
        return _answer(told)
    except (ValueError, KeyError, TypeError):
        return _UNKNOWN


def _answer(told: Mapping[str, Any]) -> Answer:
    """Read what the acquirer says of one operation, in our words."""
    minor, currency = told.get("amount_minor"), told.get("currency")
    amount = None
    if isinstance(minor, int) and isinstance(currency, str) and money.is_known(currency):
        amount = Money(minor, currency)
    return Answer(
        status=AnswerStatus(told["status"]),
        amount=amount,
        provider_reference=str(told.get("id") or "")[:100],
        decline_code=_code(told.get("decline_code")),
    )


def _refusal_code(response: httpx.Response) -> str:
    try:
        told = response.json()
    except ValueError:
        return "refused"
    code = told.get("code") or told.get("error") if isinstance(told, dict) else None
    return _code(code) or "refused"


def _code(value: object) -> str:
    text = value if isinstance(value, str) else ""
    return "".join(c for c in text if c.isalnum() or c in "_.-")[:60]

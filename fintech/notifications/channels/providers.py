"""
Who carries mails and texts: several providers per channel behind one protocol.

A provider sends one message and says what came of it, and reads its own callbacks. Which
there are is said in the settings; `services.providing` decides which one is used.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from typing import Any, Protocol
from urllib.parse import parse_qsl

import httpx
from django.conf import settings
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.http import HttpRequest
from django.utils.module_loading import import_string
from standardwebhooks import Webhook as Signer
from standardwebhooks import WebhookVerificationError

from fintech.notifications.channels import mail
from fintech.notifications.channels.mail import Mail
from fintech.notifications.channels.outcome import Outcome, Verdict
from fintech.notifications.data import Channel, Failure

_TIMEOUT_S = 10.0
_TOO_MANY = 429
_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Sms:
    """A text message. The number exists here for as long as sending takes."""

    delivery: str
    to: str = field(repr=False)
    text: str


class Told(StrEnum):
    """What a provider tells of a message it took."""

    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of one message, by the provider's own name for it."""

    reference: str
    told: Told
    code: str
    failure: Failure | None = None


class ReceiptRefused(Exception):
    """A callback is not signed as its provider signs, or makes no sense."""


class Provider(Protocol):
    """One way by which messages of a channel leave."""

    name: str
    channel: Channel
    share: int

    def send(self, message: Mail | Sms) -> Outcome:
        """Hand a message over once. Never raises for what the provider does."""

    def receipts(self, body: bytes, headers: Mapping[str, str], url: str) -> Sequence[Receipt]:
        """
        Read a callback.

        Raises:
            ReceiptRefused: it is not the provider's.
        """


class _Configured:
    """What all providers have: a name, a channel and a share of the messages."""

    channel = Channel.MAIL

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.config = dict(config)
        self.name = str(config["name"])
        self.share = int(config.get("share", 1))

    def receipts(self, body: bytes, headers: Mapping[str, str], url: str) -> Sequence[Receipt]:  # noqa: ARG002
        raise ReceiptRefused


class Smtp(_Configured):
    """A mail server: what it takes counts as delivered, since it tells nothing later."""

    def _line(self) -> BaseEmailBackend:
        told = {name: self.config[name] for name in _OF_SMTP if name in self.config}
        return get_connection(**told)

    def send(self, message: Mail | Sms) -> Outcome:
        """Send by SMTP."""
        assert isinstance(message, Mail)  # noqa: S101 - the channel says so.
        return mail.send(message, line=self._line())


_OF_SMTP = ("backend", "host", "port", "username", "password", "use_tls", "use_ssl", "timeout")


class Anymail(_Configured):
    """One of django-anymail's: `backend` and its `options`, and the view that reads callbacks."""

    def send(self, message: Mail | Sms) -> Outcome:
        """Send by the provider's own API."""
        from anymail.exceptions import (
            AnymailAPIError,
            AnymailError,
            AnymailInvalidAddress,
            AnymailRecipientsRefused,
        )

        assert isinstance(message, Mail)  # noqa: S101 - the channel says so.
        began = time.monotonic()
        line = get_connection(self.config["backend"], **self.config.get("options", {}))
        ready = mail.message_of(message)
        ready.connection = line
        try:
            ready.send()
            reference = str(ready.anymail_status.message_id or "")  # type: ignore[attr-defined]
            outcome = Outcome(verdict=Verdict.SENT, code="sent", reference=reference)
        except (AnymailRecipientsRefused, AnymailInvalidAddress):
            outcome = _permanent("mail_refused")
        except AnymailAPIError as refused:
            outcome = _of_status(refused.status_code)
        except (AnymailError, OSError) as broken:
            outcome = _technical("provider_failed", type(broken).__name__)
        return _timed(outcome, began)

    def receipts(self, body: bytes, headers: Mapping[str, str], url: str) -> Sequence[Receipt]:
        """Have the provider's own view check and read a callback."""
        from anymail.exceptions import AnymailError
        from django.core.exceptions import SuspiciousOperation

        if "webhook" not in self.config:
            raise ReceiptRefused
        view = import_string(self.config["webhook"])(**self.config.get("webhook_options", {}))
        request = _request(body, headers, url)
        try:
            view.validate_request(request)
            told = view.parse_events(request)
        except (SuspiciousOperation, AnymailError, ValueError, KeyError) as wrong:
            raise ReceiptRefused from wrong
        return [receipt for one in told if (receipt := _of_anymail(one)) is not None]


_ANYMAIL = {
    "bounced": Failure.PERMANENT,
    "rejected": Failure.PERMANENT,
    "failed": Failure.TECHNICAL,
    "deferred": None,
}


def _of_anymail(event: Any) -> Receipt | None:
    reference = str(event.message_id or "")
    if event.event_type == "delivered":
        return Receipt(reference=reference, told=Told.DELIVERED, code="delivered")
    failure = _ANYMAIL.get(event.event_type)
    if failure is None:
        return None  # Opened, clicked, deferred: nothing that changes where the message stands.
    return Receipt(
        reference=reference, told=Told.FAILED, code=f"mail_{event.event_type}", failure=failure
    )


class HttpSms(_Configured):
    """
    Any SMS gateway that takes JSON: `{"id", "to", "text", "callback"}` to a URL.

    Its answer names the message in `id`. Its callbacks are `{"id", "status"}` and signed
    as Standard Webhooks, with the secret both know; without one there are none.
    """

    channel = Channel.SMS

    def send(self, message: Mail | Sms) -> Outcome:
        """Post the text."""
        assert isinstance(message, Sms)  # noqa: S101 - the channel says so.
        headers = {"Idempotency-Key": message.delivery}
        if token := self.config.get("token"):
            headers["Authorization"] = f"Bearer {token}"
        told = {"id": message.delivery, "to": message.to, "text": message.text}
        if self.config.get("secret"):
            told["callback"] = callback_url(self.name)
        has_receipts = bool(self.config.get("secret"))
        return _posted(
            self.config["url"],
            json=told,
            headers=headers,
            read=lambda answer: str(answer.get("id", "")),
            has_receipts=has_receipts,
        )

    def receipts(self, body: bytes, headers: Mapping[str, str], url: str) -> Sequence[Receipt]:  # noqa: ARG002
        """Read `{"id", "status"}`: delivered, or one of three ways to fail."""
        if not self.config.get("secret"):
            raise ReceiptRefused
        try:
            Signer(self.config["secret"]).verify(body, dict(headers))
            told = json.loads(body)
            reference, status = str(told["id"]), str(told["status"])
        except (WebhookVerificationError, ValueError, KeyError, TypeError) as wrong:
            raise ReceiptRefused from wrong
        if status == "delivered":
            return [Receipt(reference=reference, told=Told.DELIVERED, code=status)]
        failure = _HTTP_FAILURES.get(status)
        if failure is None:
            return []
        return [_failed(reference, f"sms_{status}", failure)]


def _failed(reference: str, code: str, failure: Failure) -> Receipt:
    return Receipt(reference=reference, told=Told.FAILED, code=code, failure=failure)


_HTTP_FAILURES = {
    "temporary_failure": Failure.TEMPORARY,
    "permanent_failure": Failure.PERMANENT,
    "technical_failure": Failure.TECHNICAL,
}


class Twilio(_Configured):
    """Twilio's Programmable Messaging: `account`, `token` and `sender`."""

    channel = Channel.SMS
    _FINAL = frozenset({21211, 21214, 21217, 21610, 21614})  # The number, or its owner, says no.
    _CALLBACK_FINAL = frozenset({"30003", "30004", "30005", "30006"})

    def send(self, message: Mail | Sms) -> Outcome:
        """Post the text as a form."""
        assert isinstance(message, Sms)  # noqa: S101 - the channel says so.
        base = self.config.get("url", "https://api.twilio.com")
        account, token = self.config["account"], self.config["token"]
        outcome = _posted(
            f"{base}/2010-04-01/Accounts/{account}/Messages.json",
            data={
                "To": message.to,
                "From": self.config["sender"],
                "Body": message.text,
                "StatusCallback": callback_url(self.name),
            },
            auth=(account, token),
            read=lambda answer: str(answer.get("sid", "")),
            has_receipts=True,
        )
        if outcome.excerpt.isdigit() and int(outcome.excerpt) in self._FINAL:
            return replace(outcome, verdict=Verdict.GIVE_UP, failure=Failure.PERMANENT)
        return outcome

    def receipts(self, body: bytes, headers: Mapping[str, str], url: str) -> Sequence[Receipt]:
        """Check `X-Twilio-Signature` over the URL and the sorted fields, and read the status."""
        try:
            fields = dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))
        except ValueError as wrong:
            raise ReceiptRefused from wrong
        signed = url + "".join(f"{name}{fields[name]}" for name in sorted(fields))
        expected = hmac.new(self.config["token"].encode(), signed.encode(), hashlib.sha1).digest()
        given = headers.get("X-Twilio-Signature", "")
        if not hmac.compare_digest(base64.b64encode(expected).decode(), given):
            raise ReceiptRefused
        reference, status = fields.get("MessageSid", ""), fields.get("MessageStatus", "")
        if status == "delivered":
            return [Receipt(reference=reference, told=Told.DELIVERED, code=status)]
        if status not in {"undelivered", "failed"}:
            return []
        is_final = fields.get("ErrorCode", "") in self._CALLBACK_FINAL
        failure = Failure.PERMANENT if is_final else Failure.TEMPORARY
        return [_failed(reference, f"sms_{status}", failure)]


_KINDS: dict[str, Callable[[Mapping[str, Any]], Provider]] = {
    "smtp": Smtp,
    "anymail": Anymail,
    "http": HttpSms,
    "twilio": Twilio,
}


def providers(channel: Channel) -> list[Provider]:
    """Return a channel's providers, in the order of the settings."""
    return [one for one in _all(_frozen()) if one.channel == channel]


def named(name: str) -> Provider | None:
    """Return a provider by its name."""
    return next((one for one in _all(_frozen()) if one.name == name), None)


def callback_url(name: str) -> str:
    """Return where a provider tells us what became of a message."""
    return f"{settings.BASE_URL}/inbound/messages/{name}"


def _frozen() -> str:
    return json.dumps(settings.MESSAGE_PROVIDERS, sort_keys=False)


@cache
def _all(config: str) -> list[Provider]:
    return [_KINDS[one["kind"]](one) for one in json.loads(config)]


def _posted(url: str, *, read: Any, has_receipts: bool, **asked: Any) -> Outcome:
    began = time.monotonic()
    try:
        answer = httpx.post(url, timeout=_TIMEOUT_S, follow_redirects=False, **asked)
        told = answer.json() if answer.content else {}
    except httpx.TimeoutException:
        return _timed(_technical("timeout"), began)
    except (httpx.HTTPError, ValueError, OSError) as broken:
        return _timed(_technical("provider_failed", type(broken).__name__), began)
    told = told if isinstance(told, dict) else {}
    if not answer.is_success:
        outcome = replace(_of_status(answer.status_code), excerpt=str(told.get("code", ""))[:40])
    elif has_receipts:
        outcome = Outcome(
            verdict=Verdict.SENT, code="sent", status=answer.status_code, reference=read(told)[:120]
        )
    else:
        outcome = Outcome(verdict=Verdict.DELIVERED, code="delivered", status=answer.status_code)
    return _timed(outcome, began)


def _of_status(status: int | None) -> Outcome:
    if status is None or status >= _SERVER_ERROR:
        return replace(_technical("provider_failed"), status=status)
    if status == _TOO_MANY:
        return Outcome(
            verdict=Verdict.RETRY, code="provider_busy", status=status, failure=Failure.TECHNICAL
        )
    if status in {401, 403}:  # Our own key is wrong: the message can go by another way.
        return replace(_technical("provider_refused_us"), status=status)
    return replace(_permanent("message_refused"), status=status)


def _technical(code: str, excerpt: str = "") -> Outcome:
    return Outcome(verdict=Verdict.RETRY, code=code, excerpt=excerpt, failure=Failure.TECHNICAL)


def _permanent(code: str) -> Outcome:
    return Outcome(verdict=Verdict.GIVE_UP, code=code, failure=Failure.PERMANENT)


def _timed(outcome: Outcome, began: float) -> Outcome:
    return replace(outcome, duration_ms=int((time.monotonic() - began) * 1000))


def _request(body: bytes, headers: Mapping[str, str], url: str) -> HttpRequest:
    """Return a callback as Django's own views take it."""
    from io import BytesIO

    from django.core.handlers.wsgi import WSGIRequest

    path, _, query = url.removeprefix(settings.BASE_URL).partition("?")
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "wsgi.input": BytesIO(body),
        "CONTENT_LENGTH": str(len(body)),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "443",
        "wsgi.url_scheme": settings.BASE_URL.partition(":")[0],
    }
    for name, value in headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    return WSGIRequest(environ)

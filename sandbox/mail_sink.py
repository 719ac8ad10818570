"""
The post office of the sandbox: an SMTP server and an SMS gateway that keep what they get.

    python -m sandbox.mail_sink --smtp-port 1025 --http-port 8025

`GET /messages` lists what was received (JSON, newest first; `?to=` narrows), `GET /` shows
it to a person, `DELETE /messages` empties it. Nothing is ever sent on. With `--state FILE`
the mail survives a restart.
"""

import argparse
import asyncio
import contextlib
import email
import email.policy
import html
import json
import os
import urllib.request
from collections import deque
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from uuid import uuid4

import uvicorn
from aiosmtpd.smtp import SMTP, Envelope, Session
from standardwebhooks import Webhook as Signer
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

SMS_KEPT_MAX = 500
KEPT_MAX = 2_000  # The oldest mail goes first.
SIZE_MAX = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One message as it arrived."""

    number: int
    received_at: str
    sender: str
    recipients: tuple[str, ...]
    subject: str
    text: str
    html: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One text message as it was posted."""

    id: str
    received_at: str
    to: str
    text: str


class Sink:
    """Keeps mail in memory and, given a file, on disk as one JSON object per line."""

    def __init__(self, state: Path | None = None) -> None:
        """Take up what an earlier run has kept in `state`."""
        self._state = state
        self._mails: deque[Mail] = deque(maxlen=KEPT_MAX)
        self._numbered = 0
        self.texts: deque[Text] = deque(maxlen=SMS_KEPT_MAX)  # Not kept over a restart.
        if state is not None and state.exists():
            for line in state.read_text().splitlines():
                with contextlib.suppress(ValueError, TypeError, KeyError):
                    told = json.loads(line)
                    self._keep(Mail(**{**told, "recipients": tuple(told["recipients"])}))

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 -- aiosmtpd's name.
        """Take a message in; aiosmtpd calls this for each."""
        content = envelope.content or b""
        raw = content if isinstance(content, bytes) else content.encode()
        message = email.message_from_bytes(raw, _class=EmailMessage, policy=email.policy.default)
        mail = Mail(
            number=self._numbered + 1,
            received_at=datetime.now(UTC).isoformat(),
            sender=envelope.mail_from or "",
            recipients=tuple(envelope.rcpt_tos),
            subject=str(message.get("subject", "")),
            text=_body(message, "plain"),
            html=_body(message, "html"),
            headers={name: str(value) for name, value in message.items()},
        )
        self._keep(mail)
        if self._state is not None:
            with self._state.open("a") as file:
                file.write(json.dumps(asdict(mail)) + "\n")
        return "250 Message accepted for delivery"

    def mails(self, *, to: str = "", limit: int = 200) -> list[Mail]:
        """List mail, newest first."""
        wanted = (mail for mail in reversed(self._mails) if not to or to in mail.recipients)
        return [mail for mail, _ in zip(wanted, range(limit), strict=False)]

    def empty(self) -> int:
        """Throw everything away, and tell how much it was."""
        count = len(self._mails)
        self._mails.clear()
        if self._state is not None:
            self._state.unlink(missing_ok=True)
        return count

    def _keep(self, mail: Mail) -> None:
        self._mails.append(mail)
        self._numbered = max(self._numbered, mail.number)


def app(sink: Sink, *, secret: str = "") -> Starlette:
    """
    Make the application that shows what a sink has received.

    It is an SMS gateway too: `POST /sms` takes `{"id", "to", "text", "callback"}`, and with a
    secret it tells the callback that the text was delivered, signed as Standard Webhooks.
    """

    async def sms(request: Request) -> Response:
        if request.method == "GET":
            return JSONResponse({"messages": [asdict(text) for text in reversed(sink.texts)]})
        told = await request.json()
        taken = Text(
            id=f"sms_{uuid4().hex}",
            received_at=datetime.now(UTC).isoformat(),
            to=str(told["to"]),
            text=str(told["text"]),
        )
        sink.texts.append(taken)
        tell = None
        if secret and told.get("callback"):
            tell = BackgroundTask(_tell, str(told["callback"]), taken.id, secret)
        return JSONResponse({"id": taken.id}, status_code=201, background=tell)

    async def messages(request: Request) -> Response:
        if request.method == "DELETE":
            return JSONResponse({"deleted": sink.empty()})
        found = sink.mails(to=request.query_params.get("to", ""))
        return JSONResponse({"messages": [asdict(mail) for mail in found]})

    async def message(request: Request) -> Response:
        number = request.path_params["number"]
        found = next((mail for mail in sink.mails(limit=KEPT_MAX) if mail.number == number), None)
        if found is None:
            return HTMLResponse("There is no such message.", status_code=404)
        # A mail is a stranger's page: it may run nothing and load nothing.
        policy = {
            "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'"
        }
        body = found.html or f"<pre>{html.escape(found.text)}</pre>"
        return HTMLResponse(body, headers=policy)

    async def page(_request: Request) -> Response:
        return HTMLResponse(
            _PAGE.replace("{mails}", "".join(map(_shown, sink.mails()))).replace(
                "{texts}", "".join(map(_shown_text, reversed(sink.texts)))
            )
        )

    async def health(_request: Request) -> Response:
        return JSONResponse({"ok": True})

    return Starlette(
        routes=[
            Route("/", page),
            Route("/health", health),
            Route("/messages", messages, methods=["GET", "DELETE"]),
            Route("/messages/{number:int}", message),
            Route("/sms", sms, methods=["GET", "POST"]),
        ]
    )


async def serve(
    *, host: str, smtp_port: int, http_port: int, state: Path | None, secret: str = ""
) -> None:
    """Listen on both ports until stopped."""
    sink = Sink(state)
    loop = asyncio.get_running_loop()
    # Not aiosmtpd's Controller: it brings a thread and a loop of its own.
    server = await loop.create_server(
        lambda: SMTP(sink, data_size_limit=SIZE_MAX, enable_SMTPUTF8=True, loop=loop),
        host,
        smtp_port,
    )
    config = uvicorn.Config(
        app(sink, secret=secret), host=host, port=http_port, log_level="warning", access_log=False
    )
    async with server:
        await uvicorn.Server(config).serve()


def main() -> None:
    """Read the arguments and serve until stopped."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.mail_sink", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--http-port", type=int, required=True)
    parser.add_argument("--state", type=Path, help="file that keeps mail over a restart")
    told = parser.parse_args()
    asyncio.run(
        serve(
            host=told.host,
            smtp_port=told.smtp_port,
            http_port=told.http_port,
            state=told.state,
            secret=os.environ.get("SMS_SINK_SECRET", ""),
        )
    )


def _tell(callback: str, reference: str, secret: str) -> None:
    """Say that a text was delivered; whoever does not listen misses it."""
    body = json.dumps({"id": reference, "status": "delivered"})
    moment = datetime.now(UTC)
    request = urllib.request.Request(
        callback,
        data=body.encode(),
        headers={
            "Content-Type": "application/json",
            "webhook-id": reference,
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": Signer(secret).sign(reference, moment, body),
        },
    )
    with contextlib.suppress(OSError):
        urllib.request.urlopen(request, timeout=5).close()


def _shown_text(text: Text) -> str:
    return (
        f"<article><h2>{html.escape(text.to)}</h2><p><time>{html.escape(text.received_at)}</time>"
        f"</p><pre>{html.escape(text.text)}</pre></article>"
    )


def _body(message: EmailMessage, kind: str) -> str:
    try:
        part = message.get_body(preferencelist=(kind,))
        return str(part.get_content()) if part is not None else ""
    except (LookupError, ValueError, KeyError):
        return ""  # A part that can't be decoded; the mail still arrived.


def _shown(mail: Mail) -> str:
    subject = html.escape(mail.subject) or "(no subject)"
    return (
        f"<article><h2><a href='/messages/{mail.number}'>{subject}</a></h2>"
        f"<p>{html.escape(mail.sender)} → {html.escape(', '.join(mail.recipients))} · "
        f"<time>{html.escape(mail.received_at)}</time></p>"
        f"<pre>{html.escape(mail.text)}</pre></article>"
    )


_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Sandbox mail</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
:root { color-scheme: light dark; } body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 48rem; padding: 0 1rem; }
article { border-top: 1px solid; padding: .5rem 0; } h2 { font-size: 1.1rem; margin: .25rem 0; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; }</style>
<h1>Sandbox mail</h1><p>Every mail that the platform has sent, newest first. None of it left this machine.</p>
{mails}<h1>Sandbox text messages</h1>{texts}</html>
"""  # noqa: E501 -- a page, not code.


if __name__ == "__main__":
    main()

"""The sandbox's post office, given real mail over SMTP."""

import asyncio
import smtplib
import socket
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest
from aiosmtpd.smtp import SMTP

from sandbox import mail_sink
from sandbox.mail_sink import Sink
from tests.acquirer.serving import served


@pytest.fixture
def post_office(tmp_path: Path) -> Iterator[tuple[int, Sink]]:
    """A sink behind a real SMTP port."""
    sink = Sink(tmp_path / "mail.jsonl")
    loop = asyncio.new_event_loop()
    listening = socket.create_server(("127.0.0.1", 0))
    server = loop.run_until_complete(
        loop.create_server(lambda: SMTP(sink, enable_SMTPUTF8=True, loop=loop), sock=listening)
    )
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield listening.getsockname()[1], sink

    async def close() -> None:
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)

    asyncio.run_coroutine_threadsafe(close(), loop).result(5)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)
    loop.close()


def send(port: int, *, to: str, subject: str, text: str, html: str = "") -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "shop@example.com", to, subject
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
    with smtplib.SMTP("127.0.0.1", port, timeout=5) as smtp:
        smtp.send_message(mail)


def test_keeps_what_it_gets_and_shows_it(post_office):
    port, sink = post_office
    send(
        port,
        to="ada@example.com",
        subject="Receipt over 42,50 €",
        text="Grüße",
        html="<b>Grüße</b>",
    )
    send(port, to="bob@example.com", subject="<script>", text="second")

    with served(mail_sink.app(sink)) as web:
        _look(web)


def _look(web: httpx.Client) -> None:
    found = web.get("/messages", params={"to": "ada@example.com"}).json()["messages"]

    assert [
        (m["subject"], m["recipients"], m["text"].strip(), m["html"].strip()) for m in found
    ] == [("Receipt over 42,50 €", ["ada@example.com"], "Grüße", "<b>Grüße</b>")]
    assert [m["number"] for m in web.get("/messages").json()["messages"]] == [2, 1]
    assert "&lt;script&gt;" in web.get("/").text
    assert "sandbox" in web.get("/messages/1").headers["content-security-policy"]
    assert web.get("/messages/3").status_code == 404


def test_mail_survives_a_restart_until_it_is_deleted(post_office, tmp_path):
    port, sink = post_office
    send(port, to="ada@example.com", subject="Hello", text="x")

    again = Sink(tmp_path / "mail.jsonl")
    assert [mail.subject for mail in again.mails()] == ["Hello"]

    with served(mail_sink.app(sink)) as web:
        assert web.delete("/messages").json() == {"deleted": 1}
    assert Sink(tmp_path / "mail.jsonl").mails() == []

"""Django behind the event loop: the request arrives whole, and so does the answer."""

import asyncio

import pytest

from config import asgi


def ask(path="/livez", *, method="GET", headers=(), pieces=(b"",), query=b"") -> dict:
    """Serve one request through the ASGI callable and return what it sent."""
    sent: list[dict] = []
    waiting = [
        {"type": "http.request", "body": piece, "more_body": number < len(pieces) - 1}
        for number, piece in enumerate(pieces)
    ]

    async def receive():
        return waiting.pop(0)

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "headers": [(b"host", b"localhost"), *headers],
        "server": ("localhost", 80),
        "client": ("127.0.0.1", 5),
        "scheme": "http",
    }
    asyncio.run(asgi.application(scope, receive, send))
    start, body = sent
    return {
        "status": start["status"],
        "headers": dict(start["headers"]),
        "body": body["body"],
    }


@pytest.fixture
def echo(monkeypatch):
    """Put a WSGI application behind the bridge that tells what it got."""
    got = {}

    def application(environ, start_response):
        got.update(environ)
        got["body"] = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))

        class Answer(list):
            def close(self):
                got["closed"] = True

        start_response("201 Created", [("X-One", "1"), ("Set-Cookie", "a=b")])
        return Answer([b"he", b"llo"])

    monkeypatch.setattr(asgi, "django", application)
    return got


@pytest.mark.django_db
def test_an_answer_of_django_comes_back_whole():
    answer = ask()
    assert (answer["status"], answer["body"]) == (200, b'{"status": "live"}')


def test_the_request_arrives_as_it_was_sent(echo):
    answer = ask(
        "/v1/caf%C3%A9",
        method="POST",
        query=b"a=1&b=%20",
        headers=[
            (b"content-type", b"text/x"),
            (b"x-twice", b"1"),
            (b"x-twice", b"2"),
            (b"cookie", b"a=1"),
            (b"cookie", b"b=2"),
            (b"x_forged", b"under"),
        ],
        pieces=(b"ab", b"", b"cd"),
    )
    assert answer["status"] == 201
    assert answer["body"] == b"hello"
    assert answer["headers"][b"content-length"] == b"5"
    assert echo["PATH_INFO"].encode("latin-1").decode() == "/v1/café"
    assert echo["QUERY_STRING"] == "a=1&b=%20"
    assert (echo["CONTENT_TYPE"], echo["HTTP_X_TWICE"], echo["HTTP_COOKIE"]) == (
        "text/x",
        "1,2",
        "a=1; b=2",
    )
    assert echo["body"] == b"abcd"
    assert echo["closed"]


def test_a_header_with_an_underscore_cannot_pass_for_another(echo):
    ask(headers=[(b"x_forwarded_for", b"1.2.3.4")])
    assert "HTTP_X_FORWARDED_FOR" not in echo


def test_a_body_past_the_limit_is_counted_but_not_kept(echo, monkeypatch):
    monkeypatch.setattr(asgi, "_LARGEST_BODY", 3)
    ask(method="POST", pieces=(b"ab", b"cd", b"ef"))
    assert (echo["CONTENT_LENGTH"], echo["body"]) == ("6", b"ab")


def test_it_is_imported_first_as_a_server_does():
    """Nothing that it imports needs the framework to be ready before."""
    import os
    import subprocess
    import sys

    ran = subprocess.run(
        [sys.executable, "-c", "import config.asgi"],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr[-1500:]

"""The public doors, as strangers use them: the official SDK, plain JSON, and a browser's forms."""

import re
from collections.abc import Mapping
from html import unescape
from typing import Any
from uuid import uuid4

import httpx
import stripe

stripe.enable_telemetry = False


def sdk(base_url: str, key: str) -> stripe.StripeClient:
    """Return the official SDK, pointed at us alone: without all four it would call home."""
    return stripe.StripeClient(
        key,
        base_addresses={
            "api": base_url,
            "connect": base_url,
            "files": base_url,
            "meter_events": base_url,
        },
        max_network_retries=0,
        http_client=stripe.RequestsClient(),
    )


class Answered(Exception):
    """The API answered with something else than 200."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        request = response.request
        super().__init__(
            f"{request.method} {request.url.path}: {response.status_code} {response.text[:300]}"
        )


class Api:
    """Plain JSON with a Bearer key: what curl does."""

    def __init__(self, base_url: str, key: str) -> None:
        self.http = httpx.Client(
            base_url=base_url, headers={"Authorization": f"Bearer {key}"}, timeout=30
        )

    def get(self, path: str, **query: Any) -> Any:
        """Read one object or list."""
        response = self.http.get(path, params=query)
        if response.status_code != 200:
            raise Answered(response)
        return response.json()

    def post(
        self, path: str, body: Mapping[str, Any] | None = None, *, key: str | None = None
    ) -> Any:
        """Create or change something, once."""
        response = self.post_raw(path, body, key=key)
        if response.status_code != 200:
            raise Answered(response)
        return response.json()

    def post_raw(
        self, path: str, body: Mapping[str, Any] | None = None, *, key: str | None = None
    ) -> httpx.Response:
        """Create or change something and return the whole answer."""
        headers = {"Idempotency-Key": key or str(uuid4())}
        return self.http.post(path, json=body or {}, headers=headers)


class Browser:
    """A person with a browser without scripts: follows links, fills in forms, keeps cookies."""

    def __init__(self, base_url: str) -> None:
        self.http = httpx.Client(base_url=base_url, follow_redirects=True, timeout=30)

    def open(self, path: str) -> str:
        """Look at a page."""
        response = self.http.get(path)
        if response.status_code != 200:
            raise Answered(response)
        return response.text

    def submit(self, path: str, fields: Mapping[str, str]) -> str:
        """Open a page, fill in its form with what it hides and what we say, and send it."""
        page = self.http.get(path)
        if page.status_code != 200:
            raise Answered(page)
        # Where the way to the page ended: a door that asks who we are remembers what we wanted.
        told = {**_hidden(page.text), **fields}
        response = self.http.post(page.url, data=told, headers={"Referer": str(page.url)})
        if response.status_code != 200:
            raise Answered(response)
        return response.text

    def sign_in(self, email: str, password: str) -> str:
        """Sign in with a mail address and a password."""
        return self.submit("/accounts/login/", {"login": email, "password": password})


def _hidden(page: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for tag in re.findall(r"<input\b[^>]*>", page):
        told = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if told.get("type") == "hidden" and "name" in told:
            found[told["name"]] = unescape(told.get("value", ""))
    return found

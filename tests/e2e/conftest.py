"""
One instance with its story, one Chromium, and people at their windows.

Collected by `python -m tests.e2e` only: these tests have servers of their own.
"""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from fintech.kernel import ids
from sandbox.client import Api
from sandbox.instance import Instance
from sandbox.progress import Progress
from tests.e2e import chromium, doing, watching

if not os.environ.get("E2E"):
    collect_ignore_glob = ["*"]

_PORT = 19_000
_PATIENCE_MS = 8_000


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "job(who, what, how=''): a job of ux.md that this does")
    config.addinivalue_line("markers", "share: runs in every make test")


@dataclass(slots=True)
class World:
    """A running instance and who may enter it."""

    instance: Instance
    logins: dict[str, Any]
    browser: Browser
    cookies: dict[str, Any] = field(default_factory=dict)

    @property
    def base(self) -> str:
        return self.instance.base_url

    @property
    def api(self) -> Api:
        return Api(self.base, self.logins["secret_key"])

    def window(
        self, who: str = "", *, width: int = 1360, scripts: bool = True, theme: str = "light"
    ) -> BrowserContext:
        """Open a window of somebody; people sign in once and stay signed in."""
        context = self.browser.new_context(
            base_url=self.base,
            viewport={"width": width, "height": 900},
            java_script_enabled=scripts,
            color_scheme="dark" if theme == "dark" else "light",
            storage_state=self._signed_in(who) if who else None,
            accept_downloads=True,
            reduced_motion="reduce",
        )
        context.set_default_timeout(_PATIENCE_MS)
        watching.watch(context, self.base.removeprefix("http://"))
        return context

    def _signed_in(self, who: str) -> Any:
        if who not in self.cookies:
            context = self.window()
            page = context.new_page()
            page.goto("/login?next=/admin/" if who == "staff" else "/login")
            page.get_by_label("Email").fill(self.logins[who]["email"])
            page.get_by_label("Password").fill(self.logins[who]["password"])
            page.get_by_role("button", name="Sign in", exact=True).click()
            page.wait_for_url(lambda url: "/accounts/login" not in url)
            self.cookies[who] = context.storage_state()
            context.close()
        return self.cookies[who]


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    state = Path(tempfile.mkdtemp(prefix="fintech-e2e-"))
    state.chmod(0o711)  # The database's own account walks through it.
    payments = "160" if os.environ["E2E"] == "share" else "500"
    instance = Instance(state, base_port=_PORT, progress=Progress(sys.stderr), throwaway=True)
    try:
        with instance, sync_playwright() as playwright:
            kept = state / "logins.json"
            instance.seed("--payments", payments, "--logins", str(kept))
            browser = playwright.chromium.launch(
                executable_path=chromium.path(), args=list(chromium.ARGUMENTS)
            )
            watching.SEEN.browser = browser.version
            yield World(instance, json.loads(kept.read_text()), browser)
            browser.close()
    finally:
        shutil.rmtree(state, ignore_errors=True)


@pytest.fixture
def window(world) -> Iterator[Callable[..., Page]]:
    """Open windows that close when the test is over."""
    opened = []

    def open_one(who: str = "owner", **looks: Any) -> Page:
        opened.append(world.window(who, **looks))
        return opened[-1].new_page()

    yield open_one
    for context in opened:
        context.close()


@pytest.fixture(scope="session")
def places(world) -> dict[str, str]:
    """One of everything that a page is about, by the name that addresses use."""
    return one_of_everything(world)


def one_of_everything(world: World) -> dict[str, str]:
    """Make what the addresses of pages name."""
    api = world.api
    paid = {"amount": 4250, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True}
    customer = api.post("/v1/customers", {"email": "ada@example.com", "name": "Ada Payer"})
    payment = api.post(
        "/v1/payment_intents", {**paid, "customer": customer["id"], "description": "Order 1"}
    )
    authorized = api.post("/v1/payment_intents", {**paid, "capture_method": "manual"})
    refused = api.post_raw(
        "/v1/payment_intents", {**paid, "payment_method": "pm_card_chargeDeclined"}
    ).json()
    links = [
        api.post("/v1/payment_links", {"title": title, "amount": 1200, "currency": "eur"})
        for title in ("A book", "An old book")
    ]
    api.post(f"/v1/payment_links/{links[1]['id']}", {"active": False})
    endpoint = api.post(
        "/v1/webhook_endpoints", {"url": f"{world.base}/nobody", "enabled_events": ["*"]}
    )
    challenged = api.post(
        "/v1/payment_intents", {**paid, "payment_method": "pm_card_threeDSecure2Required"}
    )
    thanks, choices = _paid(world, links[0]["url"])
    sessions = [doing.checkout_session(world)["url"].rsplit("/", 1)[1] for _ in range(2)]
    gone = api.get("/v1/checkout/sessions", limit=1)["data"][0]["id"]
    api.post(f"/v1/checkout/sessions/{gone}/expire", {})
    return {
        "month": f"{datetime.now(UTC):%Y-%m}",
        "customer": customer["id"],
        "payment": payment["id"],
        "authorized": authorized["id"],
        "declined": refused["error"]["payment_intent"]["id"],
        "link": links[0]["url"].rsplit("/", 1)[1],
        "closed": links[1]["url"].rsplit("/", 1)[1],
        "endpoint": str(ids.parse("we", endpoint["id"])),
        "line": _first(world, "/dashboard/requests?show=failed", "Replay").split("/")[-2],
        "event": _first(world, "/dashboard/events", "payment_intent.succeeded").split("/")[-1],
        "thanks": thanks,
        "session": sessions[0],
        "expired": sessions[1],
        "choices": choices,
        "challenge": urlsplit(challenged["next_action"]["redirect_to_url"]["url"]).path,
    }


def _paid(world: World, address: str) -> tuple[str, str]:
    """Pay at a link; return where it thanks, and the token of where messages are chosen."""
    context = world.window()
    page = context.new_page()
    page.goto(urlsplit(address).path)
    doing.pay_with(page)
    choose = page.get_by_role("link", name="Choose which messages you get")
    token = (choose.get_attribute("href") or "").rsplit("/", 1)[1]
    thanks = urlsplit(page.url).path
    context.close()
    return thanks, token


def _first(world: World, page_address: str, name: str) -> str:
    """Return where the first link of a name leads, once the page has it."""
    context = world.window("owner")
    page = context.new_page()
    for _ in range(40):
        page.goto(page_address)
        if page.get_by_role("link", name=name).count():
            break
        page.wait_for_timeout(250)
    address = page.get_by_role("link", name=name).first.get_attribute("href") or ""
    context.close()
    return address


@pytest.fixture(autouse=True)
def _nothing_was_broken() -> Iterator[None]:
    """Every test also fails by a breach of the policy, a stranger asked, or a script's error."""
    before = [
        list(watching.SEEN.violations),
        list(watching.SEEN.foreign),
        list(watching.SEEN.errors),
    ]
    yield
    after = [watching.SEEN.violations, watching.SEEN.foreign, watching.SEEN.errors]
    assert after == before

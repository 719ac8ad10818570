"""What the whole suite keeps an eye on: the policy, other hosts, and what axe finds."""

from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request

_POLICY = "Content Security Policy"
_ELSEWHERE = {"http", "https", "ws", "wss"}


@dataclass(slots=True)
class Seen:
    """What was seen so far."""

    violations: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    serious: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    requests: int = 0
    axe_runs: int = 0
    browser: str = ""


SEEN = Seen()


def watch(context: BrowserContext, host: str, seen: Seen = SEEN) -> None:
    """Note every breach of the policy, every error of a script, every request to a stranger."""

    def console(message: ConsoleMessage) -> None:
        if _POLICY in message.text:
            seen.violations.append(f"{message.page.url if message.page else ''}: {message.text}")

    def request(one: Request) -> None:
        seen.requests += 1
        parts = urlsplit(one.url)
        if parts.scheme in _ELSEWHERE and parts.netloc != host:
            seen.foreign.append(one.url)

    context.on("console", console)
    context.on("request", request)
    context.on("weberror", lambda error: seen.errors.append(str(error.error)))


@cache
def _axe() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text()


def axe(page: Page, name: str, seen: Seen = SEEN) -> list[str]:
    """Return the serious and critical findings of axe on a page, each in a line."""
    seen.axe_runs += 1
    page.evaluate(_axe())
    told: dict[str, Any] = page.evaluate(
        "() => axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', "
        "'wcag22aa', 'best-practice'], resultTypes: ['violations']})"
    )
    found = [
        f"{name}: {one['impact']} {one['id']}: {one['help']}: "
        + " | ".join(node["html"][:160] for node in one["nodes"][:3])
        for one in told["violations"]
        if one["impact"] in {"serious", "critical"}
    ]
    seen.serious += found
    return found

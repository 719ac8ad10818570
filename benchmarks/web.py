"""
How quick the pages are with 200,000 payments behind them, beside Django admin's own list.

    make bench-web            (PAYMENTS=200000 ROUNDS=30; the history is kept in .run/large)

Server times are of whole answers over loopback, one request at a time; LCP and sizes are
Chromium's. Writes benchmarks/results/web.json and ends with 1 when a limit is missed.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from benchmarks.seed_large import OWNER
from sandbox.client import Browser
from sandbox.instance import Instance
from sandbox.progress import Progress
from sandbox.supervisor import Service

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / ".run" / "large"
RESULTS = ROOT / "benchmarks" / "results" / "web.json"
PAYMENTS = int(os.environ.get("PAYMENTS", "200000"))
ROUNDS = int(os.environ.get("ROUNDS", "30"))
STAFF = ("staff@large.example", "river-stone-harbor")
P95_MS, LCP_MS, PAGE_BYTES, PAY_BYTES = 200, 1_500, 250_000, 100_000

LISTS = {
    "home": "/dashboard/",
    "home, 90 days": "/dashboard/?days=90",
    "payments": "/dashboard/payments",
    "payments, captured": "/dashboard/payments?state=captured",
    "payments, to capture": "/dashboard/payments?state=authorized",
    "payments, in review": "/dashboard/payments?state=in_review",
    "payments, declined": "/dashboard/payments?state=declined",
    "payments, refunded": "/dashboard/payments?state=refunded",
    "payments, canceled": "/dashboard/payments?state=canceled",
    "payments, a rare amount": "/dashboard/payments?currency=EUR&min=900&max=901",
    "payments, one day": "/dashboard/payments?days=1",
    "payments, declined, rare": "/dashboard/payments?state=declined&currency=EUR&min=900&max=901",
    "payments, far back": "/dashboard/payments?after={far}",
    "search, an amount": "/dashboard/search?q=42.50",
    "search, a mail": "/dashboard/search?q=payer7@example.com",
    "payments, a card": "/dashboard/payments?last4=4242",
    "search, a card": "/dashboard/search?q=4242",
    "search, a day": "/dashboard/search?q=yesterday",
    "refunds": "/dashboard/refunds",
    "refunds, those that failed": "/dashboard/refunds?state=failed",
    "customers": "/dashboard/customers",
    "customers, by mail": "/dashboard/customers?email=payer7@example.com",
    "a customer": "/dashboard/customers/{customer}",
    "payment links": "/dashboard/links",
    "balance": "/dashboard/balance",
    "balance, refunds": "/dashboard/balance?kind=refund",
    "balance, one month": "/dashboard/balance?days=30",
    "balance, far back": "/dashboard/balance?after={movement}",
    "wallets": "/dashboard/wallets",
    "API keys": "/dashboard/keys",
    "webhooks": "/dashboard/webhooks",
    "requests": "/dashboard/requests",
    "requests, failed": "/dashboard/requests?show=failed",
    "team": "/dashboard/team",
    "exports": "/dashboard/exports",
    "a payment": "/dashboard/payments/{payment}",
}
BESIDE = {"Django admin's list of payments": "/admin/payments/payment/"}


class WebAlone(Instance):
    """The web server and the databases: nothing else takes the machine's time meanwhile."""

    def services(self) -> list[Service]:
        """Return the web server."""
        return [one for one in super().services() if one.name == "web"]


def main() -> int:
    """Seed once, measure, compare, write down."""
    progress = Progress(sys.stderr)
    instance = WebAlone(STATE, base_port=17_000, progress=progress)
    with instance:
        shop = _seeded(instance, progress)
        places = _places(instance, shop)
        with progress.step(f"{ROUNDS} rounds of {len(LISTS)} pages"):
            pages = _measure(_signed_in(instance), LISTS, places)
            beside = _measure(_staff(instance), BESIDE, places)
        with progress.step("a large export"):
            export = _export(instance, _signed_in(instance))
        seen = _in_chromium(instance, places)
    limits = _limits(pages, seen)
    told = {
        "commit": _commit(),
        "workload": {"payments": shop["payments"], "rounds": ROUNDS, "clients": 1},
        "server": {"workers": "as make demo", "machine_cores": os.cpu_count()},
        "pages": pages,
        "beside": beside,
        "ratio_p95": {
            name: round(pages["payments"]["p95_ms"] / one["p95_ms"], 2)
            for name, one in beside.items()
        },
        "export": export,
        "chromium": seen,
        "limits": limits,
    }
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(told, indent=1) + "\n")
    _show(told)
    return 0 if all(limits.values()) else 1


def _seeded(instance: Instance, progress: Progress) -> dict[str, Any]:
    """Return who owns the history; make it first where there is none."""
    kept = STATE / "large.json"
    if kept.exists():
        told: dict[str, Any] = json.loads(kept.read_text())
        return told
    with progress.step(f"a history of {PAYMENTS:,} payments"):
        command = [sys.executable, "-m", "benchmarks.seed_large", "--payments", str(PAYMENTS)]
        lines = instance.run(command, timeout_s=3_600).stdout.strip().splitlines()
    told = {**json.loads(lines[-1]), "payments": PAYMENTS, "seeded": lines[-3:-1]}
    kept.write_text(json.dumps(told))
    return told


def _places(instance: Instance, shop: dict[str, Any]) -> dict[str, str]:
    api = httpx.Client(
        base_url=instance.base_url, headers={"Authorization": f"Bearer {shop['key']}"}, timeout=30
    )
    link = api.post(
        "/v1/payment_links", json={"title": "A book", "amount": 1200, "currency": "eur"}
    ).json()
    payments = api.get("/v1/payment_intents", params={"limit": 1}).json()["data"]
    customers = api.get("/v1/customers", params={"limit": 1}).json()["data"]
    movement = ""
    for _ in range(5):  # Five hundred movements back.
        after = {"starting_after": movement} if movement else {}
        listed = api.get("/v1/balance_transactions", params={"limit": 100, **after}).json()["data"]
        movement = listed[-1]["id"]
    months_ago_us = (int(time.time()) - 120 * 86_400) * 1_000_000
    return {
        "payment": payments[0]["id"],
        "customer": customers[0]["id"],
        "link": link["url"].rsplit("/", 1)[1],
        "movement": movement,
        "far": f"{months_ago_us}-{'f' * 32}",
    }


def _signed_in(instance: Instance) -> httpx.Client:
    browser = Browser(instance.base_url)
    browser.sign_in(*OWNER)
    return browser.http


def _staff(instance: Instance) -> httpx.Client:
    try:
        instance.open_back_office(email=STAFF[0], password=STAFF[1])
    except Exception as known:
        if "already" not in str(known) and "unique" not in str(known).lower():
            raise
    browser = Browser(instance.base_url)
    browser.submit("/admin/", {"login": STAFF[0], "password": STAFF[1]})
    return browser.http


def _measure(
    http: httpx.Client, pages: dict[str, str], places: dict[str, str]
) -> dict[str, dict[str, Any]]:
    """Ask for every page in turn, round by round, so that each meets the same weather."""
    took: dict[str, list[float]] = {name: [] for name in pages}
    size: dict[str, int] = {}
    for number in range(ROUNDS + 2):
        for name, address in pages.items():
            began = time.perf_counter()
            answer = http.get(address.format(**places), follow_redirects=True)
            milliseconds = (time.perf_counter() - began) * 1000
            if answer.status_code != httpx.codes.OK:
                message = f"{name}: {answer.status_code}"
                raise RuntimeError(message)
            size[name] = len(answer.content)
            if number >= 2:  # The first two warm up.
                took[name].append(milliseconds)
    return {
        name: {
            "p50_ms": round(statistics.median(times), 1),
            "p95_ms": round(sorted(times)[max(0, -(-len(times) * 95 // 100) - 1)], 1),
            "html_bytes": size[name],
            "rounds_ms": [round(one, 1) for one in times],
        }
        for name, times in took.items()
    }


def _export(instance: Instance, http: httpx.Client) -> dict[str, Any]:
    """Ask for all payments as a CSV, and wait for it as a person would."""
    page = http.get("/dashboard/payments/export?form=csv").text
    token = page.split('name="csrfmiddlewaretoken" value="', 1)[1].split('"', 1)[0]
    began = time.monotonic()
    form = {"csrfmiddlewaretoken": token, "query": "", "form": "csv"}
    http.post("/dashboard/exports/ask", data=form, headers={"Referer": str(http.base_url)})
    instance.run([sys.executable, "-c", _WRITE], timeout_s=600)
    seconds = time.monotonic() - began
    shown = http.get("/dashboard/exports/progress").text
    address = shown.split('href="/dashboard/exports/', 1)[1].split('"', 1)[0]
    body = http.get(f"/dashboard/exports/{address}").content
    rows = body.count(b"\r\n") - 1
    return {"rows": rows, "seconds": round(seconds, 1), "rows_per_s": round(rows / seconds)}


def _in_chromium(instance: Instance, places: dict[str, str]) -> dict[str, Any]:
    """Measure the largest contentful paint and what goes over the wire, cold, five times each."""
    from playwright.sync_api import sync_playwright

    from tests.e2e import chromium

    program = chromium.path()
    if program is None:
        print(chromium.MISSING, file=sys.stderr)
        return {}
    pages = {
        "home": "/dashboard/",
        "payments": "/dashboard/payments",
        "a payment": "/dashboard/payments/{payment}",
        "the payer's page": "/pay/{link}",
    }
    told = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(chromium.ARGUMENTS))
        first = browser.new_context(base_url=instance.base_url)
        page = first.new_page()
        page.goto("/login")
        page.get_by_label("Email").fill(OWNER[0])
        page.get_by_label("Password").fill(OWNER[1])
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.wait_for_url(lambda url: "/accounts/login" not in url)
        cookies = first.storage_state()
        for name, address in pages.items():
            paints, sent = [], 0
            for _ in range(5):
                context = browser.new_context(base_url=instance.base_url, storage_state=cookies)
                page = context.new_page()
                page.goto(address.format(**places), wait_until="networkidle")
                paints.append(page.evaluate(_LCP))
                sent = page.evaluate(_SENT)
                context.close()
            told[name] = {"lcp_ms": sorted(round(one) for one in paints), "bytes": sent}
        browser.close()
    return told


_WRITE = """
import os, django
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings"); django.setup()
from fintech.web import exporting
exporting.write_due()
"""
_LCP = """() => new Promise((resolve) => new PerformanceObserver(
  (list) => resolve(list.getEntries().at(-1).startTime)
).observe({type: 'largest-contentful-paint', buffered: true}))"""
_SENT = """() => ['navigation', 'resource']
  .flatMap((kind) => performance.getEntriesByType(kind))
  .reduce((sum, one) => sum + one.transferSize, 0)"""


def _limits(pages: dict[str, Any], seen: dict[str, Any]) -> dict[str, bool]:
    limits = {
        f"p95 of {name} ≤ {P95_MS} ms": one["p95_ms"] <= P95_MS for name, one in pages.items()
    }
    for name, one in seen.items():
        most = PAY_BYTES if name == "the payer's page" else PAGE_BYTES
        limits[f"LCP of {name} ≤ {LCP_MS} ms"] = max(one["lcp_ms"]) <= LCP_MS
        limits[f"{name} ≤ {most} bytes"] = one["bytes"] <= most
    return limits


def _show(told: dict[str, Any]) -> None:
    print(f"{told['workload']['payments']:,} payments, {ROUNDS} rounds, one client")
    for name, one in {**told["pages"], **told["beside"]}.items():
        print(f"  {name:<34} p50 {one['p50_ms']:>7} ms   p95 {one['p95_ms']:>7} ms")
    print(f"  our list ÷ admin's list, p95: {told['ratio_p95']}")
    print(f"  export: {told['export']}")
    for name, one in told["chromium"].items():
        print(f"  {name:<34} LCP {one['lcp_ms']} ms, {one['bytes']:,} bytes")
    for name, holds in told["limits"].items():
        if not holds:
            print(f"  missed: {name}")
    print(f"{sum(told['limits'].values())} of {len(told['limits'])} limits hold")


def _commit() -> str:
    told = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return told.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())

"""standardwebhooks in Python and in JavaScript, on deliveries of ours and on forged ones."""

import json
import os
import subprocess
import urllib.request
from pathlib import Path

from checking import API_KEY, BASE_URL, Hooks, check, raises, run, same
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

HERE = Path(__file__).parent
kept: dict = {}


def post(path: str, body: dict) -> dict:
    """Ask the API in plain JSON."""
    request = urllib.request.Request(
        BASE_URL + path,
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {API_KEY}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def in_javascript(body: bytes, headers: dict, secret: str) -> str:
    """What the JavaScript library says of a delivery."""
    done = subprocess.run(
        ["node", str(HERE / "webhooks.mjs")],
        input=json.dumps({"body": body.decode(), "headers": headers, "secret": secret}),
        env={**os.environ},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return done.stdout.strip()


@check("a delivery comes, with its three headers")
def _():
    hooks = Hooks()
    made = post(
        "/v1/webhook_endpoints",
        {"url": hooks.url, "enabled_events": ["payment_intent.succeeded"]},
    )
    order = {"amount": 4250, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True}
    paid = post("/v1/payment_intents", order)
    headers, body = hooks.first("payment_intent.succeeded", about=paid["id"])
    low = {name.lower(): value for name, value in headers.items()}
    kept.update(secret=made["secret"], body=body, headers=low)
    same({"webhook-id", "webhook-timestamp", "webhook-signature"} <= low.keys(), True)


@check("Python verifies it")
def _():
    told = Webhook(kept["secret"]).verify(kept["body"], kept["headers"])
    same(told["type"], "payment_intent.succeeded")


@check("Python refuses another body, another id, another time and another secret")
def _():
    hook, body, headers = Webhook(kept["secret"]), kept["body"], kept["headers"]
    for forged, told in (
        (body + b" ", headers),
        (body, {**headers, "webhook-id": "evt_0"}),
        (body, {**headers, "webhook-timestamp": str(int(headers["webhook-timestamp"]) - 301)}),
    ):
        raises(WebhookVerificationError, lambda f=forged, t=told: hook.verify(f, t))
    other = Webhook("whsec_" + "A" * 32)
    raises(WebhookVerificationError, lambda: other.verify(body, headers))


@check("JavaScript verifies it")
def _():
    told = in_javascript(kept["body"], kept["headers"], kept["secret"])
    same(told, "payment_intent.succeeded")


@check("JavaScript refuses another body")
def _():
    told = in_javascript(kept["body"] + b" ", kept["headers"], kept["secret"])
    same(told, "refused")


run()

"""
Signatures, verified by strangers' packages in Python and in JavaScript, across a rotation.

The JavaScript ones are no packages of ours: `npm install stripe standardwebhooks` anywhere, and
name that folder's `node_modules` in STRIPE_NODE_MODULES (`make prove-notifications` does so).
"""

import json
import os
import shutil
import subprocess
import time
from datetime import timedelta
from pathlib import Path

import pytest
import standardwebhooks
import stripe

from fintech.notifications import services as notifications
from fintech.notifications.channels import webhook
from tests.make import merchants as make_merchants
from tests.make import notifications as make

NOON, BY = make_merchants.NOON, make_merchants.BY
SCRIPT = Path(__file__).with_name("verifying.mjs")
MODULES = os.environ.get("STRIPE_NODE_MODULES", "")
HAS_NODE = bool(MODULES and shutil.which("node") and (Path(MODULES) / "standardwebhooks").is_dir())
NAMES = (
    "O'Neil & Söhne",
    "متجر الكتب",
    "李 \N{BOOKS} \N{COMBINING ACUTE ACCENT}",
    '"quoted" \\ {name} {% x %} <b>',
)


@pytest.fixture
def cases(merchant, receiver):
    """What was really received, and who verifies it: before, during and after a rotation."""
    endpoint = make.endpoint(merchant, receiver.url)
    first = endpoint.secret
    found = []

    def told(at, *secrets):
        for name in NAMES:
            make.customer(merchant, name=name, at=at)
        make.told_so_far()
        seen = len(receiver.received)
        notifications.deliver_due(at)
        found.extend(
            (received, secret, known)
            for received in receiver.received[seen:]
            for secret, known in secrets
        )

    told(NOON, (first, True))
    rolled = notifications.roll_secret(
        endpoint_id=endpoint.id, merchant_id=merchant.id, by=BY, at=NOON
    ).secret
    during = NOON + timedelta(hours=23)
    told(during, (first, True), (rolled, True))
    told(NOON + timedelta(hours=25), (first, False), (rolled, True))
    return found


def in_python(body, headers, secret):
    try:
        by_stripe = stripe.Webhook.construct_event(body, headers["Stripe-Signature"], secret)["id"]
    except stripe.SignatureVerificationError as refused:
        by_stripe = f"refused: {refused}"
    try:
        by_standard = standardwebhooks.Webhook(secret).verify(body, headers)["id"]
    except standardwebhooks.WebhookVerificationError as refused:
        by_standard = f"refused: {refused}"
    return {"stripe": by_stripe, "standardwebhooks": by_standard}


def in_javascript(asked):
    ran = subprocess.run(
        ["node", str(SCRIPT)],
        input=json.dumps(asked),
        env={**os.environ, "NODE_MODULES": MODULES},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    return [json.loads(line) for line in ran.stdout.splitlines()]


def verified(told, event_id):
    return told == {"stripe": event_id, "standardwebhooks": event_id}


def refused(told):
    return all(by.startswith("refused") for by in told.values())


def replayed(secret, age_s):
    body = b'{"id":"evt_1","object":"event"}'
    sent = webhook.Webhook(
        url="", event_id="evt_1", body=body, secrets=[secret], loopback_allowed=True
    )
    return {
        "body": body.decode(),
        "headers": webhook.headers(sent, timestamp=int(time.time()) - age_s),
        "secret": secret,
    }


@pytest.mark.django_db
def test_python_verifies_across_a_rotation(cases):
    assert len(cases) == len(NAMES) * 5
    for received, secret, known in cases:
        told = in_python(received.body, received.headers, secret)
        assert verified(told, received.headers["webhook-id"]) if known else refused(told)


@pytest.mark.django_db
@pytest.mark.skipif(not HAS_NODE, reason="no node, or STRIPE_NODE_MODULES is not set")
def test_javascript_verifies_across_a_rotation(cases):
    asked = [
        {"body": received.body.decode(), "headers": received.headers, "secret": secret}
        for received, secret, _ in cases
    ]
    for (received, _, known), told in zip(cases, in_javascript(asked), strict=True):
        assert verified(told, received.headers["webhook-id"]) if known else refused(told)


SECRET = "whsec_" + "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0"


def test_python_refuses_what_is_older_than_300_seconds():
    fresh, old = replayed(SECRET, 0), replayed(SECRET, 302)

    assert verified(in_python(fresh["body"].encode(), fresh["headers"], SECRET), "evt_1")
    assert refused(in_python(old["body"].encode(), old["headers"], SECRET))


@pytest.mark.skipif(not HAS_NODE, reason="no node, or STRIPE_NODE_MODULES is not set")
def test_javascript_refuses_what_is_older_than_300_seconds():
    fresh, old = in_javascript([replayed(SECRET, 0), replayed(SECRET, 302)])

    assert verified(fresh, "evt_1")
    assert refused(old)

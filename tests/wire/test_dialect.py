"""Foreign tokens: aliases of neutral names, in one module."""

from pathlib import Path

import pytest
import stripe

import fintech
from fintech.payments.providers import sandbox_cards
from fintech.wire import dialect

FOREIGN = ("Stripe", "pm_card_", "tok_")


@pytest.mark.parametrize("card", sandbox_cards.BY_CODE)
def test_every_sandbox_card_has_a_token(card):
    assert dialect.sandbox_card(dialect.card_token(card)) == card


@pytest.mark.parametrize("token", ["pm_card_unheardOf", "tok_", "visa", "pm_4242"])
def test_what_is_no_card_token_is_none(token):
    assert dialect.sandbox_card(token) is None


def test_a_signature_is_verified_by_the_official_sdk_while_a_secret_is_rolled():
    body = b'{"id":"evt_1","object":"event","type":"charge.captured"}'
    secrets = ["whsec_new", "whsec_old"]

    header = dialect.signature(body, secrets=secrets, timestamp=1_793_620_800)

    for secret in secrets:
        assert stripe.WebhookSignature.verify_header(body.decode(), header, secret, tolerance=None)


def test_a_version_that_is_not_the_pinned_one_is_pointed_out():
    assert dialect.answer_headers({}, status=200) == {}
    assert dialect.answer_headers({"Stripe-Version": "2020-08-27"}, status=429) == {
        "Stripe-Version": "2020-08-27",
        "API-Compat": "pinned=2026-10-28.endive",
        "Stripe-Should-Retry": "true",
    }


def test_foreign_tokens_stand_in_this_module_alone():
    root = Path(fintech.__file__).parent
    strays = [
        f"{path.relative_to(root)}:{number}"
        for path in sorted(root.rglob("*.py"))
        if path.name != "dialect.py"
        # A processor's own report is read, and a processor asked, under its own name.
        and not {"readers", "providers"} & set(path.parts)
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if any(token in line for token in FOREIGN)
    ]

    assert strays == []

"""
The official command line client, from its npm package, pinned: resource commands and triggers.

A trigger is a script of the client's own that chains several calls; it runs here when
every resource it touches exists here. Those that do not are named below, with why.
"""

import json
import os
import subprocess

from checking import API_KEY, BASE_URL, check, run, same

PROGRAM = os.environ["STRIPE_CLI"]
LINK = ("--remove", "price:recurring[interval]")  # Its price is a subscription's unless told.
# The events whose scripts use what is here, and what each needs besides payments.
TRIGGERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "balance.available": ("", ()),
    "charge.captured": ("", ()),
    "charge.dispute.closed": ("/v1/disputes/{id}/close", ()),
    "charge.dispute.created": ("", ()),
    "charge.dispute.updated": ("POST /v1/disputes/{id}", ()),
    "charge.failed": ("", ()),
    "charge.refund.updated": ("", ()),
    "charge.refunded": ("", ()),
    "charge.succeeded": ("", ()),
    "checkout.session.expired": ("/v1/checkout/sessions", LINK),
    "customer.created": ("", ()),
    "customer.deleted": ("", ()),
    "customer.updated": ("", ()),
    "payment_intent.amount_capturable_updated": (
        "",
        # The payer's challenge is answered on our page, so nothing is confirmed twice here.
        ("--override", "payment_intent:confirmation_method=automatic"),
    ),
    "payment_intent.canceled": ("", ()),
    "payment_intent.created": ("", ()),
    "payment_intent.payment_failed": ("", ()),
    "payment_intent.requires_action": ("", ()),
    "payment_intent.succeeded": ("", ()),
    "payment_link.created": ("/v1/products", LINK),
    "payment_link.updated": (
        "/v1/products",
        # There are no promotion codes here, and that is said rather than ignored.
        (*LINK, "--remove", "payment_link_updated:allow_promotion_codes"),
    ),
    "payment_method.attached": ("", ()),
    "payment_method.detached": ("", ()),
    "payment_method.updated": ("/v1/setup_intents", ()),
    "payout.created": ("POST /v1/payouts", ()),
    "payout.updated": ("POST /v1/payouts/{id}", ()),
    "price.created": ("/v1/prices", LINK),
    "price.updated": ("/v1/prices", LINK),
    "product.created": ("/v1/products", ()),
    "product.deleted": ("/v1/products", ()),
    "product.updated": ("/v1/products", ()),
    "setup_intent.canceled": ("/v1/setup_intents", ()),
    "setup_intent.created": ("/v1/setup_intents", ()),
    "setup_intent.requires_action": ("/v1/setup_intents", ()),
    "setup_intent.setup_failed": ("/v1/setup_intents", ()),
    "setup_intent.succeeded": ("/v1/setup_intents", ()),
}
NOT_HERE = {
    "checkout.session.completed": "uses a path that is nowhere documented",
    "checkout.session.async_payment_*": "uses a path that is nowhere documented",
    "customer.source.*": "stores cards by a path that new integrations do not use",
    "payment_intent.partially_funded": "needs bank transfers",
    "payment_intent.processing": "needs direct debit",
    "invoice, subscription, coupon, quote, plan, tax_rate, …": "billing is refused by name",
    "account, issuing, identity, transfer, topup, …": "not among the resources here",
}


def stripe(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one command of the client."""
    return subprocess.run(
        [PROGRAM, *arguments, "--api-key", API_KEY, "--api-base", BASE_URL],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def told(*arguments: str) -> dict:
    """Run a resource command, and read the object that it prints."""
    done = stripe(*arguments)
    if done.returncode:
        raise AssertionError((done.stdout + done.stderr)[-300:])
    # What it is about to remove it says first, in words.
    return json.loads(done.stdout[done.stdout.index("{") :])


kept: dict = {}


@check("customers create")
def _():
    kept["cus"] = told("customers", "create", "--name", "Ada", "-d", "metadata[a]=b")["id"]


@check("customers retrieve, update, list")
def _():
    same(told("customers", "retrieve", kept["cus"])["metadata"], {"a": "b"})
    same(told("customers", "update", kept["cus"], "--name", "Eve")["name"], "Eve")
    same(told("customers", "list", "--limit", "1")["object"], "list")


@check("payment_methods attach, list")
def _():
    made = told("payment_methods", "attach", "pm_card_visa", "--customer", kept["cus"])
    same(made["customer"], kept["cus"])
    same(len(told("payment_methods", "list", "--customer", kept["cus"])["data"]), 1)


@check("payment_intents create, confirm, capture, retrieve")
def _():
    made = told(
        *("payment_intents", "create", "--amount", "4250", "--currency", "eur"),
        *("--payment-method", "pm_card_visa", "--capture-method", "manual"),
    )
    kept["pi"] = made["id"]
    same(told("payment_intents", "confirm", made["id"])["status"], "requires_capture")
    same(told("payment_intents", "capture", made["id"])["status"], "succeeded")
    same(told("payment_intents", "retrieve", made["id"])["amount_received"], 4250)


@check("refunds create, list")
def _():
    made = told("refunds", "create", "--payment-intent", kept["pi"], "--amount", "100")
    same(made["status"], "succeeded")
    same(told("refunds", "list", "--limit", "1")["data"][0]["id"], made["id"])


@check("payment_intents cancel")
def _():
    made = told("payment_intents", "create", "--amount", "100", "--currency", "eur")
    same(told("payment_intents", "cancel", made["id"])["status"], "canceled")


@check("charges list; balance retrieve; balance_transactions list; events list")
def _():
    same(told("charges", "list", "--limit", "1")["object"], "list")
    same(told("balance", "retrieve")["object"], "balance")
    same(told("balance_transactions", "list", "--limit", "1")["object"], "list")
    same(told("events", "list", "--limit", "1")["object"], "list")


@check("webhook_endpoints create, delete")
def _():
    made = told(
        *("webhook_endpoints", "create", "--url", "https://example.com/a"),
        *("-d", "enabled_events[]=charge.succeeded"),
    )
    same(told("webhook_endpoints", "delete", made["id"], "--confirm")["deleted"], True)


@check("customers delete")
def _():
    same(told("customers", "delete", kept["cus"], "--confirm")["deleted"], True)


@check("own resources by plain post and get")
def _():
    made = told("post", "/v1/wallets", "-d", "currency=eur", "-d", "owner=Ada")
    same(told("get", f"/v1/wallets/{made['id']}")["owner"], "Ada")
    other = told("post", "/v1/wallets", "-d", "currency=eur")["id"]
    card = ("-d", "amount=900", "-d", "currency=eur", "-d", "payment_method=pm_card_visa")
    told("post", f"/v1/wallets/{made['id']}/top_ups", *card)
    ends = ("-d", f"source={made['id']}", "-d", f"destination={other}", "-d", "currency=eur")
    sent = told("post", "/v1/wallet_transfers", *ends, "-d", "amount=400")
    same((sent["status"], sent["amount"]), ("succeeded", 400))
    left = told("get", f"/v1/wallets/{made['id']}/balances")["balances"][0]["available"]
    same(left, 500)


def _trigger(event: str, more: tuple[str, ...], needs: str) -> None:
    @check(f"trigger {event}", needs=needs)
    def _():
        done = stripe("trigger", event, *more)
        if done.returncode:
            raise AssertionError((done.stdout + done.stderr)[-300:])


for _event, (_needs, _more) in TRIGGERS.items():
    _trigger(_event, _more, _needs)

if __name__ == "__main__":
    run()

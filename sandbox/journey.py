"""
One payment's journey through every room, by public doors only: HTTP, mail, files, commands.

Each step is a method that returns what is worth telling and raises when something is not as it
should be. The steps are run in order by `smoke`; the later ones look at what the earlier did.
"""

import json
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
import standardwebhooks
import stripe

from sandbox.client import Api, Browser, sdk
from sandbox.instance import Instance
from sandbox.receiver import Received, Receiver
from sandbox.tamper import one_byte_changed

PAYER = "payer@example.com"


class NotAsItShould(Exception):
    """A step saw something else than it must."""


def must(condition: object, what: str) -> None:
    """Refuse to go on when something is not as it should be."""
    if not condition:
        raise NotAsItShould(what)


def same(found: object, wanted: object, what: str) -> None:
    """Refuse to go on when a value is another than it should be."""
    if found != wanted:
        raise NotAsItShould(f"{what}: {found!r}, not {wanted!r}")


def eventually[T](look: Callable[[], T | None], what: str, *, timeout_s: float = 15) -> T:
    """Look again until there is something to see."""
    deadline = time.monotonic() + timeout_s
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise NotAsItShould(f"{what}: not in {timeout_s:.0f} s")
        time.sleep(0.02)


class Journey:
    """The steps, and what they remember for each other."""

    def __init__(self, instance: Instance, receiver: Receiver) -> None:
        self.instance, self.receiver = instance, receiver
        self.merchant: dict[str, Any] = {}
        self.webhook_secret = ""
        self.payment = ""
        self.refund = ""
        self.acquirer = httpx.Client(
            base_url=instance.acquirer_url, headers={"X-Api-Key": "sandbox"}, timeout=10
        )

    @property
    def api(self) -> Api:
        """Plain JSON with the merchant's key."""
        return Api(self.instance.base_url, self.merchant["secret_key"])

    @property
    def sdk(self) -> stripe.StripeClient:
        """The official SDK with the merchant's key."""
        return sdk(self.instance.base_url, self.merchant["secret_key"])

    def steps(self) -> Mapping[str, Callable[[], Mapping[str, Any] | None]]:
        """Return all steps by name, in the order in which they are run."""
        return {
            "merchant": self.open_merchant,
            "sdk_payment": self.pay_by_sdk,
            "ledger": self.look_at_ledger,
            "idempotent_replay": self.repeat,
            "declined": self.be_declined,
            "blocked": self.be_blocked,
            "wallet": self.use_wallet,
            "events": self.look_at_events,
            "webhook": self.verify_webhook,
            "mail": self.read_mail,
            "reconciliation": self.reconcile,
            "web": self.look_at_web,
            "invariants": self.check_invariants,
            "replay": self.replay,
            "audit": self.tamper,
        }

    # 1
    def open_merchant(self) -> Mapping[str, Any]:
        """A merchant, its owner, a key and an address for webhooks exist."""
        self.merchant = self.instance.open_merchant()
        account = self.api.get("/v1/account")
        same(account["id"], self.merchant["merchant"], "the key's account")
        endpoint = self.sdk.v1.webhook_endpoints.create(
            {"url": self.receiver.url, "enabled_events": ["*"]}
        )
        self.webhook_secret = str(endpoint.secret)
        must(self.webhook_secret.startswith("whsec_"), "the endpoint's secret is shown once")
        return {"merchant": account["id"]}

    # 2
    def pay_by_sdk(self) -> Mapping[str, Any]:
        """The SDK creates, confirms, captures, retrieves and refunds; then plain JSON does."""
        client = self.sdk.v1
        customer = client.customers.create({"email": PAYER, "name": "Ada Payer"})
        intent = client.payment_intents.create(
            {
                "amount": 4250,
                "currency": "eur",
                "payment_method": "pm_card_visa",
                "capture_method": "manual",
                "customer": customer.id,
                "receipt_email": PAYER,
            }
        )
        self.payment = intent.id
        same(intent.status, "requires_confirmation", "status after create")
        intent = client.payment_intents.confirm(self.payment)
        same(intent.status, "requires_capture", "status after confirm")
        same(intent.amount_capturable, 4250, "amount_capturable")
        intent = client.payment_intents.capture(self.payment)
        same(intent.status, "succeeded", "status after capture")
        intent = client.payment_intents.retrieve(self.payment)
        same((intent.amount_received, intent.currency), (4250, "eur"), "what was received")
        refund = client.refunds.create({"payment_intent": self.payment, "amount": 1000})
        self.refund = refund.id
        same((refund.status, refund.amount), ("succeeded", 1000), "the refund")
        self._pay_by_json()
        try:
            sdk(self.instance.base_url, "sk_test_ffp_" + "0" * 32).v1.balance.retrieve()
        except stripe.AuthenticationError as refused:
            same(refused.http_status, 401, "status of a wrong key")
        else:
            raise NotAsItShould("a wrong key was accepted")
        return {"payment_intent": self.payment, "refund": self.refund}

    def _pay_by_json(self) -> None:
        """The same in plain JSON, in another currency so that the balances stay apart."""
        body = {"amount": 4250, "currency": "usd", "capture_method": "manual"}
        intent = self.api.post("/v1/payment_intents", {**body, "payment_method": "pm_card_visa"})
        path = f"/v1/payment_intents/{intent['id']}"
        same(self.api.post(f"{path}/confirm")["status"], "requires_capture", "JSON confirm")
        same(self.api.post(f"{path}/capture")["status"], "succeeded", "JSON capture")
        same(self.api.get(path)["amount_received"], 4250, "JSON retrieve")
        refund = self.api.post("/v1/refunds", {"payment_intent": intent["id"], "amount": 1000})
        same(refund["status"], "succeeded", "JSON refund")

    # 3
    def repeat(self) -> Mapping[str, Any]:
        """A request sent twice under one key has one effect and the same answer."""
        body = {"amount": 1500, "currency": "eur", "payment_method": "pm_card_visa"}
        body |= {"confirm": True}
        before = self._asked()
        first = self.api.post_raw("/v1/payment_intents", body, key="smoke-once")
        again = self.api.post_raw("/v1/payment_intents", body, key="smoke-once")
        same((first.status_code, again.status_code), (200, 200), "statuses")
        same(again.content, first.content, "the second answer")
        same(again.headers.get("Idempotent-Replayed"), "true", "Idempotent-Replayed")
        must("Idempotent-Replayed" not in first.headers, "the first answer is no replay")
        same(self._asked() - before, 1, "times the acquirer was asked")
        by_sdk = self.sdk.v1.payment_intents
        told = {"amount": 700, "currency": "eur"}
        pair = [by_sdk.create(told, {"idempotency_key": "smoke-sdk"}) for _ in range(2)]  # type: ignore[arg-type]
        same(pair[0].id, pair[1].id, "the SDK's two answers")
        other = self.api.post_raw("/v1/payment_intents", {**body, "amount": 1501}, key="smoke-once")
        same(other.status_code, 400, "status when a key is used for something else")
        same(other.json()["error"]["code"], "idempotency_key_reused", "its code")
        return {"payment_intent": first.json()["id"]}

    def be_declined(self) -> Mapping[str, Any]:
        """A declined card raises the SDK's CardError."""
        refused = self._refused("pm_card_chargeDeclinedInsufficientFunds")
        error = refused.error
        same(refused.http_status, 402, "status")
        same(
            (refused.code, error.decline_code if error else ""),
            ("card_declined", "insufficient_funds"),
            "code",
        )
        return {"code": refused.code}

    def be_blocked(self) -> Mapping[str, Any]:
        """A blocked card never reaches the acquirer; score and reasons are kept."""
        before = self._asked()
        refused = self._refused("pm_card_radarBlock")
        error = refused.error
        same(
            (refused.code, error.decline_code if error else ""),
            ("card_declined", "fraudulent"),
            "code",
        )
        same(self._asked() - before, 0, "times the acquirer was asked")
        intent = error.payment_intent["id"] if error and error.payment_intent else ""
        found = self.api.get("/v1/fraud/assessments", payment_intent=intent)["data"]
        same([one["decision"] for one in found], ["block"], "decisions kept")
        must(found[0]["rules_fired"], "the assessment has reasons")
        allowed = self.api.get("/v1/fraud/assessments", payment_intent=self.payment)["data"]
        same([one["decision"] for one in allowed], ["allow"], "decisions of the good payment")
        return {"score": found[0]["score"], "rules": [r["code"] for r in found[0]["rules_fired"]]}

    # 5
    def look_at_ledger(self) -> Mapping[str, Any]:
        """Journal entries balance, and the merchant's pending balance is what it should be."""
        rows = self.api.get("/v1/balance_transactions", currency="eur")["data"]
        fee = sum(row["fee"] for row in rows)
        must(fee > 0, "a fee was taken")
        same(sorted(row["amount"] for row in rows), [-1000, 4250], "balance transactions")
        pending = {one["currency"]: one["amount"] for one in self.api.get("/v1/balance")["pending"]}
        same(pending.get("eur"), 4250 - fee - 1000, "pending balance in EUR")
        entries = self.api.get("/v1/ledger/entries", payment_intent=self.payment)["data"]
        must(len(entries) >= 3, f"authorization, capture and refund are booked: {len(entries)}")
        for entry in entries:
            sides = {"debit": 0, "credit": 0}
            for line in entry["lines"]:
                sides[line["direction"]] += line["amount"]
            must(entry["lines"], f"{entry['id']} has lines")
            same(sides["debit"], sides["credit"], f"the sides of {entry['id']}")
        return {"fee": fee, "pending": pending["eur"], "entries": len(entries)}

    # 6
    def use_wallet(self) -> Mapping[str, Any]:
        """A customer tops up, 5.00 is held, 3.00 of it captured, the rest returns."""
        wallet = self.api.post("/v1/wallets", {"owner": "Ada Payer", "currency": "eur"})
        path = f"/v1/wallets/{wallet['id']}"
        topped = self.api.post(
            f"{path}/top_ups",
            {"amount": 2000, "currency": "eur", "payment_method": "pm_card_visa"},
        )
        same(topped["status"], "succeeded", "the top-up")
        same(self._balances(path), (2000, 0, 2000), "balance after the top-up")
        hold = self.api.post(f"{path}/holds", {"amount": 500, "currency": "eur"})
        same(self._balances(path), (2000, 500, 1500), "balance while held")
        hold = self.api.post(f"/v1/wallet_holds/{hold['id']}/capture", {"amount": 300})
        same((hold["status"], hold["amount_captured"]), ("captured", 300), "the hold")
        same(self._balances(path), (1700, 0, 1700), "balance after the capture")
        return {"wallet": wallet["id"], "hold": hold["id"]}

    def _balances(self, path: str) -> tuple[int, int, int]:
        told = self.api.get(path)["balances"][0]
        return told["posted"], told["held"], told["available"]

    # 7
    def look_at_events(self) -> Mapping[str, Any]:
        """Every fact became an event that the merchant can read."""
        wanted = {
            "payment_intent.created",
            "payment_intent.amount_capturable_updated",
            "payment_intent.succeeded",
            "charge.captured",
            "charge.refunded",
        }

        def seen() -> set[str] | None:
            events = self.api.get("/v1/events", limit=100)["data"]
            types = {
                event["type"]
                for event in events
                if self.payment in json.dumps(event["data"]["object"])
            }
            return types if wanted <= types else None

        types = eventually(seen, f"events {sorted(wanted)} of {self.payment}")
        visible_ms = sorted(self._time_to_visible() for _ in range(5))
        return {"types": sorted(types), "visible_ms": visible_ms}

    def _time_to_visible(self) -> int:
        """Return how long after the answer to a command its event can be read."""
        intent = self.api.post("/v1/payment_intents", {"amount": 900, "currency": "eur"})
        answered = time.monotonic()

        def seen() -> bool:
            events = self.api.get("/v1/events", limit=5)["data"]
            return any(event["data"]["object"].get("id") == intent["id"] for event in events)

        eventually(seen, f"the event of {intent['id']}")
        return round((time.monotonic() - answered) * 1000)

    # 8
    def verify_webhook(self) -> Mapping[str, Any]:
        """A delivery arrives whose two signatures both hold, and a changed one does not."""

        def ours(one: Received) -> bool:
            event = json.loads(one.body)
            told = (event["type"], event["data"]["object"]["id"])
            return told == ("payment_intent.succeeded", self.payment)

        one = self.receiver.wait_for(ours, timeout_s=30)
        must(one, f"payment_intent.succeeded of {self.payment} is delivered in 30 s")
        assert one is not None  # noqa: S101  (told to the type checker)
        event = stripe.Webhook.construct_event(
            one.body, one.headers["Stripe-Signature"], self.webhook_secret
        )
        same(event.type, "payment_intent.succeeded", "the verified event")
        lowered = {name.lower(): value for name, value in one.headers.items()}
        standardwebhooks.Webhook(self.webhook_secret).verify(one.body, lowered)
        try:
            stripe.Webhook.construct_event(
                one.body.replace(b"4250", b"4251"),
                one.headers["Stripe-Signature"],
                self.webhook_secret,
            )
        except stripe.SignatureVerificationError:
            pass
        else:
            raise NotAsItShould("a changed body passed")
        return {"event": event.id, "deliveries": len(self.receiver.received)}

    def read_mail(self) -> Mapping[str, Any]:
        """The payer's receipt really went through SMTP."""

        def seen() -> Any:
            answer = httpx.get(f"{self.instance.mail_url}/messages", params={"to": PAYER})
            return [
                one
                for one in answer.json()["messages"]
                if self.payment in one["text"] and re.search(r"42[.,]50", one["text"])
            ]

        mails = eventually(seen, f"a mail about 42.50 to {PAYER}", timeout_s=30)
        return {"subject": mails[-1]["subject"]}

    # 9
    def reconcile(self) -> Mapping[str, Any]:
        """The acquirer's file and the bank's statement match but for one deliberate break."""
        today = datetime.now(UTC).date().isoformat()
        files = {
            "settlement.csv": f"/settlements/{today}.csv?currency=EUR&break=amount",
            "statement.xml": f"/bank/statements/{today}.xml?currency=EUR&settlement_break=amount",
        }
        for name, path in files.items():
            answer = self.acquirer.get(path).raise_for_status()
            target = self.instance.state / name
            target.write_bytes(answer.content)
            self.instance.manage("import_statement", str(target))
        said = self.instance.manage("reconcile", "--source", "simulator").stdout.strip()
        counts = re.match(r"\w+: (\d+) rows matched, (\d+) breaks opened", said)
        must(counts, f"reconcile says what it found: {said}")
        assert counts is not None  # noqa: S101  (told to the type checker)
        same(int(counts.group(2)), 1, f"breaks opened, of which it says {said!r}")
        must(int(counts.group(1)) > 0, "the rest is matched")
        must(re.search(r"\b1\.00 EUR", said), f"the break is one of 1.00 EUR: {said}")
        return {"said": said.splitlines()}

    # 10
    def tamper(self) -> Mapping[str, Any]:
        """The seals hold; after one byte of one row is changed, the verifier names the row."""
        time.sleep(2.5)  # The sealers take what is older than a second.
        intact = self.instance.manage("verify_audit")
        with one_byte_changed(self.instance.environment()["DATABASE_OWNER_URL"]) as position:
            noticed = self.instance.manage("verify_audit", check=False)
        must(noticed.returncode != 0, "a changed byte is noticed")
        must(str(position) in noticed.stdout + noticed.stderr, f"row {position} is named")
        self.instance.manage("verify_audit")
        return {
            "intact": intact.stdout.strip().splitlines()[-1:],
            "named": (noticed.stdout + noticed.stderr).strip().splitlines()[-3:],
        }

    # 11
    def look_at_web(self) -> Mapping[str, Any]:
        """The dashboard tells the payment's story; the checkout takes a payment; admin is there."""
        owner = self.merchant["owner"]
        browser = Browser(self.instance.base_url)
        browser.sign_in(owner["email"], owner["password"])
        page = browser.open(f"/dashboard/payments/{self.payment}")
        for word in ("42.50", "10.00", "Risk", "uthorized", "aptured", "Booked", "efund", "ebhook"):
            must(word in page, f"the payment's page says {word}")
        self.instance.manage("rebuild", "web")
        again = browser.open(f"/dashboard/payments/{self.payment}")
        must("aptured" in again, "the rebuilt read model tells the same")
        self._check_out()
        staff = {"email": "staff@example.com", "password": "smoke-staff-password"}
        self.instance.open_back_office(**staff)
        desk = Browser(self.instance.base_url).submit(
            "/admin/", {"login": staff["email"], "password": staff["password"]}
        )
        must("Journal entries" in desk and "Payments" in desk, "the back office lists its tables")
        return {"page": f"/dashboard/payments/{self.payment}"}

    def _check_out(self) -> None:
        link = self.api.post(
            "/v1/payment_links", {"title": "A book", "amount": 1200, "currency": "eur"}
        )
        thanks = Browser(self.instance.base_url).submit(
            httpx.URL(link["url"]).path,
            {
                "email": PAYER,
                "number": "4242 4242 4242 4242",
                "expiry": f"12/{datetime.now(UTC).year % 100 + 2}",
                "code": "123",
                "name": "Ada Payer",
            },
        )
        must("Thank you" in thanks, "the checkout thanks")
        must("12.00" in thanks, "the checkout confirms 12.00")

    # 12
    def check_invariants(self) -> Mapping[str, Any]:
        """Nothing that must always hold is broken."""
        done = self.instance.manage("verify_invariants")
        return {"said": done.stdout.strip().splitlines()[-1:]}

    def replay(self) -> Mapping[str, Any]:
        """Folding the log again gives what the rows say."""
        said = [
            self.instance.manage("replay", room).stdout.strip().splitlines()[-1:]
            for room in ("payments", "ledger")
        ]
        return {"said": said}

    # -- Private ----------------------------------------------------------------------------

    def _asked(self) -> int:
        """Return how many things the acquirer was ever asked."""
        counts = self.acquirer.get("/operations").json()["counts"]
        return _total(counts)

    def _refused(self, card: str) -> stripe.CardError:
        try:
            self.sdk.v1.payment_intents.create(
                {"amount": 3000, "currency": "eur", "payment_method": card, "confirm": True}
            )
        except stripe.CardError as refused:
            return refused
        raise NotAsItShould(f"{card} was accepted")


def _total(counts: Any) -> int:
    if isinstance(counts, dict):
        return sum(_total(one) for one in counts.values())
    return int(counts)

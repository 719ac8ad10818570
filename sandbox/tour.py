"""The journey told to a person, on the running demo: what happens, and where to look at it."""

import json
import sys
import textwrap
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from sandbox.client import Api
from sandbox.instance import Instance
from sandbox.journey import eventually, must, same
from sandbox.tamper import one_byte_changed

_PAUSE_S = 4
_BREAKS_SHOWN = 5


def run(state: Path, *, fast: bool) -> int:
    """Walk through the demo step by step."""
    instance = Instance.running(state)
    logins = json.loads((state / "logins.json").read_text())
    tour = Tour(instance, logins, pause_s=0 if fast or not sys.stdout.isatty() else _PAUSE_S)
    began = time.monotonic()
    for step in tour.steps():
        step()
    tour.say(
        f"That was it, in {time.monotonic() - began:.0f} s. Everything you saw is still there."
    )
    return 0


class Tour:
    """The steps, in order; each says what it did and gives the link to look at it."""

    def __init__(self, instance: Instance, logins: Mapping[str, Any], *, pause_s: float) -> None:
        self.instance, self.logins, self.pause_s = instance, logins, pause_s
        self.api = Api(instance.base_url, logins["secret_key"])
        self.acquirer = httpx.Client(
            base_url=instance.acquirer_url, headers={"X-Api-Key": "sandbox"}, timeout=10
        )
        self.number = 0
        self.payment = self.lost = ""
        self.lost_at = 0.0
        self.charged_before = 0

    def steps(self) -> list[Callable[[], None]]:
        """Return what the tour shows."""
        return [
            self.greet,
            self.pay,
            self.lose_an_answer,
            self.book,
            self.reconcile,
            self.tamper,
            self.find_the_answer,
        ]

    def greet(self) -> None:
        """Say how to follow."""
        owner, staff = self.logins["owner"], self.logins.get("staff", {})
        self.say("Sign in to follow the links:")
        self.look("/dashboard/", f"{owner['email']} / {owner['password']}")
        if staff:
            self.look("/admin/", f"{staff['email']} / {staff['password']}")

    def pay(self) -> None:
        """Take a payment of 42.50 and give 10.00 back."""
        self.head("A payment of 42.50 EUR: authorized, captured, 10.00 refunded")
        body = {"amount": 4250, "currency": "eur", "capture_method": "manual"}
        body |= {"payment_method": "pm_card_visa", "receipt_email": "you@example.com"}
        intent = self.api.post("/v1/payment_intents", body)
        self.payment = intent["id"]
        path = f"/v1/payment_intents/{self.payment}"
        self.say(f"created     {self.payment}  {intent['status']}")
        self.say(f"confirmed   {self.api.post(f'{path}/confirm')['status']}")
        self.say(f"captured    {self.api.post(f'{path}/capture')['status']}")
        refund = self.api.post("/v1/refunds", {"payment_intent": self.payment, "amount": 1000})
        self.say(f"refunded    {refund['id']}  {refund['status']}")
        assessed = self.api.get("/v1/fraud/assessments", payment_intent=self.payment)["data"]
        for one in assessed:
            self.say(f"risk score  {one['score']} of 100: {one['decision']}")
        self.look(f"/dashboard/payments/{self.payment}", "its timeline, with every reason")
        self.look(self.instance.mail_url, "the receipt that the payer got")
        self.rest()

    def book(self) -> None:
        """Show how it was booked."""
        self.head("How the ledger booked 42.50: each entry balances, none is ever changed")
        entries = self.api.get("/v1/ledger/entries", payment_intent=self.payment)["data"]
        for entry in sorted(entries, key=lambda one: (one["created"], one["id"])):
            self.say(f"{entry['id']}  {entry['kind'].replace('_', ' ')}")
            for line in entry["lines"]:
                amount = f"{line['amount'] / 100:10.2f}"
                debit, credit = (amount, "") if line["direction"] == "debit" else ("", amount)
                self.say(f"    {line['account']:<62} {debit:>10} {credit:>10}")
        self.look("/admin/ledger/journalrow/", "the journal in the back office")
        self.rest()

    def lose_an_answer(self) -> None:
        """Let the acquirer do what it was asked and not answer in time."""
        self.head("The acquirer takes 19.99 EUR, and its answer is lost")
        body = {"amount": 1999, "currency": "eur", "payment_method": "pm_card_acquirerTimeout"}
        self.charged_before = self._times_charged(1999)
        intent = self.api.post("/v1/payment_intents", {**body, "confirm": True})
        self.lost, self.lost_at = intent["id"], time.monotonic()
        self.say(f"{self.lost}  {intent['status']}: a timeout is an unknown, never a failure")
        self.say("In a minute it is asked again, under the same reference. Meanwhile:")

    def find_the_answer(self) -> None:
        """See what became of the lost answer."""
        self.head("Back to the lost answer")
        path = f"/v1/payment_intents/{self.lost}"

        def settled() -> Any:
            told = self.api.get(path)
            return told if told["status"] != "processing" else None

        told = eventually(settled, f"the outcome of {self.lost}", timeout_s=120)
        same(self._times_charged(1999) - self.charged_before, 1, "times the card was charged")
        after_s = time.monotonic() - self.lost_at
        self.say(f"{self.lost}  {told['status']}, known {after_s:.0f} s later, charged once")
        self.look(f"/dashboard/payments/{self.lost}", "what was asked, and when")
        self.look(self.instance.acquirer_url, "what the acquirer did")

    def _times_charged(self, amount_minor: int) -> int:
        """Return how often the acquirer lately took an amount."""
        return sum(
            (one["kind"], one["status"], one["amount_minor"])
            == ("authorization", "succeeded", amount_minor)
            for one in self.acquirer.get("/operations").json()["latest"]
        )

    def reconcile(self) -> None:
        """Find a difference of 1.00 in the acquirer's file."""
        self.head("The acquirer's settlement file is 1.00 short in one place")
        today = datetime.now(UTC).date().isoformat()
        answer = self.acquirer.get(
            f"/settlements/{today}.csv", params={"currency": "EUR", "break": "amount"}
        )
        target = self.instance.state / "settlement.csv"
        target.write_bytes(answer.raise_for_status().content)
        self.instance.manage("import_statement", str(target))
        first, *breaks = (
            self.instance.manage("reconcile", "--source", "simulator").stdout.strip().splitlines()
        )
        self.say(first)
        self.say("\n".join(breaks[:_BREAKS_SHOWN]))
        if len(breaks) > _BREAKS_SHOWN:
            self.say(f"  and {len(breaks) - _BREAKS_SHOWN} more")
        self.say("The lost answer is missing in the ledger too, until the next run.")
        self.look("/admin/reconciliation/break/", "runs and breaks")
        self.rest()

    def tamper(self) -> None:
        """Change one byte in the database, and see who notices."""
        self.head("An intruder with every right changes one digit of one row")
        time.sleep(2.5)  # The sealers take what is older than a second.
        self.say(self.instance.manage("verify_audit").stdout.strip())
        with one_byte_changed(self.instance.environment()["DATABASE_OWNER_URL"]) as position:
            self.say(f"fact {position} now tells of another amount; the verifier says:")
            noticed = self.instance.manage("verify_audit", check=False)
            must(noticed.returncode != 0, "a changed byte is noticed")
            self.say((noticed.stdout + noticed.stderr).strip())
        self.say("The byte is put back:")
        self.say(self.instance.manage("verify_audit").stdout.strip())

    # -- How it is told ---------------------------------------------------------------------

    def head(self, text: str) -> None:
        """Begin a step."""
        self.number += 1
        print(f"\n{self.number}. {text}")

    def say(self, text: str) -> None:
        """Tell something, indented."""
        print(textwrap.indent(text, "   "), flush=True)

    def look(self, path: str, what: str) -> None:
        """Give a link."""
        url = path if path.startswith("http") else f"{self.instance.base_url}{path}"
        self.say(f"→ {url}  {what}")

    def rest(self) -> None:
        """Leave time to look."""
        time.sleep(self.pause_s)

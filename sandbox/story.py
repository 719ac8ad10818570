"""
The seeded story: ninety days of two merchants, told to an empty database.

Everything goes through the rooms' own services at times of the business clock, in order:
most payments are decided and recorded in batches, the rest is done to them one by one.
The same seed and `--until` tell the same story (ids and real times differ).

    python -m sandbox.story --seed 7 --until 2026-11-24 --payments 1100
"""

import argparse
import io
import json
import os
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

if TYPE_CHECKING:
    from fintech.payments import data as payment_data

DAYS = 90
OWNER_PASSWORD = "river-stone-lantern"
STAFF = ("staff@example.com", "river-stone-harbor")

_GOOD = ("visa", "mastercard", "amex")
_BAD = (
    "declined",
    "insufficient_funds",
    "lost_card",
    "expired_card",
    "incorrect_cvc",
    "processing_error",
)
_FIRST = ("Ada", "Zoë", "Kenji", "Mariam", "Luis", "Ingrid", "Omar", "Yuki", "Noor", "Pavel")
_LAST = ("Okafor", "Müller", "Tanaka", "Haddad", "García", "Berg", "Novák", "Sato", "Rossi")


@dataclass(slots=True)
class Shop:
    """A merchant of the story: what it sells, to whom, and what became of it."""

    name: str
    country: str
    currencies: tuple[tuple[str, int, int], ...]  # code, usual amount, spread (minor units)
    email: str
    id: UUID = field(default_factory=lambda: UUID(int=0))
    secret_key: str = ""
    link: UUID = field(default_factory=lambda: UUID(int=0))  # Its payment page.
    customers: list[tuple[UUID, str, int]] = field(default_factory=list)


def shops() -> list[Shop]:
    """Return the two merchants, before anything has happened."""
    return [
        Shop("Café Luna", "DE", (("EUR", 18_50, 12_00),), "owner@luna.example"),
        Shop(
            "Kumo Books",
            "JP",
            (("JPY", 3_200, 1_800), ("KWD", 7_250, 4_000)),
            "owner@kumo.example",
        ),
    ]


class Story:
    """Tells the story, and keeps count."""

    def __init__(self, *, seed: int, until: date, payments: int) -> None:
        """Begin at midnight (UTC) ninety days before `until`."""
        self.random = random.Random(seed)
        self.until = datetime(until.year, until.month, until.day, tzinfo=UTC)
        self.begin = self.until - timedelta(days=DAYS)
        self.per_day = payments / DAYS
        self.shops = shops()
        self.counts: dict[str, int] = {}

    def tell(self) -> Iterator[str]:
        """Tell it all, and say on the way how far it is."""
        from django.core.management import call_command

        from fintech.kernel import clock

        # Jobs that run meanwhile shall not take the story's days for long past.
        clock.set_to(self.begin)
        time.sleep(1.1)  # Every process sees the clock within a second.
        self._open()
        call_command("load_rates", verbosity=0, stdout=io.StringIO())
        yield "two merchants, their owners, keys and customers"
        owed = 0.0
        for day in range(DAYS):
            morning = self.begin + timedelta(days=day, hours=8)
            clock.set_to(morning)
            self._make_available(morning)
            owed += self.per_day
            sales, owed = int(owed), owed - int(owed)
            for shop in self.shops:
                self._day(shop, morning, sales // 2 + (sales % 2 if shop is self.shops[0] else 0))
            if day % 10 == 9:
                yield f"day {day + 1} of {DAYS}: {self.counts.get('payments', 0)} payments"
        self._wallets()
        yield "wallets, holds and top-ups"
        self._reconcile()
        yield "every day reconciled with the acquirer and the bank"
        self._run_out()
        clock.set_to(datetime.now(UTC))

    # -- people ----------------------------------------------------------------------------

    def _open(self) -> None:
        from fintech.kernel import actor
        from fintech.merchants import services as merchants
        from fintech.payments import services as payments

        by = actor.system("story")
        at = self.begin
        merchants.create_staff(email=STAFF[0], name="Back Office", password=STAFF[1], by=by, at=at)
        for shop in self.shops:
            shop.id = merchants.open_merchant(
                name=shop.name,
                country=shop.country,
                default_currency=shop.currencies[0][0],
                owner_email=shop.email,
                owner_name=f"{shop.name}'s owner",
                owner_password=OWNER_PASSWORD,
                by=by,
                at=at,
            ).id
            shop.secret_key = merchants.create_api_key(
                merchant_id=shop.id, name="Till", by=by, at=at
            ).secret
            shop.link = payments.create_link(
                merchant_id=shop.id,
                title=f"{shop.name} gift card",
                amount=None,
                currency=shop.currencies[0][0],
                by=by,
                at=at,
            ).value.id
            for number in range(30):
                name = f"{self.random.choice(_FIRST)} {self.random.choice(_LAST)}"
                made = payments.create_customer(
                    merchant_id=shop.id,
                    email=f"payer{number}@example.com",
                    name=name,
                    by=by,
                    at=at + timedelta(minutes=number),
                ).value
                scale = self.random.randint(50, 180)
                shop.customers.append((made.id, self.random.choice(_GOOD), scale))

    # -- a day -----------------------------------------------------------------------------

    def _day(self, shop: Shop, morning: datetime, sales: int) -> None:
        """Decide and record the day's sales in one batch, then do what follows of some."""
        from fintech.kernel import actor
        from fintech.payments import services as payments

        by = actor.system("story")
        times = sorted(self.random.randint(0, 13 * 3600) for _ in range(sales))
        orders = [self._order(shop, morning + timedelta(seconds=second)) for second in times]
        begun = payments.confirm_all(orders, by=by)
        self._open_page(shop, [order.at for order in orders if order.new and order.new.link_id])
        for order, one in zip(orders, begun, strict=True):
            if one.payment is not None:
                self._count("payments")
                self._follow(shop, order, one.payment)
        if self.random.random() < 0.1:  # Somebody leaves the page open and goes.
            currency, usual, _ = shop.currencies[0]
            self._abandon(shop, currency, usual, morning + timedelta(hours=2))

    def _open_page(self, shop: Shop, times: list[datetime]) -> None:
        """Let payers open the shop's payment page, some of whom go on to pay."""
        from fintech.kernel import actor
        from fintech.web import services as web

        for number, at in enumerate(times):
            for _ in range(2 if number % 3 == 0 else 1):
                web.note_opened(
                    page_id=shop.link, merchant_id=shop.id, by=actor.system("story"), at=at
                )

    def _order(self, shop: Shop, at: datetime) -> "payment_data.Begin":
        from fintech.kernel.money import Money
        from fintech.payments import data

        roll = self.random
        customer, card, scale = roll.choice(shop.customers)
        currency, usual, spread = roll.choice(shop.currencies)
        minor = max(50, (usual + roll.randint(-spread, spread)) * scale // 100)
        chance = roll.random()
        if chance < 0.07:
            card = roll.choice(_BAD)
        elif chance < 0.085:
            card = "risk_elevated"
        elif chance < 0.09:
            card = "blocked"
        manual = roll.random() < 0.15
        return data.Begin(
            merchant_id=shop.id,
            at=at,
            token=card,
            new=data.NewPayment(
                amount=Money(minor, currency),
                capture_method=data.CaptureMethod("manual" if manual else "automatic"),
                customer_id=customer if roll.random() < 0.7 else None,
                link_id=shop.link if currency == "EUR" and minor % 5 == 0 else None,
                description=f"{shop.name} order {roll.randint(1000, 9999)}",
            ),
        )

    def _follow(
        self, shop: Shop, order: "payment_data.Begin", paid: "payment_data.Payment"
    ) -> None:
        """Do what merchants do afterwards: capture, cancel, refund, decide."""
        from fintech.kernel import actor
        from fintech.kernel.money import Money
        from fintech.payments import services as payments

        by, roll = actor.system("story"), self.random
        later = order.at + timedelta(hours=roll.randint(1, 30))
        if later >= self.until:
            return
        named: dict[str, Any] = {"merchant_id": shop.id, "payment_id": paid.id, "by": by}
        state, draw = str(paid.state), roll.random()
        if state == "authorized":
            if draw < 0.12:
                payments.cancel(**named, reason="requested_by_customer", at=later)
                self._count("canceled")
            elif draw < 0.3 and paid.amount.minor > 200:
                part = Money(paid.amount.minor * 2 // 3, paid.amount.currency)
                payments.capture(**named, amount=part, final=draw < 0.25, at=later)
                self._count("captured in part")
            elif draw < 0.95:
                payments.capture(**named, at=later)
                self._count("captured")
        elif state == "captured" and draw < 0.06:
            half = draw < 0.03 and paid.amount.minor > 200
            amount = Money(paid.amount.minor // 2, paid.amount.currency) if half else None
            payments.refund(**named, amount=amount, reason="requested_by_customer", at=later)
            self._count("refunded")
        elif state == "in_review" and later < self.until - timedelta(days=3):
            verdict = "approve" if draw < 0.6 else "decline"
            payments.decide_review(
                payment_id=paid.id, merchant_id=shop.id, verdict=verdict, by=by, at=later
            )
            self._count(f"reviews: {verdict}")
        elif state == "created":
            self._count("declined")

    def _abandon(self, shop: Shop, currency: str, minor: int, at: datetime) -> None:
        from fintech.kernel import actor
        from fintech.kernel.money import Money
        from fintech.payments import services as payments

        payments.create(
            merchant_id=shop.id, amount=Money(minor, currency), by=actor.system("story"), at=at
        )
        self._count("abandoned")

    # -- wallets ---------------------------------------------------------------------------

    def _wallets(self) -> None:
        """Customers of the first shop keep money there."""
        from fintech.kernel import actor
        from fintech.kernel.money import Money
        from fintech.payments import services as payments
        from fintech.wallets import services as wallets

        by, shop = actor.system("story"), self.shops[0]
        at = self.until - timedelta(days=5)
        for customer, card, _ in shop.customers[:4]:
            wallet = wallets.create_wallet(
                merchant_id=shop.id,
                owner="Lunch card",
                currency="EUR",
                customer_id=customer,
                by=by,
                at=at,
            ).value
            payments.top_up_wallet(
                merchant_id=shop.id,
                wallet_id=wallet.id,
                amount=Money(25_00, "EUR"),
                token=card,
                customer_id=customer,
                by=by,
                at=at + timedelta(minutes=5),
            )
            held = wallets.hold(
                wallet_id=wallet.id,
                amount=Money(5_00, "EUR"),
                reason="lunch",
                merchant_id=shop.id,
                by=by,
                at=at + timedelta(hours=3),
            ).value
            wallets.capture(
                hold_id=held.id,
                amount=Money(3_00, "EUR"),
                merchant_id=shop.id,
                by=by,
                at=at + timedelta(hours=4),
            )
            at += timedelta(hours=7)
            self._count("wallets")

    # -- the world outside -----------------------------------------------------------------

    def _reconcile(self) -> None:
        """Import what acquirer and bank say of the last days; one figure is wrong on purpose."""
        import httpx
        from django.conf import settings

        from fintech.kernel import actor
        from fintech.reconciliation import services as reconciliation
        from fintech.reconciliation.data import SOURCES

        by = actor.system("story")
        files = []
        for back in range(DAYS, 0, -1):
            day = (self.until - timedelta(days=back)).date()
            for currency in ("EUR", "JPY", "KWD"):
                wrong = {"break": "amount"} if (back, currency) == (4, "EUR") else {}
                for path in (f"settlements/{day}.csv", f"bank/statements/{day}.xml"):
                    files.append((path, {"currency": currency, **wrong}))
                    wrong = {}
        headers = {"X-Api-Key": "sandbox"}
        with httpx.Client(base_url=settings.ACQUIRER_URL, headers=headers, timeout=30) as outside:
            for path, asked in files:
                told = outside.get(f"/{path}", params=asked)
                if told.status_code == httpx.codes.OK:
                    reconciliation.import_file(
                        content=told.content,
                        name=f"{asked['currency']} {path.replace('/', ' ')}",
                        by=by,
                        at=self.until,
                    )
                    self._count("files")
        for source in sorted(SOURCES):
            reconciliation.run(source=source, by=by, at=self.until)

    def _run_out(self) -> None:
        """Let go what has run out by the end, as the clock would."""
        from fintech.kernel import actor
        from fintech.payments import services as payments

        while payments.expire_due(by=actor.system("story"), at=self.until):
            pass
        self._make_available(self.until)

    def _make_available(self, at: datetime) -> None:
        """Let merchants have what they have waited for, as the clock would."""
        from fintech.kernel import actor
        from fintech.payments import services as payments

        payments.make_available(by=actor.system("story"), at=at)

    def _count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1


def fingerprint() -> str:
    """Return what is equal for equal stories: times, amounts and states, without ids."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT encode(sha256(convert_to(string_agg(row, '|' ORDER BY row), 'UTF8')), 'hex') "
            "FROM (SELECT concat_ws(' ', created_at, currency, amount_minor, captured_minor, "
            "refunded_minor, state) AS row FROM payments_payment) told"
        )
        return str(cursor.fetchone()[0])


def main() -> int:
    """Tell the story, check every invariant, and keep the logins for whoever shows them."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.story", description=__doc__)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--until", type=date.fromisoformat, default=datetime.now(UTC).date())
    parser.add_argument("--payments", type=int, default=1_100)
    parser.add_argument("--logins", type=Path, help="where to keep the logins (JSON)")
    told = parser.parse_args()

    import django

    django.setup()
    from django.conf import settings
    from django.utils.module_loading import import_string

    from fintech.kernel import invariants

    began = time.monotonic()
    story = Story(seed=told.seed, until=told.until, payments=told.payments)
    for line in story.tell():
        print(line, flush=True)
    print(", ".join(f"{count} {what}" for what, count in sorted(story.counts.items())))
    if told.logins:
        told.logins.touch(mode=0o600)
        told.logins.write_text(json.dumps(logins(story), indent=1))
    seal()
    found = list(invariants.check(import_string(settings.INVARIANTS)))
    for finding in found:
        print(f"{finding.id}: {finding.violations} violations, such as {finding.samples}")
    seconds = time.monotonic() - began
    print(f"told in {seconds:.1f} s; {'every invariant holds' if not found else 'NOT SOUND'}")
    print(f"story {fingerprint()[:16]}")
    return 1 if found else 0


def seal() -> None:
    """Seal the logs, as the clock would within a second."""
    from fintech.audit import services as audit
    from fintech.ledger import services as ledger

    while audit.seal() or ledger.seal():
        pass


def logins(story: Story) -> dict[str, Any]:
    """Return who can sign in, and the key of the first shop's till."""
    first = story.shops[0]
    return {
        "owner": {"email": first.email, "password": OWNER_PASSWORD},
        "staff": {"email": STAFF[0], "password": STAFF[1]},
        "secret_key": first.secret_key,
        "other_owner": {"email": story.shops[1].email, "password": OWNER_PASSWORD},
    }


if __name__ == "__main__":
    sys.exit(main())

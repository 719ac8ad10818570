"""
A bad week at both acquirers, and then the clock runs: every payment ends as their books say.

Payments are made, captured, changed, canceled and given back through two acquirers that
delay, lose requests and answers, fail, break down, tell late, twice and out of order, and
take other amounts than they were asked for. Where money is not what we asked for, the
payment is frozen for people; everywhere else our rows are the acquirers' books.
"""

import contextlib
import os
import queue
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

import httpx
import pytest

from config.invariants import INVARIANTS
from fintech.audit import services as audit
from fintech.kernel import event_log, invariants
from fintech.kernel.errors import Refusal
from fintech.payments import queries
from fintech.payments import services as payments
from fintech.payments.data import PaymentState
from fintech.payments.models import Attempt, Capture, Payment, Refund
from fintech.payments.providers import registry
from fintech.payments.providers.simulator import Simulator
from fintech.payments.services import routing
from fintech.payments.services.rows import CHECKS
from sandbox.acquirer.app import Acquirer
from sandbox.acquirer.book import Book, Operation
from sandbox.acquirer.callbacks import Callbacks
from tests.acquirer.serving import served
from tests.make import payments as make
from tests.make.merchants import NOON
from tests.make.payments import BY, eur
from tests.payments.providers.fake import SECRET
from tests.payments.test_routing import route

pytestmark = pytest.mark.django_db(transaction=True)

EFFORT = float(os.environ.get("EFFORT", "0.02"))
PAYMENTS = max(60, round(2_000 * EFFORT))
SEED = int(os.environ.get("MISBEHAVIOR_SEED", "20261125"))
BAD_WEEK = {
    "delay": 0.2,
    "delay_seconds": 0.02,
    "lose_request": 0.04,
    "lose_answer": 0.06,
    "fail_answer": 0.08,
    "callback": 0.6,
    "duplicate": 0.4,
    "late": 0.6,
    "late_seconds": 0.3,
    "wrong_amount": 0.04,
    "wrong_currency": 0.02,
    "outage": 0.01,
    "outage_requests": 6,
}
PATIENCE_SECONDS, LATE_SECONDS = 0.15, 0.3
TOKENS = ("visa", "visa", "visa", "mastercard", "declined", "refund_pending", "processing_error")


class Inbox(httpx.AsyncBaseTransport):
    """Where one acquirer's callbacks arrive until somebody hears them."""

    def __init__(self, provider: str) -> None:
        self.provider = provider
        self.told: queue.SimpleQueue[tuple[bytes, dict[str, str]]] = queue.SimpleQueue()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.told.put((await request.aread(), dict(request.headers)))
        return httpx.Response(200)

    def hear(self, at) -> int:
        """Hand everything that has arrived to the platform."""
        heard = 0
        while not self.told.empty():
            body, headers = self.told.get()
            payments.receive(provider=self.provider, body=body, headers=headers, at=at)
            heard += 1
        return heard


@dataclass
class World:
    """Two acquirers over HTTP, their books, and the door by which they are told to misbehave."""

    books: dict[str, Book]
    inboxes: list[Inbox]
    client: httpx.Client
    heard: int = 0
    done: Counter[str] = field(default_factory=Counter)

    def hear(self, at) -> None:
        self.heard += sum(inbox.hear(at) for inbox in self.inboxes)

    def misbehave(self, profile: dict[str, float]) -> None:
        for path in ("", "/backup"):
            before = self.client.get(f"{path}/misbehavior").json()["done"]
            self.done.update(before)
            self.client.put(
                f"{path}/misbehavior", json={"seed": SEED, **profile}
            ).raise_for_status()


@pytest.fixture
def world(settings) -> Iterator[World]:
    settings.PROVIDER_RETRIES = {"times": 1, "first_wait_s": 0.01, "within_s": 1}
    inboxes = [Inbox("simulator"), Inbox("backup")]
    books = {inbox.provider: Book(pending_seconds=0.01) for inbox in inboxes}
    first, second = (
        Acquirer(
            books[inbox.provider],
            Callbacks("http://platform/inbound", SECRET, transport=inbox),
            late_seconds=LATE_SECONDS,
        )
        for inbox in inboxes
    )
    with served(first.app(backup=second), headers={"X-Api-Key": "sandbox"}) as client:
        url = str(client.base_url).rstrip("/")
        with (
            registry.using(Simulator(url=url, secret=SECRET, timeout_seconds=PATIENCE_SECONDS)),
            registry.using(
                Simulator(
                    url=f"{url}/backup",
                    secret=SECRET,
                    name="backup",
                    timeout_seconds=PATIENCE_SECONDS,
                )
            ),
        ):
            yield World(books, inboxes, client)
    routing.forget()


def live_through_a_payment(shop, chance: Random, at) -> None:
    """Buy something, and perhaps change, take, cancel or give it back."""
    by_hand = chance.random() < 0.5
    named = {"by": BY, "at": at}
    done = payments.create(
        merchant_id=shop.id,
        amount=eur(chance.randrange(10_00, 90_00)),
        token=chance.choice(TOKENS),
        capture_method="manual" if by_hand else "automatic",
        confirm=True,
        key=make.key(shop.id),
        **named,
    ).value
    of = {"merchant_id": shop.id, "payment_id": done.id, **named}
    if by_hand:
        act = chance.random()
        if act < 0.2:
            payments.cancel(**of)
            return
        if act < 0.35:
            payments.adjust_authorization(amount=done.amount + eur(1_00), **of)
        if act < 0.7:
            payments.capture(amount=eur(3_00), final=False, **of)
        payments.capture(**of)
    if chance.random() < 0.5:
        payments.refund(amount=eur(2_00), key=make.key(shop.id), **of)


def test_every_payment_ends_as_the_acquirers_books_say(shop, world, capsys, record_property):
    route("simulator", "backup")
    world.misbehave(BAD_WEEK)
    chance = Random(SEED)
    at = NOON
    for _ in range(PAYMENTS):
        # A decline, an acquirer that is down, a state that does not allow it.
        with contextlib.suppress(Refusal):
            live_through_a_payment(shop, chance, at)
        world.hear(at)
        at += timedelta(seconds=1)
    for turn, wait in enumerate(CHECKS):
        if turn == 2:
            world.misbehave({})  # The bad week ends while the clock goes on asking.
        at += wait
        world.hear(at)
        payments.resolve_due(limit=10 * PAYMENTS, by=BY, at=at)
    world.hear(at)

    ends = Counter(compare(payment, world.books) for payment in Payment.objects.order_by("id"))
    audit.seal()
    assert not list(invariants.check(INVARIANTS))
    assert not list(queries.replay())
    assert ends["as the books say"] > PAYMENTS / 2
    assert ends["frozen, for the amount is another"] > 0
    assert world.heard > 0
    assert not Attempt.objects.filter(state__in=["authorizing", "unknown"]).exclude(
        payment__state=PaymentState.CONFLICTED
    )
    gone_over = Attempt.objects.filter(routed_by__startswith="fail_over").count()
    assert gone_over > 0
    record_property("payments", PAYMENTS)
    with capsys.disabled():
        print(f"\n{PAYMENTS} payments: {dict(ends)}, {gone_over} gone over, {dict(world.done)}")


def compare(payment: Payment, books: dict[str, Book]) -> str:
    """Compare a payment with the acquirers' books; say how it has ended."""
    tries = list(Attempt.objects.filter(payment_id=payment.id))
    reserved = [
        (one, found)
        for one in tries
        if (found := books[one.provider].operation(str(one.id))) is not None
        and found.status in {"approved", "succeeded"}
    ]
    assert len(reserved) <= 1, f"{payment}: charged twice"
    wrong = other_than_asked(payment, books)
    if payment.state == PaymentState.CONFLICTED:
        story = [
            fact.name.split(".")[1] for fact in event_log.stream("payments.payment", payment.id)
        ]
        assert wrong, f"{payment} is frozen by {payment.conflict_reason}, the books agree: {story}"
        return "frozen, for the amount is another"
    assert not wrong, f"{payment} is {payment.state} and the books differ: {wrong}"
    taken = reserved[0][1].captured_minor if reserved else 0
    assert payment.captured_minor == taken, f"{payment} {payment.state}"
    given = sum(one.amount_minor for one in of(payment, books, Refund) if one.status == "succeeded")
    assert payment.refunded_minor == given, f"{payment} {payment.state}"
    if reserved and not taken:
        assert bool(reserved[0][1].voided) == (payment.state == PaymentState.CANCELED)
        assert payment.state in {PaymentState.CANCELED, PaymentState.AUTHORIZED}
    if not reserved:
        assert payment.state in {PaymentState.CREATED, PaymentState.CANCELED}
    return "as the books say"


def of(payment: Payment, books: dict[str, Book], kind: type) -> list[Operation]:
    """Return what the books hold of a payment's captures or refunds."""
    rows = kind.objects.filter(payment_id=payment.id)
    name = "reference" if kind is Capture else "id"
    found = [books[row.provider].operation(str(getattr(row, name))) for row in rows]
    return [one for one in found if one is not None]


def other_than_asked(payment: Payment, books: dict[str, Book]) -> list[str]:
    """Return which operations the books hold with other amounts than we have asked for."""
    wrong = []
    asked = [
        (one.provider, str(one.id), one.amount_minor)
        for one in Attempt.objects.filter(payment_id=payment.id, adjust_id=None)
    ]
    asked += [
        (row.provider, str(row.reference), row.amount_minor)
        for row in Capture.objects.filter(payment_id=payment.id)
        if row.reference != row.attempt_id
    ]
    asked += [
        (row.provider, str(row.id), row.amount_minor)
        for row in Refund.objects.filter(payment_id=payment.id)
    ]
    told = event_log.stream("payments.payment", payment.id)
    asked += [
        (one.provider, fact.data["adjustment_id"], fact.data["amount_minor"])
        for fact in told
        if fact.name == "payments.payment_adjustment_requested.v1"
        for one in Attempt.objects.filter(id=fact.data["attempt_id"])
    ]
    for provider, reference, minor in asked:
        found = books[provider].operation(reference)
        if found is None or found.status in {"declined", "failed"}:
            continue
        if (found.amount_minor, found.currency) != (minor, payment.currency):
            wrong.append(f"{found.kind} {found.amount_minor} {found.currency}, asked {minor}")
    return wrong

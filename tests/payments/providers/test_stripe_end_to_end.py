"""
This platform in front of another one: payments, lost answers, callbacks and settlement files.

The other is a second instance with its own servers, spoken to by the official SDK as if it
were Stripe; it calls back with its own signature.
"""

import queue
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fintech.payments import errors, queries
from fintech.payments import services as payments
from fintech.payments.data import Hearing, PaymentState, RefundState
from fintech.payments.providers import registry
from fintech.payments.providers.stripe import Stripe
from fintech.payments.services import routing
from fintech.reconciliation import services as reconciliation
from fintech.reconciliation.data import SOURCES, declared
from fintech.reconciliation.models import Line as Row
from tests.acquirer.serving import served
from tests.make import payments as make
from tests.make.payments import BY, eur
from tests.payments.providers import processors
from tests.payments.test_routing import route

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE_S = 30


class Processor:
    """The second instance from our side: what it knows of us, and what it has told us."""

    def __init__(self, line: processors.Line) -> None:
        self.line = line
        self.heard: queue.Queue[tuple[bytes, dict[str, str]]] = queue.Queue()
        self.api = processors.second_instance().api

    def known(self, payment) -> list[dict]:
        """List what it has under the reference of a payment's last attempt."""
        reference = str(queries.attempts_of(payment.id)[-1].id)
        listed = self.api.get("/v1/payment_intents", limit=100)["data"]
        return [one for one in listed if one["metadata"].get("reference") == reference]

    async def hear(self, request: Request) -> Response:
        self.heard.put((await request.body(), dict(request.headers)))
        return JSONResponse({})


@pytest.fixture
def processor(settings) -> Iterator[Processor]:
    """The adapter in its place: a route leads to it, and its callbacks reach us."""
    second = processors.second_instance()
    line = processors.Line(second.instance.base_url, late_s=5, gives_keys=False)
    made = Processor(line)
    hear = Route("/inbound/stripe", made.hear, methods=["POST"])
    app = Starlette(routes=[Route("/health", lambda _: JSONResponse({})), hear])
    settings.STRIPE_SECRET_KEY = second.key
    with line.open() as url, served(app) as here:
        address = f"{str(here.base_url).rstrip('/')}/inbound/stripe"
        endpoint = made.api.post(
            "/v1/webhook_endpoints",
            {"url": address, "enabled_events": ["payment_intent.succeeded", "refund.updated",
                                                "payment_intent.amount_capturable_updated"]},
        )  # fmt: skip
        adapter = Stripe(key=second.key, secret=endpoint["secret"], url=url, timeout_s=4)
        routing.forget()
        with registry.using(adapter):
            route("stripe")
            yield made
        routing.forget()
        made.api.post(f"/v1/webhook_endpoints/{endpoint['id']}", {"disabled": True})


def now() -> datetime:
    return datetime.now(UTC)


def authorized(shop, **facets):
    payment = make.authorized(shop.id, eur(42_50), at=now(), **facets)
    assert payment.state == PaymentState.AUTHORIZED
    return payment


def test_money_is_reserved_taken_and_given_back_there(shop, processor):
    payment = authorized(shop)
    (there,) = processor.known(payment)
    assert (there["status"], there["amount"]) == ("requires_capture", 42_50)

    with pytest.raises(errors.UnexpectedState, match="takes once and lets the rest go"):
        payments.capture(
            merchant_id=shop.id, payment_id=payment.id, amount=eur(30_00), final=False,
            by=BY, at=now(),
        )  # fmt: skip
    assert processor.known(payment)[0]["amount_received"] == 0
    taken = payments.capture(
        merchant_id=shop.id, payment_id=payment.id, amount=eur(30_00), by=BY, at=now()
    ).value
    assert (taken.state, taken.captured) == (PaymentState.CAPTURED, eur(30_00))
    refund = payments.refund(
        merchant_id=shop.id, payment_id=payment.id, amount=eur(10_00), by=BY, at=now()
    ).value
    assert refund.state == RefundState.SUCCEEDED

    (there,) = processor.known(payment)
    assert (there["status"], there["amount_received"]) == ("succeeded", 30_00)
    refunds = processor.api.get("/v1/refunds", payment_intent=there["id"])["data"]
    assert [(one["amount"], one["metadata"]) for one in refunds] == [
        (10_00, {"reference": str(refund.id)})
    ]


def test_what_is_canceled_here_is_let_go_there(shop, processor):
    payment = authorized(shop)
    canceled = payments.cancel(merchant_id=shop.id, payment_id=payment.id, by=BY, at=now()).value
    assert canceled.state == PaymentState.CANCELED
    assert [one["status"] for one in processor.known(payment)] == ["canceled"]


def test_a_lost_answer_is_found_again_and_nobody_is_charged_twice(shop, processor):
    payment = make.confirmed(shop.id, eur(42_50), token="acquirer_timeout", at=now())
    assert payment.state == PaymentState.PROCESSING
    assert len(processor.known(payment)) == 1

    payments.resolve_due(by=BY, at=now() + timedelta(minutes=2))

    assert make.now(payment).state == PaymentState.CAPTURED
    assert [one["amount_received"] for one in processor.known(payment)] == [42_50]


def test_a_card_that_is_declined_there_is_declined_here(shop, processor):
    payment = make.confirmed(shop.id, eur(42_50), token="insufficient_funds", at=now())
    assert payment.state == PaymentState.CREATED
    assert payment.last_error.decline_code == "insufficient_funds"
    assert [one["amount_received"] for one in processor.known(payment)] == [0]


def test_what_it_calls_back_agrees_with_what_we_know(shop, processor):
    payment = authorized(shop)
    payments.capture(merchant_id=shop.id, payment_id=payment.id, amount=eur(30_00), by=BY, at=now())
    at_once = make.captured(shop.id, eur(5_00), at=now())
    heard = []
    for _ in range(3):
        body, headers = processor.heard.get(timeout=PATIENCE_S)
        heard.append(payments.receive(provider="stripe", body=body, headers=headers, at=now()))
        again = payments.receive(provider="stripe", body=body, headers=headers, at=now())
        assert again.outcome == Hearing.DUPLICATE

    assert {one.outcome for one in heard} == {Hearing.HEARD}
    assert {one.payment_id for one in heard} == {payment.id, at_once.id}
    for one in (payment, at_once):
        assert make.now(one).state == PaymentState.CAPTURED
    with pytest.raises(errors.CallbackUnverified):
        payments.receive(provider="stripe", body=body + b" ", headers=headers, at=now())


def test_an_outcome_that_we_never_heard_comes_by_callback(shop, processor):
    payment = make.confirmed(shop.id, eur(42_50), token="acquirer_timeout", at=now())
    assert payment.state == PaymentState.PROCESSING

    body, headers = processor.heard.get(timeout=PATIENCE_S)
    told = payments.receive(provider="stripe", body=body, headers=headers, at=now())

    assert (told.outcome, told.payment_id) == (Hearing.HEARD, payment.id)
    assert make.now(payment).state == PaymentState.CAPTURED


def test_its_movements_of_a_day_are_fetched_and_match_our_books(shop, processor):
    payment = authorized(shop)
    payments.capture(merchant_id=shop.id, payment_id=payment.id, amount=eur(30_00), by=BY, at=now())
    refund = payments.refund(
        merchant_id=shop.id, payment_id=payment.id, amount=eur(10_00), by=BY, at=now()
    ).value
    at_once = make.captured(shop.id, eur(5_00), at=now())
    (capture,) = queries.captures_of(payment.id)
    # What it keeps is agreed elsewhere, and not what Stripe would keep.
    SOURCES.update(declared({"stripe": {"account": "DE00", "fee_minor": 500}}))
    try:
        had = reconciliation.download(by=BY, at=now() + timedelta(days=1))
        reconciliation.run(source="stripe", by=BY, at=now() + timedelta(days=1))
    finally:
        del SOURCES["stripe"]

    assert had.fetched >= 1
    ours = [str(capture.reference), str(refund.id), str(queries.attempts_of(at_once.id)[-1].id)]
    found = Row.objects.filter(source="stripe", reference__in=ours)
    assert sorted((row.kind, row.gross_minor, row.place) for row in found) == [
        ("capture", 5_00, "matched"),
        ("capture", 30_00, "matched"),
        ("refund", -10_00, "matched"),
    ]

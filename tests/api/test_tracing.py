"""W3C trace context: a caller's trace goes on here, and from here to everybody who is asked."""

import json
import subprocess
import sys

import httpx
import pytest
import structlog
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from config import tracing as exporting
from fintech.kernel import event_log, tracing
from fintech.kernel.money import Money
from fintech.payments.providers.simulator import Simulator
from tests.api.conftest import Api
from tests.api.front_door import Front
from tests.make.payments import NOON

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
CALLERS = {"traceparent": f"00-{TRACE}-{SPAN}-01"}
ORDER = {"amount": 500, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True}


@pytest.fixture
def spans():
    """What an instance exports that has a collector."""
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    tracing.install(exporting.Spans(provider))
    yield kept
    tracing.install(None)


@pytest.mark.parametrize("door", [Api, Front])
def test_a_callers_trace_goes_on(door, api):
    caller = door(api.secret, headers=CALLERS)

    version, trace, span, flags = caller.get("/v1/account").headers["traceparent"].split("-")

    assert (version, trace, flags) == ("00", TRACE, "01")
    assert span != SPAN
    assert structlog.contextvars.get_contextvars()["trace_id"] == TRACE


@pytest.mark.parametrize(
    "told",
    ["", "junk", f"ff-{TRACE}-{SPAN}-01", f"00-{'0' * 32}-{SPAN}-01", f"00-{TRACE}-{'0' * 16}-01",
     f"00-{TRACE.upper()}-{SPAN}-01", f"00-{TRACE}-{SPAN}-01-more"],
)  # fmt: skip
def test_what_is_no_trace_begins_a_new_one(told, api):
    caller = Api(api.secret, headers={"traceparent": told})

    version, trace, _span, flags = caller.get("/v1/account").headers["traceparent"].split("-")

    assert (version, len(trace), flags) == ("00", 32, "00")
    assert trace != TRACE


@pytest.mark.parametrize("door", [Api, Front])
def test_facts_say_in_which_trace_they_were_written(door, api):
    door(api.secret, headers=CALLERS).post("/v1/payment_intents", ORDER)

    facts = event_log.after(0, 1000)
    written = [fact for fact in facts if fact.name.startswith("payments.")]
    assert written
    assert {fact.meta["trace"][3:35] for fact in written} == {TRACE}
    positions = {fact.position for fact in written}
    assert event_log.traces(positions).keys() == positions


def test_a_provider_is_told_of_the_trace():
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers.get("traceparent", ""))
        return httpx.Response(404)

    provider = Simulator(url="http://x", secret="s", transport=httpx.MockTransport(answer))
    with tracing.serving("GET /", CALLERS["traceparent"]):
        provider.refund(reference="r", capture="c", amount=Money(1, "EUR"), at=NOON)
        place = tracing.here()

    assert asked == [place]
    assert place[3:35] == TRACE


@pytest.mark.django_db(transaction=True)
def test_a_webhook_goes_on_with_the_trace_of_its_fact(api, monkeypatch, hear_webhooks):
    Api(api.secret, headers=CALLERS).post("/v1/customers", name="Ada")

    (told,) = hear_webhooks("customer.created")

    version, trace, span, _flags = told["traceparent"].split("-")
    assert (version, trace) == ("00", TRACE)
    assert span != SPAN


@pytest.fixture
def hear_webhooks(shop, settings):
    """Deliver what is due, and return the headers that a receiver got."""
    import threading
    from http.server import BaseHTTPRequestHandler, HTTPServer

    from fintech.kernel import clock, subscriptions
    from fintech.notifications import services as notifications
    from tests.make import merchants as make

    settings.WEBHOOK_ALLOW_LOOPBACK = True
    got: list[tuple[str, dict[str, str]]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((json.loads(body)["type"], {k.lower(): v for k, v in self.headers.items()}))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_words: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    notifications.create_endpoint(
        merchant_id=shop.id,
        url=f"http://127.0.0.1:{server.server_port}/",
        events=["customer.created"],
        by=make.BY,
        at=clock.now(),
    )

    def heard(kind: str) -> list[dict[str, str]]:
        subscriptions.catch_up()
        notifications.deliver_due(at=clock.now())
        return [headers for what, headers in got if what == kind]

    yield heard
    server.shutdown()


# -- spans ----------------------------------------------------------------------------------


@pytest.mark.parametrize("door", [Api, Front])
def test_a_request_is_a_span_of_its_callers_trace(door, api, spans):
    told = door(api.secret, headers=CALLERS).get("/v1/account").headers["traceparent"]

    (span,) = spans.get_finished_spans()
    assert f"{span.context.trace_id:032x}" == TRACE
    assert f"{span.parent.span_id:016x}" == SPAN
    assert told == f"00-{TRACE}-{span.context.span_id:016x}-01"


def test_what_begins_here_is_exported_too(api, spans):
    api.get("/v1/account")

    (span,) = spans.get_finished_spans()
    assert span.parent is None


def test_work_within_work_is_a_span_below_it(spans):
    with tracing.serving("POST /", CALLERS["traceparent"]), tracing.span("ask", kind="client"):
        inner = tracing.here()

    ask, serve = spans.get_finished_spans()
    assert ask.parent.span_id == serve.context.span_id
    assert inner == f"00-{TRACE}-{ask.context.span_id:016x}-01"
    assert tracing.onward("") == {}


def test_off_means_that_nothing_of_it_is_loaded():
    code = (
        "import config, sys; from fintech.kernel import tracing;"
        "print(tracing.is_on(), [m for m in sys.modules if m.startswith('opentelemetry')])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == "False []"


def test_a_task_is_named_in_every_line_of_its_log(monkeypatch):
    from config.celery import app

    seen = []

    @app.task(name="tests.traced")
    def work() -> None:
        seen.append(structlog.contextvars.get_contextvars())

    work.apply(task_id="t-1")

    assert seen[0].items() >= {"task": "tests.traced", "task_id": "t-1"}.items()

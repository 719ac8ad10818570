"""What the adapter to Stripe does beyond the contract that all adapters keep."""

import queue
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

import fintech
from fintech.kernel import ids, tracing
from fintech.kernel.money import Money
from fintech.payments import errors
from fintech.payments import queries as payments
from fintech.payments.data import AnswerStatus, Operation
from fintech.payments.providers import circuit, registry
from fintech.payments.providers.stripe import Stripe
from tests.acquirer.serving import served
from tests.payments.providers import processors
from tests.payments.providers.fake import SECRET
from tests.payments.providers.test_contract import as_stripe, stripe, stripe_signed

AT = datetime(2026, 11, 2, 12, tzinfo=UTC)
EUR = Money(42_50, "EUR")


def new() -> str:
    return str(ids.new())


def authorize(provider, reference="", *, amount=EUR, card="visa", capture=False):
    return provider.authorize(
        reference=reference or new(), amount=amount, card=card, capture=capture, at=AT
    )


@pytest.fixture(scope="module")
def forgetful() -> Iterator[processors.Line]:
    """Stripe as it is a day later: it knows the payments, and no idempotency key."""
    with processors.localstripe() as there:
        line = processors.Line(there, late_s=5, gives_keys=False, drops="created")
        with line.open() as line.url:
            yield line


def posts(line, about: str) -> int:
    return sum(one.startswith("POST") and about in one for one in line.asked)


def test_what_is_asked_again_when_the_keys_are_forgotten_is_done_once(forgetful):
    provider = stripe(forgetful.url)
    reserved = authorize(provider).provider_reference
    for _ in range(2):
        taken = provider.capture(
            reference="5f1c3c1e-0000-7000-8000-000000000001",
            authorization=reserved, amount=EUR, final=True, at=AT,
        )  # fmt: skip
        assert taken.status == AnswerStatus.SUCCEEDED
    given = [
        provider.refund(
            reference="5f1c3c1e-0000-7000-8000-000000000002",
            capture=reserved, amount=Money(10_00, "EUR"), at=AT,
        )
        for _ in range(2)
    ]  # fmt: skip
    assert given[0] == given[1]
    unwanted = authorize(provider).provider_reference
    for _ in range(2):
        answer = provider.void(reference=new(), authorization=unwanted, at=AT)
        assert answer.status == AnswerStatus.SUCCEEDED

    assert (posts(forgetful, "/capture"), posts(forgetful, "/refunds")) == (1, 1)
    assert posts(forgetful, "/cancel") == 1


def test_what_another_reference_has_taken_is_not_ours(forgetful):
    provider = stripe(forgetful.url)
    reserved = authorize(provider).provider_reference
    provider.capture(reference=new(), authorization=reserved, amount=EUR, final=True, at=AT)

    asked = provider.query(new(), operation=Operation.CAPTURE, subject=reserved)

    assert asked.status == AnswerStatus.FAILED
    asked = provider.query(new(), operation=Operation.VOID, subject=reserved)
    assert asked.status == AnswerStatus.FAILED  # It was taken; nothing can be let go.


def test_a_currency_that_stripe_counts_otherwise_is_not_asked_for(forgetful):
    before = len(forgetful.asked)
    answer = authorize(stripe(forgetful.url), amount=Money(500, "ISK"))
    assert (answer.status, answer.decline_code) == (AnswerStatus.FAILED, "currency_not_supported")
    assert len(forgetful.asked) == before


def test_reads_a_callback_that_localstripe_signs_and_sends():
    heard: queue.Queue[tuple[bytes, dict[str, str]]] = queue.Queue()

    async def hear(request: Request) -> Response:
        heard.put((await request.body(), dict(request.headers)))
        return JSONResponse({})

    app = Starlette(
        routes=[
            Route("/health", lambda _: JSONResponse({})),
            Route("/inbound/stripe", hear, methods=["POST"]),
        ]
    )
    with processors.localstripe() as there, served(app) as here:
        endpoint = {"url": f"{str(here.base_url).rstrip('/')}/inbound/stripe", "secret": SECRET}
        httpx.post(f"{there}/_config/webhooks/us", json=endpoint).raise_for_status()
        provider, reference = stripe(there), new()
        authorize(provider, reference, capture=True)
        body, headers = heard.get(timeout=20)

    notice = provider.verify_callback(body=body, headers=headers, at=datetime.now(UTC))

    assert (notice.kind, notice.reference) == ("payment_intent.succeeded", reference)
    assert (notice.answer.status, notice.answer.amount) == (AnswerStatus.SUCCEEDED, EUR)


def test_an_old_callback_is_not_made_young_by_a_second_time(forgetful):
    provider = stripe(forgetful.url)
    body, headers = as_stripe()
    signed = headers["Stripe-Signature"]
    later = datetime.fromtimestamp(datetime.now(UTC).timestamp() + 3600, UTC)
    padded = f"{signed},t={int(later.timestamp())}"

    with pytest.raises(errors.CallbackUnverified):
        provider.verify_callback(body=body, headers={"stripe-signature": padded}, at=later)
    provider.verify_callback(body=body, headers={"stripe-signature": signed}, at=datetime.now(UTC))


@pytest.mark.parametrize(
    ("told", "reference", "status", "minor"),
    [
        ({"status": "requires_capture"}, "r-1", AnswerStatus.APPROVED, 42_50),
        (
            {"amount_received": 30_00, "metadata": {"reference": "r-1", "capture": "c-1"}},
            "c-1",
            AnswerStatus.SUCCEEDED,
            30_00,
        ),
        ({"status": "canceled"}, "r-1", AnswerStatus.FAILED, 42_50),
        (
            {
                "status": "requires_payment_method",
                "last_payment_error": {"code": "card_declined", "decline_code": "lost_card"},
            },
            "r-1",
            AnswerStatus.DECLINED,
            42_50,
        ),
        (
            {"object": "refund", "status": "pending", "amount": 7_00},
            "r-1",
            AnswerStatus.PENDING,
            7_00,
        ),
        ({"object": "charge", "metadata": {}}, "", AnswerStatus.SUCCEEDED, 42_50),
    ],
)
def test_a_callback_names_the_operation_that_it_is_about(forgetful, told, reference, status, minor):
    body, headers = as_stripe(**told)
    notice = stripe(forgetful.url).verify_callback(body=body, headers=headers, at=datetime.now(UTC))
    assert (notice.reference, notice.answer.status) == (reference, status)
    assert notice.answer.amount == Money(minor, "EUR")


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"id": 1}', b'{"data": {"object": 7}}'])
def test_a_signed_callback_that_says_nothing_is_refused(forgetful, body):
    signed, headers = stripe_signed(body)
    with pytest.raises(errors.CallbackUnverified):
        stripe(forgetful.url).verify_callback(body=signed, headers=headers, at=datetime.now(UTC))


def test_without_a_secret_no_callback_is_believed():
    body, headers = stripe_signed(b"{}", secret="")
    provider = Stripe(key="sk_test_1234567", secret="", url="http://127.0.0.1:9")
    with pytest.raises(errors.CallbackUnverified):
        provider.verify_callback(body=body, headers=headers, at=datetime.now(UTC))


@contextmanager
def configured(settings, key: str) -> Iterator[None]:
    settings.STRIPE_SECRET_KEY = key
    try:
        yield
    finally:
        registry._made.pop("stripe", None)
        circuit.hold("stripe", "")


def test_it_is_a_provider_where_there_is_a_key_of_the_instance_s_mode(settings):
    assert "stripe" not in registry.names()
    with configured(settings, "sk_live_1234567"), pytest.raises(errors.ProviderUnknown):
        registry.provider("stripe")
    with configured(settings, "sk_test_1234567"):
        assert registry.names() == ("simulator", "backup", "stripe")
        assert isinstance(registry.provider("stripe").adapter, Stripe)
        assert payments.provider_health("stripe").state == "closed"
        assert registry.default() == "simulator"  # Routes lead to the others.
        assert payments.provider_health("stripe").lacks == (
            "partial_captures",
            "adjustments",
            "challenges",
        )
        assert payments.provider_health("simulator").lacks == ()
    settings.MODE = "live"
    with configured(settings, "sk_test_1234567"):
        assert registry.names() == ()
    with configured(settings, "sk_live_1234567"):
        assert registry.names() == ("stripe",)
        assert registry.default() == "stripe"


def test_nobody_waits_for_its_sdk_who_does_not_use_it():
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "import django, sys; django.setup(); import config.asgi, config.celery, config.urls; "
            "from fintech.payments.providers import registry; registry.provider('simulator'); "
            "print('stripe' in sys.modules)",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == "False"


def test_an_adapter_is_one_short_file():
    file = Path(fintech.__path__[0]) / "payments" / "providers" / "stripe.py"
    assert len(file.read_text().splitlines()) <= 150


def test_a_command_names_our_reference_and_our_place_in_the_trace_and_tells_nothing_else(forgetful):
    reference = new()
    with tracing.serving("test", f"00-{'1' * 32}-{'2' * 16}-01"):
        authorize(stripe(forgetful.url), reference)
    headers = forgetful.headers[-1]
    assert headers["idempotency-key"] == reference
    assert headers["traceparent"].startswith(f"00-{'1' * 32}-")
    assert "x-stripe-client-telemetry" not in headers

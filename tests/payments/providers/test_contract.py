"""
What every adapter must do. The fake of the other tests passes it as the real one does.

An adapter is written in one file and added to `ADAPTERS` here, with what its processor's
sandbox calls our cards and how it signs. What a stand-in of a processor can't do is
skipped with its reason; what an adapter's capabilities rule out is tested to be refused.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import cast

import pytest

from fintech.kernel import ids
from fintech.kernel.money import Money
from fintech.payments import errors
from fintech.payments.data import Answer, AnswerStatus, Operation
from fintech.payments.providers.guarded import Guarded
from fintech.payments.providers.protocol import Provider
from fintech.payments.providers.simulator import Simulator
from fintech.payments.providers.stripe import Stripe
from fintech.reconciliation.readers import staging
from fintech.reconciliation.readers.recognize import recognize
from sandbox.acquirer.app import Acquirer
from sandbox.acquirer.book import Book
from sandbox.acquirer.callbacks import Callbacks
from tests.acquirer.serving import served
from tests.payments.providers import example_pay, processors
from tests.payments.providers.fake import SECRET, FakeAcquirer

# One afternoon; what is real (Stripe's clock) is asked for by its own day.
AT = datetime(2026, 11, 2, 12, tzinfo=UTC)
EUR = Money(42_50, "EUR")
type Signed = tuple[bytes, dict[str, str]]


def as_simulator(**changed: object) -> Signed:
    told = {
        "event_id": "evt_1",
        "kind": "capture",
        "reference": "r-1",
        "status": "succeeded",
        "amount_minor": 42_50,
        "currency": "EUR",
        "id": "sim_1",
        "occurred_at": AT.isoformat(),
        **changed,
    }
    return FakeAcquirer().signed(json.dumps(told).encode())


def as_stripe(**changed: object) -> Signed:
    told = {
        "object": "payment_intent",
        "id": "pi_1",
        "status": "succeeded",
        "amount": 42_50,
        "currency": "eur",
        "metadata": {"reference": "r-1"},
        **changed,
    }
    event = {
        "id": "evt_1",
        "type": "payment_intent.succeeded",
        "created": int(AT.timestamp()),
        "data": {"object": told},
    }
    return stripe_signed(json.dumps(event).encode())


def as_example(**changed: object) -> Signed:
    told = {
        "event": "evt_1",
        "kind": "capture",
        "reference": "r-1",
        "status": "captured",
        "amount": 42_50,
        "currency": "EUR",
        "id": "ep_1",
        "at": AT.isoformat(),
        **changed,
    }
    body, headers = stripe_signed(json.dumps(told).encode())
    return body, {"Example-Signature": headers["Stripe-Signature"]}


def stripe_signed(body: bytes, *, secret: str = SECRET) -> Signed:
    stamp = int(datetime.now(UTC).timestamp())
    code = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return body, {"Stripe-Signature": f"t={stamp},v1={code}"}


@dataclass(frozen=True, kw_only=True)
class Tried:
    """An adapter, and what the suite must know of the other side."""

    provider: Provider
    gone: Callable[[], Provider]  # The adapter, with nobody at the other end.
    callback: Callable[..., Signed] = as_simulator
    cards: Mapping[str, str] = field(default_factory=dict)  # Ours, as its sandbox knows them.
    lacks: Mapping[str, str] = field(default_factory=dict)  # Tests that it can't pass, and why.
    real_time: bool = False  # Its clock can't be told another day.


def simulator_gone() -> Provider:
    return Simulator(url="http://127.0.0.1:9", secret=SECRET, timeout_seconds=1)


def stripe(url: str, key: str = "sk_test_1234567") -> Provider:
    """As the platform asks it: whatever it raises is an answer."""
    return guarded(Stripe(key=key, secret=SECRET, url=url, timeout_s=4))


def guarded(adapter: Provider) -> Provider:
    return cast("Provider", Guarded(adapter))


def stripe_gone() -> Provider:
    return stripe("http://127.0.0.1:9")


@contextmanager
def over_http() -> Iterator[Tried]:
    app = Acquirer(Book(pending_seconds=3600), Callbacks("", SECRET), late_seconds=2).app()
    with served(app) as client:
        adapter = Simulator(url=str(client.base_url), secret=SECRET, timeout_seconds=1)
        yield Tried(provider=adapter, gone=simulator_gone)


@contextmanager
def fake() -> Iterator[Tried]:
    yield Tried(provider=FakeAcquirer(), gone=simulator_gone)


@contextmanager
def behind_its_circuit() -> Iterator[Tried]:
    yield Tried(provider=guarded(FakeAcquirer()), gone=lambda: guarded(simulator_gone()))


@contextmanager
def stripe_of_a_second_instance() -> Iterator[Tried]:
    second = processors.second_instance()
    line = processors.Line(second.instance.base_url, late_s=5, gives_keys=False)
    with line.open() as url:
        yield Tried(
            provider=stripe(url, second.key), gone=stripe_gone, callback=as_stripe, real_time=True
        )


@contextmanager
def stripe_of_localstripe() -> Iterator[Tried]:
    with processors.localstripe() as there:
        line = processors.Line(there, late_s=5, gives_keys=True, drops="created")
        with line.open() as url:
            yield Tried(
                provider=stripe(url),
                gone=stripe_gone,
                callback=as_stripe,
                real_time=True,
                cards={
                    "declined": "decline_after_attach",  # The one that it declines when charged.
                    "three_d_secure": processors.made_card(there, "4000002500003155"),
                },
                lacks={
                    "test_says_why_not[insufficient_funds-insufficient_funds]": "it has no such card",
                    "test_gives_back_in_parts_and_never_more_than_was_taken": (
                        "it gives back more than was taken"
                    ),
                    "test_a_refund_may_take_its_time_or_fail": "it has no such cards",
                    "test_takes_once_and_lets_the_rest_go": "it does not tell how much was taken",
                    "test_gives_a_file_of_what_it_settled_which_names_our_references": (
                        "it does not list movements of a day"
                    ),
                },
            )


@contextmanager
def of_the_page() -> Iterator[Tried]:
    """The adapter that `docs/adapters.md` shows, taken from there."""
    adapter = example_pay.on_the_page()
    keys = {"key": "key", "secret": SECRET}
    with served(example_pay.app(late_seconds=2)) as client:
        yield Tried(
            provider=guarded(adapter(url=str(client.base_url), timeout_s=1, **keys)),
            gone=lambda: guarded(adapter(url="http://127.0.0.1:9", **keys)),
            callback=as_example,
        )


ADAPTERS = {
    "simulator over HTTP": over_http,
    "fake": fake,
    "behind its circuit": behind_its_circuit,
    "the example of the page": of_the_page,
    "stripe, a second instance of this platform": stripe_of_a_second_instance,
    "stripe, localstripe": stripe_of_localstripe,
}


@pytest.fixture(params=ADAPTERS, scope="module")
def tried(request) -> Iterator[Tried]:
    with ADAPTERS[request.param]() as made:
        yield made


@pytest.fixture
def provider(tried, request) -> Provider:
    for name, reason in tried.lacks.items():
        of, _, case = name.rstrip("]").partition("[")
        here = request.node.name
        if here.startswith(f"{of}[") and (not case or case in here):
            pytest.skip(f"a stand-in: {reason}")
    return tried.provider


@pytest.fixture
def card(tried) -> Callable[[str], str]:
    """Say our card in the words of the processor's sandbox."""
    return lambda code: tried.cards.get(code, code)


def new() -> str:
    return str(ids.new())


def authorize(provider, reference=None, *, amount=EUR, card="visa", capture=False, **facets):
    return provider.authorize(
        reference=reference or new(), amount=amount, card=card, capture=capture, at=AT, **facets
    )


def test_reserves_money(provider):
    answer = authorize(provider)
    assert (answer.status, answer.amount) == (AnswerStatus.APPROVED, EUR)
    assert answer.provider_reference


def test_takes_at_once_when_asked(provider):
    answer = authorize(provider, capture=True)
    assert answer.status in {AnswerStatus.APPROVED, AnswerStatus.SUCCEEDED}
    assert answer.amount == EUR


@pytest.mark.parametrize(
    ("code", "why"),
    [("declined", "generic_decline"), ("insufficient_funds", "insufficient_funds")],
)
def test_says_why_not(provider, card, code, why):
    reference = new()
    answer = authorize(provider, reference, card=card(code))
    assert (answer.status, answer.decline_code) == (AnswerStatus.DECLINED, why)
    known = provider.query(reference)
    assert (known.status, known.decline_code) == (AnswerStatus.DECLINED, why)


def test_one_reference_has_one_effect(provider):
    reference = new()
    first, second = authorize(provider, reference), authorize(provider, reference)
    assert first == second == provider.query(reference)


def test_sends_the_payer_to_a_challenge_and_goes_on_when_it_is_passed(provider, card):
    reference, code = new(), card("three_d_secure")
    first = authorize(provider, reference, card=code)
    if not provider.capabilities.challenges:
        assert (first.status, first.decline_code) == (
            AnswerStatus.DECLINED,
            "authentication_required",
        )
        assert provider.query(reference).status in {AnswerStatus.DECLINED, AnswerStatus.FAILED}
        return
    passed = authorize(provider, reference, card=code, authenticated=True)
    assert (first.status, passed.status) == (AnswerStatus.CHALLENGE, AnswerStatus.APPROVED)


def taking(provider, authorization) -> Callable[..., Answer]:
    def take(minor, reference=None, *, final=False):
        return provider.capture(
            reference=reference or new(),
            authorization=authorization,
            amount=Money(minor, "EUR"),
            final=final,
            at=AT,
        )

    return take


def test_takes_in_parts_and_never_more_than_is_reserved(provider):
    if not provider.capabilities.partial_captures:
        pytest.skip("it takes once; the test below")
    authorization = authorize(provider).provider_reference
    take, reference = taking(provider, authorization), new()
    assert take(30_00, reference).status == AnswerStatus.SUCCEEDED
    assert take(30_00, reference) == provider.query(
        reference, operation=Operation.CAPTURE, subject=authorization
    )
    assert take(12_51).status == AnswerStatus.FAILED
    assert take(12_50).amount == Money(12_50, "EUR")


def test_takes_once_and_lets_the_rest_go(provider):
    authorization = authorize(provider).provider_reference
    take, reference, too_much = taking(provider, authorization), new(), new()
    asked = {"operation": Operation.CAPTURE, "subject": authorization}
    assert provider.query(reference, **asked).status == AnswerStatus.ABSENT
    assert take(42_51, too_much, final=True).status == AnswerStatus.FAILED
    taken = take(10_00, reference, final=True)
    assert (taken.status, taken.amount) == (AnswerStatus.SUCCEEDED, Money(10_00, "EUR"))
    assert take(10_00, reference, final=True) == taken == provider.query(reference, **asked)
    assert take(1_00).status == AnswerStatus.FAILED
    assert provider.query(too_much, **asked).status in {AnswerStatus.FAILED, AnswerStatus.ABSENT}


def test_takes_all_once(provider):
    authorization = authorize(provider).provider_reference
    take, reference = taking(provider, authorization), new()
    taken = take(42_50, reference, final=True)
    assert taken.status == AnswerStatus.SUCCEEDED
    assert take(42_50, reference, final=True) == taken
    assert take(42_50, final=True).status == AnswerStatus.FAILED


def test_reserves_another_amount_and_never_less_than_was_taken(provider):
    authorization = authorize(provider).provider_reference

    def adjust(minor, reference):
        return provider.adjust(
            reference=reference, authorization=authorization, amount=Money(minor, "EUR"), at=AT
        )

    reference = new()
    if not provider.capabilities.adjustments:
        assert adjust(60_00, reference).status == AnswerStatus.FAILED
        return
    assert adjust(60_00, reference).amount == Money(60_00, "EUR")
    assert adjust(60_00, reference) == provider.query(
        reference, operation=Operation.ADJUSTMENT, subject=authorization
    )
    taken = provider.capture(
        reference=new(), authorization=authorization, amount=Money(50_00, "EUR"), at=AT
    )
    assert taken.status == AnswerStatus.SUCCEEDED
    assert adjust(49_99, new()).status == AnswerStatus.FAILED


def test_lets_go_and_then_takes_nothing(provider):
    authorization, reference = authorize(provider).provider_reference, new()
    asked = {"operation": Operation.VOID, "subject": authorization}
    assert provider.query(reference, **asked).status == AnswerStatus.ABSENT
    gone = provider.void(reference=reference, authorization=authorization, at=AT)
    assert gone.status == AnswerStatus.SUCCEEDED
    assert provider.void(reference=reference, authorization=authorization, at=AT) == gone
    assert provider.query(reference, **asked).status == AnswerStatus.SUCCEEDED
    answer = provider.capture(reference=new(), authorization=authorization, amount=EUR, at=AT)
    assert answer.status == AnswerStatus.FAILED


@pytest.mark.parametrize("at_once", [True, False])
def test_gives_back_in_parts_and_never_more_than_was_taken(provider, at_once):
    answer = authorize(provider, capture=at_once)
    if not at_once:
        answer = provider.capture(
            reference=new(), authorization=answer.provider_reference, amount=EUR, at=AT
        )

    def give(minor, reference=None):
        return provider.refund(
            reference=reference or new(),
            capture=answer.provider_reference,
            amount=Money(minor, "EUR"),
            at=AT,
        )

    reference = new()
    asked = {"operation": Operation.REFUND, "subject": answer.provider_reference}
    assert provider.query(reference, **asked).status == AnswerStatus.ABSENT
    given = give(40_00, reference)
    assert (given.status, given.amount) == (AnswerStatus.SUCCEEDED, Money(40_00, "EUR"))
    assert give(40_00, reference) == given == provider.query(reference, **asked)
    assert give(2_51).status == AnswerStatus.FAILED
    assert give(2_50).amount == Money(2_50, "EUR")


def test_a_refund_asked_for_again_is_given_once(provider):
    answer, reference = authorize(provider, capture=True), new()

    def give():
        return provider.refund(
            reference=reference, capture=answer.provider_reference, amount=EUR, at=AT
        )

    assert give() == give()
    assert give().status == AnswerStatus.SUCCEEDED


def test_a_refund_may_take_its_time_or_fail(provider):
    for code, status in (
        ("refund_pending", AnswerStatus.PENDING),
        ("refund_fails", AnswerStatus.FAILED),
    ):
        taken = authorize(provider, card=code, capture=True)
        answer = provider.refund(
            reference=new(), capture=taken.provider_reference, amount=EUR, at=AT
        )
        assert answer.status == status


def test_a_lost_answer_is_unknown_and_can_be_asked_about(provider):
    reference = new()
    assert authorize(provider, reference, card="acquirer_timeout").status == AnswerStatus.UNKNOWN
    assert provider.query(reference).status == AnswerStatus.APPROVED


def test_what_never_arrived_is_absent(provider):
    reference = new()
    assert authorize(provider, reference, card="acquirer_error").status == AnswerStatus.ABSENT
    assert provider.query(reference).status == AnswerStatus.ABSENT
    assert provider.query(new()).status == AnswerStatus.ABSENT


@pytest.mark.parametrize("currency", ["JPY", "EUR", "KWD"])
def test_keeps_whole_minor_units_of_any_currency(provider, currency):
    amount = Money(12_345, currency)
    assert authorize(provider, amount=amount).amount == amount
    assert Money.zero(currency) < provider.fee(amount) < amount


def test_settles_within_days(provider):
    assert AT.date() < provider.due_on(AT) <= AT.date() + timedelta(days=7)


def test_gives_a_file_of_what_it_settled_which_names_our_references(provider, tried):
    if not provider.capabilities.settlement_files:
        told = provider.settlement_file(on=AT.date(), currency="EUR")
        assert told.status == AnswerStatus.ABSENT
        return
    # A day that no other test has settled on, where the processor's can be told.
    day = datetime.now(UTC) if tried.real_time else AT + timedelta(days=ids.new().int % 300)
    reserved = provider.authorize(
        reference=new(), amount=EUR, card="visa", capture=False, at=day
    ).provider_reference
    taken, at_once, given = new(), new(), new()
    captured = provider.capture(
        reference=taken, authorization=reserved, amount=EUR, final=True, at=day
    ).provider_reference
    provider.refund(reference=given, capture=captured, amount=Money(10_00, "EUR"), at=day)
    provider.authorize(
        reference=at_once, amount=Money(5_00, "EUR"), card="visa", capture=True, at=day
    )

    told = provider.settlement_file(on=day.date(), currency="EUR")
    items = list(recognize(told.content).items)
    lines = {line.reference: line for line in items if isinstance(line, staging.Line)}
    (report,) = (item for item in items if isinstance(item, staging.ProcessorReport))

    assert told.status == AnswerStatus.SUCCEEDED
    assert (report.ties_out, report.rows) == (True, len(items) - 1)
    assert {reference: lines[reference].gross for reference in (taken, given, at_once)} == {
        taken: Decimal("42.50"),
        given: Decimal("-10.00"),
        at_once: Decimal("5.00"),
    }
    assert (lines[taken].kind, lines[given].kind) == ("capture", "refund")
    assert all(one.currency == "EUR" for one in lines.values())
    other = provider.settlement_file(on=day.date(), currency="JPY")
    assert other.status in {AnswerStatus.SUCCEEDED, AnswerStatus.ABSENT}
    assert taken.encode() not in other.content


def test_reads_a_callback_that_is_the_processor_s(provider, tried):
    body, headers = tried.callback()
    notice = provider.verify_callback(body=body, headers=headers, at=datetime.now(UTC))
    assert (notice.event_id, notice.reference, notice.answer.status, notice.answer.amount) == (
        "evt_1",
        "r-1",
        AnswerStatus.SUCCEEDED,
        EUR,
    )
    assert notice.occurred_at == AT


@pytest.mark.parametrize("late", [timedelta(minutes=6), -timedelta(minutes=6)])
def test_refuses_a_callback_of_another_time_or_hand(provider, tried, late):
    body, headers = tried.callback()
    forged = {
        name: value[:-1] + ("0" if value[-1] != "0" else "1") for name, value in headers.items()
    }
    for wrong_body, wrong_headers, at in (
        (body, headers, datetime.now(UTC) + late),
        (body + b" ", headers, datetime.now(UTC)),
        (body, forged, datetime.now(UTC)),
        (body, {}, datetime.now(UTC)),
        (*tried.callback(status="perhaps"), datetime.now(UTC)),
        (*tried.callback(status=None), datetime.now(UTC)),
    ):
        with pytest.raises(errors.CallbackUnverified):
            provider.verify_callback(body=wrong_body, headers=wrong_headers, at=at)


def test_a_processor_that_is_not_there_was_not_asked(tried):
    gone = tried.gone()
    assert authorize(gone).status == AnswerStatus.ABSENT
    assert gone.query(new()).status == AnswerStatus.UNKNOWN
    if gone.capabilities.settlement_files:
        told = gone.settlement_file(on=AT.date(), currency="EUR")
        assert (told.status, told.content) == (AnswerStatus.UNKNOWN, b"")

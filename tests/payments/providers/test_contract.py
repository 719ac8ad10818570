"""
What every adapter must do. The fake of the other tests passes it as the real one does.

An adapter is written in one file and added to `ADAPTERS` here.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import cast

import pytest

from fintech.kernel import ids
from fintech.kernel.money import Money
from fintech.payments import errors
from fintech.payments.data import AnswerStatus
from fintech.payments.providers.guarded import Guarded
from fintech.payments.providers.protocol import Provider
from fintech.payments.providers.simulator import Simulator
from fintech.reconciliation.readers import staging
from fintech.reconciliation.readers.recognize import recognize
from sandbox.acquirer.app import Acquirer
from sandbox.acquirer.book import Book
from sandbox.acquirer.callbacks import Callbacks
from tests.acquirer.serving import served
from tests.payments.providers.fake import SECRET, FakeAcquirer

AT = datetime(2026, 11, 2, 12, tzinfo=UTC)
EUR = Money(42_50, "EUR")


@contextmanager
def over_http() -> Iterator[Provider]:
    app = Acquirer(Book(pending_seconds=3600), Callbacks("", SECRET), late_seconds=1).app()
    with served(app) as client:
        yield Simulator(url=str(client.base_url), secret=SECRET, timeout_seconds=0.2)


@contextmanager
def fake() -> Iterator[Provider]:
    yield FakeAcquirer()


@contextmanager
def guarded() -> Iterator[Provider]:
    yield cast("Provider", Guarded(FakeAcquirer()))


ADAPTERS = {"simulator over HTTP": over_http, "fake": fake, "behind its circuit": guarded}


@pytest.fixture(params=ADAPTERS, scope="module")
def provider(request) -> Iterator[Provider]:
    with ADAPTERS[request.param]() as made:
        yield made


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
    ("card", "code"),
    [("declined", "generic_decline"), ("insufficient_funds", "insufficient_funds")],
)
def test_says_why_not(provider, card, code):
    answer = authorize(provider, card=card)
    assert (answer.status, answer.decline_code) == (AnswerStatus.DECLINED, code)


def test_one_reference_has_one_effect(provider):
    reference = new()
    first, second = authorize(provider, reference), authorize(provider, reference)
    assert first == second == provider.query(reference)


def test_sends_the_payer_to_a_challenge_and_goes_on_when_it_is_passed(provider):
    reference = new()
    first = authorize(provider, reference, card="three_d_secure")
    passed = authorize(provider, reference, card="three_d_secure", authenticated=True)
    assert (first.status, passed.status) == (AnswerStatus.CHALLENGE, AnswerStatus.APPROVED)


def test_takes_in_parts_and_never_more_than_is_reserved(provider):
    authorization = authorize(provider).provider_reference

    def take(minor, reference=None):
        return provider.capture(
            reference=reference or new(),
            authorization=authorization,
            amount=Money(minor, "EUR"),
            at=AT,
        )

    reference = new()
    assert take(30_00, reference).status == AnswerStatus.SUCCEEDED
    assert take(30_00, reference) == provider.query(reference)
    assert take(12_51).status == AnswerStatus.FAILED
    assert take(12_50).amount == Money(12_50, "EUR")


def test_reserves_another_amount_and_never_less_than_was_taken(provider):
    authorization = authorize(provider).provider_reference

    def adjust(minor, reference):
        return provider.adjust(
            reference=reference, authorization=authorization, amount=Money(minor, "EUR"), at=AT
        )

    reference = new()
    assert adjust(60_00, reference).amount == Money(60_00, "EUR")
    assert adjust(60_00, reference) == provider.query(reference)
    taken = provider.capture(
        reference=new(), authorization=authorization, amount=Money(50_00, "EUR"), at=AT
    )
    assert taken.status == AnswerStatus.SUCCEEDED
    assert adjust(49_99, new()).status == AnswerStatus.FAILED


def test_after_the_last_part_nothing_is_reserved(provider):
    authorization = authorize(provider).provider_reference

    def take(minor, *, final):
        return provider.capture(
            reference=new(),
            authorization=authorization,
            amount=Money(minor, "EUR"),
            final=final,
            at=AT,
        )

    assert take(10_00, final=True).status == AnswerStatus.SUCCEEDED
    assert take(1_00, final=False).status == AnswerStatus.FAILED


def test_lets_go_and_then_takes_nothing(provider):
    authorization = authorize(provider).provider_reference
    assert provider.void(reference=new(), authorization=authorization, at=AT).status == (
        AnswerStatus.SUCCEEDED
    )
    answer = provider.capture(reference=new(), authorization=authorization, amount=EUR, at=AT)
    assert answer.status == AnswerStatus.FAILED


@pytest.mark.parametrize("at_once", [True, False])
def test_gives_back_in_parts_and_never_more_than_was_taken(provider, at_once):
    answer = authorize(provider, capture=at_once)
    if not at_once:
        answer = provider.capture(
            reference=new(), authorization=answer.provider_reference, amount=EUR, at=AT
        )

    def give(minor):
        return provider.refund(
            reference=new(),
            capture=answer.provider_reference,
            amount=Money(minor, "EUR"),
            at=AT,
        )

    assert give(40_00).status == AnswerStatus.SUCCEEDED
    assert give(2_51).status == AnswerStatus.FAILED
    assert give(2_50).amount == Money(2_50, "EUR")


def test_a_refund_may_take_its_time_or_fail(provider):
    for card, status in (
        ("refund_pending", AnswerStatus.PENDING),
        ("refund_fails", AnswerStatus.FAILED),
    ):
        taken = authorize(provider, card=card, capture=True)
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


def test_settles_the_next_day(provider):
    assert provider.due_on(AT) == date(2026, 11, 3)


def test_gives_a_file_of_what_it_settled_which_names_our_references(provider):
    day = AT + timedelta(days=ids.new().int % 300)  # One that no other test has settled on.
    taken, given = new(), new()
    captured = provider.authorize(
        reference=taken, amount=EUR, card="visa", capture=True, at=day
    ).provider_reference
    provider.refund(reference=given, capture=captured, amount=Money(10_00, "EUR"), at=day)

    told = provider.settlement_file(on=day.date(), currency="EUR")
    lines = {
        line.reference: line
        for line in recognize(told.content).items
        if isinstance(line, staging.Line)
    }

    assert told.status == AnswerStatus.SUCCEEDED
    assert {reference: line.gross for reference, line in lines.items()} == {
        taken: Decimal("42.50"),
        given: Decimal("-10.00"),
    }
    assert all(
        line.currency == "EUR" and line.net == line.gross - line.fee for line in lines.values()
    )
    other = provider.settlement_file(on=day.date(), currency="JPY")
    assert other.status in {AnswerStatus.SUCCEEDED, AnswerStatus.ABSENT}
    assert taken.encode() not in other.content


def callback(provider, **changed):
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


def test_reads_a_callback_that_is_the_processor_s(provider):
    body, headers = callback(provider)
    notice = provider.verify_callback(body=body, headers=headers, at=datetime.now(UTC))
    assert (notice.event_id, notice.reference, notice.answer.status, notice.answer.amount) == (
        "evt_1",
        "r-1",
        AnswerStatus.SUCCEEDED,
        EUR,
    )


@pytest.mark.parametrize("late", [timedelta(minutes=6), -timedelta(minutes=6)])
def test_refuses_a_callback_of_another_time_or_hand(provider, late):
    body, headers = callback(provider)
    for wrong_body, wrong_headers, at in (
        (body, headers, datetime.now(UTC) + late),
        (body + b" ", headers, datetime.now(UTC)),
        (body, {**headers, "X-Signature": "0" * 64}, datetime.now(UTC)),
        (body, {}, datetime.now(UTC)),
        (*callback(provider, status="perhaps"), datetime.now(UTC)),
    ):
        with pytest.raises(errors.CallbackUnverified):
            provider.verify_callback(body=wrong_body, headers=wrong_headers, at=at)


def test_an_acquirer_that_is_not_there_was_not_asked():
    gone = Simulator(url="http://127.0.0.1:9", secret=SECRET, timeout_seconds=0.2)
    assert authorize(gone).status == AnswerStatus.ABSENT
    assert gone.query(new()).status == AnswerStatus.UNKNOWN
    told = gone.settlement_file(on=AT.date(), currency="EUR")
    assert (told.status, told.content) == (AnswerStatus.UNKNOWN, b"")

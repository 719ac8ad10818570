"""A provider that does not answer is left alone, and is asked again a little later."""

import socket
import time
from datetime import UTC, datetime

import httpx
import pytest
from prometheus_client import REGISTRY

from fintech.kernel import ids
from fintech.kernel.money import Money
from fintech.payments import errors
from fintech.payments.data import AnswerStatus
from fintech.payments.providers import circuit, shared
from fintech.payments.providers.guarded import Guarded
from fintech.payments.providers.protocol import Capabilities
from tests.payments.providers.fake import FakeAcquirer

AT = datetime(2026, 11, 2, 12, tzinfo=UTC)
EUR = Money(42_50, "EUR")
OPEN_S = 0.2


@pytest.fixture
def limits(settings):
    settings.PROVIDER_CIRCUIT = {"failures": 4, "window_s": 30, "open_s": 30, "probes": 2}
    settings.PROVIDER_RETRIES = {"times": 2, "first_wait_s": 0.001, "within_s": 1}
    circuit.forget()
    yield settings
    circuit.forget()


@pytest.fixture
def acquirer(limits) -> FakeAcquirer:
    # A circuit of its own: Valkey outlives a test.
    return FakeAcquirer(name=f"fake_{ids.new().hex}")


@pytest.fixture
def provider(acquirer) -> Guarded:
    return Guarded(acquirer)


def authorize(provider, reference="", *, card="visa"):
    return provider.authorize(
        reference=reference or str(ids.new()), amount=EUR, card=card, capture=False, at=AT
    )


def open_for_a_moment(limits, provider) -> None:
    """Let it open, and wait until it is half open; what follows may take its time again."""
    limits.PROVIDER_CIRCUIT = {**limits.PROVIDER_CIRCUIT, "open_s": OPEN_S}
    fail(provider, 4)
    time.sleep(OPEN_S + 0.02)
    limits.PROVIDER_CIRCUIT = {**limits.PROVIDER_CIRCUIT, "open_s": 30}


def state(acquirer) -> str:
    return circuit.health(acquirer.name).state


def fail(provider, times: int) -> None:
    for _ in range(times):
        assert authorize(provider, card="acquirer_error").asked


def measured(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0


def test_a_few_failures_close_nobody_out(provider, acquirer):
    fail(provider, 3)
    assert authorize(provider).status == AnswerStatus.APPROVED
    assert state(acquirer) == "closed"


def test_it_opens_and_then_nobody_is_asked(provider, acquirer):
    fail(provider, 4)
    assert state(acquirer) == "open"
    asked = acquirer.asked.total()

    refused, question = authorize(provider), provider.query("r-1")

    assert (refused.status, refused.asked) == (AnswerStatus.ABSENT, False)
    assert (question.status, question.asked) == (AnswerStatus.UNKNOWN, False)
    assert acquirer.asked.total() == asked
    of = {"provider": acquirer.name}
    assert measured("provider_circuit_state", **of) == 2
    assert measured("provider_calls_total", **of, operation="authorize", outcome="not_asked") == 1
    assert measured("provider_calls_total", **of, operation="authorize", outcome="absent") == 4
    assert measured("provider_call_seconds_count", **of, operation="authorize") == 4


def test_failures_that_are_few_among_many_do_not_open_it(provider, acquirer):
    for _ in range(6):
        authorize(provider)
    fail(provider, 5)
    assert state(acquirer) == "closed"
    fail(provider, 1)
    assert state(acquirer) == "open"


def test_probes_that_go_well_close_it(limits, provider, acquirer):
    open_for_a_moment(limits, provider)
    assert state(acquirer) == "half_open"
    assert [authorize(provider).status for _ in range(2)] == [AnswerStatus.APPROVED] * 2
    assert state(acquirer) == "closed"


def test_a_probe_that_fails_opens_it_again(limits, provider, acquirer):
    open_for_a_moment(limits, provider)
    fail(provider, 1)
    assert state(acquirer) == "open"
    assert not authorize(provider).asked


def test_only_as_many_probes_go_out_as_there_are(limits, provider, acquirer):
    open_for_a_moment(limits, provider)
    assert [circuit.admits(acquirer.name) for _ in range(4)] == [True, True, False, False]
    limits.PROVIDER_CIRCUIT = {**limits.PROVIDER_CIRCUIT, "open_s": OPEN_S}
    time.sleep(OPEN_S + 0.02)  # Nobody was heard of again: they are given anew.
    assert circuit.admits(acquirer.name)


def test_processes_share_what_they_know(provider, acquirer):
    fail(provider, 2)
    circuit.forget()  # As another process, which has seen nothing.
    fail(provider, 2)
    circuit.forget()
    assert not authorize(provider).asked
    known = circuit.health(acquirer.name)
    assert [what for _, what in known.failures] == ["authorize absent"] * 4
    assert abs(known.failures[0][0] - time.time()) < 5


def test_a_settlement_file_that_does_not_come_is_asked_for_again_and_opens_it(provider, acquirer):
    day = AT.date()
    acquirer.fall_silent()
    told = provider.settlement_file(on=day, currency="EUR")

    assert (told.status, told.content, told.asked) == (AnswerStatus.UNKNOWN, b"", True)
    assert acquirer.asked[f"file {day} EUR"] == 3  # Once, and twice more.
    provider.settlement_file(on=day, currency="EUR")
    assert state(acquirer) == "open"
    acquirer.fall_silent(silent=False)
    held_back = provider.settlement_file(on=day, currency="EUR")
    assert (held_back.status, held_back.asked) == (AnswerStatus.UNKNOWN, False)
    of = {"provider": acquirer.name, "operation": "settlement_file"}
    assert measured("provider_calls_total", **of, outcome="unknown") == 4
    assert measured("provider_calls_total", **of, outcome="not_asked") == 2


class Raising(FakeAcquirer):
    """Raises what it is told to, once; as an adapter may whose other side is beyond it."""

    turned_away = (PermissionError,)
    fault: Exception | None = None

    def _raise(self, *_: object, **__: object):
        self.asked["raised"] += 1
        assert self.fault is not None
        raise self.fault

    authorize = query = settlement_file = verify_callback = _raise  # type: ignore[assignment]


def caused(by: Exception) -> Exception:
    fault = RuntimeError("the SDK could not connect")
    fault.__cause__ = by
    return fault


@pytest.mark.parametrize(
    ("fault", "meant"),
    [
        (KeyError("status"), AnswerStatus.UNKNOWN),
        (httpx.ReadTimeout("no answer"), AnswerStatus.UNKNOWN),
        (caused(httpx.ReadTimeout("no answer")), AnswerStatus.UNKNOWN),
        (caused(httpx.ConnectError("nobody there")), AnswerStatus.ABSENT),
        (PermissionError("wrong key"), AnswerStatus.ABSENT),
    ],
)
def test_what_an_adapter_raises_is_an_answer_and_a_failure(limits, fault, meant):
    raising = Raising(name=f"fake_{ids.new().hex}")
    raising.fault = fault
    provider = Guarded(raising)

    told = authorize(provider)

    assert (told.status, told.asked) == (meant, True)
    assert provider.query("r-1").status == AnswerStatus.UNKNOWN
    told = provider.settlement_file(on=AT.date(), currency="EUR")
    assert (told.status, told.content) == (AnswerStatus.UNKNOWN, b"")
    assert state(raising) == "open"
    of = {"provider": raising.name, "operation": "authorize", "outcome": str(meant)}
    assert measured("provider_calls_total", **of) == 1


def test_a_callback_that_lacks_what_it_should_have_is_not_the_processor_s(limits):
    raising = Raising(name=f"fake_{ids.new().hex}")
    raising.fault = KeyError("reference")
    with pytest.raises(errors.CallbackUnverified):
        Guarded(raising).verify_callback(body=b"{}", headers={}, at=AT)

    deaf = FakeAcquirer(name=f"fake_{ids.new().hex}")
    deaf.capabilities = Capabilities(callbacks=False)
    body, headers = deaf.signed(b"{}")
    with pytest.raises(errors.CallbackUnverified) as refused:
        Guarded(deaf).verify_callback(body=body, headers=headers, at=datetime.now(UTC))
    assert refused.value.facts["reason"] == "unsupported"


def test_without_valkey_every_circuit_is_closed_and_metrics_say_so(limits, provider, acquirer):
    fail(provider, 4)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        limits.REDIS_URL = f"redis://127.0.0.1:{nobody.getsockname()[1]}/0"
        circuit.forget()
        assert authorize(provider).status == AnswerStatus.APPROVED
        fail(provider, 9)
        assert authorize(provider).status == AnswerStatus.APPROVED
        assert measured("provider_states_shared") == 0
        assert not circuit.health(acquirer.name).shared


def test_staff_s_word_is_kept_while_valkey_is_away(limits, provider, acquirer, monkeypatch):
    circuit.hold(acquirer.name, "open")
    assert not authorize(provider).asked
    monkeypatch.setattr("fintech.payments.providers.shared.ask", lambda *_: None)
    circuit._circuits[acquirer.name].looked_at = -1e9  # A quarter of a second later.
    assert not authorize(provider).asked


def test_staff_hold_it_open_and_closed(provider, acquirer):
    circuit.hold(acquirer.name, "open")
    assert not authorize(provider).asked
    circuit.hold(acquirer.name, "closed")
    fail(provider, 9)
    assert authorize(provider).asked
    circuit.hold(acquirer.name, "")
    assert not authorize(provider).asked


def test_nobody_goes_by_what_is_long_known_while_another_looks(limits, acquirer, monkeypatch):
    """Let go by staff after a while of quiet: two callers come at once, and both are admitted."""
    circuit.hold(acquirer.name, "open")
    assert circuit.is_open(acquirer.name)
    circuit.hold(acquirer.name, "")
    ask, others = shared.ask, []

    def slow_ask(*asked):
        if not others:  # The second caller comes while the first one looks.
            others.append(None)
            others.append(circuit.is_open(acquirer.name))
        return ask(*asked)

    monkeypatch.setattr(shared, "ask", slow_ask)
    assert not circuit.is_open(acquirer.name)
    assert others == [None, False]


def test_what_has_one_effect_is_asked_again_and_an_authorization_never(provider, acquirer):
    acquirer.lose_answers()
    assert authorize(provider, "a-1").status == AnswerStatus.UNKNOWN
    assert acquirer.asked["a-1"] == 1

    reserved = authorize(provider, "a-2").provider_reference
    acquirer.lose_answers(2)
    taken = provider.capture(reference="c-1", authorization=reserved, amount=EUR, at=AT)

    assert (taken.status, taken.amount) == (AnswerStatus.SUCCEEDED, EUR)
    assert acquirer.asked["c-1"] == 3
    assert acquirer.counts()["capture_succeeded"] == 1


def test_it_is_asked_again_a_few_times_only(provider, acquirer):
    reserved = authorize(provider).provider_reference
    acquirer.lose_answers(99)
    answer = provider.void(reference="v-1", authorization=reserved, at=AT)
    assert (answer.status, acquirer.asked["v-1"]) == (AnswerStatus.UNKNOWN, 3)

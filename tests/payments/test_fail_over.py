"""A provider that does nothing is followed by the next; whoever may have charged is not."""

import pytest

from fintech.kernel import event_log
from fintech.payments import data, errors, queries
from fintech.payments import services as payments
from fintech.payments.data import AnswerStatus, AttemptState, PaymentState
from fintech.payments.models import Attempt
from fintech.payments.providers import circuit, registry
from fintech.payments.providers.simulator import Simulator
from fintech.payments.services import rerouting, routing
from fintech.wallets import services as wallets
from fintech.wallets.models import Reservation
from sandbox.acquirer.app import Acquirer
from sandbox.acquirer.book import Book
from sandbox.acquirer.callbacks import Callbacks
from tests.acquirer.serving import served
from tests.make import payments as make
from tests.make.merchants import NOON
from tests.make.payments import BY, eur
from tests.payments.providers.fake import SECRET, FakeAcquirer
from tests.payments.test_routing import route
from tests.racing import race

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def backup(acquirer, shop):
    """A second provider, to which everything goes over."""
    fake = FakeAcquirer(name="backup")
    with registry.using(fake):
        route("simulator", "backup")
        yield fake
    routing.forget()


def attempts(payment: data.Payment) -> list[tuple[str, str, str]]:
    tries = Attempt.objects.filter(payment_id=payment.id).order_by("number")
    return [(one.provider, one.state, one.routed_by) for one in tries]


def down(acquirer) -> None:
    """Not reached, from now on."""
    answer = data.Answer(status=AnswerStatus.ABSENT)
    acquirer.authorize = lambda **_: answer


def test_a_provider_that_did_nothing_is_followed_by_the_next(shop, told, acquirer, backup):
    down(acquirer)

    payment = make.captured(shop.id, key=make.key(shop.id, "k"))

    assert attempts(payment) == [
        ("simulator", AttemptState.ERRORED, "listed"),
        ("backup", AttemptState.AUTHORIZED, "fail_over:absent"),
    ]
    assert told(payment) == [
        "created", "confirmed", "assessed", "rerouted", "authorized", "captured",
    ]  # fmt: skip
    fact = event_log.stream("payments.payment", payment.id)[3]
    first, second = Attempt.objects.filter(payment_id=payment.id).order_by("number")
    told_of = ("attempt_id", "provider", "reason", "next_attempt_id", "next_provider")
    assert [fact.data[name] for name in told_of] == [
        str(first.id), "simulator", "acquirer_unavailable", str(second.id), "backup",
    ]  # fmt: skip
    assert backup.counts() == {"authorization_succeeded": 1}
    assert not list(queries.replay())


def test_the_key_and_the_limits_go_along(shop, acquirer, backup):
    """One payment of the day: the second attempt takes the first one's place in the count."""
    wallets.create_limit(
        merchant_id=shop.id,
        scope="merchant",
        kind="count",
        window="rolling",
        seconds=86_400,
        maximum=1,
        by=BY,
        at=NOON,
    )
    down(acquirer)
    key = make.key(shop.id, "k")
    order = data.Begin(
        merchant_id=shop.id, at=NOON, new=data.NewPayment(amount=eur(42_50)), token="visa", key=key
    )
    first, second = payments.confirm_one(order, by=BY), payments.confirm_one(order, by=BY)

    assert (first.value, second.replayed) == (second.value, True)
    assert first.value.state == PaymentState.CAPTURED
    assert backup.counts() == {"authorization_succeeded": 1}
    assert not Attempt.objects.exclude(claim=None).exists()
    tries = Attempt.objects.order_by("number").values_list("id", flat=True)
    states = dict(Reservation.objects.values_list("operation_id", "state"))
    assert [states[one] for one in tries] == ["released", "confirmed"]
    with pytest.raises(errors.LimitExceeded):
        make.confirmed(shop.id)


@pytest.mark.parametrize("refusal", ["failed", "processing_error"])
def test_a_refusal_that_is_not_the_card_s_goes_over(shop, acquirer, backup, refusal):
    answers = {
        "failed": data.Answer(status=AnswerStatus.FAILED, decline_code="maintenance"),
        "processing_error": data.Answer(
            status=AnswerStatus.DECLINED, decline_code="processing_error"
        ),
    }
    acquirer.authorize = lambda **_: answers[refusal]

    payment = make.captured(shop.id)

    assert [provider for provider, *_ in attempts(payment)] == ["simulator", "backup"]


@pytest.mark.parametrize("token", ["declined", "insufficient_funds", "stolen_card"])
def test_a_bank_s_no_does_not_go_over(shop, backup, token):
    payment = make.confirmed(shop.id, token=token)
    assert payment.state == PaymentState.CREATED
    assert attempts(payment) == [("simulator", AttemptState.DECLINED, "listed")]
    assert backup.asked.total() == 0


def test_an_unknown_outcome_does_not_go_over(shop, acquirer, backup):
    payment = make.confirmed(shop.id, token="acquirer_timeout")
    assert payment.state == PaymentState.PROCESSING
    payments.resolve_due(by=BY, at=NOON.replace(minute=NOON.minute + 1))

    assert make.now(payment).state == PaymentState.CAPTURED
    assert attempts(payment) == [("simulator", AttemptState.AUTHORIZED, "listed")]
    assert backup.asked.total() == 0


def test_a_challenge_does_not_go_over_nor_what_fails_after_it(shop, acquirer, backup):
    payment = make.confirmed(shop.id, token="three_d_secure")
    assert payment.state == PaymentState.AWAITING_PAYER
    down(acquirer)

    ended = payments.answer_challenge(
        attempt_id=payment.latest_attempt.id, passed=True, by=BY, at=NOON
    )

    assert ended.last_error.decline_code == "acquirer_unavailable"
    assert attempts(payment) == [("simulator", AttemptState.ERRORED, "listed")]
    assert backup.asked.total() == 0


def test_an_open_circuit_goes_straight_to_the_next(shop, acquirer, backup):
    circuit.hold("simulator", "open")
    try:
        payment = make.captured(shop.id)
    finally:
        circuit.hold("simulator", "")
    assert attempts(payment) == [("backup", AttemptState.AUTHORIZED, "listed:circuit_open")]
    assert acquirer.asked.total() == 0


def test_both_down_is_a_payment_that_nobody_charged(shop, told, acquirer, backup):
    down(acquirer)
    down(backup)

    payment = make.confirmed(shop.id)

    assert payment.state == PaymentState.CREATED
    assert payment.last_error.decline_code == "acquirer_unavailable"
    assert [state for _, state, _ in attempts(payment)] == [AttemptState.ERRORED] * 2
    assert told(payment)[-2:] == ["rerouted", "attempt_errored"]
    assert not Reservation.objects.filter(state__in=["reserved", "confirmed"]).exists()


def test_the_second_s_unknown_outcome_is_asked_about_and_nobody_else_is(shop, acquirer, backup):
    down(acquirer)
    backup.lose_answers()
    payment = make.confirmed(shop.id)
    assert payment.state == PaymentState.PROCESSING

    payments.resolve_due(by=BY, at=NOON.replace(minute=NOON.minute + 1))

    assert make.now(payment).captured == eur(42_50)
    assert backup.counts() == {"authorization_succeeded": 1}


def test_no_more_providers_are_asked_than_one_confirmation_may(shop, acquirer, backup, settings):
    settings.PROVIDERS_PER_CONFIRM = 1
    down(acquirer)
    payment = make.confirmed(shop.id)
    assert len(attempts(payment)) == 1
    assert backup.asked.total() == 0


def test_who_died_between_the_two_is_found_by_the_clock(shop, acquirer, backup):
    """The second attempt is committed, and the process is gone before it asked anybody."""
    order = data.Begin(
        merchant_id=shop.id,
        at=NOON,
        new=data.NewPayment(amount=eur(42_50)),
        token="visa",
        key=make.key(shop.id, "k"),
    )
    begun = payments.begin([order], by=BY)[0]
    answered = data.Answered(
        attempt_id=begun.ask.attempt_id, answer=data.Answer(status=AnswerStatus.ABSENT), at=NOON
    )
    rerouting._go_over(begun.ask, answered, by=BY)
    assert make.now(begun.payment).state == PaymentState.PROCESSING

    assert payments.resolve_due(by=BY, at=NOON.replace(minute=NOON.minute + 1)) == 1

    assert make.now(begun.payment).state == PaymentState.CREATED
    assert [state for _, state, _ in attempts(begun.payment)] == [AttemptState.ERRORED] * 2
    with pytest.raises(errors.AcquirerUnavailable) as refused:
        payments.confirm_one(order, by=BY)
    assert refused.value.replayed


def test_what_the_clock_has_recorded_meanwhile_does_not_go_over(shop, acquirer, backup):
    order = data.Begin(
        merchant_id=shop.id, at=NOON, new=data.NewPayment(amount=eur(42_50)), token="visa"
    )
    begun = payments.begin([order], by=BY)[0]
    payments.resolve_due(by=BY, at=NOON.replace(minute=NOON.minute + 1))
    answered = data.Answered(
        attempt_id=begun.ask.attempt_id, answer=data.Answer(status=AnswerStatus.ABSENT), at=NOON
    )

    assert rerouting.go_on(begun.ask, answered, by=BY) == answered
    assert attempts(begun.payment) == [("simulator", AttemptState.ERRORED, "listed")]


def test_many_go_over_together_and_each_is_charged_once(shop, acquirer, backup):
    down(acquirer)
    orders = [
        data.Begin(
            merchant_id=shop.id, at=NOON, new=data.NewPayment(amount=eur(10_00)), token="visa"
        )
        for _ in range(5)
    ]
    begun = payments.confirm_all(orders, by=BY)
    assert {one.payment.state for one in begun} == {PaymentState.CAPTURED}
    assert backup.counts() == {"authorization_succeeded": 5}


@pytest.mark.django_db(transaction=True)
def test_callers_with_one_key_who_meet_have_one_effect(shop, acquirer, backup):
    down(acquirer)
    results = race(
        8,
        payments.create,
        merchant_id=shop.id,
        amount=eur(42_50),
        token="visa",
        confirm=True,
        key=make.key(shop.id, "k"),
        by=BY,
        at=NOON,
    )
    names = {type(result).__name__ for result in results}
    assert "Done" in names <= {"Done", "KeyInUse"}
    assert backup.counts() == {"authorization_succeeded": 1}
    assert Attempt.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_it_goes_over_to_a_second_acquirer_over_http(shop):
    """Nobody answers at the first one's address; the second has a book of its own."""
    first, second = Book(), Book()
    app = Acquirer(first, Callbacks("", SECRET)).app(backup=Acquirer(second, Callbacks("", SECRET)))
    with served(app) as client:
        url = str(client.base_url).rstrip("/")
        gone = Simulator(url="http://127.0.0.1:9", secret=SECRET, timeout_seconds=0.2)
        there = Simulator(url=f"{url}/backup", secret=SECRET, name="backup")
        with registry.using(gone), registry.using(there):
            payment = make.captured(shop.id)
            refund = payments.refund(
                merchant_id=shop.id, payment_id=payment.id, amount=eur(2_50), by=BY, at=NOON
            ).value
        with registry.using(Simulator(url=url, secret=SECRET)):
            other = make.captured(shop.id)
        counted = first.counts(), second.counts()

    assert attempts(payment)[1][:2] == ("backup", AttemptState.AUTHORIZED)
    assert refund.state == "succeeded"
    assert attempts(other) == [("simulator", AttemptState.AUTHORIZED, "listed")]
    assert counted == (
        {"authorization_succeeded": 1},
        {"authorization_succeeded": 1, "refund_succeeded": 1},
    )

"""What the acquirer tells of its own accord: verified, kept once, heard."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest

from fintech.kernel import event_log
from fintech.ledger import queries as ledger_queries
from fintech.payments import errors
from fintech.payments import services as payments
from fintech.payments.data import Hearing, PaymentState
from fintech.payments.models import Callback
from tests.make import payments as make
from tests.make.merchants import NOON
from tests.make.payments import eur

pytestmark = pytest.mark.django_db


def receive(body, headers, *, at=NOON):
    return payments.receive(provider="simulator", body=body, headers=headers, at=at)


def test_a_callback_resolves_a_payment_that_lost_its_answer(shop, told, acquirer):
    payment = make.confirmed(shop.id, token="acquirer_timeout")

    heard = receive(*acquirer.callback(str(payment.latest_attempt.id)))

    assert (heard.outcome, heard.payment_id) == (Hearing.HEARD, payment.id)
    assert make.now(payment).state == PaymentState.CAPTURED
    assert told(payment)[-3:] == ["outcome_unknown", "authorized", "captured"]
    assert ledger_queries.merchant_pending(shop.id, "EUR").posted == eur(41_65)
    actor = event_log.stream("payments.payment", payment.id)[-1].meta
    assert (actor["by"], actor["id"]) == ("provider", "simulator")


def test_the_same_event_is_heard_once(shop, acquirer):
    payment = make.confirmed(shop.id, token="acquirer_timeout")
    told = acquirer.callback(str(payment.latest_attempt.id))

    assert [receive(*told).outcome for _ in range(3)] == ["heard", "duplicate", "duplicate"]
    assert Callback.objects.count() == 1
    assert make.now(payment).captured == eur(42_50)


def test_what_we_know_already_changes_nothing(shop, acquirer):
    payment = make.captured(shop.id)
    before = event_log.after(0, 1000)

    heard = receive(*acquirer.callback(str(payment.latest_attempt.id)))

    assert heard.outcome == Hearing.HEARD
    assert make.now(payment) == payment
    assert event_log.after(0, 1000) == before


def test_what_matches_nothing_is_kept_for_people(shop, acquirer):
    body = {
        "event_id": "evt_1",
        "kind": "capture",
        "reference": str(uuid4()),
        "status": "succeeded",
        "occurred_at": NOON.isoformat(),
    }
    assert receive(*acquirer.signed(json.dumps(body).encode())).outcome == Hearing.UNMATCHED
    body |= {"reference": "not ours", "event_id": "evt_2"}
    assert receive(*acquirer.signed(json.dumps(body).encode())).outcome == Hearing.UNMATCHED
    assert Callback.objects.filter(outcome="unmatched").count() == 2


def test_a_late_success_of_a_declined_payment_freezes_it(shop, told, acquirer):
    payment = make.confirmed(shop.id, token="declined")
    told_of = acquirer.callback(
        str(payment.latest_attempt.id), status="succeeded", decline_code=None
    )

    receive(*told_of)

    frozen = make.now(payment)
    assert (frozen.state, frozen.conflicted_from) == (
        PaymentState.CONFLICTED,
        PaymentState.CREATED,
    )
    assert frozen.actions == ()
    assert told(payment)[-1] == "conflicted"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [({"amount_minor": 42_51}, "amount_mismatch"), ({"currency": "USD"}, "currency_mismatch")],
)
def test_another_amount_than_we_asked_for_freezes_the_payment(shop, acquirer, changed, reason):
    payment = make.confirmed(shop.id, token="acquirer_timeout")

    receive(*acquirer.callback(str(payment.latest_attempt.id), **changed))

    assert make.now(payment).state == PaymentState.CONFLICTED
    fact = event_log.stream("payments.payment", payment.id)[-1]
    assert fact.data["reason"] == reason
    assert ledger_queries.merchant_pending(shop.id, "EUR").posted == eur(0)


def test_a_captured_payment_that_is_contradicted_keeps_what_was_booked(shop, acquirer):
    payment = make.captured(shop.id)

    receive(*acquirer.callback(str(payment.latest_attempt.id), event_id="x", status="declined"))

    frozen = make.now(payment)
    assert (frozen.state, frozen.conflicted_from) == (
        PaymentState.CONFLICTED,
        PaymentState.CAPTURED,
    )
    assert frozen.captured == eur(42_50)
    assert ledger_queries.merchant_pending(shop.id, "EUR").posted == eur(41_65)


# -- forgeries -----------------------------------------------------------------------------


def forged(acquirer, kind, reference):
    body, headers = acquirer.callback(reference)
    if kind == "another secret":
        return acquirer.signed(body, secret="guess")
    if kind == "another body":
        return body.replace(b"succeeded", b"declined "), headers
    if kind == "no signature":
        return body, {}
    if kind == "yesterday":
        return acquirer.signed(body, stamp="1")
    if kind == "no time":
        return acquirer.signed(body, stamp="noon")
    if kind == "not a number":
        return acquirer.signed(body, stamp="nan")
    if kind == "no JSON":
        return acquirer.signed(b"{")
    if kind == "another shape":
        return acquirer.signed(b"[1]")
    return acquirer.signed(b'{"event_id": 1}')


@pytest.mark.parametrize(
    "kind",
    [
        "another secret",
        "another body",
        "no signature",
        "yesterday",
        "no time",
        "not a number",
        "no JSON",
        "another shape",
        "half of it",
    ],
)
def test_a_forged_callback_is_refused_and_nothing_is_kept(shop, acquirer, kind):
    payment = make.confirmed(shop.id, token="acquirer_timeout")

    with pytest.raises(errors.CallbackUnverified):
        receive(*forged(acquirer, kind, str(payment.latest_attempt.id)))

    assert not Callback.objects.exists()
    assert make.now(payment) == payment


def test_a_provider_we_do_not_have_is_unknown(db):
    with pytest.raises(errors.ProviderUnknown):
        payments.receive(provider="nobody", body=b"{}", headers={}, at=NOON)


def test_a_late_callback_after_a_janitor_is_no_news(shop, acquirer):
    payment = make.confirmed(shop.id, token="acquirer_timeout")
    payments.resolve_due(by=make.BY, at=NOON + timedelta(minutes=1))
    resolved = make.now(payment)
    receive(*acquirer.callback(str(payment.latest_attempt.id)), at=NOON + timedelta(days=1))
    assert make.now(payment) == resolved
    assert resolved.state == PaymentState.CAPTURED

"""The machines: drawn, declared and kept by the database."""

from importlib import import_module
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import IntegrityError

import fintech.payments
from fintech.payments.data import (
    AttemptState,
    CaptureState,
    PaymentState,
    RefundState,
    SessionState,
)
from fintech.payments.models import Attempt, Capture, CheckoutSession, Payment, Refund
from fintech.payments.models.transitions import edges, mermaid, pairs
from tests.make import payments as make

ROOM = Path(fintech.payments.__file__).parent
MODELS = [Payment, Attempt, Capture, Refund, CheckoutSession]
# The last migration that says which moves there are.
LATEST = dict.fromkeys(MODELS, "0004_corrections") | {CheckoutSession: "0012_checkout_sessions"}


@pytest.mark.parametrize("model", MODELS)
def test_the_readme_draws_what_the_code_declares(model):
    page = ROOM / "models" / "README.md"
    assert f"```mermaid\n{mermaid(model)}```" in page.read_text(), (
        "run `manage.py draw_machines` and put its drawing into the page"
    )


def test_the_command_draws_every_machine():
    out = StringIO()
    call_command("draw_machines", stdout=out)
    assert out.getvalue().count("stateDiagram-v2") == len(MODELS)


@pytest.mark.parametrize("model", MODELS)
def test_the_database_knows_the_same_moves_as_the_code(model):
    known = import_module(f"fintech.payments.migrations.{LATEST[model]}").PAIRS
    assert known[model._meta.db_table] == pairs(model), (
        "a machine has changed: write a migration with the new pairs"
    )


@pytest.mark.parametrize(
    ("model", "states"),
    [
        (Payment, PaymentState),
        (Attempt, AttemptState),
        (Capture, CaptureState),
        (Refund, RefundState),
        (CheckoutSession, SessionState),
    ],
)
def test_every_state_can_be_reached(model, states):
    reached = {target for _, target in pairs(model)} | {str(next(iter(states)))}
    # Nobody cancels a refund yet: the state waits for two-person approval of refunds. And only a
    # refund that is several rows succeeds in part.
    unreached = {"canceled", "partially_succeeded"} if model is Refund else set()
    assert reached | unreached == set(states)


def test_a_final_state_is_left_only_for_people():
    left = {
        (source, target)
        for source, target, _ in edges(Payment)
        if source in {"captured", "canceled"}
    }
    assert left == {("captured", "conflicted"), ("canceled", "conflicted")}


@pytest.mark.django_db
def test_the_database_refuses_a_move_that_is_none(shop):
    """Code that goes around the machine cannot un-cancel a payment either."""
    payment = make.created(shop.id)
    with pytest.raises(IntegrityError, match="created>captured is not a move"):
        Payment.objects.filter(id=payment.id).update(state="captured")


@pytest.mark.django_db
def test_the_database_refuses_a_row_born_in_the_middle(shop):
    payment = make.authorized(shop.id)
    row = Capture(
        payment_id=payment.id,
        attempt_id=payment.latest_attempt.id,
        merchant_id=shop.id,
        currency="EUR",
        amount_minor=1,
        provider="simulator",
        created_at=payment.created_at,
    )
    row.reference = row.id
    row.__dict__["state"] = "failed"
    with pytest.raises(IntegrityError, match=">failed is not a move"):
        row.save(force_insert=True)

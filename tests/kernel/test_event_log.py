"""Facts are written with the change they tell of, and hold nothing personal."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID

import psycopg
import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django_subatomic import db
from django_subatomic.db import _MissingRequiredTransaction

from fintech.kernel import event_log, events, ids
from fintech.kernel.actor import Actor
from fintech.kernel.events import Code, Event

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
BY = Actor(kind="api_key", id="key_1", request_id="req_1")


@dataclass(frozen=True, kw_only=True)
class ThingMade(Event):
    name: ClassVar = "payments.thing_made.v1"
    stream_of: ClassVar = "thing_id"

    thing_id: UUID
    color: Code
    amount_minor: int
    parts: tuple[UUID, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Gossip(Event):
    name: ClassVar = "payments.gossip.v1"
    stream_of: ClassVar = "thing_id"

    thing_id: UUID
    payer_name: str


def made(thing_id=None, version=1) -> ThingMade:
    return ThingMade(
        thing_id=thing_id or ids.new(), color=Code("red"), amount_minor=5, version=version, at=NOON
    )


@pytest.mark.django_db
def test_a_fact_comes_back_as_it_was_written():
    thing = ids.new()
    with db.transaction_if_not_already():
        event_log.append([made(thing), made(thing, version=2)], by=BY)

    first, second = event_log.stream("payments.thing", thing)
    assert first.data == {
        "thing_id": str(thing),
        "color": "red",
        "amount_minor": 5,
        "parts": [],
    }
    assert first.meta == {"by": "api_key", "id": "key_1", "request_id": "req_1", "cause": ""}
    assert (first.version, second.version) == (1, 2)
    assert (first.name, first.occurred_at) == ("payments.thing_made.v1", NOON)
    assert (first.id("thing_id"), first.stream_id) == (thing, thing)


@pytest.mark.django_db
def test_a_person_does_not_fit_into_a_fact():
    gossip = Gossip(thing_id=ids.new(), payer_name="Zoë", version=1, at=NOON)
    with pytest.raises(events.NotAFact, match="payer_name"), db.transaction_if_not_already():
        event_log.append([gossip], by=BY)
    with pytest.raises(ValueError, match="not a code"):
        Code("Zoë Müller")


@pytest.mark.django_db(transaction=True)
def test_refuses_to_write_outside_a_transaction():
    with pytest.raises(_MissingRequiredTransaction):
        event_log.append([made()], by=BY)
    assert event_log.after(0, 10) == []


@pytest.mark.django_db(transaction=True)
def test_a_change_that_is_taken_back_takes_its_fact_along():
    with pytest.raises(RuntimeError, match="stop"), db.transaction():
        event_log.append([made()], by=BY)
        raise RuntimeError("stop")
    assert event_log.after(0, 10) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    ["UPDATE kernel_event SET name = 'x'", "DELETE FROM kernel_event", "TRUNCATE kernel_event"],
)
def test_the_runtime_role_may_only_add(statement):
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE kernel_event SET name = 'x'", "DELETE FROM kernel_event", "TRUNCATE kernel_event"],
)
def test_triggers_refuse_the_owner_too(owner, statement):
    with db.transaction():
        event_log.append([made()], by=BY)
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="append-only"):
        owner.execute(statement)


@pytest.mark.django_db
def test_versions_count_from_one():
    with pytest.raises(IntegrityError, match="count_from_one"), transaction.atomic():
        event_log.append([made(version=0)], by=BY)

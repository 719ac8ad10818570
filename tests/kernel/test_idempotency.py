"""The same key has one effect, and the same answer."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection

from fintech.kernel import frozen, idempotency, ids
from fintech.kernel.errors import Invalid, Refused
from fintech.kernel.idempotency import Key, KeyInUse, KeyReused
from tests.racing import race

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


@frozen.shape("tests.made.v1")
@dataclass(frozen=True)
class Made:
    id: UUID
    words: tuple[str, ...] = ()


class NoRoom(Refused):
    """There is no room left."""

    code = "no_room"


def key(text="k1", fingerprint=b"f1") -> Key:
    return Key(scope=UUID(int=7), key=text, fingerprint=fingerprint, command="make")


@pytest.mark.django_db
def test_gives_the_first_outcome_again():
    first = idempotency.once(key(), lambda: Made(ids.new(), ("a", "b")), at=NOON)
    again = idempotency.once(key(), lambda: pytest.fail("it ran twice"), at=NOON)

    assert again.value == first.value
    assert (first.replayed, again.replayed) == (False, True)


@pytest.mark.django_db
def test_refuses_the_key_for_something_else():
    made = idempotency.once(key(), lambda: Made(ids.new()), at=NOON)

    with pytest.raises(KeyReused) as refused:
        idempotency.once(key(fingerprint=b"f2"), lambda: Made(ids.new()), at=NOON)

    assert refused.value.existing == made.value


@pytest.mark.django_db
def test_keeps_a_refusal_of_the_world_and_takes_its_effects_back():
    def work():
        idempotency.once(key("inner"), lambda: Made(ids.new()), at=NOON)
        raise NoRoom(free=0)

    with pytest.raises(NoRoom):
        idempotency.once(key(), work, at=NOON)
    with pytest.raises(Refused) as again:
        idempotency.once(key(), lambda: pytest.fail("it ran twice"), at=NOON)

    assert (again.value.code, again.value.facts, again.value.replayed) == (
        "no_room",
        {"free": 0},
        True,
    )
    assert idempotency.find(UUID(int=7), "inner") is None


@pytest.mark.django_db
def test_forgets_what_could_never_be_right():
    def wrong():
        raise Invalid("no")

    with pytest.raises(Invalid):
        idempotency.once(key(), wrong, at=NOON)

    assert idempotency.once(key(), lambda: Made(ids.new()), at=NOON).replayed is False


@pytest.mark.django_db
def test_keys_are_kept_for_72_hours():
    idempotency.once(key(), lambda: Made(ids.new()), at=NOON)

    assert idempotency.reap(at=NOON + timedelta(hours=72)) == 0
    assert idempotency.reap(at=NOON + timedelta(hours=72, seconds=1)) == 1


@pytest.mark.django_db(transaction=True)
def test_has_one_effect_however_many_ask_at_once():
    effects = []

    def work():
        made = Made(ids.new())
        effects.append(made)
        return made

    got = race(16, idempotency.once, key=key(), work=work, at=NOON)

    assert len(effects) == 1
    assert {done.value for done in got} == set(effects)
    assert sorted(done.replayed for done in got) == [False] + [True] * 15


@pytest.mark.django_db
def test_a_key_twice_in_one_batch_is_new_once():
    from django_subatomic import db

    with db.transaction_if_not_already():
        first, second = idempotency.claim([key(), key()], at=NOON)

    assert (first.state, second.state) == ("new", "in_flight")
    with pytest.raises(KeyInUse):
        idempotency.replayed(second)


@pytest.mark.django_db
def test_the_database_holds_one_row_per_key():
    idempotency.once(key(), lambda: Made(ids.new()), at=NOON)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM kernel_idempotencykey")
        assert cursor.fetchone() == (1,)

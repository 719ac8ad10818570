"""Velocity counted in Valkey is velocity counted from history, or PostgreSQL answers."""

import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID

import pytest
import redis
from django_subatomic import db
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from config.subscriptions import SUBSCRIPTIONS
from fintech.fraud import queries, tasks
from fintech.fraud import services as fraud
from fintech.fraud.counters import Away
from fintech.kernel import ids, subscriptions
from tests.api.test_load import Valkey
from tests.fraud import expected
from tests.make import fraud as make

ANNA = UUID("01900000-0000-7000-8000-0000000000aa")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)
WHOSE = {
    "card": "a",
    "ip": "i",
    "device": "d",
    "bin": "400000",
    "email": "e",
    "customer": ANNA,
}
SEEN = st.lists(
    st.fixed_dictionaries(
        {
            "card": st.sampled_from(["a", "b", "c"]),
            "ip": st.sampled_from(["i", "j", None]),
            "device": st.sampled_from(["d", None]),
            "bin": st.sampled_from(["400000", "510000"]),
            "email": st.sampled_from(["e", None]),
            "customer": st.sampled_from([ANNA, None]),
            "currency": st.sampled_from(["EUR", "USD"]),
            "minor": st.integers(1, 999_999_999_999),
            # Around the edges of every window, to the microsecond; a few come after who asks.
            "before": st.builds(
                lambda window, shift: window + shift * MICROSECOND,
                st.sampled_from([timedelta(), HOUR, DAY, 7 * DAY]),
                st.integers(-2, 2),
            ),
        }
    ),
    max_size=25,
)


def asked(**changed):
    return make.question(**{**WHOSE, **changed})


def made(*questions):
    return [each.id for each in make.assessed(*questions)]


def both(question):
    """Return the snapshot by Valkey if it may be believed, and the one by PostgreSQL."""
    return (
        queries.gather([question])[0],
        queries.gather([question], may_be_online=False)[0],
    )


def hear() -> None:
    """Let the subscription hear what was committed, as its runner does."""
    subscriptions.catch_up([each for each in SUBSCRIPTIONS if each.name == "fraud"])


@pytest.fixture(autouse=True)
def empty(settings):
    redis.Redis.from_url(settings.REDIS_URL).flushall()


@pytest.fixture
def valkey(settings):
    with tempfile.TemporaryDirectory(prefix="valkey-") as folder:
        server = Valkey(Path(folder))
        settings.REDIS_URL = server.url
        yield server
        server.kill()


@effort(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(seen=SEEN, order=st.randoms(use_true_random=False))
@pytest.mark.django_db
def test_what_is_counted_online_is_what_is_counted_from_history(seen, order):
    """Told in any order, twice, in parts: every count, sum and number of cards is the same."""
    earlier = [
        make.question(at=make.NOON - before, **one)
        for before, one in ((one.pop("before"), one) for one in map(dict, seen))
    ]
    online = queries.online()
    online.begin("anew")
    with expected.undone():
        told = [id_ for question in earlier for id_ in made(question)]
        fraud.count_online(told)
        again = told * 2
        order.shuffle(again)
        for start in range(0, len(again), 7):
            fraud.count_online(again[start : start + 7])
        assert online.end("anew")
        question = asked()
        quick, true = both(question)

    assert (quick.counted, true.counted) == ("online", "history")
    assert replace(quick, counted="history") == true
    assert expected.told(quick) == expected.counted(question, earlier)


@pytest.mark.django_db(transaction=True)
def test_only_what_was_committed_is_counted():
    fraud.keep_online()
    made(asked(), asked())
    with pytest.raises(ZeroDivisionError), db.transaction_if_not_already():
        make.assessed(asked())
        raise ZeroDivisionError
    hear()
    hear()

    quick, true = both(asked())

    assert (quick.counted, quick.card_1h, quick.card_sum_1h_minor) == ("online", 2, 40_00)
    assert replace(quick, counted="history") == true


@pytest.mark.django_db(transaction=True)
def test_an_attempt_is_counted_as_soon_as_it_is_committed():
    """Before the log tells of it, which under load takes a while."""
    fraud.keep_online()
    made(asked())
    hear()
    made(asked())

    quick, true = both(asked())

    assert (quick.counted, quick.card_1h, quick.card_sum_1h_minor) == ("online", 2, 40_00)
    assert replace(quick, counted="history") == true


@pytest.mark.django_db(transaction=True)
def test_counters_that_have_not_heard_of_everything_are_not_believed(monkeypatch):
    """A process dies between its commit and its telling: PostgreSQL counts, and says so."""
    monkeypatch.setattr("fintech.fraud.services.online.count_at_once", lambda _seen: None)
    fraud.keep_online()
    made(asked())
    hear()
    made(asked())
    later = ids.at(ids.new()) + timedelta(seconds=5, milliseconds=1)

    class Later(type(later)):
        @classmethod
        def now(cls, tz=None):
            return later

    monkeypatch.setattr("fintech.fraud.queries.gathering.datetime", Later)
    (unheard,) = queries.gather([asked()])
    hear()
    (heard,) = queries.gather([asked()])

    assert (unheard.counted, unheard.card_1h) == ("history", 2)
    assert (heard.counted, heard.card_1h) == ("online", 2)


@pytest.mark.django_db(transaction=True)
def test_counters_of_another_database_are_not_believed():
    """A database is restored to an earlier day: what Valkey has heard since never happened."""
    fraud.keep_online()
    made(asked())
    hear()
    queries.online().tell([queries.seen(asked(), ids.new())], in_order=True)

    (known,) = queries.gather([asked()])

    assert (known.counted, known.card_1h) == ("history", 1)


@pytest.mark.django_db(transaction=True)
def test_wiped_counters_are_not_believed_until_they_are_told_anew(settings):
    fraud.keep_online()
    made(asked(), asked(at=make.NOON - 8 * DAY))
    hear()
    redis.Redis.from_url(settings.REDIS_URL).flushall()
    (wiped,) = queries.gather([asked()])
    made(asked())
    hear()  # Half of it would be worse than nothing.
    (half,) = queries.gather([asked()])
    told = fraud.keep_online()
    (whole,) = queries.gather([asked()])

    assert [(each.counted, each.card_7d) for each in (wiped, half, whole)] == [
        ("history", 1),
        ("history", 2),
        ("online", 2),
    ]
    assert (told, fraud.keep_online()) == (2, 0)


@pytest.mark.django_db
def test_wiped_while_they_are_told_anew_they_stay_incomplete(settings):
    online = queries.online()
    online.begin("one")
    redis.Redis.from_url(settings.REDIS_URL).flushall()

    assert online.end("one") is False
    assert online.is_complete() is False


@pytest.mark.django_db
def test_who_asks_about_a_busy_past_is_answered_by_history():
    """Valkey keeps the newest two hundred; those of before are no longer there."""
    with expected.undone():
        told = []
        for start in range(0, 240, 60):
            told += made(*[asked(at=make.NOON + n * MICROSECOND) for n in range(start, start + 60)])
        queries.online().begin("anew")
        fraud.count_online(told)
        queries.online().end("anew")
        now, _ = both(asked(at=make.NOON + 240 * MICROSECOND))
        past, true = both(asked(at=make.NOON + 50 * MICROSECOND))

    assert (now.counted, now.card_1h) == ("online", 100)
    assert (past.counted, past.card_1h) == ("history", 51)
    assert past == true


@pytest.mark.django_db(transaction=True)
def test_with_valkey_killed_postgresql_answers_and_nothing_is_lost(valkey, settings):
    fraud.keep_online()
    made(asked())
    hear()
    (before,) = queries.gather([asked()])

    valkey.kill()
    assessments = make.assessed(asked())
    with pytest.raises(Away):
        hear()
    with tempfile.TemporaryDirectory(prefix="valkey-") as folder:
        other = Valkey(Path(folder))
        settings.REDIS_URL = other.url
        hear()  # What could not be told is told now.
        fraud.keep_online()
        (back,) = queries.gather([asked()])
        other.kill()

    assert (before.counted, before.card_1h) == ("online", 1)
    (during,) = assessments
    assert (during.features.counted, during.features.card_1h) == ("history", 1)
    assert during.features.degraded == ""
    assert (back.counted, back.card_1h) == ("online", 2)


def test_while_valkey_is_away_the_clock_says_so_once_a_minute(monkeypatch):
    said = []
    now = [1000.0]
    monkeypatch.setattr(tasks, "_told_away", -60.0)
    monkeypatch.setattr(tasks.time, "monotonic", lambda: now[0])
    log = SimpleNamespace(warning=lambda event, why: said.append((event, why)))
    monkeypatch.setattr(tasks, "_log", log)

    def away():
        raise Away("connection refused")

    monkeypatch.setattr(tasks.fraud, "keep_online", away)
    for _ in range(13):  # every ten seconds, for two minutes
        assert tasks.keep_counters() == 0
        now[0] += 10

    assert said == [("fraud_counters_away", "connection refused")] * 3

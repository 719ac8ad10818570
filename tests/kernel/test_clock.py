from datetime import UTC, datetime, timedelta

import pytest

from fintech.kernel import clock

PAST = datetime(2026, 8, 1, 9, tzinfo=UTC)


@pytest.mark.django_db
def test_a_sandbox_can_be_set_back_and_goes_on_from_there():
    clock.set_to(PAST)
    assert timedelta() <= clock.now() - PAST < timedelta(seconds=5)
    assert clock.advance(timedelta(days=30)) - PAST >= timedelta(days=30)


@pytest.mark.django_db
def test_a_live_instance_has_real_time(settings):
    settings.MODE = "live"
    with pytest.raises(clock.ClockIsReal):
        clock.set_to(PAST)
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=1)


@pytest.mark.django_db
def test_while_one_reads_the_clock_again_others_go_by_what_is_known(monkeypatch):
    clock.set_to(PAST)
    now, reads, read = [1000.0], [], clock._read
    monkeypatch.setattr(clock.time, "monotonic", lambda: now[0])
    clock.advance(timedelta())

    def read_slowly():
        reads.append(now[0])
        now[0] += 0.05
        assert clock.now() - PAST < timedelta(minutes=1)
        return read()

    monkeypatch.setattr(clock, "_read", read_slowly)
    now[0] += 1
    clock.now()
    assert reads == [1001.0]

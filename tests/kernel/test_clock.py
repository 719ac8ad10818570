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

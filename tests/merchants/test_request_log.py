from datetime import timedelta

import pytest

from fintech.kernel import ids
from fintech.merchants import data, queries
from fintech.merchants import services as merchants
from tests.make import merchants as make

pytestmark = pytest.mark.django_db


def line(key: data.ApiKey, **changes: object) -> data.RequestLogLine:
    given = {
        "id": ids.new(),
        "merchant_id": key.merchant_id,
        "api_key_id": key.id,
        "request_id": "req_0",
        "method": "POST",
        "path": "/v1/payment_intents",
        "status": 200,
        "duration_ms": 12,
        "at": make.NOON,
    }
    return data.RequestLogLine(**(given | changes))


@pytest.fixture
def key():
    return make.api_key(make.merchant()).key


def test_a_merchant_reads_its_own_requests_newest_first(key):
    stranger = make.api_key(make.merchant(name="Other")).key
    first, second, theirs = line(key), line(key, status=404), line(stranger)

    merchants.record_requests([first, second, theirs])

    assert queries.request_log(key.merchant_id) == [second, first]
    assert queries.request_log(key.merchant_id, limit=1, before=second.id) == [first]


def test_a_batch_is_written_in_two_statements(key, django_assert_num_queries):
    lines = [line(key) for _ in range(100)]

    # Two, and the marks of a transaction around them.
    with django_assert_num_queries(4):
        merchants.record_requests(lines)


def test_the_last_use_of_a_key_rides_along_and_never_goes_back(key):
    later = make.NOON + timedelta(minutes=5)
    merchants.record_requests([line(key, at=later), line(key)])
    merchants.record_requests([line(key)])

    assert queries.api_key(key.id, key.merchant_id).last_used_at == later


def test_lines_wait_in_the_process_until_they_are_flushed(key):
    merchants.log_request(line(key, path="/v1/refunds"))
    assert queries.request_log(key.merchant_id) == []

    assert merchants.flush_requests() >= 1

    assert [found.path for found in queries.request_log(key.merchant_id)] == ["/v1/refunds"]


def test_what_is_too_long_is_cut_rather_than_lost(key):
    merchants.record_requests([line(key, path="/" + "x" * 5000)])

    (found,) = queries.request_log(key.merchant_id)
    assert len(found.path) == 2048


def test_lines_are_kept_for_thirty_days(key):
    merchants.record_requests([line(key), line(key, at=make.NOON - timedelta(days=31))])

    assert merchants.forget_requests(at=make.NOON) == 1
    assert len(queries.request_log(key.merchant_id)) == 1

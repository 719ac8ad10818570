"""W3C trace context: a caller's trace goes on here, and stands in every line of the log."""

import pytest
import structlog

from tests.api.conftest import Api
from tests.api.front_door import Front

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize("door", [Api, Front])
def test_a_callers_trace_goes_on(door, api):
    caller = door(api.secret, headers={"traceparent": f"00-{TRACE}-{SPAN}-01"})

    version, trace, span, flags = caller.get("/v1/account").headers["traceparent"].split("-")

    assert (version, trace, flags) == ("00", TRACE, "01")
    assert span != SPAN
    assert structlog.contextvars.get_contextvars()["trace_id"] == TRACE


@pytest.mark.parametrize(
    "told",
    ["", "junk", f"ff-{TRACE}-{SPAN}-01", f"00-{'0' * 32}-{SPAN}-01", f"00-{TRACE}-{'0' * 16}-01",
     f"00-{TRACE.upper()}-{SPAN}-01", f"00-{TRACE}-{SPAN}-01-more"],
)  # fmt: skip
def test_what_is_no_trace_begins_a_new_one(told, api):
    caller = Api(api.secret, headers={"traceparent": told})

    version, trace, _span, flags = caller.get("/v1/account").headers["traceparent"].split("-")

    assert (version, len(trace), flags) == ("00", 32, "00")
    assert trace != TRACE

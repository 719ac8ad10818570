"""Plain code on an event loop waits without holding the loop up."""

import asyncio
import threading
import time

import pytest

from fintech.kernel import waiting


def test_plain_code_gets_what_it_waits_for():
    async def later(value):
        await asyncio.sleep(0.001)
        return value

    def work():
        return waiting.wait_for(later(20)) + waiting.wait_for(later(1))

    assert asyncio.run(waiting.call(work)) == 21


def test_many_wait_at_the_same_time():
    async def later():
        await asyncio.sleep(0.05)

    async def crowd():
        begun = time.perf_counter()
        await asyncio.gather(*(waiting.call(lambda: waiting.wait_for(later())) for _ in range(100)))
        return time.perf_counter() - begun

    assert asyncio.run(crowd()) < 1


def test_an_error_is_raised_where_it_was_waited_for_and_goes_on_to_the_caller():
    seen = []

    async def breaks():
        raise LookupError("gone")

    def work():
        try:
            waiting.wait_for(breaks())
        except LookupError as error:
            seen.append(str(error))
            raise ValueError("told on") from error

    with pytest.raises(ValueError, match="told on"):
        asyncio.run(waiting.call(work))
    assert seen == ["gone"]


def test_whoever_is_cancelled_stops_where_he_waits():
    ended = []

    def work():
        try:
            waiting.wait_for(asyncio.sleep(10))
        finally:
            ended.append(True)

    async def cancelled():
        task = asyncio.create_task(waiting.call(work))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert ended == [True]


def test_what_would_wait_is_done_off_the_loop_and_elsewhere_at_once():
    def where():
        return threading.current_thread().name

    assert waiting.aside(where) == threading.current_thread().name
    assert not waiting.on_loop()
    name = asyncio.run(waiting.call(lambda: waiting.aside(where)))
    assert name.startswith("aside")

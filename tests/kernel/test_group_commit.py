"""Many callers, one commit, and each gets his own answer."""

import asyncio
import threading
import time

import pytest

from fintech.kernel.group_commit import Combiner, LoopCombiner, QueueFull


def crowd(combiner: Combiner, callers: int) -> list[object]:
    results: list[object] = [None] * callers

    def call(number: int) -> None:
        try:
            results[number] = combiner.submit(number)
        except Exception as error:
            results[number] = error

    threads = [threading.Thread(target=call, args=(number,)) for number in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    return results


def test_a_lone_caller_waits_for_nobody():
    assert Combiner(lambda items: [item * 2 for item in items]).submit(21) == 42


def test_a_crowd_shares_batches_and_each_gets_his_own():
    batches: list[int] = []

    def run(items):
        batches.append(len(items))
        time.sleep(0.01)
        return [item * 2 for item in items]

    assert crowd(Combiner(run), 100) == [number * 2 for number in range(100)]
    assert sum(batches) == 100
    assert len(batches) < 20


def test_no_batch_is_larger_than_allowed():
    batches: list[int] = []

    def run(items):
        batches.append(len(items))
        time.sleep(0.005)
        return items

    crowd(Combiner(run, most=7), 60)
    assert max(batches) <= 7


def test_one_refused_item_does_not_touch_its_neighbors():
    def run(items):
        return [ValueError("odd") if item % 2 else item for item in items]

    got = crowd(Combiner(run), 20)
    assert [type(one) for one in got] == [int, ValueError] * 10


def test_a_batch_that_fails_fails_for_all_in_it_and_the_next_goes_on():
    failed = []

    def run(items):
        if not failed:
            failed.append(items)
            raise RuntimeError("the database is away")
        return items

    combiner = Combiner(run)
    with pytest.raises(RuntimeError, match="away"):
        combiner.submit(1)
    assert combiner.submit(2) == 2


def on_a_loop(work):
    return asyncio.run(work())


def test_callers_on_a_loop_share_batches_and_each_gets_his_own():
    batches: list[int] = []

    def run(items):
        batches.append(len(items))
        time.sleep(0.01)
        return [item * 2 for item in items]

    async def work():
        combiner = LoopCombiner(run, most=60)
        return await asyncio.gather(*(combiner.submit(number) for number in range(200)))

    assert on_a_loop(work) == [number * 2 for number in range(200)]
    assert batches == [60, 60, 60, 20]


def test_on_a_loop_one_refused_item_does_not_touch_its_neighbors():
    def run(items):
        return [ValueError("odd") if item % 2 else item for item in items]

    async def work():
        combiner = LoopCombiner(run)
        return await asyncio.gather(
            *(combiner.submit(number) for number in range(4)), return_exceptions=True
        )

    got = on_a_loop(work)
    assert got[0::2] == [0, 2]
    assert [str(error) for error in got[1::2]] == ["odd", "odd"]


def test_a_run_that_breaks_is_told_to_its_batch_and_the_next_one_works():
    def run(items):
        if "bad" in items:
            raise RuntimeError("away")
        return items

    async def work():
        combiner = LoopCombiner(run)
        with pytest.raises(RuntimeError, match="away"):
            await combiner.submit("bad")
        return await combiner.submit("good")

    assert on_a_loop(work) == "good"


def test_a_cancelled_caller_never_stops_the_writer():
    taken: list[int] = []

    def run(items):
        taken.extend(items)
        time.sleep(0.02)
        return items

    async def work():
        combiner = LoopCombiner(run)
        callers = [asyncio.create_task(combiner.submit(number)) for number in range(4)]
        await asyncio.sleep(0.005)
        callers[1].cancel()
        got = await asyncio.gather(*callers, return_exceptions=True)
        return got, await combiner.submit(4)

    got, later = on_a_loop(work)
    assert isinstance(got[1], asyncio.CancelledError)
    assert [got[0], got[2], got[3], later] == [0, 2, 3, 4]
    assert taken == [0, 1, 2, 3, 4]


def test_a_full_queue_refuses_at_once():
    def run(items):
        time.sleep(0.02)
        return items

    async def work():
        combiner = LoopCombiner(run, most=1, bound=2)
        first = asyncio.create_task(combiner.submit(0))
        await asyncio.sleep(0.005)  # It is being worked on; two more may wait.
        waiting = [asyncio.create_task(combiner.submit(number)) for number in (1, 2)]
        await asyncio.sleep(0)
        with pytest.raises(QueueFull):
            await combiner.submit(3)
        return await asyncio.gather(first, *waiting)

    assert on_a_loop(work) == [0, 1, 2]

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


class TwoLanes:
    """What runs at the same time, and in what order each claim was served."""

    def __init__(self, claims):
        self.claims = claims
        self.lock = threading.Lock()
        self.at_work: list[set] = []
        self.most_at_once = 0
        self.shared: set = set()
        self.served: list = []

    def run(self, items):
        mine = {claim for item in items for claim in self.claims(item)}
        with self.lock:
            for others in self.at_work:
                self.shared |= mine & others
            self.at_work.append(mine)
            self.most_at_once = max(self.most_at_once, len(self.at_work))
        time.sleep(0.002)
        with self.lock:
            self.at_work.remove(mine)
            self.served += items
        return items

    def serve(self, callers, each):
        async def caller(combiner, number):
            return [await combiner.submit((number, turn)) for turn in range(each)]

        async def work():
            combiner = LoopCombiner(self.run, claims=self.claims)
            return await asyncio.gather(*(caller(combiner, number) for number in range(callers)))

        return on_a_loop(work)


def test_a_crowd_is_served_in_two_lanes_that_claim_nothing_in_common():
    lanes = TwoLanes(lambda item: (("a", item[0] % 200), ("b", item[0] * 7 % 500)))

    got = lanes.serve(256, 12)

    assert got == [[(number, turn) for turn in range(12)] for number in range(256)]
    assert (lanes.most_at_once, lanes.shared) == (2, set())


def test_nobody_overtakes_who_waits_for_the_same():
    """The first lane holds "a": 100 waits for it, and 101, which could go, for 100."""
    special = {0: {"a"}, 100: {"a", "b"}, 101: {"b"}}
    lanes = TwoLanes(lambda item: special.get(item[0], {item[0]}))

    lanes.serve(200, 1)

    served = [number for number, _ in lanes.served]
    assert served.index(0) < served.index(100) < served.index(101)


def test_a_crowd_that_all_claims_the_same_waits_for_one_lane():
    lanes = TwoLanes(lambda item: ("hot", item[0]))

    got = lanes.serve(300, 3)

    assert got == [[(number, turn) for turn in range(3)] for number in range(300)]
    assert (lanes.most_at_once, lanes.shared) == (1, set())


def test_a_few_callers_share_one_lane():
    lanes = TwoLanes(lambda item: (item[0],))

    lanes.serve(100, 3)

    assert lanes.most_at_once == 1

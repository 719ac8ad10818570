"""Many callers, one commit, and each gets his own answer."""

import threading
import time

import pytest

from fintech.kernel.group_commit import Combiner


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

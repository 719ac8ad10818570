"""Racing: many threads, one barrier, and what each of them got."""

import threading
from collections.abc import Callable
from typing import Any

from django.db import connections


def race(callers: int, act: Callable[..., Any], **named: Any) -> list[Any]:
    """
    Call `act` from many threads at once; return their results and exceptions.

    Each thread has a connection of its own, so the test needs real commits.
    """
    barrier = threading.Barrier(callers)
    results: list[Any] = [None] * callers

    def run(number: int) -> None:
        try:
            barrier.wait()
            results[number] = act(**named)
        except Exception as error:
            results[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results

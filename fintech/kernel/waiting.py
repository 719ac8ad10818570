"""
Plain code on an event loop: it waits without holding the loop up.

The services know of no loop: they ask a provider, hand an order to a combiner, read a
row, and get what they asked for. `call` runs such code in a greenlet on the loop; where
it would wait, `wait_for` gives the loop back until what it waits for has come. So the
quick door runs the very functions that a thread runs. SQLAlchemy does the same for its
asyncio sessions.
"""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from django.db import connection
from greenlet import getcurrent, greenlet

_ASIDE = 32  # Threads, and so connections, of a process for what must not wait on the loop.


class _Caller(greenlet):
    """Plain code; whoever started it awaits in its stead."""


async def call[T](work: Callable[[], T]) -> T:
    """Run plain code on this loop and return what it returns."""
    caller = _Caller(work)
    caller.gr_context = contextvars.copy_context()
    wanted = caller.switch()
    while not caller.dead:
        try:
            got = await wanted
        except BaseException as error:  # noqa: BLE001 - it is raised where it was waited for.
            wanted = caller.throw(error)
        else:
            wanted = caller.switch(got)
    result: T = wanted
    return result


def on_loop() -> bool:
    """Whether this code runs on an event loop, by `call`."""
    return isinstance(getcurrent(), _Caller)


def wait_for[T](awaited: Awaitable[T]) -> T:
    """Return what comes of it; only for code that is `on_loop`."""
    loop: Any = getcurrent().parent
    result: T = loop.switch(awaited)
    return result


def aside[T](work: Callable[[], T]) -> T:
    """Do what may wait for a database or a provider: here, or off the loop if we are on one."""
    if not on_loop():
        return work()
    context = contextvars.copy_context()
    loop = asyncio.get_running_loop()
    return wait_for(loop.run_in_executor(_threads(), context.run, tidily, work))


def tidily[T](work: Callable[[], T]) -> T:
    """Work in a thread that no request owns; a connection that broke is not used again."""
    try:
        return work()
    finally:
        if connection.errors_occurred:
            connection.close_if_unusable_or_obsolete()


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=_ASIDE, thread_name_prefix="aside")

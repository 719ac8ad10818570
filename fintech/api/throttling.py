"""
How often a key may ask, and all of a merchant's together: GCRA, in one atomic script on Valkey.

There is a limit per key (or client of OAuth) and class of endpoint, and a wider one over all
keys of a merchant, so that more keys are not more requests. GCRA keeps a single instant per
limit, the time at which the next request would be on schedule; a burst may run ahead of it
by so many requests. Time is Valkey's, so the
processes need not agree on one. Without Valkey each process keeps the same rule by
itself: the API stays up and bounded, and asks Valkey again a second later.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import redis
import structlog
from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from fintech.api import errors
from fintech.api.authentication import Caller, caller_of
from fintech.api.operations import Operation
from fintech.kernel import waiting
from fintech.kernel.group_commit import LoopCombiner

_log = structlog.get_logger(__name__)
# For each of some requests, one after the other, takes its share of every limit, or of none:
# {which refuses, wait, left of each …}. ARGV: how many requests, how many limits each has,
# then step and burst of every limit.
_SCRIPT = """
local now = redis.call('TIME')
now = now[1] * 1000000 + now[2]
local requests = tonumber(ARGV[1])
local answers, before = {}, 0
for request = 1, requests do
  local count = tonumber(ARGV[1 + request])
  local dues, answer = {}, {0, 0}
  for i = 1, count do
    local place = 2 * (before + i) + requests
    local step, burst = tonumber(ARGV[place]), tonumber(ARGV[place + 1])
    local due = math.max(tonumber(redis.call('GET', KEYS[before + i]) or now), now)
    local left = burst - (due - now)
    if left < step then
      answer = {i, step - left}
      break
    end
    dues[i] = due + step
    answer[i + 2] = math.floor((left - step) / step)
    answer[2] = math.max(answer[2], dues[i] - now)
  end
  if answer[1] == 0 then
    for i = 1, count do
      local ms = math.ceil((dues[i] - now) / 1000) + 1000
      redis.call('SET', KEYS[before + i], string.format('%.0f', dues[i]), 'PX', ms)
    end
  end
  answers[request] = answer
  before = before + count
end
return answers
"""
_MICROSECONDS = 1_000_000
_TIMEOUT_SECONDS, _PAUSE_SECONDS = 0.05, 1.0
_MOST_REMEMBERED = 10_000
# Requests per second of a key by class, and of all of a merchant's: a sandbox hinders nobody.
_RATES = {
    "sandbox": {"default": 500, "money": 500, "merchant": 1000},
    "live": {"default": 100, "money": 25, "merchant": 200},
}
# Operations that move money have a limit of their own besides.
_MONEY_SCOPES = frozenset({"payments:write", "refunds:write", "wallets:write"})


@dataclass(frozen=True, slots=True)
class Limit:
    """How many requests of a class may be made per second, all of them at once if need be."""

    name: str
    rate: int
    of: str  # Whose requests are counted together: a key's or a merchant's.

    def shared_by(self, processes: int) -> "Limit":
        """Return the part of it that each of so many processes has."""
        return Limit(self.name, max(1, self.rate // processes), self.of)

    @property
    def place(self) -> str:
        """Return where the limit's instant is kept."""
        return f"api:rate:{self.of}:{self.name}"

    @property
    def step_us(self) -> int:
        """Return how far apart requests are at this rate."""
        return _MICROSECONDS // self.rate

    @property
    def burst_us(self) -> int:
        """Return how far ahead of that a burst may run."""
        return self.step_us * self.rate


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request may go on; if not, which limit refuses, and for how long."""

    refusing: Limit | None
    wait_us: int
    left: tuple[int, ...] = ()

    @property
    def is_admitted(self) -> bool:
        """Whether it may go on."""
        return self.refusing is None

    def headers(self, limits: Sequence[Limit]) -> dict[str, str]:
        """Return the verdict as the fields of the IETF draft."""
        seconds = -(-self.wait_us // _MICROSECONDS)
        left = self.left or (0,) * len(limits)
        told = zip(limits, left, strict=True)
        if self.refusing is not None:
            told = zip((self.refusing,), (0,), strict=True)
        return {
            "RateLimit-Policy": ", ".join(f'"{one.name}";q={one.rate};w=1' for one in limits),
            "RateLimit": ", ".join(f'"{one.name}";r={rest};t={seconds}' for one, rest in told),
        }


class Local:
    """The same rule in one process's memory, for when Valkey is away."""

    def __init__(self) -> None:
        self._due_us: dict[str, int] = {}
        self._lock = threading.Lock()

    def take_each(self, requests: Sequence[Sequence[Limit]]) -> list[Verdict]:
        """Take each request's share of all its limits, or of none."""
        return [self._take(limits) for limits in requests]

    def _take(self, limits: Sequence[Limit]) -> Verdict:
        now = time.monotonic_ns() // 1000
        dues, rest, wait_us = {}, [], 0
        with self._lock:
            if len(self._due_us) > _MOST_REMEMBERED:
                self._due_us.clear()
            for limit in limits:
                due = max(self._due_us.get(limit.place, now), now)
                left = limit.burst_us - (due - now)
                if left < limit.step_us:
                    return Verdict(limit, limit.step_us - left)
                dues[limit.place] = due + limit.step_us
                rest.append((left - limit.step_us) // limit.step_us)
                wait_us = max(wait_us, due + limit.step_us - now)
            self._due_us.update(dues)
        return Verdict(None, wait_us, tuple(rest))


class Shared:
    """The rule that all processes keep together."""

    def __init__(self, url: str) -> None:
        self._client: Any = redis.Redis.from_url(
            url,
            socket_timeout=_TIMEOUT_SECONDS,
            socket_connect_timeout=_TIMEOUT_SECONDS,
            retry=None,
        )
        self._script = self._client.register_script(_SCRIPT)

    def take_each(self, requests: Sequence[Sequence[Limit]]) -> list[Verdict]:
        """Do the same in one call of Valkey; `redis.RedisError` if it does not answer."""
        limits = [limit for asked in requests for limit in asked]
        answers = self._script(
            keys=[limit.place for limit in limits],
            args=[
                len(requests),
                *map(len, requests),
                *(part for limit in limits for part in (limit.step_us, limit.burst_us)),
            ],
        )
        return [
            Verdict(asked[refusing - 1] if refusing else None, wait_us, tuple(left))
            for asked, (refusing, wait_us, *left) in zip(requests, answers, strict=True)
        ]


class Limiter:
    """Shared while Valkey answers, local while it does not."""

    def __init__(self) -> None:
        self._local = Local()
        self._shared: Shared | None = None
        self._away_until = 0.0
        # On a loop nobody waits for Valkey alone: who asks meanwhile is asked for together.
        self._together: LoopCombiner[Sequence[Limit], Verdict] = LoopCombiner(self._take_each)

    def take(self, limits: Sequence[Limit]) -> Verdict:
        """Take one request's share of every limit, or of none."""
        if waiting.on_loop():
            return waiting.wait_for(self._together.submit(limits))
        return self._take_each([limits])[0]

    def _take_each(self, requests: Sequence[Sequence[Limit]]) -> list[Verdict]:
        if time.monotonic() >= self._away_until:
            try:
                if self._shared is None:
                    self._shared = Shared(settings.REDIS_URL)
                return self._shared.take_each(requests)
            except (redis.RedisError, OSError) as away:
                self._away_until = time.monotonic() + _PAUSE_SECONDS
                _log.warning("api.rate_limit_is_local", error=type(away).__name__)
        # Each process has its share, so that all of them together stay within the limit.
        processes = settings.WEB_PROCESSES
        return self._local.take_each(
            [[one.shared_by(processes) for one in limits] for limits in requests]
        )


_limiter = Limiter()


def limits_of(operation: Operation, caller: Caller) -> list[Limit]:
    """Return the limits that a caller's operation falls under."""
    rates = {**_RATES[settings.MODE], **getattr(settings, "API_RATES", {})}
    moves_money = operation.method == "POST" and operation.scope in _MONEY_SCOPES
    limits = [Limit("default", rates["default"], caller.name)]
    if moves_money:
        limits.append(Limit("money", rates["money"], caller.name))
    return [*limits, Limit("merchant", rates["merchant"], str(caller.merchant_id))]


def admit(caller: Caller, operation: Operation) -> dict[str, str]:
    """
    Let a caller's request pass, and return the headers that say what is left.

    Raises:
        RateLimited: it comes too soon; `.headers` says when not to.
    """
    limits = limits_of(operation, caller)
    verdict = _limiter.take(limits)
    headers = verdict.headers(limits)
    if not verdict.is_admitted:
        refusal = errors.RateLimited(verdict.wait_us / _MICROSECONDS)
        refusal.headers = headers
        raise refusal
    return headers


class KeyThrottle(BaseThrottle):
    """The same for the framework's views."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """Admit the caller, or raise `RateLimited`."""
        view.trace.headers.update(admit(caller_of(request), view.operation))
        return True

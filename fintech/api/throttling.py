"""
How often a merchant may ask: one GCRA per merchant, in one atomic script on Valkey.

GCRA keeps a single instant per merchant, the time at which its next request would be
on schedule; a burst may run ahead of it by so many requests. Time is Valkey's, so the
processes need not agree on one. Without Valkey each process keeps the same rule by
itself: the API stays up and bounded, and asks Valkey again a second later.
"""

import threading
import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import redis
import structlog
from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from fintech.api import errors
from fintech.api.authentication import caller_of

_log = structlog.get_logger(__name__)
_SCRIPT = """
local now = redis.call('TIME')
now = now[1] * 1000000 + now[2]
local step, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local due = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local left = burst - (due - now)
if left < step then
  return {0, 0, step - left}
end
due = due + step
redis.call('SET', KEYS[1], string.format('%.0f', due), 'PX', math.ceil((due - now) / 1000) + 1000)
return {1, math.floor((left - step) / step), due - now}
"""
_MICROSECONDS = 1_000_000
_TIMEOUT_SECONDS, _PAUSE_SECONDS = 0.05, 1.0
_MOST_REMEMBERED = 10_000
_DEFAULT_RATE = 500  # Requests per second and merchant: a sandbox hinders nobody.


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request may go on, how many more could follow at once, and when it is fresh."""

    is_admitted: bool
    left: int
    wait_us: int

    def headers(self, rate: int) -> dict[str, str]:
        """Return the verdict as the fields of the IETF draft."""
        seconds = -(-self.wait_us // _MICROSECONDS)
        return {
            "RateLimit-Policy": f'"default";q={rate};w=1',
            "RateLimit": f'"default";r={self.left};t={seconds}',
        }


class Local:
    """The same rule in one process's memory, for when Valkey is away."""

    def __init__(self) -> None:
        self._due_us: dict[UUID, int] = {}
        self._lock = threading.Lock()

    def take(self, merchant_id: UUID, *, step_us: int, burst_us: int) -> Verdict:
        """Take one request's share."""
        now = time.monotonic_ns() // 1000
        with self._lock:
            if len(self._due_us) > _MOST_REMEMBERED:
                self._due_us.clear()
            due = max(self._due_us.get(merchant_id, now), now)
            left = burst_us - (due - now)
            if left < step_us:
                return Verdict(is_admitted=False, left=0, wait_us=step_us - left)
            self._due_us[merchant_id] = due + step_us
        return Verdict(True, (left - step_us) // step_us, due + step_us - now)


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

    def take(self, merchant_id: UUID, *, step_us: int, burst_us: int) -> Verdict:
        """Take one request's share; `redis.RedisError` if Valkey does not answer."""
        admitted, left, wait_us = self._script(
            keys=[f"api:rate:{merchant_id}"], args=[step_us, burst_us]
        )
        return Verdict(bool(admitted), int(left), int(wait_us))


class Limiter:
    """Shared while Valkey answers, local while it does not."""

    def __init__(self) -> None:
        self._local = Local()
        self._shared: Shared | None = None
        self._away_until = 0.0

    def take(self, merchant_id: UUID, *, rate: int) -> Verdict:
        """Take one request's share of `rate` per second."""
        step_us = _MICROSECONDS // rate
        burst_us = step_us * rate
        if time.monotonic() >= self._away_until:
            try:
                if self._shared is None:
                    self._shared = Shared(settings.REDIS_URL)
                return self._shared.take(merchant_id, step_us=step_us, burst_us=burst_us)
            except (redis.RedisError, OSError) as away:
                self._away_until = time.monotonic() + _PAUSE_SECONDS
                _log.warning("api.rate_limit_is_local", error=type(away).__name__)
        return self._local.take(merchant_id, step_us=step_us, burst_us=burst_us)


_limiter = Limiter()


def rate() -> int:
    """Return how many requests per second a merchant may make."""
    return int(getattr(settings, "API_RATE_PER_SECOND", _DEFAULT_RATE))


def admit(merchant_id: UUID) -> dict[str, str]:
    """
    Let a merchant's request pass, and return the headers that say what is left.

    Raises:
        RateLimited: it comes too soon; `.headers` says when not to.
    """
    verdict = _limiter.take(merchant_id, rate=rate())
    headers = verdict.headers(rate())
    if not verdict.is_admitted:
        refusal = errors.RateLimited(verdict.wait_us / _MICROSECONDS)
        refusal.headers = headers
        raise refusal
    return headers


class MerchantThrottle(BaseThrottle):
    """The same for the framework's views."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """Admit the caller's merchant, or raise `RateLimited`."""
        view.trace.headers.update(admit(caller_of(request).merchant_id))
        return True

"""
Which providers are well enough to be asked: a circuit per provider, shared over Valkey.

Closed, calls go through. When within a window so many calls have failed, and at least half
of all, it opens: nobody is asked for a while. Then it is half open: a few probes go through,
and close it if they go well or open it again at the first that does not. Staff may hold it
either way. Time is Valkey's, so the processes need not agree on one.

A well provider costs a process one question to Valkey per `_LOOK_EVERY_SECONDS`, whatever
its load: what went well is counted here and told with that question. Without Valkey every
circuit counts as closed, and `provider_states_shared` says so: a payer is never refused
because our own memory is away.
"""

import threading
import time
from dataclasses import dataclass, field
from enum import StrEnum

import structlog
from django.conf import settings
from prometheus_client import Gauge

from fintech.payments.providers import shared

_log = structlog.get_logger(__name__)
_LOOK_EVERY_SECONDS = 0.25
_FAILURES_KEPT = 10
_PLACE = "payments:circuit:"

_state = Gauge(
    "provider_circuit_state",
    "0 closed, 1 half open, 2 open",
    ["provider"],
    multiprocess_mode="mostrecent",
)
# Tells what calls have come to, and returns {state, ms until it is half open, held}.
# KEYS: state, calls, failures. ARGV: good, bad, what failed, window s, failures, open ms, probes.
_TELL = """
local clock = redis.call('TIME')
local second, now = tonumber(clock[1]), clock[1] * 1000 + math.floor(clock[2] / 1000)
local good, bad = tonumber(ARGV[1]), tonumber(ARGV[2])
local window, most = tonumber(ARGV[4]), tonumber(ARGV[5])
local open_ms, probes = tonumber(ARGV[6]), tonumber(ARGV[7])
local held = redis.call('HGET', KEYS[1], 'held') or ''
local opened = tonumber(redis.call('HGET', KEYS[1], 'open_until') or '0')
local function open()
  opened = now + open_ms
  redis.call('HSET', KEYS[1], 'open_until', string.format('%.0f', opened))
  redis.call('HDEL', KEYS[1], 'probes', 'probing_since', 'probes_good')
  redis.call('DEL', KEYS[2])
end
if bad > 0 then
  redis.call('LPUSH', KEYS[3], second .. ' ' .. ARGV[3])
  redis.call('LTRIM', KEYS[3], 0, KEPT - 1)
end
if opened == 0 then
  if good > 0 then redis.call('HINCRBY', KEYS[2], 'g' .. second, good) end
  if bad > 0 then redis.call('HINCRBY', KEYS[2], 'b' .. second, bad) end
  redis.call('EXPIRE', KEYS[2], window + 1)
  if bad > 0 then
    local all, failed = 0, 0
    local calls = redis.call('HGETALL', KEYS[2])
    for i = 1, #calls, 2 do
      if tonumber(string.sub(calls[i], 2)) <= second - window then
        redis.call('HDEL', KEYS[2], calls[i])
      else
        all = all + calls[i + 1]
        if string.sub(calls[i], 1, 1) == 'b' then failed = failed + calls[i + 1] end
      end
    end
    if failed >= most and failed * 2 >= all then open() end
  end
elseif now >= opened then
  if bad > 0 then
    open()
  elseif good > 0 and redis.call('HINCRBY', KEYS[1], 'probes_good', good) >= probes then
    redis.call('HDEL', KEYS[1], 'open_until', 'probes', 'probing_since', 'probes_good')
    opened = 0
  end
end
if opened == 0 then return {'closed', 0, held} end
if now < opened then return {'open', opened - now, held} end
return {'half_open', 0, held}
""".replace("KEPT", str(_FAILURES_KEPT))

# Gives one of the probes away; those whose asker was never heard of again come back.
_PROBE = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local since = tonumber(redis.call('HGET', KEYS[1], 'probing_since') or '0')
if now - since > tonumber(ARGV[2]) then
  redis.call('HSET', KEYS[1], 'probing_since', string.format('%.0f', now), 'probes', 0)
end
return redis.call('HINCRBY', KEYS[1], 'probes', 1) <= tonumber(ARGV[1]) and 1 or 0
"""


class State(StrEnum):
    """Whether calls go through."""

    CLOSED = "closed"
    HALF_OPEN = "half_open"
    OPEN = "open"


_LEVELS = {State.CLOSED: 0, State.HALF_OPEN: 1, State.OPEN: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What is known of a provider; each failure is the Unix second and what failed."""

    state: State
    held: str
    failures: tuple[tuple[int, str], ...]
    shared: bool


@dataclass(slots=True)
class _Seen:
    """What this process knows of one circuit, and what it has not told yet."""

    state: State = State.CLOSED
    until: float = 0.0  # On the monotonic clock: when an open one becomes half open.
    held: str = ""
    looked_at: float = -1e9
    good: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


_circuits: dict[str, _Seen] = {}


def admits(name: str) -> bool:
    """Whether a provider may be asked now; when half open, this takes one of the probes."""
    seen = _look(name)
    if seen.held:
        return seen.held == State.CLOSED
    if seen.state == State.CLOSED:
        return True
    if seen.state == State.OPEN and time.monotonic() < seen.until:
        return False
    seen.state = State.HALF_OPEN
    limits = settings.PROVIDER_CIRCUIT
    granted = shared.ask(_PROBE, [_PLACE + name], [limits["probes"], int(limits["open_s"] * 1000)])
    return granted is None or bool(granted)


def is_open(name: str) -> bool:
    """Whether a provider is left alone now; takes no probe."""
    seen = _look(name)
    if seen.held:
        return seen.held == State.OPEN
    return seen.state == State.OPEN and time.monotonic() < seen.until


def went_well(name: str) -> None:
    """Count a call that was answered; told at the next look, or at once by a probe."""
    seen = _circuits.setdefault(name, _Seen())
    with seen.lock:
        seen.good += 1
    if seen.state != State.CLOSED:
        _tell(name, seen)


def failed(name: str, what: str) -> None:
    """Count a call that was not answered; `what` says which and how, in a word or two."""
    _tell(name, _circuits.setdefault(name, _Seen()), failure=what)


def hold(name: str, held: str) -> None:
    """Let staff's word reach every process: "open", "closed", or "" to let it go by itself."""
    shared.ask("return redis.call('HSET', KEYS[1], 'held', ARGV[1])", [_PLACE + name], [held])
    _circuits.setdefault(name, _Seen()).looked_at = -1e9


def held(name: str) -> str:
    """Return what every process takes staff's word to be."""
    return _look(name).held


def health(name: str) -> Health:
    """Return what all processes know of a provider, for people."""
    seen = _circuits.setdefault(name, _Seen())
    _tell(name, seen)
    place = f"{_PLACE}{name}:failures"
    told = shared.ask("return redis.call('LRANGE', KEYS[1], 0, -1)", [place], [])
    failures = [str(line).partition(" ") for line in told or []]
    return Health(
        state=seen.state,
        held=seen.held,
        failures=tuple((int(second), what) for second, _, what in failures),
        shared=told is not None,
    )


def forget() -> None:
    """Look at everything anew (tests: settings and servers change under us)."""
    _circuits.clear()
    shared.forget()


def _look(name: str) -> _Seen:
    seen = _circuits.setdefault(name, _Seen())
    now = time.monotonic()
    age_seconds = now - seen.looked_at
    if age_seconds >= _LOOK_EVERY_SECONDS:
        if age_seconds < shared.STALE_SECONDS:
            seen.looked_at = now  # Others go on with what is known while this one looks.
        _tell(name, seen)
    return seen


def _tell(name: str, seen: _Seen, *, failure: str = "") -> None:
    """Tell what calls came to, and learn how the circuit stands."""
    with seen.lock:
        good, seen.good = seen.good, 0
    limits = settings.PROVIDER_CIRCUIT
    told = shared.ask(
        _TELL,
        [_PLACE + name, f"{_PLACE}{name}:calls", f"{_PLACE}{name}:failures"],
        [
            good,
            int(bool(failure)),
            failure,
            limits["window_s"],
            limits["failures"],
            int(limits["open_s"] * 1000),
            limits["probes"],
        ],
    )
    was = seen.state
    # Without Valkey all count as closed, but what staff have said is not forgotten.
    state, wait_ms, held = told or (State.CLOSED, 0, seen.held)
    seen.state, seen.held = State(state), str(held)
    seen.until = time.monotonic() + int(wait_ms) / 1000
    seen.looked_at = time.monotonic()
    _state.labels(name).set(_LEVELS[State(seen.held) if seen.held else seen.state])
    if seen.state != was:
        _log.warning("payments.circuit", provider=name, state=str(seen.state), was=str(was))

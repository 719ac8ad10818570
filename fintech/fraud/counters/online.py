"""
The newest attempts of every subject in Valkey: a sorted set each, by the moment.

An attempt is one member under its id, so telling of it twice, or out of order, changes
nothing. Only committed attempts come here: a subscription to the event log tells of them.
Two marks say whether the answers may be believed: that everything is here (`complete`,
gone when Valkey is wiped, set again when all was told anew) and what was heard last.
"""

import time
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import redis

from fintech.fraud.counters.windows import LONGEST, MOST, SUBJECTS, WINDOWS, Subject
from fintech.kernel import ids

_KEPT = 2 * MOST  # Who asks a little in the past finds his hundred too.
_EXPIRES_SECONDS = 35 * 86_400
_TIMEOUT_SECONDS, _PAUSE_SECONDS = 0.05, 1.0
# Whoever commits an attempt tells of it at once. Only what a process did not come to tell before
# it died is late: it comes with the log, which under load is some seconds behind.
_HEARD_WITHIN = timedelta(seconds=5)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# Of each set its newest within a window, in one text: many small answers are slow to read.
# Before them 1 if some may have been taken away, else 0.
_ASK = """
local complete = redis.call('GET', KEYS[1])
if not complete then return {complete, complete, {}} end
local most, kept = tonumber(ARGV[1]), tonumber(ARGV[2])
local found = {}
for i = 3, #KEYS do
  local at, since = ARGV[2 * i - 3], ARGV[2 * i - 2]
  local members = redis.call('ZREVRANGEBYSCORE', KEYS[i], at, '(' .. since, 'LIMIT', 0, most)
  local cut = 0
  if #members < most and redis.call('ZCARD', KEYS[i]) >= kept then
    local oldest = redis.call('ZRANGE', KEYS[i], 0, 0, 'WITHSCORES')[2]
    if tonumber(oldest) > tonumber(since) then cut = 1 end
  end
  found[i - 2] = cut .. table.concat(members, '\\n')
end
return {complete, redis.call('GET', KEYS[2]), found}
"""
_HEAR = """
local last = redis.call('GET', KEYS[1])
if not last or last < ARGV[1] then redis.call('SET', KEYS[1], ARGV[1]) end
"""
# Only if nothing was wiped since the telling began.
_COMPLETE = """
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1])
redis.call('DEL', KEYS[2])
return 1
"""


class Away(Exception):
    """Valkey does not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One attempt, by all whose it is: what is counted of it."""

    id: UUID
    at: datetime
    minor: int
    currency: str
    card_fingerprint: str
    device_hash: str | None
    ip_hash: str | None
    email_hash: str | None
    card_bin: str | None
    customer_id: UUID | None
    merchant_id: UUID

    def whose(self) -> list[tuple[Subject, str]]:
        """Return whose attempt it is."""
        return [
            (subject, f"{value}:{self.currency}" if subject.more else str(value))
            for subject in SUBJECTS
            if (value := getattr(self, subject.column)) is not None
        ]


@dataclass(frozen=True, slots=True)
class Told:
    """What Valkey has counted, and what it had heard by then."""

    figures: list[list[list[int]]]  # of each question, of each subject
    heard: str

    def is_up_to(self, newest: UUID | None, *, now: datetime) -> bool:
        """
        Whether it had heard of the newest attempt, or may not have had the time yet.

        Having heard of more than there is, it counted for another database.
        """
        if newest is None or newest.hex == self.heard:
            return newest is not None or not self.heard
        if not self.heard or self.heard > newest.hex:
            return False
        made, heard = ids.at(newest), ids.at(UUID(self.heard))
        return max(made - heard, now - made) <= _HEARD_WITHIN


class Online:
    """The sets of one database in Valkey."""

    def __init__(self, url: str, database: str) -> None:
        self._client: Any = redis.Redis.from_url(
            url,
            socket_timeout=_TIMEOUT_SECONDS,
            socket_connect_timeout=_TIMEOUT_SECONDS,
            retry=None,
            decode_responses=True,
        )
        self._place = f"fraud:{database}"
        self._ask = self._client.register_script(_ASK)
        self._away_until = 0.0

    def tell(self, seen: Sequence[Seen], *, in_order: bool) -> None:
        """
        Add attempts; all of them or none.

        Args:
            in_order: they come with the log, so that none before the last of them is missing.

        Raises:
            Away: nothing was added.
        """
        if not seen:
            return
        try:
            pipeline = self._client.pipeline(transaction=True)
            for one in seen:
                for subject, value in one.whose():
                    key = f"{self._place}:{subject.name}:{value}"
                    pipeline.zadd(key, {_member(one, subject): _microseconds(one.at)})
                    pipeline.zremrangebyrank(key, 0, -_KEPT - 1)
                    pipeline.expire(key, _EXPIRES_SECONDS)
            if in_order:
                last = max(one.id for one in seen).hex
                pipeline.eval(_HEAR, 1, f"{self._place}:heard", last)
            pipeline.execute()
        except (redis.RedisError, OSError) as away:
            self._away_until = time.monotonic() + _PAUSE_SECONDS
            raise Away(str(away)) from away

    def is_away(self) -> bool:
        """Whether Valkey did not answer a moment ago."""
        return time.monotonic() < self._away_until

    def ask(self, questions: Sequence[Seen]) -> Told | None:
        """Count as of the questions' moments; None if Valkey is away or does not know all."""
        if self.is_away():
            return None
        keys, bounds, places = [f"{self._place}:complete", f"{self._place}:heard"], [], []
        for place, one in enumerate(questions):
            for subject, value in one.whose():
                keys.append(f"{self._place}:{subject.name}:{value}")
                bounds += [_microseconds(one.at), _microseconds(one.at - LONGEST)]
                places.append((place, subject))
        try:
            complete, heard, found = self._ask(keys=keys, args=[MOST, _KEPT, *bounds])
        except (redis.RedisError, OSError):
            self._away_until = time.monotonic() + _PAUSE_SECONDS
            return None
        if not complete or any(each.startswith("1") for each in found):
            return None
        counted = {
            (place, subject.name): _figures(questions[place], members[1:].splitlines())
            for (place, subject), members in zip(places, found, strict=True)
        }
        nothing = [0] * (3 * len(WINDOWS))
        figures = [
            [counted.get((place, subject.name), nothing) for subject in SUBJECTS]
            for place in range(len(questions))
        ]
        return Told(figures, heard or "")

    def is_complete(self) -> bool:
        """
        Whether everything is here.

        Raises:
            Away: Valkey does not answer.
        """
        try:
            return bool(self._client.exists(f"{self._place}:complete"))
        except (redis.RedisError, OSError) as away:
            raise Away(str(away)) from away

    def begin(self, token: str) -> None:
        """
        Forget everything; from now on all is told anew.

        Raises:
            Away: Valkey does not answer.
        """
        try:
            for key in self._client.scan_iter(f"{self._place}:*", count=1000):
                self._client.unlink(key)
            self._client.set(f"{self._place}:telling", token)
        except (redis.RedisError, OSError) as away:
            raise Away(str(away)) from away

    def end(self, token: str) -> bool:
        """
        Say that all was told; False if some of it has been wiped meanwhile.

        Raises:
            Away: Valkey does not answer.
        """
        keys = [f"{self._place}:complete", f"{self._place}:telling"]
        try:
            return bool(self._client.eval(_COMPLETE, 2, *keys, token))
        except (redis.RedisError, OSError) as away:
            raise Away(str(away)) from away


def _member(one: Seen, subject: Subject) -> str:
    other = getattr(one, subject.others_column) or ""
    # The id first: of one moment, the newest have the last names.
    return f"{one.id.hex}|{_microseconds(one.at)}|{one.minor}|{one.currency}|{other}"


def _figures(asked: Seen, members: Sequence[str]) -> list[int]:
    """Return counts, sums and others of one subject, newest attempt first, by window."""
    counts, sums, others = [], [], []
    now, currency = _microseconds(asked.at), asked.currency
    told = [member.split("|") for member in members]
    # Newest first: a window is the beginning of the list.
    ages = [now - int(each[1]) for each in told]
    paid = [int(each[2]) if each[3] == currency else 0 for each in told]
    for length in WINDOWS.values():
        count = bisect_left(ages, length // _MICROSECOND)
        counts.append(count)
        sums.append(sum(paid[:count]))
        others.append(len({each[4] for each in told[:count]} - {""}))
    return [*counts, *sums, *others]


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND

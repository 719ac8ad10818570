"""
An acquirer as it is in a bad week: a profile of rates and a seed, set over its own door.

What befalls an operation follows from the seed, from the how-manieth it is and from how often
it was asked for: callers' references are new in each run, and the same story still goes wrong
in the same places. Outages go by the count of requests: from one that begins it, all are
refused for a while.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from random import Random
from typing import Any, Self

from sandbox.acquirer.book import Unreadable

WRONG_CURRENCY = {"EUR": "USD"}  # Anything else becomes euros.
MORE_MINOR = 100  # By how much a wrong authorization is too large; other amounts lack 1.
_SECONDS_MAX = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How often what happens: rates from 0 to 1, and for how long in seconds."""

    seed: int = 0
    delay: float = 0  # The answer takes up to `delay_seconds`.
    delay_seconds: float = 0.05
    lose_request: float = 0  # Nothing is done, and nothing is answered in time.
    lose_answer: float = 0  # It is done, and nothing is answered in time.
    fail_answer: float = 0  # It is done, and 502 is answered.
    callback: float = 0  # The outcome is told by callback too,
    duplicate: float = 0  # and that twice,
    late: float = 0  # and up to `late_seconds` later, so out of order.
    late_seconds: float = 0.2
    wrong_amount: float = 0  # Another amount is reserved, taken or given back.
    wrong_currency: float = 0  # Another currency is reserved.
    outage: float = 0  # From this request on, `outage_requests` are refused with 503.
    outage_requests: int = 10

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> Self:
        """Read a profile; what is left out does not happen."""
        known = {field.name for field in fields(cls)}
        strange = sorted(set(told) - known)
        if strange:
            raise Unreadable("invalid_request", f"{strange[0]} is not one of {sorted(known)}")
        for name, value in told.items():
            whole = name in {"seed", "outage_requests"}
            if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
                raise Unreadable("invalid_request", f"{name} is a number")
            most = _SECONDS_MAX if name.endswith("_seconds") else 1
            if not whole and not 0 <= value <= most:
                raise Unreadable("invalid_request", f"{name} is from 0 to {most}")
        return cls(**told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mood:
    """What befalls one request."""

    down: bool = False
    lost_before: bool = False
    lost_after: bool = False
    failed_after: bool = False
    wait_seconds: float = 0
    callbacks_after: tuple[float, ...] = ()  # Seconds after which each is sent.
    add_minor: int = 0
    currency: bool = False

    def twisted(self, body: Mapping[str, object]) -> dict[str, object]:
        """Return what is done in place of what was asked for."""
        done, minor = dict(body), body.get("amount_minor")
        if self.add_minor and isinstance(minor, int) and minor + self.add_minor > 0:
            done["amount_minor"] = minor + self.add_minor
        if self.currency and "currency" in body:
            done["currency"] = WRONG_CURRENCY.get(str(body["currency"]), "EUR")
        return done


class Misbehavior:
    """The profile of one acquirer, and what has come of it."""

    def __init__(self) -> None:
        """Behave, until told otherwise."""
        self.profile = Profile()
        self.done: Counter[str] = Counter()
        self._asked: Counter[str] = Counter()  # By reference, in the order of their coming.
        self._number: dict[str, int] = {}
        self._requests = self._refused_until = 0

    def follow(self, profile: Profile) -> None:
        """Follow another profile from now on."""
        self.profile = profile
        self.done.clear()
        self._asked.clear()
        self._number.clear()
        self._requests = self._refused_until = 0

    def told(self) -> dict[str, object]:
        """Say what it follows, and how often what has happened."""
        return {**asdict(self.profile), "done": dict(sorted(self.done.items()))}

    def question(self) -> Mood:
        """Return what befalls a question: an outage refuses it too."""
        return self._counted(Mood(down=self._is_down()))

    def command(self, kind: str, reference: str) -> Mood:
        """Return what befalls a command, by its reference and how often it has come."""
        if self._is_down():
            return self._counted(Mood(down=True))
        profile = self.profile
        self._asked[reference] += 1
        number = self._number.setdefault(reference, len(self._number))
        turn = Random(f"{profile.seed} {number} {self._asked[reference]}")
        # What is done under a reference is the same however often it is asked.
        always = Random(f"{profile.seed} {number}")
        wrong = always.random() < profile.wrong_amount
        currency = kind == "authorization" and always.random() < profile.wrong_currency
        lost = turn.random()
        before = lost < profile.lose_request
        after = not before and lost < profile.lose_request + profile.lose_answer
        failed = not before and not after and turn.random() < profile.fail_answer
        return self._counted(
            Mood(
                lost_before=before,
                lost_after=after,
                failed_after=failed,
                wait_seconds=_sometimes(turn, profile.delay, profile.delay_seconds),
                callbacks_after=self._callbacks(turn),
                add_minor=(MORE_MINOR if kind == "authorization" else -1) if wrong else 0,
                currency=currency,
            )
        )

    def _callbacks(self, turn: Random) -> tuple[float, ...]:
        profile = self.profile
        if turn.random() >= profile.callback:
            return ()
        times = 2 if turn.random() < profile.duplicate else 1
        return tuple(_sometimes(turn, profile.late, profile.late_seconds) for _ in range(times))

    def _is_down(self) -> bool:
        self._requests += 1
        if self._requests <= self._refused_until:
            return True
        chance = Random(f"{self.profile.seed} request {self._requests}").random()
        if chance < self.profile.outage:
            self._refused_until = self._requests + self.profile.outage_requests - 1
            return True
        return False

    def _counted(self, mood: Mood) -> Mood:
        for name in ("down", "lost_before", "lost_after", "failed_after", "currency"):
            self.done[name] += bool(getattr(mood, name))
        self.done["delayed"] += mood.wait_seconds > 0
        self.done["callbacks"] += len(mood.callbacks_after)
        self.done["duplicates"] += len(mood.callbacks_after) > 1
        self.done["late"] += sum(after > 0 for after in mood.callbacks_after)
        self.done["amount"] += mood.add_minor != 0
        return mood


def _sometimes(turn: Random, rate: float, most_seconds: float) -> float:
    return turn.uniform(0, most_seconds) if turn.random() < rate else 0.0

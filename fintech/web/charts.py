"""Charts as geometry: whole numbers that a template draws as inline SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

import orjson

from fintech.kernel import money
from fintech.kernel.money import Money
from fintech.web import formats
from fintech.web.data import Period

WIDTH, HEIGHT = 720, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 4, 10, 26
_STEPS = 4
_DATES = 5
_ROUND = (10, 15, 20, 25, 30, 40, 50, 60, 75, 80)  # Steps of an axis, in tenths.


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One day: its bar, its slot, and its words."""

    x: int
    y: int
    width: int
    height: int
    slot_x: int
    slot_width: int
    day: date
    amount: Money
    before: Money | None
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A line across, or a date below, with its words."""

    at: int
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """Money taken per day, with the period before as a dashed line."""

    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int
    slot_height: int
    bars: tuple[Bar, ...]
    rules: tuple[Tick, ...]
    dates: tuple[Tick, ...]
    before: str


def series(now: Period, before: Period) -> str:
    """Return both periods for a chart that people zoom: seconds, and minor units, as JSON."""
    return orjson.dumps(
        {
            "sign": formats.symbol(now.currency),
            "decimals": money.exponent(now.currency),
            "data": [
                [
                    int(datetime.combine(day.day, time(), tzinfo=UTC).timestamp())
                    for day in now.days
                ],
                [day.captured_minor for day in now.days],
                [day.captured_minor for day in before.days],
            ],
        }
    ).decode()


def volume(now: Period, before: Period | None = None) -> Volume:
    """Lay out what was taken per day; both periods have as many days."""
    earlier = before.days if before else ()
    top_minor = _nice(
        max(
            [day.captured_minor for day in (*now.days, *earlier)] or [0],
        ),
        now.currency,
    )
    plot_width, plot_height = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
    count = max(1, len(now.days))
    bars = []
    points = []
    for number, day in enumerate(now.days):
        slot = _LEFT + plot_width * number // count
        following = _LEFT + plot_width * (number + 1) // count
        gap = max(1, (following - slot) // 6)
        height = plot_height * day.captured_minor // top_minor
        if day.captured_minor and not height:
            height = 1
        old = earlier[number] if number < len(earlier) else None
        bars.append(
            Bar(
                x=slot + gap,
                y=_TOP + plot_height - height,
                width=max(1, following - slot - 2 * gap),
                height=height,
                slot_x=slot,
                slot_width=following - slot,
                day=day.day,
                amount=Money(day.captured_minor, now.currency),
                before=None if old is None else Money(old.captured_minor, now.currency),
                count=day.captures,
            )
        )
        if old is not None:
            middle = (slot + following) // 2
            drop = plot_height * old.captured_minor // top_minor
            points.append(f"{middle},{_TOP + plot_height - drop}")
    return Volume(
        width=WIDTH,
        height=HEIGHT,
        left=_LEFT,
        right=WIDTH - _RIGHT,
        top=_TOP,
        bottom=HEIGHT - _BOTTOM,
        slot_height=plot_height,
        bars=tuple(bars),
        rules=_rules(top_minor, now.currency, plot_height),
        dates=_dates(bars),
        before=" ".join(points),
    )


def _nice(minor: int, currency: str) -> int:
    """Return a round number of minor units at or above an amount: four even steps."""
    scale: int = 10 ** money.exponent(currency)
    while True:
        for tenths in _ROUND:
            step, rest = divmod(scale * tenths, 10)
            if not rest and minor <= step * _STEPS:
                return step * _STEPS
        scale *= 10


def _rules(top_minor: int, currency: str, plot_height: int) -> tuple[Tick, ...]:
    return tuple(
        Tick(
            at=_TOP + plot_height - plot_height * step // _STEPS,
            label=formats.short_amount(Money(top_minor * step // _STEPS, currency)),
        )
        for step in range(_STEPS + 1)
    )


def _dates(bars: Sequence[Bar]) -> tuple[Tick, ...]:
    if not bars:
        return ()
    every = max(1, -(-len(bars) // _DATES))
    return tuple(
        Tick(at=bar.slot_x + bar.slot_width // 2, label=f"{bar.day.day} {bar.day:%b}")
        for number, bar in enumerate(bars)
        if number % every == every // 2
    )


def share(points: int, largest: int) -> int:
    """Return how far a bar of a hundred reaches for some points."""
    return min(100, abs(points) * 100 // largest) if largest else 0

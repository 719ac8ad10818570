"""Charts as geometry: whole numbers that a template draws as inline SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from statistics import median

from fintech.reconciliation.data import Anomaly, DayFigures

WIDTH, HEIGHT = 560, 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 8, 10, 22
_TITLES = {
    "match_rate": ("Match rate", "%", Decimal(100)),
    "fee_rate": ("Fees of gross", "%", Decimal(100)),
    "delay_days": ("Days to the bank", "", Decimal(1)),
    "breaks": ("Breaks", "", Decimal(1)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A day: where it stands, what it says, and whether it is odd."""

    x: int
    y: int
    label: str
    odd: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One kind of break of one day, as a piece of its bar."""

    x: int
    y: int
    width: int
    height: int
    shade: int  # From 0, the kind that is most frequent.
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A figure over days, with what is usual as a dashed line."""

    title: str
    path: str
    points: tuple[Point, ...]
    parts: tuple[Part, ...]
    usual_y: int
    usual: str
    top: str
    bottom: str
    begin: str
    end: str
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    floor: int = HEIGHT - _BOTTOM
    ceiling: int = _TOP


def draw(days: Sequence[DayFigures], odd: Sequence[Anomaly]) -> list[Chart]:
    """Lay out each figure of a source; nothing where there are no two days."""
    if len(days) < 2:  # noqa: PLR2004 -- a line has two ends.
        return []
    marked = {(one.metric, one.on) for one in odd}
    return [_chart(days, metric, marked) for metric in _TITLES]


def _chart(days: Sequence[DayFigures], metric: str, odd: set[tuple[str, date]]) -> Chart:
    title, unit, factor = _TITLES[metric]
    values = [Decimal(getattr(day, metric)) * factor for day in days]
    low = Decimal(0) if metric == "breaks" else min(values)
    high = max(values)
    if high == low:
        high, low = high + 1, max(low - 1, Decimal(0))
    usual = Decimal(median(values))

    def y(value: Decimal) -> int:
        share = (value - low) / (high - low)
        return HEIGHT - _BOTTOM - round(share * (HEIGHT - _TOP - _BOTTOM))

    xs = _spread([day.on for day in days])
    points = tuple(
        Point(
            x=x,
            y=y(value),
            label=f"{day.on:%-d %b}: {value:.2f}{unit}",
            odd=(metric, day.on) in odd,
        )
        for x, day, value in zip(xs, days, values, strict=True)
    )
    bars = metric == "breaks"
    return Chart(
        title=title,
        path="" if bars else " ".join(f"{point.x},{point.y}" for point in points),
        points=() if bars else points,
        parts=_parts(days, xs) if bars else (),
        usual_y=y(usual),
        usual=f"usual {usual:.2f}{unit}",
        top=f"{high:.2f}{unit}",
        bottom=f"{low:.2f}{unit}",
        begin=f"{days[0].on:%-d %b %Y}",
        end=f"{days[-1].on:%-d %b %Y}",
    )


def _spread(on: Sequence[date]) -> list[int]:
    """Place days by the calendar: one without rows leaves a gap."""
    span = max((on[-1] - on[0]).days, 1)
    room = WIDTH - _LEFT - _RIGHT
    return [_LEFT + round((day - on[0]).days * room / span) for day in on]


def _parts(days: Sequence[DayFigures], xs: Sequence[int]) -> tuple[Part, ...]:
    """Stack the kinds of each day's breaks, the most frequent kind lowest."""
    counts: dict[str, int] = {}
    for day in days:
        for kind, count in day.mix.items():
            counts[kind] = counts.get(kind, 0) + count
    order = sorted(counts, key=lambda kind: (-counts[kind], kind))
    most = max((sum(day.mix.values()) for day in days), default=0) or 1
    room = HEIGHT - _TOP - _BOTTOM
    width = max(2, (WIDTH - _LEFT - _RIGHT) // (len(days) * 2))
    found = []
    for x, day in zip(xs, days, strict=True):
        below = 0
        for shade, kind in enumerate(order):
            count = day.mix.get(kind, 0)
            if not count:
                continue
            tall = max(1, round(count * room / most))
            below += tall
            found.append(
                Part(
                    x=min(x, WIDTH - _RIGHT - width),
                    y=HEIGHT - _BOTTOM - below,
                    width=width,
                    height=tall,
                    shade=min(shade, 4),
                    label=f"{day.on:%-d %b}: {count} {kind.replace('_', ' ')}",
                )
            )
    return tuple(found)

"""Places in the charts of the dashboard. Everything is in percent of the drawing, so that text keeps its size whatever the width is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from fhir_coder.outcomes.calibration import Calibration
from fhir_coder.outcomes.dashboard import Period
from fhir_coder.outcomes.shares import Share

_LEFT, _TOP, _WIDE, _HIGH = 11.0, 4.0, 85.0, 82.0
"""The square in which the reliability plot lies, within its drawing."""
_LINE_TOP, _LINE_HIGH = 12.0, 74.0
MOST_DOTS = 31
"""Periods that are marked one by one on a line."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar from the left edge. ``low`` and ``high`` are the ends of its whisker, None for none; ``said`` stands at the right above it."""

    label: str
    said: str
    width: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Dot:
    """A point with its whisker (``low`` is the lower end on the page, so the larger number); ``radius`` in rem."""

    x: float
    y: float
    low: float = 0.0
    high: float = 0.0
    radius: float = 0.25


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the grid and what it says."""

    place: float
    text: str


@dataclass(frozen=True, slots=True)
class LineChart:
    """Two lines over days: ``points`` for a polyline in a square of 100 that is stretched over the drawing, ``dots`` on the drawing itself."""

    coded: str
    signed: str
    coded_dots: tuple[Dot, ...]
    signed_dots: tuple[Dot, ...]
    ticks: tuple[Tick, ...]
    dates: tuple[Tick, ...]


@dataclass(frozen=True, slots=True)
class Reliability:
    """``x`` and ``y`` are the lines of the grid; the diagonal leads from the corner at the bottom left to that at the top right."""

    dots: tuple[Dot, ...]
    x: tuple[Tick, ...]
    y: tuple[Tick, ...]
    left: float = _LEFT
    right: float = _LEFT + _WIDE
    top: float = _TOP
    bottom: float = _TOP + _HIGH


def share_bar(label: str, share: Share, said: str) -> Bar:
    """A share on a scale from nothing to all."""
    low, high = share.interval or (None, None)
    return Bar(label, said, _percent(share.value or 0), None if low is None else _percent(low), None if high is None else _percent(high))


def count_bars(counted: Sequence[tuple[str, float, str]]) -> tuple[Bar, ...]:
    """Numbers on a scale to the largest."""
    most = max((number for _, number, _ in counted), default=0)
    return tuple(Bar(label, said, _percent(number / most if most else 0)) for label, number, said in counted)


def line_chart(periods: Sequence[Period]) -> LineChart:
    """What was coded and signed, over at least one period."""
    top = _round_up(max(max(one.coded, one.signed) for one in periods))
    coded = [(_x(place, len(periods)), one.coded / top) for place, one in enumerate(periods)]
    signed = [(_x(place, len(periods)), one.signed / top) for place, one in enumerate(periods)]
    has_dots = len(periods) <= MOST_DOTS
    ticks = tuple(Tick(_LINE_TOP + _LINE_HIGH * (1 - number / top), f"{number:,}") for number in (0, top // 2, top))
    return LineChart(
        _points(coded), _points(signed), _dots(coded) * has_dots, _dots(signed) * has_dots, ticks, _dates([one.first for one in periods])
    )


def reliability(found: Calibration) -> Reliability:
    """A point for each bin that has codes: the more codes, the larger."""
    most = max(one.kept.of for one in found.bins)
    dots = []
    for one in found.bins:
        if one.predicted is None or one.kept.value is None or one.kept.interval is None:
            continue
        low, high = one.kept.interval
        radius = 0.2 + 0.35 * (one.kept.of / most) ** 0.5
        dots.append(Dot(_across(one.predicted), _down(one.kept.value), _down(low), _down(high), round(radius, 3)))
    steps = (0.0, 0.25, 0.5, 0.75, 1.0)
    across = tuple(Tick(_across(one), f"{one:.0%}") for one in steps)
    return Reliability(tuple(dots), across, tuple(Tick(_down(one), f"{one:.0%}") for one in steps))


def _percent(share: float) -> float:
    return round(100 * share, 2)


def _across(share: float) -> float:
    return round(_LEFT + _WIDE * share, 2)


def _down(share: float) -> float:
    return round(_TOP + _HIGH * (1 - share), 2)


def _x(place: int, of: int) -> float:
    """Right of what the grid says, and so that the mark at the end is whole."""
    return round(7 + 92 * (place / (of - 1) if of > 1 else 0.5), 2)


def _points(line: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x},{round(100 * (1 - y), 2)}" for x, y in line)


def _dots(line: Sequence[tuple[float, float]]) -> tuple[Dot, ...]:
    return tuple(Dot(x, round(_LINE_TOP + _LINE_HIGH * (1 - y), 2)) for x, y in line)


def _dates(days: Sequence[date]) -> tuple[Tick, ...]:
    if len(days) == 1:
        return (Tick(50, days[0].isoformat()),)
    return (Tick(7, days[0].isoformat()), Tick(100, days[-1].isoformat()))


def _round_up(most: int) -> int:
    """An even end of the scale, with one or two figures that are not nought."""
    step = 10 ** max(0, len(str(most)) - 2)
    return max(2, -(-most // (2 * step)) * 2 * step)

"""A dashboard as what its page shows: words for numbers, and the charts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fhir_coder.edits.registry import all_edits
from fhir_coder.outcomes.dashboard import Dashboard
from fhir_coder.outcomes.figures import Figures
from fhir_coder.outcomes.shares import Share
from fhir_coder.review.dashboard_charts import Bar, count_bars, line_chart, reliability, share_bar

FEW = 30
"""Below so many cases a share is marked as of few."""
NONE = "–"
MOST_BARS = 12
"""Groups that are drawn; the table has all."""


@dataclass(frozen=True, slots=True)
class Said:
    """A figure in words: ``value`` large, ``detail`` and ``interval`` below it; ``is_few``: it rests on few cases."""

    value: str
    detail: str = ""
    interval: str = ""
    is_few: bool = False


_NOTHING = Said(NONE, "none to count")


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure of the whole with what it means."""

    name: str
    said: Said
    meaning: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table."""

    name: str
    cells: tuple[Said, ...]


FIGURES = (
    ("Coded", "encounters that were coded in these days"),
    ("Passed", "of the coded, let pass by the engine"),
    ("Signed", "reviews that were signed in these days"),
    ("Turnaround, median", "from coded to signed"),
    ("Turnaround, 90th percentile", "nine of ten were signed within this time"),
    ("Code agreement", "of the codes proposed or signed, those that are both"),
    ("Precision", "of the codes proposed, those that were signed"),
    ("Recall", "of the codes signed, those that were proposed"),
    ("Signed as proposed", "encounters whose codes nobody changed"),
    ("Signed unseen", "signed codes that nobody accepted one by one"),
)
"""Names and meanings, in the order of :func:`said_of`."""


def dashboard_values(board: Dashboard) -> dict[str, Any]:
    """What the template takes of a dashboard."""
    names = {one.id: one.name for one in all_edits()}
    drawn = [(name, figures) for name, figures in board.groups if figures.signed][:MOST_BARS]
    return {
        "board": board,
        "few": FEW,
        "tiles": [Tile(name, said, meaning) for (name, meaning), said in zip(FIGURES, said_of(board.whole), strict=True)],
        "figure_names": [name for name, _ in FIGURES],
        "groups": [Line(name, tuple(said_of(figures))) for name, figures in board.groups],
        "agreement_bars": [share_bar(name, one.agreed, _brief(one.agreed)) for name, one in drawn],
        "turnaround_bars": count_bars([(name, one.median_s or 0, duration(one.median_s)) for name, one in drawn]),
        "lines": line_chart(board.periods),
        "edit_bars": [_edit_bar(one.edit, names.get(one.edit, ""), one.met) for one in board.edits],
        "edits": [
            Line(f"{one.edit} {names.get(one.edit, '')}".strip(), (Said(one.severity.value), said(one.met), Said(str(one.overridden))))
            for one in board.edits
        ],
        "replacement_bars": count_bars([(f"{one.code} → {one.instead}", one.met.part, f"{one.met.part:,}") for one in board.replacements]),
        "replacements": [Line(one.code, (Said(one.instead), said(one.met))) for one in board.replacements],
        "reliability": reliability(board.calibration),
        "bins": [
            Line(f"{one.low:.0%} to {one.high:.0%}".replace("%", " %"), (Said(percent(one.predicted)), said(one.kept)))
            for one in board.calibration.bins
        ],
        "brier": number(board.calibration.brier),
        "calibration_error": number(board.calibration.error),
    }


def said_of(figures: Figures) -> Iterator[Said]:
    """Each figure in words."""
    yield Said(f"{figures.passed.of:,}")
    yield said(figures.passed)
    yield Said(f"{figures.signed:,}")
    yield from (_time(seconds, figures.signed) for seconds in (figures.median_s, figures.ninth_s))
    yield from map(said, (figures.agreed, figures.precise, figures.recalled, figures.unchanged, figures.unseen))


def said(share: Share) -> Said:
    """A share with its counts and interval."""
    if share.interval is None:
        return _NOTHING
    low, high = share.interval
    return Said(percent(share.value), f"{share.part:,} of {share.of:,}", f"{100 * low:.1f} to {100 * high:.1f} %", share.of < FEW)


def _time(seconds: float | None, of: int) -> Said:
    return _NOTHING if seconds is None else Said(duration(seconds), f"of {of:,}", is_few=of < FEW)


def percent(share: float | None) -> str:
    """Never rounded to all or nothing where it is neither."""
    if share is None:
        return NONE
    if share in {0, 1}:
        return f"{share:.0%}".replace("%", " %")
    return f"{min(max(100 * share, 0.1), 99.9):.1f} %"


def duration(seconds: float | None) -> str:
    """The two largest units."""
    if seconds is None:
        return NONE
    minutes = round(seconds / 60)
    if seconds < 60:
        return f"{seconds:.0f} s"
    if minutes < 60:
        return f"{minutes} min"
    hours, days = minutes // 60, minutes // 1440
    return f"{days} d {hours % 24} h" if days else f"{hours} h {minutes % 60} min"


def number(value: float | None) -> str:
    """Three decimals."""
    return NONE if value is None else f"{value:.3f}"


def _brief(share: Share) -> str:
    return f"{percent(share.value)} of {share.of:,} codes"


def _edit_bar(edit: str, name: str, met: Share) -> Bar:
    return share_bar(f"{edit} {name}".strip(), met, f"{met.part:,} of {met.of:,} encounters")

"""A dashboard as rows, one for each figure, for a file: counts and numbers as they are, not rounded for the eye."""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.outcomes.dashboard import Dashboard
from fhir_coder.outcomes.figures import Figures
from fhir_coder.outcomes.shares import Share

COLUMNS = ("section", "group", "figure", "part", "of", "value", "low", "high")
"""``value`` is ``part`` of ``of`` with its interval of 95 % where it is a share, and the number itself where it is none."""

Row = tuple[str, ...]


def rows_of(board: Dashboard) -> Iterator[Row]:
    """Every row, without the header."""
    yield ("range", f"{board.range.first} to {board.range.last}", board.by.value, *[""] * 5)
    yield from _figures("all", "", board.whole)
    for name, figures in board.groups:
        yield from _figures(f"by {board.by.value}", name, figures)
    for period in board.periods:
        yield _number("period", period.first.isoformat(), "coded", period.coded)
        yield _number("period", period.first.isoformat(), "signed", period.signed)
    for edit in board.edits:
        yield _share("edit", edit.edit, "met", edit.met)
        yield _number("edit", edit.edit, "overridden", edit.overridden)
    for one in board.replacements:
        yield _share("replacement", f"{one.code} to {one.instead}", "replaced", one.met)
    for bin_ in board.calibration.bins:
        group = f"{bin_.low:.1f} to {bin_.high:.1f}"
        yield _number("calibration", group, "predicted", bin_.predicted)
        yield _share("calibration", group, "kept", bin_.kept)
    yield _number("calibration", "", "brier", board.calibration.brier)
    yield _number("calibration", "", "calibration error", board.calibration.error)


def _figures(section: str, group: str, figures: Figures) -> Iterator[Row]:
    yield _share(section, group, "passed", figures.passed)
    yield _number(section, group, "signed", figures.signed)
    yield _number(section, group, "turnaround median (s)", figures.median_s)
    yield _number(section, group, "turnaround 90th percentile (s)", figures.ninth_s)
    yield _share(section, group, "code agreement", figures.agreed)
    yield _share(section, group, "precision", figures.precise)
    yield _share(section, group, "recall", figures.recalled)
    yield _share(section, group, "signed as proposed", figures.unchanged)
    yield _share(section, group, "signed unseen", figures.unseen)


def _share(section: str, group: str, figure: str, share: Share) -> Row:
    low, high = share.interval or (None, None)
    return (section, group, figure, str(share.part), str(share.of), *map(_written, (share.value, low, high)))


def _number(section: str, group: str, figure: str, value: float | None) -> Row:
    return (section, group, figure, "", "", _written(value), "", "")


def _written(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)

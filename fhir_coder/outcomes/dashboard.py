"""All figures of a range of days in one pass: the whole, the groups, the days, the most frequent edits and replacements, the calibration."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar

from fhir_coder.model import Severity
from fhir_coder.outcomes.calibration import Calibration, calibration, fates
from fhir_coder.outcomes.figures import Figures, Tally
from fhir_coder.outcomes.grouping import By, group_of_coded, group_of_signed
from fhir_coder.outcomes.outcome import CodedLine
from fhir_coder.outcomes.shares import Share
from fhir_coder.outcomes.signed_line import Counted, SignedLine

MOST_LISTED = 10
DAYS_ONE_BY_ONE = 62
"""Longer ranges are shown by weeks."""


@dataclass(frozen=True, slots=True)
class Range:
    """Days in UTC, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many."""
        return (self.last - self.first).days + 1

    @property
    def since(self) -> datetime:
        """Where it begins."""
        return datetime.combine(self.first, time(), UTC)

    @property
    def until(self) -> datetime:
        """The first moment after it."""
        return datetime.combine(self.last, time(), UTC) + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """One day, or the week from a day on: what was coded and what was signed in it."""

    first: date
    coded: int
    signed: int


@dataclass(frozen=True, slots=True)
class TopEdit:
    """An edit by how many of the signed encounters it spoke of, ``met``. ``overridden`` counts those that were signed against it."""

    edit: str
    severity: Severity
    met: Share
    overridden: int


@dataclass(frozen=True, slots=True)
class TopReplacement:
    """A code and the one that people signed in its place; ``met``: how often, of the times that the first was proposed."""

    code: str
    instead: str
    met: Share


@dataclass(frozen=True, slots=True)
class Dashboard:
    """``groups`` have the most signed first, then by name."""

    range: Range
    by: By
    whole: Figures
    groups: tuple[tuple[str, Figures], ...]
    periods: tuple[Period, ...]
    edits: tuple[TopEdit, ...]
    replacements: tuple[TopReplacement, ...]
    calibration: Calibration


def dashboard(days: Range, by: By, coded: Iterable[CodedLine], signed: Iterable[SignedLine]) -> Dashboard:
    """``coded`` and ``signed`` are of the range, each by its own moment: what was signed in it may have been coded before."""
    counting = _Counting(days, by)
    for line in coded:
        counting.coded(line)
    for one in signed:
        counting.signed(one)
    return counting.dashboard()


class _Counting:
    """Counts one outcome after the other and keeps none, so that a year of them takes little room."""

    def __init__(self, days: Range, by: By) -> None:
        self._days = days
        self._by = by
        self._step = 1 if days.days <= DAYS_ONE_BY_ONE else 7
        self._whole = Tally()
        self._groups: defaultdict[str, Tally] = defaultdict(Tally)
        self._queued: Counter[int] = Counter()
        self._done: Counter[int] = Counter()
        self._edits = _EditCounts()
        self._proposed: Counter[str] = Counter()
        self._replaced: Counter[tuple[str, str]] = Counter()
        self._fates: list[tuple[float, bool]] = []

    def coded(self, line: CodedLine) -> None:
        self._whole.coded(line)
        group = group_of_coded(line, self._by)
        if group is not None:
            self._groups[group].coded(line)
        self._queued[self._period(line.created_at)] += 1

    def signed(self, line: SignedLine) -> None:
        self._whole.signed(line)
        self._groups[group_of_signed(line, self._by)].signed(line)
        self._done[self._period(line.signed_at)] += 1
        self._edits.count(line.counted)
        self._proposed.update({code for code, _ in line.counted.proposed})
        self._replaced.update(set(line.counted.replaced))
        self._fates.extend(fates(line))

    def dashboard(self) -> Dashboard:
        figured = sorted(((name, tally.figures()) for name, tally in self._groups.items()), key=lambda one: (-one[1].signed, one[0]))
        whole = self._whole.figures()
        return Dashboard(
            self._days,
            self._by,
            whole,
            tuple(figured),
            tuple(self._periods()),
            tuple(self._edits.top(whole.signed)),
            tuple(self._replacements()),
            calibration(self._fates),
        )

    def _period(self, moment: datetime) -> int:
        return (moment.astimezone(UTC).date() - self._days.first).days // self._step

    def _periods(self) -> Iterator[Period]:
        for place in range(-(-self._days.days // self._step)):
            yield Period(self._days.first + timedelta(days=place * self._step), self._queued[place], self._done[place])

    def _replacements(self) -> Iterator[TopReplacement]:
        for (code, instead), count in _most(self._replaced):
            yield TopReplacement(code, instead, Share(count, max(count, self._proposed[code])))


class _EditCounts:
    """Each edit once for an encounter; what runs in shadow is shown to nobody."""

    def __init__(self) -> None:
        self._met: Counter[str] = Counter()
        self._gravest: dict[str, Severity] = {}
        self._overridden: Counter[str] = Counter()

    def count(self, counted: Counted) -> None:
        shown = [(edit, severity) for edit, severity in counted.edits if severity in _GRAVITY]
        self._met.update({edit for edit, _ in shown})
        self._overridden.update(set(counted.overridden))
        for edit, severity in shown:
            self._gravest[edit] = max(self._gravest.get(edit, severity), severity, key=_GRAVITY.index)

    def top(self, of: int) -> Iterator[TopEdit]:
        for edit, count in _most(self._met):
            yield TopEdit(edit, self._gravest[edit], Share(count, of), self._overridden[edit])


_GRAVITY = (Severity.INFORMATION, Severity.ADVISORY, Severity.BLOCKING)
T = TypeVar("T", bound=Any)


def _most(counted: Counter[T]) -> list[tuple[T, int]]:
    """The most frequent, ties in order of name."""
    return sorted(counted.items(), key=lambda one: (-one[1], one[0]))[:MOST_LISTED]

"""All figures of a range of days in one pass: the whole, the groups, the days, the most frequent edits and replacements, the calibration."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from fhir_coder.model import Severity
from fhir_coder.outcomes.calibration import Calibration, calibration, fates
from fhir_coder.outcomes.figures import Figures, Tally
from fhir_coder.outcomes.grouping import By, group_of_coded, group_of_signed
from fhir_coder.outcomes.outcome import CodedLine, SignedOutcome
from fhir_coder.outcomes.shares import Share

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


def dashboard(days: Range, by: By, coded: Iterable[CodedLine], signed: Iterable[SignedOutcome]) -> Dashboard:
    """``coded`` and ``signed`` are of the range, each by its own moment: what was signed in it may have been coded before."""
    outcomes, lines = tuple(signed), tuple(coded)
    whole, groups = Tally(), defaultdict[str, Tally](Tally)
    for line in lines:
        whole.coded(line)
        group = group_of_coded(line, by)
        if group is not None:
            groups[group].coded(line)
    for one in outcomes:
        whole.signed(one)
        groups[group_of_signed(one, by)].signed(one)
    figured = sorted(((name, tally.figures()) for name, tally in groups.items()), key=lambda one: (-one[1].signed, one[0]))
    return Dashboard(
        days,
        by,
        whole.figures(),
        tuple(figured),
        tuple(_periods(days, lines, outcomes)),
        tuple(_edits(outcomes)),
        tuple(_replacements(outcomes)),
        calibration(pair for one in outcomes for pair in fates(one)),
    )


def _periods(days: Range, coded: Iterable[CodedLine], signed: Iterable[SignedOutcome]) -> Iterator[Period]:
    step = 1 if days.days <= DAYS_ONE_BY_ONE else 7
    queued = Counter((one.created_at.astimezone(UTC).date() - days.first).days // step for one in coded)
    done = Counter((one.signed_at.astimezone(UTC).date() - days.first).days // step for one in signed)
    for place in range(-(-days.days // step)):
        yield Period(days.first + timedelta(days=place * step), queued[place], done[place])


def _edits(outcomes: tuple[SignedOutcome, ...]) -> Iterator[TopEdit]:
    """Each edit once for an encounter; what runs in shadow is shown to nobody."""
    met, gravest, overridden = Counter[str](), dict[str, Severity](), Counter[str]()
    for outcome in outcomes:
        shown = [one for one in outcome.edits if one.severity in _GRAVITY]
        met.update({one.edit for one in shown})
        overridden.update({override.finding.split(" ")[0] for override in outcome.overrides})
        for one in shown:
            gravest[one.edit] = max(gravest.get(one.edit, one.severity), one.severity, key=_GRAVITY.index)
    for edit, count in sorted(met.items(), key=lambda one: (-one[1], one[0]))[:MOST_LISTED]:
        yield TopEdit(edit, gravest[edit], Share(count, len(outcomes)), overridden[edit])


_GRAVITY = (Severity.INFORMATION, Severity.ADVISORY, Severity.BLOCKING)


def _replacements(outcomes: tuple[SignedOutcome, ...]) -> Iterator[TopReplacement]:
    proposed = Counter(code for one in outcomes for code in {code.code for code in one.proposed})
    replaced = Counter(pair for one in outcomes for pair in set(one.replaced))
    for (code, instead), count in sorted(replaced.items(), key=lambda one: (-one[1], one[0]))[:MOST_LISTED]:
        yield TopReplacement(code, instead, Share(count, max(count, proposed[code])))

"""Which release of the code set answers: the one named, the one of a day, or the one in force today."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from fhir_coder.errors import InvalidContent, ResourceUnknown
from terminology.release import Catalogue, Release

_FISCAL_YEAR = re.compile(r"(?:FY)?(\d{4})", re.ASCII)
_FIRST_MONTH = 10


@dataclass(frozen=True, slots=True)
class FoundRelease:
    """The release, or None with ``why``. ``hint``: what is doubtful about it, or empty."""

    release: Release | None
    why: str = ""
    hint: str = ""


class InstalledReleases:
    """The installed releases; ``today`` gives the day for which calls without version and date are answered."""

    def __init__(self, catalogue: Catalogue, today: Callable[[], date]) -> None:
        self.catalogue = catalogue
        self._today = today

    @property
    def current(self) -> FoundRelease:
        """The release in force today; where none is installed that holds today, the nearest, with a hint."""
        choice = self.catalogue.for_date(self._today())
        if choice.status == "covered":
            return FoundRelease(choice.release)
        return FoundRelease(choice.release, hint=f"No installed release is in force today; {choice.release.id} is the nearest.")

    def find(self, version: str | None, day: date | None) -> FoundRelease:
        """The release of a version, else of a day, else of today. With both, the version must hold on the day. Raises InvalidContent for a
        fiscal year with several releases."""
        if version is None:
            return self._on(day) if day else self.current
        release = self._named(version)
        if release is None:
            return FoundRelease(None, f"No release of that version is installed; installed are: {self.names}.")
        if day and not release.covers(day):
            return FoundRelease(None, f"Release {release.id} does not hold on {day.isoformat()}.")
        return FoundRelease(release)

    def require(self, version: str | None, day: date | None) -> Release:
        """As :meth:`find`. Raises ResourceUnknown where there is none."""
        found = self.find(version, day)
        if found.release is None:
            raise ResourceUnknown(found.why)
        return found.release

    def is_same(self, one: str | None, other: str | None) -> bool:
        """Whether two versions may be given together: one of them is None, or both name one release. Raises InvalidContent."""
        return one in {None, other} or other is None or self.find(one, None).release is self.find(other, None).release

    @property
    def names(self) -> str:
        """The names of the releases, oldest first."""
        return ", ".join(release.id for release in self.catalogue.releases)

    def _on(self, day: date) -> FoundRelease:
        choice = self.catalogue.for_date(day)
        if choice.status == "covered":
            return FoundRelease(choice.release)
        return FoundRelease(None, f"No installed release holds on {day.isoformat()}; installed are: {self.names}.")

    def _named(self, version: str) -> Release | None:
        """By its name, which is its first day, or by a fiscal year of which one release is installed."""
        match = _FISCAL_YEAR.fullmatch(version)
        named = [release for release in self.catalogue.releases if release.id == version]
        if match and not named:
            named = [release for release in self.catalogue.releases if fiscal_year(release) == int(match[1])]
        if len(named) > 1:
            raise InvalidContent(f"fiscal year {match[1] if match else ''} has several releases: {', '.join(one.id for one in named)}")
        return named[0] if named else None


def fiscal_year(release: Release) -> int:
    """The year that begins on 1 October of the year before, by which CMS and NCHS name their releases."""
    first = release.effective_from
    return first.year + (first.month >= _FIRST_MONTH)


def day_of(moment: str | None) -> date | None:
    """The day of a dateTime, as it stands. Raises InvalidContent for a year or month: it may have several releases."""
    if moment is None:
        return None
    if len(moment) < 10:
        raise InvalidContent("date must name a day")
    return date.fromisoformat(moment[:10])

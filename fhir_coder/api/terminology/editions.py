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
class Edition:
    """The release, or None with ``why``. ``hint``: what is doubtful about it, or empty."""

    release: Release | None
    why: str = ""
    hint: str = ""


class Editions:
    """The installed releases; ``today`` gives the day for which calls without version and date are answered."""

    def __init__(self, catalogue: Catalogue, today: Callable[[], date]) -> None:
        self.catalogue = catalogue
        self._today = today

    @property
    def current(self) -> Edition:
        """The release in force today; where none is installed that holds today, the nearest, with a hint."""
        choice = self.catalogue.for_date(self._today())
        if choice.status == "covered":
            return Edition(choice.release)
        return Edition(choice.release, hint=f"No installed release is in force today; {choice.release.id} is the nearest.")

    def find(self, version: str | None, day: date | None) -> Edition:
        """The release of a version, else of a day, else of today. With both, the version must hold on the day. Raises InvalidContent for a
        fiscal year with several releases."""
        if version is None:
            return self._on(day) if day else self.current
        release = self._named(version)
        if release is None:
            return Edition(None, f"No release of that version is installed; installed are: {self.installed}.")
        if day and not release.covers(day):
            return Edition(None, f"Release {release.id} does not hold on {day.isoformat()}.")
        return Edition(release)

    def require(self, version: str | None, day: date | None) -> Release:
        """As :meth:`find`. Raises ResourceUnknown where there is none."""
        edition = self.find(version, day)
        if edition.release is None:
            raise ResourceUnknown(edition.why)
        return edition.release

    @property
    def installed(self) -> str:
        """The names of the releases, oldest first."""
        return ", ".join(release.id for release in self.catalogue.releases)

    def _on(self, day: date) -> Edition:
        choice = self.catalogue.for_date(day)
        if choice.status == "covered":
            return Edition(choice.release)
        return Edition(None, f"No installed release holds on {day.isoformat()}; installed are: {self.installed}.")

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
    """The year that begins on 1 October of the year before, by which CMS and NCHS name their editions."""
    first = release.effective_from
    return first.year + (first.month >= _FIRST_MONTH)


def day_of(moment: str | None) -> date | None:
    """The day of a dateTime, as it stands. Raises InvalidContent for a year or month: it may have several releases."""
    if moment is None:
        return None
    if len(moment) < 10:
        raise InvalidContent("date must name a day")
    return date.fromisoformat(moment[:10])

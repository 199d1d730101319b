"""A release: one dated edition of the code set; and the catalogue that picks one by date of service."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from terminology.codebook import Codebook
from terminology.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Release:
    """One edition, never changed once made. ``id`` is the first date of service it holds for and serves as CodeSystem.version;
    both dates are inclusive. ``sha256`` identifies the content: that of the tabular list where nothing else decides it, else one over everything
    that does (order file, vocabulary; for an overlay the base and the lists of changes). ``vocabulary`` is that of the official index tables, where they are
    loaded; ``caveat`` says what of the release is not up to date, empty for a whole one."""

    id: str
    title: str
    effective_from: date
    effective_to: date
    sha256: str
    codebook: Codebook
    vocabulary: Vocabulary | None = None
    caveat: str = ""

    def covers(self, day: date) -> bool:
        """Whether the release holds for this date of service."""
        return self.effective_from <= day <= self.effective_to


@dataclass(frozen=True, slots=True)
class ReleaseChoice:
    """The release for a date of service. ``status``: ``covered``; ``earlier`` or ``later`` than everything that is loaded; ``gap``, when the
    date lies between loaded releases and none of them holds on it; or ``undated``."""

    release: Release
    status: str


class Catalogue:
    """Every loaded release, oldest first."""

    def __init__(self, releases: Iterable[Release]) -> None:
        self.releases = tuple(sorted(releases, key=lambda release: (release.effective_from, release.id)))
        if not self.releases:
            raise ValueError("a catalogue needs at least one release")

    @property
    def newest(self) -> Release:
        """The release that came into effect last."""
        return self.releases[-1]

    def get(self, release_id: str) -> Release:
        """The release of that id; KeyError when it is not loaded."""
        for release in self.releases:
            if release.id == release_id:
                return release
        raise KeyError(release_id)

    def for_date(self, service_date: date | None) -> ReleaseChoice:
        """The release that holds on the date: of several the one that came into effect last. Where none does, the one before the date (before
        all of them, the first), and the status says that it does not hold."""
        if service_date is None:
            return ReleaseChoice(self.newest, "undated")
        covering = [release for release in self.releases if release.covers(service_date)]
        if covering:
            return ReleaseChoice(covering[-1], "covered")
        before = [release for release in self.releases if release.effective_from <= service_date]
        if not before:
            return ReleaseChoice(self.releases[0], "earlier")
        return ReleaseChoice(before[-1], "later" if len(before) == len(self.releases) else "gap")

    def spans(self, release: Release) -> tuple[tuple[date, date], ...]:
        """The dates of service (first and last, inclusive) for which this release is the one chosen: its own, less those of later releases."""
        later = [other for other in self.releases if other.effective_from > release.effective_from]
        spans = [(release.effective_from, release.effective_to)]
        for other in later:
            spans = [left for first, last in spans for left in _without(first, last, other.effective_from, other.effective_to)]
        return tuple(spans)


def _without(first: date, last: date, cut_first: date, cut_last: date) -> Iterator[tuple[date, date]]:
    """What is left of one span of days when another is cut out."""
    if cut_first > last or cut_last < first:
        yield first, last
        return
    if first < cut_first:
        yield first, cut_first - timedelta(days=1)
    if cut_last < last:
        yield cut_last + timedelta(days=1), last

"""Adding a release and taking one away: staged, indexed, then put in place in one step. Killed at any moment, the old state stands."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from terminology.exclusive import exclusive, exclusive_if_free
from terminology.installation import (
    PARTIAL,
    Write,
    ensure_embedded,
    installed_homes,
    is_embedded,
    open_release,
    place_release,
    releases_folder,
    stage_release,
    write_durably,
)
from terminology.loading.archive import Limits
from terminology.loading.failure import LoadError
from terminology.loading.preparation import LoadRequest, Report, prepare
from terminology.loading.vocabulary_tools import VocabularyTools
from terminology.release import Release
from terminology.release_manifest import ManifestUnreadable, read_manifest

_REMOVED = ".removed-"
_LOCK = ".lock"

BuildIndex = Callable[[Release], None]


@dataclass(frozen=True, slots=True)
class Loaded:
    """The release now installed, how it was made, in sentences, and whether it was there already just so."""

    release: Release
    remarks: tuple[str, ...]
    was_there: bool


@dataclass(frozen=True, slots=True)
class Loader:
    """Loads into one data directory. ``build_index`` makes the candidate index of a release before the release becomes visible: a server that
    finds a release finds its index. ``write`` writes one file."""

    data: Path
    build_index: BuildIndex
    report: Report
    write: Write = write_durably
    limits: Limits | None = None
    tools: VocabularyTools | None = None

    def load(self, request: LoadRequest) -> Loaded:
        """Add the release, or put it in the place of one with the same first date of service. Raises LoadError; then nothing has changed."""
        folder = releases_folder(self.data)
        ensure_embedded(self.data)
        with exclusive(folder / _LOCK, [PARTIAL, _REMOVED]):
            preparation = prepare(request, installed_homes(folder), self.report, self.limits, self.tools)
            prepared = preparation.prepared
            home = folder / prepared.release.id
            partial = stage_release(folder, prepared, self.write, self.tools)
            try:
                self.build_index(prepared.release)
                was_there = _is_same(partial, home)
                if not was_there:
                    place_release(partial, home)
            finally:
                shutil.rmtree(partial, ignore_errors=True)
        return Loaded(prepared.release, preparation.remarks, was_there)


def _is_same(partial: Path, home: Path) -> bool:
    """Whether the staged release is the installed one, to the byte."""
    try:
        return read_manifest(partial) == read_manifest(home)
    except ManifestUnreadable:
        return False


@contextmanager
def loading_idle(data: Path) -> Iterator[bool]:
    """Keep loads and removals out for a moment; False when one is going on."""
    with exclusive_if_free(releases_folder(data) / _LOCK) as is_free:
        yield is_free


def remove_release(data: Path, release_id: str, clear_indexes: Callable[[], None]) -> None:
    """Take a release away, its index after it. Raises LoadError when it is not there, or is the embedded one and sound."""
    folder = releases_folder(data)
    home = folder / release_id
    if home not in installed_homes(folder) and not (home.is_dir() and home.parent == folder and not release_id.startswith(".")):
        loaded = ", ".join(one.name for one in installed_homes(folder)) or "none"
        raise LoadError(f"no release {release_id[:40]} is loaded; loaded are: {loaded}")
    with exclusive(folder / _LOCK, [PARTIAL, _REMOVED]):
        if is_embedded(home) and _is_sound(home):
            raise LoadError(f"release {release_id} is the embedded one and cannot be removed")
        aside = Path(mkdtemp(prefix=_REMOVED, dir=folder))
        home.rename(aside / home.name)
        clear_indexes()
        shutil.rmtree(aside, ignore_errors=True)


def _is_sound(home: Path) -> bool:
    try:
        open_release(home)
    except ValueError:
        return False
    return True

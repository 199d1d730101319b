"""Kept artifacts laid out for a replay, in a temporary folder of links: a release, its index, a ranker, and the packages' knowledge."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from fhir_coder.exchange import Artifacts
from fhir_coder.record.archive import Archive, ArtifactMissing
from fhir_coder.record.artifacts import INDEX, KINDS, KNOWLEDGE, RELEASE
from terminology.knowledge import knowledge_files


@dataclass(frozen=True, slots=True)
class Workspace:
    """Folders by kind of artifact. ``borrowed`` are files of knowledge that the kept set lacks and this software needs: today's stand in."""

    folder: Path
    release_id: str
    borrowed: tuple[str, ...]

    def of(self, kind: str) -> Path:
        """The folder of one artifact. A release lies in a folder of its id."""
        return self.folder / kind / self.release_id if kind in {RELEASE, INDEX} else self.folder / kind


def missing(archive: Archive, artifacts: Artifacts) -> list[str]:
    """A sentence for each artifact that is not kept any more."""
    sentences = []
    for kind, digest in zip(KINDS, astuple(artifacts), strict=True):
        try:
            archive.find(kind, digest)
        except ArtifactMissing as error:
            sentences.append(str(error))
    return sentences


@contextmanager
def laid_out(archive: Archive, artifacts: Artifacts) -> Iterator[Workspace]:
    """The artifacts as folders, while the context lasts. Raises ArtifactMissing when one is gone or damaged."""
    with TemporaryDirectory(prefix="fhir-coder-replay-") as name:
        folder, release_id = Path(name), archive.find(RELEASE, artifacts.release).name
        for kind, digest in zip(KINDS, astuple(artifacts), strict=True):
            archive.lay_out(archive.find(kind, digest), Workspace(folder, release_id, ()).of(kind))
        yield Workspace(folder, release_id, tuple(_borrow(folder / KNOWLEDGE)))


def _borrow(folder: Path) -> Iterator[str]:
    """Files that are knowledge today and were not then."""
    for path, file in knowledge_files().items():
        target = folder / path
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
            yield path

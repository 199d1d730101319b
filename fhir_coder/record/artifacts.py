"""What a coder is made of, as kept artifacts: the release, its index, the ranker and all other knowledge, each under one digest.

Every file belongs to one artifact, so that a difference can be traced to it. Hashes come from where they are known: the files of an index
(a hundred megabytes) were hashed when it was built and checked when it was opened.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path

from fhir_coder.coding.policy import POLICIES
from fhir_coder.coding.ranker import Ranker, shipped_ranker
from fhir_coder.edits.lists import LISTS_FOLDER, LOADED_FILE
from fhir_coder.errors import ConfigurationError
from fhir_coder.exchange import Artifacts
from fhir_coder.record.archive import Archive, ArtifactMissing, Source, source_digest
from index.manifest import MANIFEST_FILE, Manifest, ManifestMismatch, read_manifest
from index.open import index_folder
from terminology.knowledge import knowledge_files
from terminology.release import Release
from terminology.release_manifest import MANIFEST_FILE as RELEASE_MANIFEST
from terminology.release_manifest import read_manifest as read_release_manifest

RELEASE, INDEX, RANKER, KNOWLEDGE = "release", "index", "ranker", "knowledge"
RANKER_FILE = "ranker.json"
KINDS = (RELEASE, INDEX, RANKER, KNOWLEDGE)


def archive_folder(data: Path) -> Path:
    """Where artifacts are kept in the data directory."""
    return data / "artifacts"


class ArtifactKeeper:
    """Names what a process codes with, and keeps it where there is an archive. Safe to share between threads."""

    def __init__(self, data: Path, archive: Archive | None) -> None:
        """``archive`` is None for a process that records no coding: an index is large, and nothing would ever need it again."""
        self._data = data
        self._archive = archive
        self._known: dict[tuple[str, str], str] = {}
        self._lock = threading.Lock()
        if archive is not None:
            archive.hold()

    def keep(self, release: Release, manifest: Manifest, policy: str, ranker: Ranker) -> Artifacts:
        """The digests of what an open release, its open index and a ranker are made of, kept on first use.

        Raises ConfigurationError when the archive cannot be written or the files are no longer those that were opened.
        """
        folder = index_folder(self._data, release)
        return Artifacts(
            release=self._release(release),
            index=self._once(INDEX, release.id, lambda: open_index_sources(folder, manifest)),
            ranker=self._once(RANKER, policy, lambda: ranker_sources(ranker)),
            knowledge=self._once(KNOWLEDGE, "", lambda: knowledge_sources(self._data)),
        )

    def keep_releases(self, releases: Iterable[Release]) -> None:
        """Keep releases that were just opened: later, others may lie in their folders. Raises as :meth:`keep` does."""
        for release in releases if self._archive else ():
            self._release(release)

    def _release(self, release: Release) -> str:
        return self._once(RELEASE, release.id, lambda: release_sources(self._data / "releases" / release.id))

    def _once(self, kind: str, name: str, sources: Callable[[], dict[str, Source]]) -> str:
        with self._lock:
            if (kind, name) not in self._known:
                self._known[kind, name] = self._digest(kind, name, sources)
            return self._known[kind, name]

    def _digest(self, kind: str, name: str, sources: Callable[[], dict[str, Source]]) -> str:
        try:
            found = sources()
            return self._archive.keep(kind, name, found) if self._archive else source_digest(found)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise ConfigurationError(f"FHIR_CODER_DATA: artifacts cannot be kept in {archive_folder(self._data)} ({reason})") from error
        except (ArtifactMissing, ManifestMismatch) as error:
            raise ConfigurationError(str(error)) from error


def release_sources(folder: Path) -> dict[str, Source]:
    """The files of an installed release that its manifest names, and the manifest itself: a few megabytes, hashed here.

    Others may lie beside them: a release that takes the place of another has its files ready before its manifest.
    """
    files = [folder / RELEASE_MANIFEST, *(folder / name for name, _ in read_release_manifest(folder).files.values())]
    return {path.name: Source(sha256(path.read_bytes()).hexdigest(), path.read_bytes, final=path) for path in files}


def open_index_sources(folder: Path, manifest: Manifest) -> dict[str, Source]:
    """The files of an index whose manifest is open. Raises ArtifactMissing when it was rebuilt meanwhile."""
    if read_manifest(folder) != manifest:
        raise ArtifactMissing(f"the index of release {manifest.release_id} was rebuilt since it was opened; start again")
    return index_sources(folder, manifest)


def index_sources(folder: Path, manifest: Manifest) -> dict[str, Source]:
    """The files of an index, with the hashes that its manifest holds."""
    own = {MANIFEST_FILE: sha256((folder / MANIFEST_FILE).read_bytes()).hexdigest()}
    return {name: Source(digest, (folder / name).read_bytes, final=folder / name) for name, digest in {**manifest.files, **own}.items()}


def ranker_sources(ranker: Ranker) -> dict[str, Source]:
    """The one file of a ranker."""
    return {RANKER_FILE: Source(sha256(ranker.artifact).hexdigest(), lambda: ranker.artifact)}


def knowledge_sources(data: Path) -> dict[str, Source]:
    """The files of knowledge: about a megabyte, hashed here, and copied: an editor may write such a file in place. Lists that the site loaded count as one
    that lies beside the edits."""
    files = dict(knowledge_files())
    loaded = data / LISTS_FOLDER / LOADED_FILE
    if loaded.is_file():
        files[f"fhir_coder/edits/{LOADED_FILE}"] = loaded
    return {path: Source(sha256(file.read_bytes()).hexdigest(), file.read_bytes) for path, file in files.items()}


def installed(data: Path) -> set[str]:
    """The digests of what is installed now: what the next start codes with."""
    releases = [folder for folder in (data / "releases").glob("[!.]*") if folder.is_dir()]
    indexes = [folder for folder in (data / "index").glob("[!.]*") if (folder / MANIFEST_FILE).is_file()]
    rankers = [ranker_sources(shipped_ranker(policy)) for policy in POLICIES]
    sources = [release_sources(one) for one in releases] + [index_sources(one, read_manifest(one)) for one in indexes] + rankers
    return {source_digest(one) for one in (*sources, knowledge_sources(data))}


def index_release(archive: Archive, digest: str) -> str:
    """The hash of the source of the release that a kept index was built from. Raises ArtifactMissing."""
    manifest = archive.blob(archive.find(INDEX, digest).files[MANIFEST_FILE])
    try:
        return str(json.loads(manifest.read_bytes())["release_sha256"])
    except (OSError, ValueError, KeyError) as error:
        raise ArtifactMissing(f"index {digest[:12]}: its manifest is damaged") from error

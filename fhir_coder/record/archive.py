"""Artifacts by hash: sets of files that codings were made with, kept whatever becomes of the folders they came from.

``<folder>/blobs/ab/ab12...`` holds each file once under its sha256, ``<folder>/<kind>/<digest>.json`` says which files a set consists of. A file
that was written once and only ever renamed (a release, an index) is linked, not copied, where the file system allows: the archive then takes
no room while the original stands. A set is written last and in one step: killed at any moment, or filled by several processes at once, the
archive holds whole sets only, and blobs that no set names yet.
"""

from __future__ import annotations

import fcntl
import json
import os
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

from terminology.knowledge import set_digest

_PARTIAL = ".partial-"


class ArtifactMissing(Exception):
    """A set, or a file of it, is not there or is not what its hash says; the message names it."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file to keep: its sha256 (hex), how it is read, and where it lies if it is never written again, so that a link will do."""

    sha256: str
    read: Callable[[], bytes]
    final: Path | None = None


def source_digest(sources: Mapping[str, Source]) -> str:
    """The digest under which a set of files is kept."""
    return set_digest({path: source.sha256 for path, source in sources.items()})


@dataclass(frozen=True, slots=True)
class FileSet:
    """A kept set: its kind and name for people, its digest, and the sha256 of each file by path."""

    kind: str
    name: str
    digest: str
    files: Mapping[str, str]


class Archive:
    """The artifacts in one folder, which is made when the first set is kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def hold(self) -> None:
        """Let nothing be dropped while this process and those forked from it live: what they code with may not be in any coding yet."""
        lock = self._lock()
        if lock is not None:
            fcntl.flock(lock, fcntl.LOCK_SH)

    def seize(self) -> bool:
        """Whether nobody holds the archive; nobody else can then, while this object lives."""
        lock = self._lock()
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB) if lock is not None else None
        except BlockingIOError:
            return False
        return lock is not None

    def keep(self, kind: str, name: str, sources: Mapping[str, Source]) -> str:
        """Keep a set of files and return its digest; hardly any work when it is there already. Raises OSError when it cannot be written, and
        ArtifactMissing when a file is not what its source says."""
        hashes = {path: source.sha256 for path, source in sorted(sources.items())}
        digest = source_digest(sources)
        listing = self._listing(kind, digest)
        for source in sources.values():
            self._keep_blob(source)
        if not listing.is_file():
            _write(listing, json.dumps({"name": name, "files": hashes}, indent=1).encode())
        return digest

    def find(self, kind: str, digest: str) -> FileSet:
        """A kept set. Raises ArtifactMissing."""
        try:
            value = json.loads(self._listing(kind, digest).read_bytes())
            found = FileSet(kind, value["name"], digest, dict(value["files"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ArtifactMissing(f"{kind} {digest[:12]} is not among the kept artifacts") from error
        if set_digest(dict(found.files)) != digest:
            raise ArtifactMissing(f"{kind} {digest[:12]}: its list of files is damaged")
        return found

    def lay_out(self, kept: FileSet, folder: Path) -> None:
        """The files of a set in a folder, as links to the blobs, each checked against its hash. Raises ArtifactMissing."""
        for path, expected in kept.files.items():
            blob = self.blob(expected)
            if not blob.is_file():
                raise ArtifactMissing(f"{kept.kind} {kept.digest[:12]}: {path} is gone")
            if _sha256_of(blob) != expected:
                raise ArtifactMissing(f"{kept.kind} {kept.digest[:12]}: {path} is damaged")
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(blob.resolve())

    def sets(self) -> Iterator[FileSet]:
        """Every kept set that can be read, by kind and name."""
        found = []
        for listing in self._folder.glob("*/*.json"):
            try:
                found.append(self.find(listing.parent.name, listing.stem))
            except ArtifactMissing:
                continue
        yield from sorted(found, key=lambda one: (one.kind, one.name, one.digest))

    def size_of(self, digests: set[str]) -> int:
        """Bytes of blobs."""
        return sum(self.blob(one).stat().st_size for one in digests if self.blob(one).is_file())

    def drop(self, sets: list[FileSet]) -> int:
        """Remove sets and the blobs that no other set names; returns the bytes of these. The lists go first: a set is whole or absent."""
        for one in sets:
            self._listing(one.kind, one.digest).unlink(missing_ok=True)
        needed = {blob for kept in self.sets() for blob in kept.files.values()}
        freed = 0
        for blob in self._folder.glob("blobs/*/*"):
            if blob.name not in needed:
                freed += blob.stat().st_size
                blob.unlink(missing_ok=True)
        return freed

    def blob(self, digest: str) -> Path:
        """Where a file lies by its sha256."""
        return self._folder / "blobs" / digest[:2] / digest

    def _lock(self) -> int | None:
        """A descriptor of the lock file, closed with this object; None where the folder cannot be written, and nothing dropped either."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._folder / ".lock", os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError:
            return None
        weakref.finalize(self, os.close, descriptor)
        return descriptor

    def _listing(self, kind: str, digest: str) -> Path:
        return self._folder / kind / f"{digest}.json"

    def _keep_blob(self, source: Source) -> None:
        blob = self.blob(source.sha256)
        if blob.is_file():
            return
        blob.parent.mkdir(parents=True, exist_ok=True)
        if source.final is not None and _link(source.final, blob):
            return
        content = source.read()
        if sha256(content).hexdigest() != source.sha256:
            raise ArtifactMissing(f"file {source.sha256[:12]} changed while it was being kept")
        _write(blob, content)


def _link(file: Path, blob: Path) -> bool:
    """Another name for the same bytes, where the file system can do it. Raises ArtifactMissing when they are no longer those of the hash:
    the folder was replaced just now."""
    partial = blob.with_name(f"{_PARTIAL}{uuid4().hex}")
    try:
        os.link(file.resolve(), partial)
    except OSError:
        return False
    try:
        if _sha256_of(partial) != blob.name:
            raise ArtifactMissing(f"{file.name} changed while it was being kept")
        partial.replace(blob)
    finally:
        partial.unlink(missing_ok=True)  # a rename onto another link of the same file leaves both
    return True


def _write(path: Path, content: bytes) -> None:
    """The whole file or nothing, also when the machine stops."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{_PARTIAL}{uuid4().hex}")
    try:
        with partial.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _sha256_of(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()

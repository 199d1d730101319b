"""Reading what a person was given: a file, a folder, a zip, zips in zips. Everything stays in memory; no name of an archive becomes a path.

An archive is refused, not repaired, when it is encrypted or damaged, holds links, absolute names, ``..`` or one name twice, or unpacks to more
than :class:`Limits` allow. Official files stay far below them: a tabular list has 10 MB and packs to a tenth.
"""

from __future__ import annotations

import io
import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from terminology.loading.failure import LoadError

_READ = frozenset({".xml", ".xsd", ".txt", ".csv"})
_IGNORED_FOLDERS = frozenset({"__MACOSX"})
_PIECE = 1 << 20
_ENCRYPTED = 0x1
# What the standard library raises over bytes that are no archive, or compressed in a way it does not know.
_DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, RuntimeError, ValueError, OverflowError)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a source may hold: number of files, bytes of one file and of all, the ratio of unpacked to packed bytes of a file over one
    mebibyte, and how deep zips or folders may nest."""

    files: int = 2_000
    file_bytes: int = 256 << 20
    total_bytes: int = 1 << 30
    ratio: int = 150
    depth: int = 4


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file with its content. ``name`` is the path below the source; a file in a zip stands behind the zip's name and a slash."""

    name: str
    data: bytes = field(repr=False)


def read_sources(path: Path, limits: Limits | None = None) -> Iterator[SourceFile]:
    """Every XML, XSD, text and CSV file at ``path``, in order of name. Raises LoadError."""
    if not path.exists():
        raise LoadError(f"{path}: no such file or folder")
    try:
        yield from _Reading(limits or Limits()).of(path)
    except OSError as error:
        raise LoadError(f"{path}: cannot be read ({error.strerror or type(error).__name__})") from error


class _Reading:
    """One pass over a source; counts what it has read."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._files = 0
        self._bytes = 0

    def of(self, path: Path) -> Iterator[SourceFile]:
        """A folder, a zip or a single file."""
        if path.is_dir():
            yield from self._folder(path, PurePosixPath(), 1)
        elif not path.is_file():
            raise LoadError(f"{path}: neither a file nor a folder")
        elif _is_zip(path.name):
            yield from self._zip(path.name, self._small_enough(path.name, path).read_bytes(), 1)
        else:
            yield self._counted(path.name, self._small_enough(path.name, path).read_bytes())

    def _folder(self, folder: Path, below: PurePosixPath, depth: int) -> Iterator[SourceFile]:
        self._require_depth(str(folder), depth)
        for path in sorted(folder.iterdir()):
            name = str(below / path.name)
            if path.name.startswith(".") or path.name in _IGNORED_FOLDERS:
                continue
            if path.is_dir():
                yield from self._folder(path, below / path.name, depth + 1)
            elif not path.is_file():
                continue
            elif _is_zip(path.name):
                yield from self._zip(name, self._small_enough(name, path).read_bytes(), depth)
            elif _is_read(path.name):
                yield self._counted(name, self._small_enough(name, path).read_bytes())

    def _small_enough(self, name: str, path: Path) -> Path:
        """The file, before any of it is read: a zip may hold several files, and all of them have a limit of their own."""
        allowed = self._limits.total_bytes if _is_zip(name) else self._limits.file_bytes
        if path.stat().st_size > allowed:
            raise LoadError(f"{name}: larger than {allowed} bytes")
        return path

    def _zip(self, name: str, data: bytes, depth: int) -> Iterator[SourceFile]:
        self._require_depth(name, depth)
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                for entry in self._checked(name, archive.infolist()):
                    inner = f"{name}/{entry.filename}"
                    if _is_zip(entry.filename):
                        yield from self._zip(inner, self._unpacked(archive, entry, inner), depth + 1)
                    elif _is_read(entry.filename):
                        yield self._counted(inner, self._unpacked(archive, entry, inner))
        except LoadError:
            raise
        except _DAMAGE as error:
            raise LoadError(f"{name}: not a zip archive, or a damaged one") from error

    def _checked(self, name: str, entries: list[zipfile.ZipInfo]) -> list[zipfile.ZipInfo]:
        """The entries to look at, after every entry has been found harmless."""
        if len(entries) > self._limits.files:
            raise LoadError(f"{name}: holds more than {self._limits.files} files")
        seen: set[str] = set()
        for entry in entries:
            _require_harmless(name, entry)
            if entry.filename.casefold() in seen:
                raise LoadError(f"{name}: holds {entry.filename!r} twice")
            seen.add(entry.filename.casefold())
        wanted = (one for one in entries if not one.is_dir() and not _IGNORED_FOLDERS & set(PurePosixPath(one.filename).parts))
        return sorted(wanted, key=lambda entry: entry.filename)

    def _unpacked(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> bytes:
        """The content, read in pieces: what an entry says of its own size is not believed."""
        content = bytearray()
        with archive.open(entry) as stream:
            while piece := stream.read(_PIECE):
                content += piece
                self._require_size(name, len(content), max(entry.compress_size, 1))
        return bytes(content)

    def _require_size(self, name: str, size: int, packed: int) -> None:
        limits = self._limits
        if size > limits.file_bytes or self._bytes + size > limits.total_bytes:
            raise LoadError(f"{name}: unpacks to more than is allowed ({limits.file_bytes} bytes a file, {limits.total_bytes} in all)")
        if size > _PIECE and size > limits.ratio * packed:
            raise LoadError(f"{name}: unpacks to more than {limits.ratio} times its size")

    def _require_depth(self, name: str, depth: int) -> None:
        if depth > self._limits.depth:
            raise LoadError(f"{name}: zips or folders nested more than {self._limits.depth} deep")

    def _counted(self, name: str, data: bytes) -> SourceFile:
        self._files += 1
        self._require_size(name, len(data), max(len(data), 1))
        self._bytes += len(data)
        if self._files > self._limits.files:
            raise LoadError(f"{name}: more than {self._limits.files} files")
        return SourceFile(name, data)


def _require_harmless(name: str, entry: zipfile.ZipInfo) -> None:
    parts = PurePosixPath(entry.filename.replace("\\", "/")).parts
    if entry.filename.startswith(("/", "\\")) or ".." in parts or entry.filename[1:2] == ":":
        raise LoadError(f"{name}: holds a file whose name leads outside the archive ({entry.filename!r})")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise LoadError(f"{name}: holds a symbolic link ({entry.filename!r})")
    if entry.flag_bits & _ENCRYPTED:
        raise LoadError(f"{name}: is encrypted ({entry.filename!r})")


def _is_zip(name: str) -> bool:
    return name.lower().endswith(".zip")


def _is_read(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in _READ

"""The output: files of NDJSON, of which each working process has its own part (``Condition.3.ndjson``).

Lines are written and made durable before the transaction that names the new lengths of the files is over. So what stands within these lengths belongs to
what the store keeps, and all of it is there; what stands beyond was written by a process that was stopped, and is cut off when a run comes to its end.
A part is never written again by another process.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from fhir_coder.bulk.lines import KINDS

PROBLEMS = "OperationOutcome.input.ndjson"
"""Where the lines on the export itself stand."""
_NAME = re.compile(rf"(?P<kind>{'|'.join(KINDS)})\.(?P<part>[0-9]+)\.ndjson", re.ASCII)


Lines = Mapping[str, bytes]
"""The lines of an encounter, by resource type."""


class Part:
    """The files of one process, made when they are first written."""

    def __init__(self, folder: Path, number: int) -> None:
        self.number = number
        self._folder = folder
        self._files: dict[str, int] = {}
        self._lengths: dict[str, int] = {}
        self._begun: set[str] = set()

    def lengths_with(self, lines: Iterable[Lines]) -> Iterator[dict[str, int]]:
        """For the lines of each encounter, how long the files will be with them and those before them."""
        lengths = dict(self._lengths)
        for one in lines:
            found = {kind: lengths.get(kind, 0) + len(content) for kind, content in one.items()}
            lengths.update(found)
            yield found

    @property
    def is_in_doubt(self) -> bool:
        """Whether lines were written of which it is not known that they are kept."""
        return bool(self._begun)

    def write(self, lines: Iterable[Lines]) -> None:
        """Add lines, durably: the last thing that is done before the transaction ends, after which :meth:`keep` is called. Raises OSError."""
        for kind, content in _joined(lines).items():
            self._begun.add(kind)
            file = self._open(kind)
            rest = memoryview(content)
            while rest:
                rest = rest[os.write(file, rest) :]
        for kind in self._begun:
            os.fdatasync(self._files[kind])

    def keep(self, lengths: Mapping[str, int]) -> None:
        """What was written stands in the store now."""
        self._lengths.update(lengths)
        self._begun.clear()

    def _open(self, kind: str) -> int:
        if kind not in self._files:
            path = self._folder / f"{kind}.{self.number}.ndjson"
            self._files[kind] = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        return self._files[kind]


def _joined(lines: Iterable[Lines]) -> dict[str, bytes]:
    found: dict[str, list[bytes]] = {}
    for one in lines:
        for kind, content in one.items():
            found.setdefault(kind, []).append(content)
    return {kind: b"".join(contents) for kind, contents in found.items()}


def next_part(folder: Path, known: Iterable[int]) -> int:
    """A number that no part of the folder has, and none of those that the store knows."""
    found = (int(match["part"]) for path in folder.iterdir() if (match := _NAME.fullmatch(path.name)))
    return max((*found, *known), default=-1) + 1


def cut(folder: Path, lengths: Mapping[tuple[int, str], int]) -> None:
    """Cut off what belongs to nothing that was kept; files that hold nothing else go. Only when no process writes any more."""
    for path in sorted(folder.iterdir()):
        match = _NAME.fullmatch(path.name)
        if match is None:
            continue
        length = lengths.get((int(match["part"]), match["kind"]), 0)
        if length == 0:
            path.unlink()
        elif path.stat().st_size > length:
            os.truncate(path, length)


def missing(folder: Path, lengths: Mapping[tuple[int, str], int]) -> list[str]:
    """Names of files that are shorter than the store says, or gone: somebody else changed them."""
    return [
        name
        for (part, kind), length in sorted(lengths.items())
        if not (path := folder / (name := f"{kind}.{part}.ndjson")).is_file() or path.stat().st_size < length
    ]


def output_files(folder: Path) -> list[str]:
    """The names of all files of the output."""
    return sorted(path.name for path in folder.iterdir() if _NAME.fullmatch(path.name) or path.name == PROBLEMS)

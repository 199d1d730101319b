"""The files of an export: which they are, what makes an export another one, and compressed ones as plain ones beside the index.

Names are as servers give them (``Patient.ndjson``, ``Patient.000.ndjson``, ``1.Patient.ndjson``); they tell the type that is expected, the lines tell
the type that is there. Source: https://hl7.org/fhir/uv/bulkdata/export.html, "Bulk Data Output File Request".
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from fhir_coder.errors import InvalidContent

ENDINGS = (".ndjson", ".ndjson.gz")
_TYPE = re.compile(r"[A-Z][A-Za-z]+", re.ASCII)
_ENDS = 64 * 1024
_PIECE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ExportFile:
    """``mark`` is a digest of the size and of both ends of the file: enough to tell exports apart without reading them twice."""

    name: str
    path: Path
    size: int
    mark: str

    @property
    def expected_type(self) -> str:
        """The resource type that the name tells, or empty."""
        return next((part for part in self.name.split(".") if _TYPE.fullmatch(part)), "")

    @property
    def is_compressed(self) -> bool:
        """Whether it has to be unpacked to be read at any place."""
        return self.name.endswith(".gz")


def export_files(folder: Path, may_be_empty: bool = False) -> tuple[ExportFile, ...]:
    """The files directly in the folder, by name. Raises InvalidContent for what is no folder, cannot be read, or holds none where that cannot be meant."""
    if not folder.is_dir():
        raise InvalidContent(f"{folder}: no such folder")
    try:
        found = tuple(_file(path) for path in sorted(folder.iterdir()) if path.name.endswith(ENDINGS) and path.is_file())
    except OSError as error:
        raise InvalidContent(f"{folder}: cannot be read ({error.strerror})") from error
    if not found and not may_be_empty:
        raise InvalidContent(f"{folder}: holds no file that ends in {' or '.join(ENDINGS)}")
    return found


def mark_of(files: tuple[ExportFile, ...]) -> str:
    """What an export is known by, wherever its folder lies."""
    return sha256("".join(f"{one.name}\n{one.mark}\n" for one in files).encode()).hexdigest()


def unpack(file: ExportFile, target: Path) -> bool:
    """Write a compressed file out; False where it is cut off or damaged, and only its beginning could be had."""
    partial = target.with_name(target.name + ".partial")
    is_whole = file.size > 0  # the reader takes no byte at all for a whole file
    with partial.open("wb") as out:
        try:
            for piece in _pieces(file.path):
                out.write(piece)
        except (EOFError, gzip.BadGzipFile, zlib.error):
            is_whole = False
    partial.replace(target)
    return is_whole


def _pieces(path: Path) -> Iterator[bytes]:
    with gzip.open(path, "rb") as packed:
        while piece := packed.read1(_PIECE):  # what is there, before it says that the end is missing
            yield piece


def _file(path: Path) -> ExportFile:
    size = path.stat().st_size
    with path.open("rb") as content:
        first = content.read(_ENDS)
        content.seek(max(0, size - _ENDS))
        last = content.read(_ENDS)
    return ExportFile(path.name, path, size, sha256(b"%d " % size + first + last).hexdigest())

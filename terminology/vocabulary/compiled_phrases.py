"""Indexed phrases in their compiled form: compressed lines of JSON, of which only those asked for are read."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from itertools import groupby
from typing import Any, overload

from terminology.vocabulary.indexed_phrase import IndexedPhrase

FORMAT = 1

_DAMAGED = "the compiled vocabulary is damaged"


def compile_phrases(phrases: Iterable[IndexedPhrase], counts: Mapping[str, int]) -> bytes:
    """One line that describes the rest, then one for each run of phrases that share table, path and codes."""
    lines = []
    total = 0
    for (table, path, codes), run in groupby(phrases, key=lambda each: (each.table, each.path, each.codes)):
        written = [each.phrase for each in run]
        total += len(written)
        lines.append(_line([table, path, codes, written]))
    head = _line({"format": FORMAT, "phrases": total, "counts": dict(sorted(counts.items()))})
    return gzip.compress("".join([head, *lines]).encode("utf-8"), compresslevel=6, mtime=0)


class CompiledPhrases(Sequence[IndexedPhrase]):
    """The phrases of a compiled vocabulary, read anew at each use: a few megabytes held instead of hundreds.

    Raises ValueError, when made, for another format; when used, for damage further on.
    """

    __slots__ = ("_length", "compiled", "counts")

    def __init__(self, compiled: bytes) -> None:
        head = next(_read_lines(compiled), None)
        if not isinstance(head, dict) or head.get("format") != FORMAT:
            raise ValueError("the compiled vocabulary has another format")
        self.compiled = compiled
        self.counts: Mapping[str, int] = head["counts"]
        self._length = int(head["phrases"])

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[IndexedPhrase]:
        lines = _read_lines(self.compiled)
        next(lines, None)
        for table, path, codes, written in lines:
            for phrase in written:
                yield IndexedPhrase(phrase, tuple(codes), table, tuple(path))

    @overload
    def __getitem__(self, place: int) -> IndexedPhrase: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[IndexedPhrase, ...]: ...

    def __getitem__(self, place: int | slice) -> IndexedPhrase | tuple[IndexedPhrase, ...]:
        return tuple(self)[place]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CompiledPhrases) and self.compiled == other.compiled

    def __hash__(self) -> int:
        return hash(self.compiled)


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"


def _read_lines(data: bytes) -> Iterator[Any]:
    """Every line as a value; ValueError when the data is no whole gzip file or a line is no JSON."""
    try:
        with gzip.open(BytesIO(data), "rt", encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise ValueError(_DAMAGED) from error

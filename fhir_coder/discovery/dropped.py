"""A file that names encounters: one id a line, or CSV under a header of ``encounter`` and, if wanted, ``ehr``. All of it is taken, or none.

Blank lines and lines that begin with ``#`` are passed over; ``Encounter/`` may stand before an id. What is wrong is told by the number of its line: nothing of
the file is repeated.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator

from fhir_coder.discovery.watched import Found
from fhir_coder.fhir_id import is_addressable

LONGEST_BYTES = 4 * 1024 * 1024
MOST_ENCOUNTERS = 50_000
"""Of one file: more than any day has."""
ENCOUNTER, EHR = "encounter", "ehr"


class NotTaken(Exception):
    """Why a file is not taken, in a sentence."""


def read_dropped(content: bytes, ehr: str, known: Collection[str]) -> dict[str, list[Found]]:
    """The encounters by EHR, each once. ``ehr`` is meant where a line names none, ``known`` may be named. Raises NotTaken."""
    if len(content) > LONGEST_BYTES:
        raise NotTaken(f"the file is larger than {LONGEST_BYTES} bytes")
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise NotTaken("the file is not UTF-8") from None
    found: dict[tuple[str, str], None] = {}
    for number, named, encounter in _rows(lines, ehr):
        if named not in known:
            raise NotTaken(f"line {number} names an EHR that has no discovery here")
        if not is_addressable(encounter):
            raise NotTaken(f"line {number} is no id of an encounter")
        found[named, encounter] = None
        if len(found) > MOST_ENCOUNTERS:
            raise NotTaken(f"the file names more than {MOST_ENCOUNTERS} encounters")
    if not found:
        raise NotTaken("the file names no encounter")
    by_ehr: dict[str, list[Found]] = {}
    for named, encounter in found:
        by_ehr.setdefault(named, []).append(Found(encounter))
    return by_ehr


def _rows(lines: list[str], ehr: str) -> Iterator[tuple[int, str, str]]:
    """Number of the line, EHR and encounter of each."""
    told = [(number, line) for number, line in enumerate(lines, 1) if line.strip() and not line.lstrip().startswith("#")]
    header = _header(told[0][1]) if told else []
    if ENCOUNTER not in header:
        yield from ((number, ehr, _id(line)) for number, line in told)
        return
    if sorted(header) not in ([ENCOUNTER], [EHR, ENCOUNTER]):
        raise NotTaken(f"line {told[0][0]}: the header is of encounter and ehr, each once")
    for number, line in told[1:]:
        cells = _cells(number, line)
        if len(cells) != len(header):
            raise NotTaken(f"line {number} has {len(cells)} columns, the header {len(header)}")
        row = dict(zip(header, cells, strict=True))
        yield number, row.get(EHR, "").strip() or ehr, _id(row[ENCOUNTER])


def _header(line: str) -> list[str]:
    """The names of the columns, if it is a header: many a program writes them in quotes."""
    try:
        return [one.strip().lower() for one in _cells(1, line)]
    except NotTaken:
        return []


def _cells(number: int, line: str) -> list[str]:
    """A cell holds no end of line: an id has none."""
    try:
        return next(csv.reader([line], strict=True))
    except csv.Error:
        raise NotTaken(f"line {number} is no CSV") from None


def _id(text: str) -> str:
    return text.strip().removeprefix("Encounter/")

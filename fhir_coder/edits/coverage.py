"""How far the edits enforce the notes of a release: which kinds of notes there are, which of them name codes that an edit goes by, and which do not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from fhir_coder.edits.instructions import opens_list
from terminology.codebook import Codebook, NoteKind, TabularNote
from terminology.notation import CODE

ENFORCED_BY = {
    NoteKind.EXCLUDES1: ("FCE-201", "FCE-202"),
    NoteKind.CODE_FIRST: ("FCE-204", "FCE-205", "FCE-206"),
    NoteKind.USE_ADDITIONAL: ("FCE-206", "FCE-207"),
    NoteKind.CODE_ALSO: ("FCE-206", "FCE-208"),
    NoteKind.SEVENTH_NOTE: ("FCE-110", "FCE-111", "FCE-112", "FCE-113"),
}
"""The edits that go by each kind of note. Excludes2 permits both codes (guideline I.A.12.b); the other kinds describe a code and ask for nothing."""

_LISTING = frozenset({NoteKind.CODE_FIRST, NoteKind.USE_ADDITIONAL, NoteKind.CODE_ALSO})
_NAMES_CODE = re.compile(rf"(?<![0-9A-Za-z.]){CODE.pattern}(?![0-9A-Za-z])")


@dataclass(frozen=True, slots=True)
class NoteLine:
    """One line of a note: the code, section or chapter it stands on, and its words."""

    owner: str
    text: str


@dataclass(frozen=True, slots=True)
class KindCoverage:
    """The lines of one kind of note: how many there are, how many an edit enforces, and those that none can: because they name no code, or because
    the codes they name could not be read. ``edits`` are those that go by the kind; without any, no line is enforced and none is listed."""

    kind: NoteKind
    lines: int
    enforced: int
    edits: tuple[str, ...]
    without_code: tuple[NoteLine, ...]
    unread: tuple[NoteLine, ...]


def note_coverage(codebook: Codebook) -> tuple[KindCoverage, ...]:
    """Every kind of note in the order of the tabular list's own names, those without any line left out."""
    by_owner = tuple(_notes_by_owner(codebook))
    found = (_coverage_of(kind, codebook, by_owner) for kind in NoteKind)
    return tuple(one for one in found if one.lines)


def _notes_by_owner(codebook: Codebook) -> Iterator[tuple[TabularNote, ...]]:
    yield from (codebook.heading_notes(owner) for owner, _, _ in codebook.headings())
    yield from (codebook.notes(code, inherited=False) for code in codebook.printed_codes())


def _coverage_of(kind: NoteKind, codebook: Codebook, by_owner: Sequence[tuple[TabularNote, ...]]) -> KindCoverage:
    lines = [[note for note in notes if note.kind is kind] for notes in by_owner]
    count = sum(map(len, lines))
    edits = ENFORCED_BY.get(kind, ())
    left = [NoteLine(one.owner, one.text) for owned in lines for one in _not_enforced(kind, codebook, owned)] if edits else []
    unread = tuple(one for one in left if kind is not NoteKind.SEVENTH_NOTE and _NAMES_CODE.search(one.text))
    without = tuple(one for one in left if one not in unread)
    return KindCoverage(kind, count, count - len(left) if edits else 0, edits, without, unread)


def _not_enforced(kind: NoteKind, codebook: Codebook, lines: Sequence[TabularNote]) -> Iterator[TabularNote]:
    """The lines of one owner that no edit can go by."""
    if kind is NoteKind.SEVENTH_NOTE:
        yield from (line for line in lines if not _has_seventh_characters(codebook, line.owner))
    elif kind in _LISTING:
        for _, grouped in groupby(lines, key=_Opened()):
            listed = list(grouped)
            if opens_list(listed[0]) and any(line.references for line in listed):
                listed = listed[1:]  # the words that open a list are enforced with it
            yield from (line for line in listed if not line.references)
    else:
        yield from (line for line in lines if not line.references)


class _Opened:
    """Numbers the lists of one owner: a line that opens a list begins the next."""

    def __init__(self) -> None:
        self._number = 0

    def __call__(self, line: TabularNote) -> int:
        self._number += opens_list(line)
        return self._number


def _has_seventh_characters(codebook: Codebook, owner: str) -> bool:
    return owner in codebook and any(codebook.seventh_characters(code) for code in codebook.billable_under(owner))

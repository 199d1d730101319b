"""Excludes1 notes between the codes of a case: which pairs they part, and which of these pairs may still be two unrelated conditions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations

from fhir_coder.code_ranges import CodeRanges
from terminology.codebook import Codebook, NoteKind, TabularNote
from terminology.laterality import side


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A pair of codes in claim order, the code whose note excludes the other, and the note."""

    codes: tuple[str, str]
    excluding: str
    note: TabularNote
    may_be_unrelated: bool

    @property
    def sentence(self) -> str:
        """Which note parts the pair."""
        other = next(code for code in self.codes if code != self.excluding)
        return f"The Excludes1 note at {self.note.owner} does not allow {self.excluding} beside {other}"


def find_exclusions(codebook: Codebook, codes: Sequence[str]) -> Iterator[Exclusion]:
    """One exclusion for each pair of codes that an Excludes1 note parts, in either direction; the exception wins where a note allows it."""
    found: dict[frozenset[str], list[Exclusion]] = {}
    for code, other in permutations(codes, 2):
        for note in _parting_notes(codebook, code, other):
            first, second = sorted((code, other), key=codes.index)
            exclusion = Exclusion((first, second), code, note, _may_be_unrelated(codebook, code, other, note))
            found.setdefault(frozenset((code, other)), []).append(exclusion)
    for same_pair in found.values():
        yield max(same_pair, key=lambda exclusion: exclusion.may_be_unrelated)


def _parting_notes(codebook: Codebook, code: str, other: str) -> Iterator[TabularNote]:
    """Notes on the code (its own and inherited) that name the other; a range that covers both says nothing about the pair."""
    if not _named(codebook, code).cover(other):
        return
    for note in codebook.notes(code, NoteKind.EXCLUDES1):
        if note.references.cover(other) and any(one.covers(other) and not one.covers(code) for one in note.references):
            yield note


@lru_cache(maxsize=4096)
def _named(codebook: Codebook, code: str) -> CodeRanges:
    """All that the Excludes1 notes over a code name: nearly every pair of codes is done with one look."""
    return CodeRanges(reference for note in codebook.notes(code, NoteKind.EXCLUDES1) for reference in note.references)


def _may_be_unrelated(codebook: Codebook, code: str, other: str, note: TabularNote) -> bool:
    """The exception of guideline I.A.12.a, where the two codes alone make it plausible.

    Either the conditions are on opposite sides of the body, or the note parts the other code from a residual code ("Other ...") that gathers
    several conditions, of which the note may mean another (the guideline's own example: F45.8 with G47.63).
    """
    if {side(codebook.title(code)), side(codebook.title(other))} == {"right", "left"}:
        return True
    named = [one for one in (code, other) if one == note.owner or one in map(str, note.references)]
    return any(_gathers(codebook, one) for one in named)


def _gathers(codebook: Codebook, code: str) -> bool:
    """Whether the code is a residual one with more than one inclusion term of its own."""
    is_residual = codebook.title(code).startswith("Other ")
    return is_residual and len(codebook.notes(code, NoteKind.INCLUSION_TERM, inherited=False)) > 1

"""Code first, use additional code and code also: the notes of the tabular list that ask for a second code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby

from fhir_coder.code_ranges import CodeRanges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.obstetrics import WEEKS, takes_weeks
from terminology.codebook import Codebook, NoteKind, TabularNote
from terminology.references import CodeReference

_EACH = re.compile(r"\bany\b")


@dataclass(frozen=True, slots=True, eq=False)
class Instruction:
    """One instruction: where it stands, its opening words, and the codes that its line or its list names. There is one object for each, so
    that two are the same when they are one."""

    owner: str
    words: str
    references: CodeRanges

    def names(self, code: str) -> bool:
        """Whether the instruction names the code."""
        return self.references.cover(code)

    @property
    def quoted(self) -> str:
        """The instruction in short, for a reviewer: public words of the tabular list."""
        codes = ", ".join(dict.fromkeys(map(str, self.references)))
        return f"{self.owner}: {self.words.rstrip(':')} ({codes})" if self.words.endswith(":") else f"{self.owner}: {self.words}"


@dataclass(frozen=True, slots=True)
class OpenInstruction:
    """An instruction that no other code answers, the known codes it stands over, and the documented codes that would answer it."""

    instruction: Instruction
    codes: tuple[str, ...]
    documented: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CodeFirstNote:
    """One code first note: the codes it names, and whether each of them that is coded comes first ("any associated"), or one is enough."""

    references: CodeRanges
    is_for_each: bool

    def names(self, code: str) -> bool:
        """Whether the note names the code."""
        return self.references.cover(code)

    def is_answered(self, before: Iterable[str]) -> bool:
        """Whether one of these codes is the condition that the note wants first."""
        return not self.is_for_each and any(map(self.names, before))


def code_first_notes(case: EditCase, code: str) -> tuple[CodeFirstNote, ...]:
    """The code first notes over a code, each with all lines of its list."""
    return _code_first_over(case.codebook, code)


@lru_cache(maxsize=4096)
def _code_first_over(codebook: Codebook, code: str) -> tuple[CodeFirstNote, ...]:
    return tuple(_code_first(codebook.notes(code, NoteKind.CODE_FIRST)))


def _code_first(notes: Iterable[TabularNote]) -> Iterator[CodeFirstNote]:
    for _, group in groupby(notes, key=lambda note: note.owner):
        lines = tuple(group)
        references = CodeRanges(reference for line in lines for reference in line.references)
        yield CodeFirstNote(references, is_for_each=bool(_EACH.search(lines[0].text)))


def code_first_references(case: EditCase, code: str) -> tuple[CodeReference, ...]:
    """Every code that the code first notes over a code name."""
    return tuple(reference for note in code_first_notes(case, code) for reference in note.references)


def open_instructions(case: EditCase, *kinds: NoteKind) -> Iterator[OpenInstruction]:
    """The instructions of these kinds that name codes none of which is coded, each once with all codes it stands over."""
    standing: dict[Instruction, list[str]] = {}
    for kind in kinds:
        for code in case.known:
            for instruction in _instructions_over(case.codebook, code, kind):
                standing.setdefault(instruction, []).append(code)
    for instruction, over in standing.items():
        codes = _asking(case, instruction, over)
        if codes and not any(map(instruction.names, case.known)):
            yield OpenInstruction(instruction, codes, tuple(filter(instruction.names, case.documented)))


def _asking(case: EditCase, instruction: Instruction, codes: Iterable[str]) -> tuple[str, ...]:
    """The codes of which the instruction asks something: none where it names no code; chapter 15 asks for weeks where there are any."""
    if not instruction.references:
        return ()
    if all(reference.first == WEEKS for reference in instruction.references):
        return tuple(code for code in codes if takes_weeks(code, case.titles[code]))
    return tuple(codes)


@lru_cache(maxsize=4096)
def _instructions_over(codebook: Codebook, code: str, kind: NoteKind) -> tuple[Instruction, ...]:
    """The instructions of a kind over a code; the same code comes again in encounter after encounter."""
    return tuple(_instructions(codebook.notes(code, kind)))


def _instructions(notes: Iterable[TabularNote]) -> Iterator[Instruction]:
    """The lines of a note as instructions: a line that opens a list ("code to identify:") takes the lines after it."""
    for owner, lines in groupby(notes, key=lambda note: note.owner):
        words, references = "", list[CodeReference]()
        for line in lines:
            if opens_list(line) or not words.endswith(":"):
                if words:
                    yield _instruction(owner, words, tuple(references))
                words, references = " ".join(line.text.split()).lstrip(",: "), []
            references.extend(line.references)
        yield _instruction(owner, words, tuple(references))


@cache
def _instruction(owner: str, words: str, references: tuple[CodeReference, ...]) -> Instruction:
    """One object for each instruction of the list, which remembers the codes that it was asked of."""
    return Instruction(owner, words, CodeRanges(references))


def opens_list(line: TabularNote) -> bool:
    """Whether the line only opens a list of lines that name the codes ("code to identify:")."""
    return not line.references and line.text.rstrip().endswith(":")

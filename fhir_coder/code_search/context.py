"""One code as the inspector shows it: where it stands in the tabular list, what the notes there say, what stands beside it, what it leaves open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fhir_coder.code_search.choice import Choice, below, choice_of, choices_of
from fhir_coder.code_search.prompts import Prompt, prompts
from fhir_coder.edits.query_leads import completed
from fhir_coder.edits.side_family import side_family
from terminology.codebook import Codebook, NoteKind
from terminology.release import Release

SHOWN = (
    NoteKind.INCLUSION_TERM,
    NoteKind.INCLUDES,
    NoteKind.EXCLUDES1,
    NoteKind.EXCLUDES2,
    NoteKind.CODE_FIRST,
    NoteKind.USE_ADDITIONAL,
    NoteKind.CODE_ALSO,
    NoteKind.NOTE,
    NoteKind.SEVENTH_NOTE,
)


@dataclass(frozen=True, slots=True)
class NoteLine:
    """One note of the tabular list and where it stands: the code, section or chapter, with its title."""

    text: str
    owner: str
    owner_title: str


@dataclass(frozen=True, slots=True)
class Above:
    """What stands above a code: ``kind`` is chapter, section or code."""

    kind: str
    id: str
    title: str


@dataclass(frozen=True, slots=True)
class CodeContext:
    """``above`` is from the chapter down; ``notes`` by kind, nearest first, those of everything above among them; ``siblings`` are the codes beside
    it (of a full code, its stem with the other seventh characters), ``sides`` the same condition elsewhere, ``below`` what it opens into."""

    code: str
    title: str
    is_billable: bool
    release: str
    above: tuple[Above, ...]
    notes: tuple[tuple[NoteKind, tuple[NoteLine, ...]], ...]
    siblings: tuple[Choice, ...]
    sides: tuple[Choice, ...]
    below: tuple[Choice, ...]
    prompts: tuple[Prompt, ...]


def context_of(release: Release, code: str) -> CodeContext | None:
    """The context of a code in any spelling; None where the release has none."""
    codebook = release.codebook
    known = codebook.normalize(code)
    if known is None:
        return None
    return CodeContext(
        code=known,
        title=codebook.title(known),
        is_billable=codebook.is_billable(known),
        release=release.id,
        above=tuple(_above(codebook, known)),
        notes=tuple(_notes(codebook, known)),
        siblings=_siblings(codebook, known),
        sides=_sides(codebook, known),
        below=below(codebook, known),
        prompts=prompts(codebook, known),
    )


def _above(codebook: Codebook, code: str) -> Iterator[Above]:
    chapter, section = codebook.chapter(code), codebook.section(code)
    yield Above("chapter", str(chapter.number), chapter.title)
    yield Above("section", section.id, section.title)
    yield from (Above("code", one, codebook.title(one)) for one in reversed(codebook.ancestors(code)))


def _notes(codebook: Codebook, code: str) -> Iterator[tuple[NoteKind, tuple[NoteLine, ...]]]:
    """Inclusion terms are those of the code itself: what those above include, it need not be. All others are inherited."""
    headings = {owner: title for owner, title, _ in codebook.headings()}
    for kind in SHOWN:
        found = codebook.notes(code, kind, inherited=kind is not NoteKind.INCLUSION_TERM)
        lines = tuple(
            NoteLine(note.text, note.owner, codebook.title(note.owner) if note.owner in codebook else headings.get(note.owner, ""))
            for note in found
        )
        if lines:
            yield kind, lines


def _siblings(codebook: Codebook, code: str) -> tuple[Choice, ...]:
    """With the seventh character of the code where theirs can have it."""
    stem = codebook.stem(code)
    parent = codebook.parent(stem)
    beside = [lead for one in codebook.children(parent) for lead in completed(codebook, code, one)] if parent else []
    others = codebook.billable_under(stem) if stem != code else ()
    return tuple(one for one in choices_of(codebook, (*others, *beside)) if one.code not in {code, stem})


def _sides(codebook: Codebook, code: str) -> tuple[Choice, ...]:
    if codebook.children(codebook.stem(code)):
        return ()
    family = side_family(codebook, code)
    full = [lead for stem in family.values() for lead in completed(codebook, code, stem) if lead != code]
    return tuple(choice_of(codebook, one) for one in dict.fromkeys(full))

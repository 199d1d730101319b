"""The questions everyone asks of one release: is it billable, what is its title, what stands above it, what do its notes say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from terminology.expansion import FULL_LENGTH, extensions_of, full_code
from terminology.notation import compact, dotted
from terminology.references import References, parse_references
from terminology.tabular import Extension, NoteKind, RawNote, TabularCode, TabularList

__all__ = ["Chapter", "Codebook", "NoteKind", "Section", "Stem", "TabularNote", "UnknownCode"]

# Only these notes point at other codes; those that an inclusion term or a seventh-character note names describe its own.
_POINTS_ELSEWHERE = {NoteKind.EXCLUDES1, NoteKind.EXCLUDES2, NoteKind.CODE_FIRST, NoteKind.USE_ADDITIONAL, NoteKind.CODE_ALSO}

_NONE: Mapping[str, str] = MappingProxyType({})
_NO_REFERENCES = References()


class UnknownCode(KeyError):
    """The code is not in this release."""


@dataclass(frozen=True, slots=True)
class TabularNote:
    """One instructional note with the code, section or chapter it stands on (``owner``) and the codes it names."""

    kind: NoteKind
    text: str
    owner: str
    references: References


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter: number, title, first and last category."""

    number: int
    title: str
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class Section:
    """A block of categories."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Stem:
    """A code without its seventh character, as the index embeds it: billable itself, or completable by one character."""

    code: str
    title: str
    terms: tuple[str, ...]


@dataclass(slots=True)
class _Entry:
    """One printed code in memory."""

    code: str
    title: str
    notes: tuple[RawNote, ...]
    parent: str | None
    chapter: int
    section: int
    children: tuple[str, ...]
    extensions: tuple[Extension, ...]


class Codebook:
    """One release in memory. Codes may be given with or without dot, in any case; an unknown one raises UnknownCode."""

    def __init__(self, tabular: TabularList) -> None:
        self._entries: dict[str, _Entry] = {}
        self._chapters: list[tuple[Chapter, tuple[RawNote, ...]]] = []
        self._sections: list[tuple[Section, tuple[RawNote, ...]]] = []
        self._notes: dict[tuple[str, tuple[NoteKind, ...], bool], tuple[TabularNote, ...]] = {}
        self._notes_of: dict[tuple[str, tuple[RawNote, ...]], tuple[TabularNote, ...]] = {}
        self._found: dict[str, tuple[_Entry, Extension | None]] = {}
        self._above: dict[str, tuple[str, ...]] = {}
        for chapter in tabular.chapters:
            codes = [code.code for section in chapter.sections for code in section.codes]
            self._chapters.append(
                (Chapter(chapter.number, chapter.title, codes[0] if codes else "", codes[-1] if codes else ""), chapter.notes)
            )
            for section in chapter.sections:
                self._sections.append((Section(section.id, section.title), section.notes))
                for code in section.codes:
                    self._add(code, None, ())

    def _add(self, code: TabularCode, parent: str | None, inherited: tuple[Extension, ...]) -> None:
        nearest = code.extensions or inherited
        self._entries[compact(code.code)] = _Entry(
            code=code.code,
            title=code.title,
            notes=code.notes,
            parent=parent,
            chapter=len(self._chapters) - 1,
            section=len(self._sections) - 1,
            children=tuple(child.code for child in code.children),
            extensions=extensions_of(code, inherited),
        )
        for child in code.children:
            self._add(child, code.code, nearest)

    # ------------------------------------------------------------------------------------------------------------ membership

    def normalize(self, code: str) -> str | None:
        """The dotted code as this release prints it, header or billable; None when it has no such code."""
        if code in self._found:
            return code
        plain = compact(code)
        entry = self._entries.get(plain)
        if entry is not None:
            return entry.code
        return dotted(plain) if self._split(plain) else None

    def __contains__(self, code: object) -> bool:
        return isinstance(code, str) and self.normalize(code) is not None

    def __len__(self) -> int:
        return self._counts[0]

    @property
    def billable_count(self) -> int:
        """How many codes are valid for billing."""
        return self._counts[1]

    @cached_property
    def _counts(self) -> tuple[int, int]:
        extended = sum(len(entry.extensions) for entry in self._entries.values())
        leaves = sum(not entry.children and not entry.extensions for entry in self._entries.values())
        return len(self._entries) + extended, leaves + extended

    def codes(self) -> Iterator[str]:
        """Every code, headers and full codes, in tabular order."""
        for entry in self._entries.values():
            yield entry.code
            for extension in entry.extensions:
                yield full_code(entry.code, extension.character)

    def printed_codes(self) -> Iterator[str]:
        """Every code that the tabular list prints: all but those that a seventh character completes."""
        return (entry.code for entry in self._entries.values())

    def billable_codes(self) -> Iterator[str]:
        """Every billable code, in tabular order."""
        return (code for code in self.codes() if self.is_billable(code))

    def is_billable(self, code: str) -> bool:
        """Valid on a claim: no children and no seventh character missing."""
        entry = self._entries.get(compact(code))
        if entry is not None:
            return not entry.children and not entry.extensions
        return self._split(compact(code)) is not None

    def is_header(self, code: str) -> bool:
        """In the release, but not billable."""
        return self.normalize(code) is not None and not self.is_billable(code)

    # ------------------------------------------------------------------------------------------------------------- structure

    def title(self, code: str) -> str:
        """The full title, with the text of the seventh character."""
        entry, extension = self._find(code)
        return f"{entry.title}, {extension.text}" if extension else entry.title

    def parent(self, code: str) -> str | None:
        """The code above, None for a category; a full code stands under its stem."""
        entry, extension = self._find(code)
        return entry.code if extension else entry.parent

    def ancestors(self, code: str) -> tuple[str, ...]:
        """The codes above, nearest first, the category last."""
        entry, extension = self._find(code)
        if entry.code not in self._above:
            self._above[entry.code] = (entry.parent, *self.ancestors(entry.parent)) if entry.parent else ()
        return (entry.code, *self._above[entry.code]) if extension else self._above[entry.code]

    def category(self, code: str) -> str:
        """The three characters of the category."""
        return self._find(code)[0].code[:3]

    def chapter(self, code: str) -> Chapter:
        """The chapter the code stands in."""
        return self._chapters[self._find(code)[0].chapter][0]

    def section(self, code: str) -> Section:
        """The section the code stands in."""
        return self._sections[self._find(code)[0].section][0]

    def children(self, code: str) -> tuple[str, ...]:
        """The printed codes directly below; full codes of a stem are not children."""
        entry, extension = self._find(code)
        return () if extension else entry.children

    def billable_under(self, code: str) -> tuple[str, ...]:
        """Every billable code at or below, in tabular order."""
        entry, extension = self._find(code)
        if extension:
            return (dotted(compact(code)),)
        if entry.extensions:
            return tuple(full_code(entry.code, one.character) for one in entry.extensions)
        if not entry.children:
            return (entry.code,)
        return tuple(below for child in entry.children for below in self.billable_under(child))

    # ----------------------------------------------------------------------------------------------------- seventh characters

    def stem(self, code: str) -> str:
        """The printed code without its seventh character and padding: "W21.89XA" gives "W21.89"."""
        return self._find(code)[0].code

    def seventh_characters(self, code: str) -> Mapping[str, str]:
        """Seventh characters of a stem (or of a full code's stem) with their texts; empty when none applies."""
        extensions = self._find(code)[0].extensions
        return {one.character: one.text for one in extensions} if extensions else _NONE

    def with_seventh(self, code: str, character: str) -> str:
        """The full code of a stem with this character; UnknownCode when it does not apply."""
        entry, _ = self._find(code)
        if character not in {one.character for one in entry.extensions}:
            raise UnknownCode(f"{entry.code} takes no seventh character {character}")
        return full_code(entry.code, character)

    def stems(self) -> tuple[Stem, ...]:
        """Every code without children, seventh characters left off, with its inclusion terms."""
        return tuple(
            Stem(entry.code, entry.title, tuple(text for kind, text in entry.notes if kind is NoteKind.INCLUSION_TERM))
            for entry in self._entries.values()
            if not entry.children
        )

    # ----------------------------------------------------------------------------------------------------------------- notes

    def notes(self, code: str, *kinds: NoteKind, inherited: bool = True) -> tuple[TabularNote, ...]:
        """Notes on the code and, when ``inherited``, on everything above it (codes, section, chapter), nearest first; all kinds by default."""
        key = (code, kinds, inherited) if code in self._found else (compact(code), kinds, inherited)
        if key not in self._notes:
            self._notes[key] = tuple(self._read_notes(code, kinds, inherited))
        return self._notes[key]

    def _read_notes(self, code: str, kinds: tuple[NoteKind, ...], inherited: bool) -> Iterator[TabularNote]:
        for owner, notes in self._owners(code, inherited):
            yield from (note for note in self._notes_on(owner, notes) if not kinds or note.kind in kinds)

    def _notes_on(self, owner: str, notes: tuple[RawNote, ...]) -> tuple[TabularNote, ...]:
        """The notes of one owner, read once: every code below it inherits them. A section may have the name of its only category."""
        key = (owner, notes)
        if key not in self._notes_of:
            self._notes_of[key] = tuple(
                TabularNote(kind, text, owner, parse_references(text) if kind in _POINTS_ELSEWHERE else _NO_REFERENCES)
                for kind, text in notes
            )
        return self._notes_of[key]

    def _owners(self, code: str, inherited: bool) -> Iterator[tuple[str, tuple[RawNote, ...]]]:
        entry, extension = self._find(code)
        if extension and extension.terms:
            yield dotted(compact(code)), tuple((NoteKind.INCLUSION_TERM, term) for term in extension.terms)
        yield entry.code, entry.notes
        if not inherited:
            return
        above = entry.parent
        while above is not None:
            parent = self._entries[compact(above)]
            yield parent.code, parent.notes
            above = parent.parent
        section, section_notes = self._sections[entry.section]
        yield section.id, section_notes
        yield from ((umbrella.id, notes) for umbrella, notes in self._umbrellas(entry) if umbrella.id != section.id)
        chapter, chapter_notes = self._chapters[entry.chapter]
        yield f"chapter {chapter.number}", chapter_notes

    def _umbrellas(self, entry: _Entry) -> Iterator[tuple[Section, tuple[RawNote, ...]]]:
        """Sections without codes that span the code's category (C00-C96, T20-T32): their notes apply too."""
        return (
            (section, notes) for section, notes, span in self._empty_sections if any(reference.covers(entry.code) for reference in span)
        )

    @cached_property
    def _empty_sections(self) -> tuple[tuple[Section, tuple[RawNote, ...], References], ...]:
        used = {entry.section for entry in self._entries.values()}
        return tuple(
            (section, notes, parse_references(f"({section.id})"))
            for number, (section, notes) in enumerate(self._sections)
            if number not in used and notes
        )

    def heading_notes(self, owner: str) -> tuple[TabularNote, ...]:
        """The notes of a chapter (``chapter 9``) or section (by id) with the codes they name; none when there is no such heading."""
        return tuple(note for name, _, notes in self.headings() if name == owner for note in self._notes_on(owner, notes))

    def own_notes(self, code: str) -> tuple[RawNote, ...]:
        """The notes printed on the code itself, as they stand."""
        return self._find(code)[0].notes

    def headings(self) -> Iterator[tuple[str, str, tuple[RawNote, ...]]]:
        """Every chapter (``chapter 9``) and section (by id) with its title and its own notes."""
        yield from ((f"chapter {chapter.number}", chapter.title, notes) for chapter, notes in self._chapters)
        yield from ((section.id, section.title, notes) for section, notes in self._sections)

    # -------------------------------------------------------------------------------------------------------------- look-up

    def _find(self, code: str) -> tuple[_Entry, Extension | None]:
        """Codes in their printed form are remembered: at most as many as the release has."""
        found = self._found.get(code)
        if found is None:
            plain = compact(code)
            entry = self._entries.get(plain)
            found = (entry, None) if entry is not None else self._split(plain)
            if found is None:
                raise UnknownCode(f"no code {code[:12]!r} in this release")
            if code == dotted(plain):
                self._found[code] = found
        return found

    def _split(self, plain: str) -> tuple[_Entry, Extension] | None:
        """A full code as its stem and seventh character: the padding between them is X only."""
        if len(plain) != FULL_LENGTH:
            return None
        body = plain[: FULL_LENGTH - 1]
        for length in range(FULL_LENGTH - 1, 2, -1):
            entry = self._entries.get(body[:length])
            if entry is not None:
                return next(((entry, one) for one in entry.extensions if one.character == plain[-1]), None)
            if body[length - 1] != "X":
                return None
        return None

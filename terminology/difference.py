"""What changed between two releases: codes, titles, flags, notes, seventh characters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from terminology.codebook import Codebook
from terminology.tabular import RawNote


@dataclass(frozen=True, slots=True)
class Retitled:
    """A code, section or chapter with its title before and after."""

    owner: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class NoteChange:
    """What was added to and removed from the notes of a code, section or chapter."""

    owner: str
    added: tuple[RawNote, ...]
    removed: tuple[RawNote, ...]


@dataclass(frozen=True, slots=True)
class SeventhChange:
    """The seventh characters of a stem before and after: those that came, went, or have another text."""

    stem: str
    before: Mapping[str, str]
    after: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ReleaseDifference:
    """All changes, in tabular order. ``added`` and ``deleted`` hold full codes too; ``retitled`` printed codes and headings only, because the
    title of a full code follows from its stem."""

    added: tuple[str, ...]
    deleted: tuple[str, ...]
    retitled: tuple[Retitled, ...]
    to_header: tuple[str, ...]
    to_billable: tuple[str, ...]
    notes: tuple[NoteChange, ...]
    seventh: tuple[SeventhChange, ...]


def compare(before: Codebook, after: Codebook) -> ReleaseDifference:
    """Every change from one codebook to the other."""
    old, new = dict.fromkeys(before.codes()), dict.fromkeys(after.codes())
    both = [code for code in new if code in old]
    printed = set(before.printed_codes())
    kept = [code for code in after.printed_codes() if code in printed]
    return ReleaseDifference(
        added=tuple(code for code in new if code not in old),
        deleted=tuple(code for code in old if code not in new),
        retitled=(*_retitled_headings(before, after), *_retitled(before, after, kept)),
        to_header=tuple(code for code in both if before.is_billable(code) and not after.is_billable(code)),
        to_billable=tuple(code for code in both if after.is_billable(code) and not before.is_billable(code)),
        notes=tuple(_note_changes(before, after, kept)),
        seventh=tuple(_seventh_changes(before, after, kept)),
    )


def _retitled(before: Codebook, after: Codebook, codes: Iterable[str]) -> Iterator[Retitled]:
    for code in codes:
        if before.title(code) != after.title(code):
            yield Retitled(code, before.title(code), after.title(code))


def _retitled_headings(before: Codebook, after: Codebook) -> Iterator[Retitled]:
    titles = {owner: title for owner, title, _ in before.headings()}
    for owner, title, _ in after.headings():
        if titles.get(owner, title) != title:
            yield Retitled(owner, titles[owner], title)


def _note_changes(before: Codebook, after: Codebook, codes: Iterable[str]) -> Iterator[NoteChange]:
    old = {owner: notes for owner, _, notes in before.headings()}
    owners = [(owner, old[owner], notes) for owner, _, notes in after.headings() if owner in old]
    owners += [(code, before.own_notes(code), after.own_notes(code)) for code in codes]
    for owner, were, are in owners:
        if were != are:
            added, removed = Counter(are) - Counter(were), Counter(were) - Counter(are)
            if added or removed:
                yield NoteChange(owner, tuple(added.elements()), tuple(removed.elements()))


def _seventh_changes(before: Codebook, after: Codebook, codes: Iterable[str]) -> Iterator[SeventhChange]:
    for code in codes:
        were, are = before.seventh_characters(code), after.seventh_characters(code)
        if were != are:
            yield SeventhChange(code, dict(were), dict(are))

"""The properties of a code that ``$lookup`` tells, as one table: what FHIR defines for every code system, and what the tabular list says.

``parent``, ``child``, ``inactive`` and ``notSelectable`` are those of http://hl7.org/fhir/R4/codesystem-concept-properties.html; notes have the names
of their elements in the official XML.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fhir_coder.api.terminology.content import parameter, parts
from fhir_coder.exchange import Resource
from fhir_coder.vocabulary import ICD10CM
from terminology.codebook import Codebook, NoteKind
from terminology.release import Release

Values = Iterator[Resource]


@dataclass(frozen=True, slots=True)
class Property:
    """One property: its code, its type and what it means. ``values`` makes the ``property`` parameters of a code."""

    code: str
    type: str
    meaning: str
    values: Callable[[Release, str], Values]


DEFINED_ELSEWHERE = frozenset({"url", "name", "version", "display", "definition", "designation"})
"""Properties of every code system: parameters of their own in the answer, or, as ``definition`` and ``designation``, not had by ICD-10-CM."""


def properties_of(release: Release, code: str, wanted: frozenset[str]) -> Values:
    """The ``property`` parameters of a code; all where nothing is asked for. The URL of the code system comes only when it is."""
    if "url" in wanted:
        yield _one("url", "Uri", ICD10CM)
    for known in PROPERTIES:
        if not wanted or known.code in wanted:
            yield from known.values(release, code)


def is_property(name: str) -> bool:
    """Whether there is such a property, or could be in another code system that has designations in several languages."""
    return name in DEFINED_ELSEWHERE or name.startswith("lang.") or any(name == known.code for known in PROPERTIES)


def _one(code: str, kind: str, value: str | bool, description: str = "", *more: Resource) -> Resource:
    described = [parameter("description", "String", description)] if description else []
    return parts("property", parameter("code", "Code", code), parameter("value", kind, value), *described, *more)


def _codes(name: str, codes: tuple[str, ...], codebook: Codebook) -> Values:
    return (_one(name, "Code", code, codebook.title(code)) for code in codes)


def _parent(release: Release, code: str) -> Values:
    above = release.codebook.parent(code)
    return _codes("parent", (above,) if above else (), release.codebook)


def _child(release: Release, code: str) -> Values:
    codebook = release.codebook
    full = codebook.billable_under(code) if not codebook.is_billable(code) else ()
    return _codes("child", codebook.children(code) or full, codebook)


def _inactive(release: Release, code: str) -> Values:
    yield _one("inactive", "Boolean", value=False)


def _not_selectable(release: Release, code: str) -> Values:
    yield _one("notSelectable", "Boolean", release.codebook.is_header(code))


def _billable(release: Release, code: str) -> Values:
    yield _one("billable", "Boolean", release.codebook.is_billable(code))


def _chapter(release: Release, code: str) -> Values:
    chapter = release.codebook.chapter(code)
    yield _one("chapter", "String", str(chapter.number), chapter.title)


def _section(release: Release, code: str) -> Values:
    section = release.codebook.section(code)
    yield _one("section", "String", section.id, section.title)


def _seventh(release: Release, code: str) -> Values:
    codebook = release.codebook
    for character, text in codebook.seventh_characters(code).items():
        if not codebook.is_billable(code) or code == codebook.with_seventh(code, character):
            yield _one("seventhCharacter", "Code", character, text)


def _caveat(release: Release, code: str) -> Values:
    if release.caveat:
        yield _one("caveat", "String", release.caveat)


def _notes(kind: NoteKind) -> Callable[[Release, str], Values]:
    """Inclusion terms are those of the code itself: what those above include, it need not be. All other notes are inherited."""

    def values(release: Release, code: str) -> Values:
        for note in release.codebook.notes(code, kind, inherited=kind is not NoteKind.INCLUSION_TERM):
            title = _title_of(note.owner, code, release.codebook)
            owner = [parameter("code", "Code", "owner"), parameter("value", "String", note.owner)]
            yield _one(kind.value, "String", note.text, "", parts("subproperty", *owner, parameter("description", "String", title)))

    return values


def _title_of(owner: str, code: str, codebook: Codebook) -> str:
    """The title of what stands at a code or above it. Sections without codes, which span several, are looked for among all headings."""
    if owner in codebook:
        return codebook.title(owner)
    chapter, section = codebook.chapter(code), codebook.section(code)
    known = {f"chapter {chapter.number}": chapter.title, section.id: section.title}
    return known.get(owner) or next(title for name, title, _ in codebook.headings() if name == owner)


def _noted(kind: NoteKind, meaning: str) -> Property:
    return Property(kind.value, "string", meaning, _notes(kind))


PROPERTIES = (
    Property(
        "parent", "code", "the code above; none for a category. A full code stands under the code without its seventh character", _parent
    ),
    Property("child", "code", "the codes directly below; of a code that lacks its seventh character, the full codes", _child),
    Property("inactive", "boolean", "always false: what a release has is active in it", _inactive),
    Property("notSelectable", "boolean", "true for a header, which has no place on a claim", _not_selectable),
    Property("billable", "boolean", "true for a code that is valid on a claim", _billable),
    Property("chapter", "string", "number of the chapter, its title in `description`", _chapter),
    Property("section", "string", "the block of categories, its title in `description`", _section),
    Property(
        "seventhCharacter", "code", "the characters that complete the code, or the one that it has; their texts in `description`", _seventh
    ),
    _noted(NoteKind.INCLUSION_TERM, "what the code itself is used for"),
    _noted(NoteKind.INCLUDES, "Includes note"),
    _noted(NoteKind.EXCLUDES1, "Excludes1 note: never coded together"),
    _noted(NoteKind.EXCLUDES2, "Excludes2 note: not part of the code, may be coded beside it"),
    _noted(NoteKind.CODE_FIRST, "Code first note"),
    _noted(NoteKind.USE_ADDITIONAL, "Use additional code note"),
    _noted(NoteKind.CODE_ALSO, "Code also note"),
    _noted(NoteKind.NOTE, "any other note"),
    _noted(NoteKind.SEVENTH_NOTE, "note on seventh characters"),
    Property("caveat", "string", "what of the release is not up to date, where it has codes only", _caveat),
)

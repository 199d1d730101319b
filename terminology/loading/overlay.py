"""A codes-only overlay: the tabular list of a release with the changes of a later edition applied to its codes and titles.

Until the tabular list of a new edition is at hand, its lists of changes tell which codes are valid. Notes stay where they were: what stands on a
code, section or chapter is the base edition's. A new code takes its place in the tree by its characters; the seventh characters of a new code are
those of the codes above it, or those that the list spells out. The result is proved against the lists before it is used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from terminology.codebook import Codebook
from terminology.expansion import FULL_LENGTH, full_code
from terminology.loading.change_lists import AddedCode, Changes
from terminology.loading.failure import LoadError, some
from terminology.notation import compact, dotted, tabular_key
from terminology.references import parse_references
from terminology.tabular import Extension, RawNote, TabularCode, TabularList

CAVEAT = "codes only: notes and index not updated"

_CATEGORY = 3


@dataclass(slots=True, eq=False)
class _Node:
    """One printed code that can still change."""

    code: str
    title: str
    notes: tuple[RawNote, ...]
    extensions: tuple[Extension, ...]
    parent: _Node | None
    children: list[_Node]

    @property
    def inherited(self) -> tuple[Extension, ...]:
        """The seventh characters of the nearest code, itself included, that defines some."""
        return self.extensions or (self.parent.inherited if self.parent else ())

    def frozen(self) -> TabularCode:
        """The code as the tabular list holds it."""
        return TabularCode(self.code, self.title, self.notes, self.extensions, tuple(child.frozen() for child in self.children))


@dataclass(slots=True)
class _Section:
    """The categories of a section, and the range that its id names."""

    id: str
    categories: list[_Node]

    def spans(self, code: str) -> bool:
        """Whether the code lies in the section's range."""
        return any(reference.covers(code) for reference in parse_references(f"({self.id})"))


def apply_changes(base: TabularList, changes: Changes) -> TabularList:
    """The list with the changes applied. Raises LoadError when they do not fit the base or do not give what they say."""
    tree = _Tree(base)
    for code in sorted(changes.deleted, key=len):
        tree.delete(code, changes.deleted)
    for code, title in changes.retitled.items():
        tree.retitle(code, title)
    for code in sorted(changes.added, key=lambda one: (len(one), one)):
        tree.add(code, changes.added[code])
    result = tree.frozen()
    _prove(Codebook(base), Codebook(result), changes)
    return result


class _Tree:
    """The codes of a tabular list while they change."""

    def __init__(self, base: TabularList) -> None:
        self._base = base
        self._nodes: dict[str, _Node] = {}
        self._sections = [
            [_Section(section.id, [self._grow(code, None) for code in section.codes]) for section in chapter.sections]
            for chapter in base.chapters
        ]
        self._spelled_out: set[str] = set()

    def _grow(self, code: TabularCode, parent: _Node | None) -> _Node:
        node = _Node(code.code, code.title, code.notes, code.extensions, parent, [])
        node.children.extend(self._grow(child, node) for child in code.children)
        self._nodes[compact(code.code)] = node
        return node

    def frozen(self) -> TabularList:
        """The list as it is now."""
        chapters = tuple(
            replace(
                chapter,
                sections=tuple(
                    replace(section, codes=tuple(node.frozen() for node in own.categories))
                    for section, own in zip(chapter.sections, sections, strict=True)
                ),
            )
            for chapter, sections in zip(self._base.chapters, self._sections, strict=True)
        )
        return replace(self._base, chapters=chapters)

    # --------------------------------------------------------------------------------------------------------------- deleting

    def delete(self, code: str, deleted: frozenset[str]) -> None:
        """Take away a printed code with all below it, which must be listed too, or one full code of a stem."""
        node = self._nodes.pop(compact(code), None)
        if node is None:
            self._delete_full(code, deleted)
            return
        if left := [child.code for child in node.children if child.code not in deleted]:
            raise LoadError(f"{code} is to be deleted, but not {some(left)} below it")
        self._siblings(node).remove(node)

    def _delete_full(self, code: str, deleted: frozenset[str]) -> None:
        stem = self._stem_of(code)
        if stem is None:
            if not any(dotted(compact(code)[:length]) in deleted for length in range(_CATEGORY, len(compact(code)))):
                raise LoadError(f"{code} is to be deleted, but the release below has no such code")
            return  # it went with its stem
        kept = tuple(one for one in stem.inherited if full_code(stem.code, one.character) != code)
        if len(kept) == len(stem.inherited):
            raise LoadError(f"{code} is to be deleted, but the release below has no such code")
        stem.extensions = kept

    def _siblings(self, node: _Node) -> list[_Node]:
        if node.parent is not None:
            return node.parent.children
        return next(section.categories for sections in self._sections for section in sections if node in section.categories)

    # -------------------------------------------------------------------------------------------------------------- retitling

    def retitle(self, code: str, title: str) -> None:
        """A new title for a printed code; that of a full code follows from its stem."""
        node = self._nodes.get(compact(code))
        if node is not None:
            node.title = title
        elif self._stem_of(code) is None:
            raise LoadError(f"{code} is to be retitled, but the release below has no such code")

    # ----------------------------------------------------------------------------------------------------------------- adding

    def add(self, code: str, added: AddedCode) -> None:
        """A new printed code, or a full code of a stem."""
        plain = compact(code)
        if plain in self._nodes:
            raise LoadError(f"{code} is to be added, but the release below has it")
        stem = self._stem_of(code)
        if stem is not None and self._extend(stem, code, added.title):
            return
        parent = self._parent_of(plain)
        node = _Node(dotted(plain), added.title, (), (), parent, [])
        self._nodes[plain] = node
        _insert(parent.children if parent else self._section_for(code).categories, node)

    def _extend(self, stem: _Node, code: str, title: str) -> bool:
        """Give the stem this seventh character, where the code is one: offered from above, padded, or a letter behind the stem's title."""
        plain = compact(code)
        known = next((one for one in stem.inherited if one.character == plain[-1]), None)
        is_padded = len(compact(stem.code)) < FULL_LENGTH - 1
        words = title.removeprefix(f"{stem.title}, ")
        if known is None and (words == title or not (is_padded or plain[-1].isalpha())):
            return False
        own = stem.extensions if stem.code in self._spelled_out else ()
        extension = known if known is not None and title == f"{stem.title}, {known.text}" else Extension(plain[-1], words)
        stem.extensions = (*own, extension)
        self._spelled_out.add(stem.code)
        return True

    def _stem_of(self, code: str) -> _Node | None:
        """The code without children that a full code completes; the padding between them is X only."""
        plain = compact(code)
        if len(plain) != FULL_LENGTH:
            return None
        body = plain[:-1]
        for length in range(FULL_LENGTH - 1, _CATEGORY - 1, -1):
            if body[:length] in self._nodes:
                node = self._nodes[body[:length]]
                return None if node.children else node
            if body[length - 1] != "X":
                return None
        return None

    def _parent_of(self, plain: str) -> _Node | None:
        if len(plain) == _CATEGORY:
            return None
        found = next((self._nodes[plain[:n]] for n in range(len(plain) - 1, _CATEGORY - 1, -1) if plain[:n] in self._nodes), None)
        if found is None:
            raise LoadError(f"{dotted(plain)} is to be added, but neither the release nor the list has its category {plain[:_CATEGORY]}")
        return found

    def _section_for(self, code: str) -> _Section:
        """The section whose range holds a new category, else that of the category before it."""
        sections = [section for own in self._sections for section in own if section.categories]
        if spanning := next((section for section in sections if section.spans(code)), None):
            return spanning
        before = [
            (tabular_key(node.code), section)
            for section in sections
            for node in section.categories
            if node.code[0] == code[0] and tabular_key(node.code) < tabular_key(code)
        ]
        if not before:
            raise LoadError(f"{code} is to be added, but no section has a place for it")
        return max(before, key=lambda one: one[0])[1]


def _insert(siblings: list[_Node], node: _Node) -> None:
    """Put a new code where its characters sort it."""
    place = next((i for i, other in enumerate(siblings) if tabular_key(other.code) > tabular_key(node.code)), len(siblings))
    siblings.insert(place, node)


# --------------------------------------------------------------------------------------------------------------------- the proof


def _prove(base: Codebook, result: Codebook, changes: Changes) -> None:
    """Everything listed holds, and nothing else changed but what follows from it."""
    problems = [
        *_wrong([code for code in changes.added if code not in result], "added and yet not there"),
        *_wrong([code for code in changes.deleted if code in result], "deleted and yet there"),
        *_wrong([code for code in changes.headers if not result.is_header(code)], "listed as headers and yet billable or unknown"),
        *_wrong(_wrong_flags(result, changes.added), "not billable as the list says"),
        *_wrong(_wrong_titles(result, changes), "not titled as the list says"),
        *_wrong(list(_lost(base, result, changes)), "lost without being listed as deleted"),
        *_wrong(list(_unlisted(base, result, changes)), "there without being listed as added"),
        *_wrong(_risen(base, result), "headers that would become billable"),
    ]
    if problems:
        raise LoadError(f"the lists do not fit the release they are loaded on: {'; '.join(problems)}")


def _wrong(codes: list[str], what: str) -> Iterator[str]:
    if codes:
        yield f"{len(codes)} codes {what} ({some(sorted(codes))})"


def _wrong_flags(result: Codebook, added: Mapping[str, AddedCode]) -> list[str]:
    return [
        code
        for code, one in added.items()
        if one.is_billable is not None and code in result and result.is_billable(code) != one.is_billable
    ]


def _wrong_titles(result: Codebook, changes: Changes) -> list[str]:
    titles = {code: one.title for code, one in changes.added.items()} | dict(changes.retitled)
    return [code for code, title in titles.items() if code in result and result.title(code) != title]


def _lost(base: Codebook, result: Codebook, changes: Changes) -> Iterator[str]:
    """Codes that went although neither they nor their stem are listed."""
    return (code for code in base.codes() if code not in result and code not in changes.deleted and base.stem(code) not in changes.deleted)


def _unlisted(base: Codebook, result: Codebook, changes: Changes) -> Iterator[str]:
    """Codes that came although neither they nor their stem are listed: a list may name stems without their seventh characters."""
    return (code for code in result.codes() if code not in base and code not in changes.added and result.stem(code) not in changes.added)


def _risen(base: Codebook, result: Codebook) -> list[str]:
    return [code for code in base.codes() if base.is_header(code) and code in result and result.is_billable(code)]

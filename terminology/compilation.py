"""A tabular list in its compiled form: one compressed JSON file that opens faster than the XML parses, and the manifest beside it."""

from __future__ import annotations

import gzip
import json
from typing import Any

from terminology.tabular import Extension, NoteKind, RawNote, TabularChapter, TabularCode, TabularList, TabularSection

FORMAT = 1

# Looked up for every note of every code: several times as fast as calling the enumeration.
_KINDS = {kind.value: kind for kind in NoteKind}


def dump_tabular(tabular: TabularList) -> bytes:
    """The compiled form; the same list always gives the same bytes."""
    value = {"format": FORMAT, "version": tabular.version, "chapters": [_dump_chapter(chapter) for chapter in tabular.chapters]}
    return gzip.compress(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8"), compresslevel=6, mtime=0)


def load_tabular(data: bytes) -> TabularList:
    """The list from its compiled form; ValueError when it has another format."""
    value = json.loads(gzip.decompress(data))
    if value.get("format") != FORMAT:
        raise ValueError("the compiled release has another format")
    return TabularList(value["version"], tuple(_load_chapter(row) for row in value["chapters"]))


def _dump_chapter(chapter: TabularChapter) -> list[Any]:
    sections = [
        [section.id, section.title, _dump_notes(section.notes), [_dump_code(code) for code in section.codes]]
        for section in chapter.sections
    ]
    return [chapter.number, chapter.title, _dump_notes(chapter.notes), sections]


def _load_chapter(row: list[Any]) -> TabularChapter:
    number, title, notes, sections = row
    loaded = tuple(TabularSection(one[0], one[1], _load_notes(one[2]), tuple(_load_code(code) for code in one[3])) for one in sections)
    return TabularChapter(number, title, _load_notes(notes), loaded)


def _dump_code(code: TabularCode) -> list[Any]:
    """Trailing empty parts are left off: most codes are a code and a title."""
    row: list[Any] = [
        code.code,
        code.title,
        _dump_notes(code.notes),
        [[one.character, one.text, list(one.terms)] for one in code.extensions],
        [_dump_code(child) for child in code.children],
    ]
    while not row[-1]:
        row.pop()
    return row


def _load_code(row: list[Any]) -> TabularCode:
    code, title, notes, extensions, children = row + [[]] * (5 - len(row))
    return TabularCode(
        code,
        title,
        _load_notes(notes),
        tuple(Extension(character, text, tuple(terms)) for character, text, terms in extensions),
        tuple(_load_code(child) for child in children),
    )


def _dump_notes(notes: tuple[RawNote, ...]) -> list[list[str]]:
    return [[kind.value, text] for kind, text in notes]


def _load_notes(rows: list[list[str]]) -> tuple[RawNote, ...]:
    try:
        return tuple((_KINDS[kind], text) for kind, text in rows)
    except KeyError as error:
        raise ValueError("the compiled release has a note of an unknown kind") from error

"""Lists of what changed between two editions: added, deleted and retitled codes, and codes that became headers.

Two shapes are read. Plain lists: text with one code a line, or CSV (comma, semicolon, tab or bar) with a column of codes, dotted or not, and
where it applies columns for the title and for billable; the file's name says what the list is ("added", "deleted", "header", "revised").
And addenda as CMS prints them, where every line begins with what happens: ``Add:``, ``Delete:``, ``Revise from:``, ``Revise to:``.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from terminology.loading.archive import SourceFile
from terminology.loading.failure import LoadError
from terminology.notation import CODE, compact, dotted

_KINDS = (
    ("header", re.compile(r"header|invalidated", re.IGNORECASE)),
    ("deleted", re.compile(r"delet|remov", re.IGNORECASE)),
    ("retitled", re.compile(r"revis|retitl", re.IGNORECASE)),
    ("added", re.compile(r"add(?!end)|new", re.IGNORECASE)),
)
_ADDENDUM = re.compile(
    r"(?P<action>add|delete|revise from|revise to|no change)\s*:?\s+(?:\d{5}\s+)?(?P<code>[A-Z][0-9A-Z.]{2,7})\s+(?:(?P<flag>[01])\s+)?(?P<rest>.*)",
    re.IGNORECASE,
)
_SHORT_TITLE = 61
_TRUE, _FALSE = frozenset({"1", "true", "t", "yes", "y"}), frozenset({"0", "false", "f", "no", "n"})


@dataclass(frozen=True, slots=True)
class AddedCode:
    """A new code: its title, and whether it is billable (None: the list does not say)."""

    title: str
    is_billable: bool | None


@dataclass(frozen=True, slots=True)
class Changes:
    """What changes, by dotted code, and which file was read as what."""

    added: Mapping[str, AddedCode] = field(default_factory=dict)
    deleted: frozenset[str] = frozenset()
    headers: frozenset[str] = frozenset()
    retitled: Mapping[str, str] = field(default_factory=dict)
    sources: tuple[tuple[SourceFile, str], ...] = ()


@dataclass(slots=True)
class _Gathered:
    """Changes while the files are read."""

    added: dict[str, AddedCode] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    headers: set[str] = field(default_factory=set)
    retitled: dict[str, str] = field(default_factory=dict)


def read_changes(sources: Iterable[SourceFile]) -> Changes:
    """The changes of every list among the files; others are left alone. Raises LoadError that names file and line."""
    gathered = _Gathered()
    used: list[tuple[SourceFile, str]] = []
    for source in sources:
        if not source.name.lower().endswith((".csv", ".txt", ".tsv")):
            continue
        lines = [line.rstrip() for line in _decoded(source.data).splitlines()]
        kind = "addenda" if _is_addenda(lines) else _kind_of(source.name)
        if kind == "addenda":
            _read_addenda(lines, gathered)
        elif kind:
            _read_list(source.name, kind, lines, gathered)
        if kind:
            used.append((source, f"list of {kind} codes" if kind != "addenda" else "addenda"))
    return Changes(gathered.added, frozenset(gathered.deleted), frozenset(gathered.headers), gathered.retitled, tuple(used))


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _kind_of(name: str) -> str:
    stem = name.rsplit("/", 1)[-1]
    return next((kind for kind, pattern in _KINDS if pattern.search(stem)), "")


# ------------------------------------------------------------------------------------------------------------------- addenda


def _is_addenda(lines: Sequence[str]) -> bool:
    filled = [line for line in lines if line.strip()]
    return bool(filled) and sum(bool(_ADDENDUM.match(line.strip())) for line in filled) > len(filled) / 2


def _read_addenda(lines: Iterable[str], gathered: _Gathered) -> None:
    for line in lines:
        match = _ADDENDUM.match(line.strip())
        if match is None:
            continue
        code, title = dotted(compact(match["code"])), _long_title(match["rest"])
        match match["action"].lower():
            case "add":
                gathered.added[code] = AddedCode(title, None if match["flag"] is None else match["flag"] == "1")
            case "delete":
                gathered.deleted.add(code)
            case "revise to":
                gathered.retitled[code] = title
                if match["flag"] == "0":
                    gathered.headers.add(code)


def _long_title(rest: str) -> str:
    """What follows the short title of 60 columns, or all of it where there is one title only."""
    return " ".join((rest[_SHORT_TITLE:].strip() or rest).split())


# --------------------------------------------------------------------------------------------------------------- plain lists


def _read_list(name: str, kind: str, lines: Sequence[str], gathered: _Gathered) -> None:
    for number, code, title, flag in _rows(name, kind, lines):
        if kind in {"added", "retitled"} and not title:
            raise LoadError(f"{name}: line {number} gives {code} no title")
        match kind:
            case "added":
                gathered.added[code] = AddedCode(title, flag)
            case "retitled":
                gathered.retitled[code] = title
            case "deleted":
                gathered.deleted.add(code)
            case "header":
                gathered.headers.add(code)


def _rows(name: str, kind: str, lines: Sequence[str]) -> Iterator[tuple[int, str, str, bool | None]]:
    """Line number, dotted code, title and flag of every row."""
    table = [
        (number, row) for number, row in enumerate(csv.reader(lines, delimiter=_delimiter(lines, kind)), 1) if any(map(str.strip, row))
    ]
    if not table:
        return
    header = [] if any(map(_as_code, table[0][1])) else [re.sub(r"[^a-z]", "", cell.lower()) for cell in table[0][1]]
    for number, row in table[1:] if header else table:
        code = next((found for cell in row if (found := _as_code(cell))), "")
        if not code:
            raise LoadError(f"{name}: line {number} names no ICD-10-CM code")
        yield number, code, _title(header, row), _flag(header, row)


def _delimiter(lines: Sequence[str], kind: str) -> str:
    """The mark that the first line has most of; a list without titles may be divided by blanks only."""
    first = next((line for line in lines if line.strip()), "")
    best = max(",;\t|", key=first.count)
    return best if first.count(best) or kind in {"added", "retitled"} else " "


def _as_code(cell: str) -> str:
    code = dotted(compact(cell))
    return code if CODE.fullmatch(code) else ""


def _title(header: Sequence[str], row: Sequence[str]) -> str:
    """The cell under the heading that says so, a new and long title before others; without headings the longest cell that is no code."""
    named = [(place, name) for place, name in enumerate(header) if re.search(r"title|desc|name", name) and "old" not in name]
    if named:
        place = max(named, key=lambda one: ("new" in one[1], "long" in one[1], -one[0]))[0]
        return " ".join(row[place].split()) if place < len(row) else ""
    words = [cell for cell in row if not _as_code(cell) and cell.strip().lower() not in _TRUE | _FALSE]
    return " ".join(max(words, key=len, default="").split())


def _flag(header: Sequence[str], row: Sequence[str]) -> bool | None:
    """Whether the row says billable: under a heading of that kind, else any cell that is nothing but a flag."""
    places = [place for place, name in enumerate(header) if re.search(r"bill|valid|flag|submi", name)] or (
        [] if header else list(range(len(row)))
    )
    for place in places:
        value = row[place].strip().lower() if place < len(row) else ""
        if value in _TRUE | _FALSE:
            return value in _TRUE
    return None

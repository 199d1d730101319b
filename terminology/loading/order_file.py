"""The official order file: every code with its billable flag and long title. It proves the expansion of the tabular list and gives its titles.

Layout (CMS, "ICD-10-CM/PCS Order File Format"): position 1 order number, 7 code without dot, 15 flag (0 header, 1 valid for submission),
17 short title of 60, 78 long title.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from terminology.codebook import Codebook
from terminology.loading.archive import SourceFile
from terminology.loading.failure import LoadError, some
from terminology.notation import CODE, compact, dotted
from terminology.tabular import TabularCode, TabularList

_CODE = slice(6, 13)
_FLAG = 14
_LONG_TITLE = slice(77, None)


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One code: whether it is valid for submission, and its long title."""

    is_billable: bool
    title: str


def parse_order(source: SourceFile) -> Mapping[str, OrderRow]:
    """The rows by dotted code. Raises LoadError that names the line."""
    rows: dict[str, OrderRow] = {}
    for number, line in enumerate(_decoded(source.data).splitlines(), 1):
        if not line.strip():
            continue
        code, flag, title = dotted(line[_CODE].strip()), line[_FLAG : _FLAG + 1], " ".join(line[_LONG_TITLE].split())
        if not CODE.fullmatch(code) or flag not in {"0", "1"} or not title:
            raise LoadError(f"{source.name}: line {number} is no row of an order file")
        if code in rows:
            raise LoadError(f"{source.name}: line {number} names {code} again")
        rows[code] = OrderRow(flag == "1", title)
    return rows


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def require_equal(codebook: Codebook, rows: Mapping[str, OrderRow], names: tuple[str, str]) -> None:
    """Refuse a tabular list that does not expand to exactly the codes and flags of the order file. ``names``: of the two files."""
    tabular, order = names
    ours = {code: codebook.is_billable(code) for code in codebook.codes()}
    lacking = [code for code in rows if code not in ours]
    extra = [code for code in ours if code not in rows]
    flags = [code for code in rows if code in ours and ours[code] != rows[code].is_billable]
    found = [
        f"{len(codes)} {what} ({some(codes)})"
        for codes, what in (
            (lacking, "codes are only in the order file"),
            (extra, "codes are only in the tabular list"),
            (flags, "codes are billable in one and headers in the other"),
        )
        if codes
    ]
    if found:
        raise LoadError(f"{tabular} does not expand to {order}, which may be of another release: {'; '.join(found)}")


def with_titles(tabular: TabularList, rows: Mapping[str, OrderRow]) -> tuple[TabularList, int]:
    """The list with the long titles of the order file, and how many changed. Texts of seventh characters stay the tabular list's."""
    changed = 0

    def retitled(code: TabularCode) -> TabularCode:
        nonlocal changed
        row = rows.get(dotted(compact(code.code)))
        title = row.title if row else code.title
        changed += title != code.title
        return replace(code, title=title, children=tuple(retitled(child) for child in code.children))

    chapters = tuple(
        replace(
            chapter,
            sections=tuple(replace(section, codes=tuple(retitled(code) for code in section.codes)) for section in chapter.sections),
        )
        for chapter in tabular.chapters
    )
    return replace(tabular, chapters=chapters), changed


def titles_that_differ(codebook: Codebook, rows: Mapping[str, OrderRow]) -> list[str]:
    """The codes whose full title is still not that of the order file."""
    return [code for code, row in rows.items() if codebook.title(code) != row.title]

"""Page furniture: headers and footers that repeat from page to page, in the middle of whatever the page break cuts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from fhir_coder.notes.pages.rows import Row

_DEPTH = 4
_LEAST_SHARE = 0.5
_NUMBER = re.compile(r"\d+")


def clear_furniture(pages: Sequence[list[Row]]) -> tuple[list[list[Row]], list[Row]]:
    """The pages without rows that repeat at their top or bottom, and the first of each kind to keep.

    A row is furniture when, numbers apart, it stands among the first or the last four rows of at least two pages and of half of them.
    The header of the first page stays where it is; of the footers the first of each kind is handed back, for the end of the text.
    """
    kinds = Counter(key for page in pages for key in {_key(row) for row in _edges(page)})
    repeated = {key for key, count in kinds.items() if key and count >= max(2, _LEAST_SHARE * len(pages))}
    cleared, footers, seen = [], {}, set()
    for page in pages:
        tops, bottoms = set(map(id, page[:_DEPTH])), set(map(id, page[-_DEPTH:]))
        kept = []
        for row in page:
            key = _key(row)
            if key not in repeated or id(row) not in tops | bottoms:
                kept.append(row)
            elif id(row) in tops and key not in seen and not cleared and key not in footers:
                kept.append(row)
            elif key not in seen:
                footers.setdefault(key, row)
            seen.add(key)
        cleared.append(kept)
    return cleared, list(footers.values())


def _edges(page: list[Row]) -> list[Row]:
    return page[:_DEPTH] + page[-_DEPTH:]


def _key(row: Row) -> str:
    """The row's words without numbers and blanks; empty for a row of numbers only that is no page number."""
    text = row.text()
    words = "".join(_NUMBER.sub("#", text).split()).lower()
    return words if any(character.isalpha() for character in words) or len(text) <= 4 else ""

"""Page furniture: headers and footers that repeat from page to page, in the middle of whatever the page break cuts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from fhir_coder.notes.pages.rows import Row

_DEPTH = 4
_LEAST_SHARE = 0.5
_LONGEST_PAGE_NUMBER = 4
_NUMBER = re.compile(r"\d+")


def clear_furniture(pages: Sequence[list[Row]]) -> tuple[list[list[Row]], list[Row]]:
    """The pages without rows that repeat at their top or bottom, and the first of each kind that is a footer.

    A row is furniture when, numbers apart, it stands at the same height among the first or the last four rows of at least two pages and of
    half of them. The headers of the first page stay where they are; of footers, and of headers that begin later, the first of each kind is
    handed back, for the end of the text: no words are lost, only repetitions.
    """
    kinds = Counter(key for page in pages for key in {_key(row) for row in page[:_DEPTH] + page[-_DEPTH:]})
    repeated = {key for key, count in kinds.items() if key[0] and count >= max(2, _LEAST_SHARE * len(pages))}
    cleared: list[list[Row]] = []
    footers: list[Row] = []
    seen: set[tuple[str, int]] = set()
    for page in pages:
        kept = []
        for position, row in enumerate(page):
            key = _key(row)
            if key not in repeated or _DEPTH <= position < len(page) - _DEPTH:
                kept.append(row)
            elif key not in seen:
                is_header = not cleared and position < min(_DEPTH, len(page) / 2)
                (kept if is_header else footers).append(row)
                seen.add(key)
        cleared.append(kept)
    return cleared, footers


def _key(row: Row) -> tuple[str, int]:
    """The row's words without blanks and with numbers alike, and its height; no words for a row of figures that is no page number."""
    text = row.text()
    words = "".join(_NUMBER.sub("#", text).split()).lower()
    is_words = any(character.isalpha() for character in words) or len(text) <= _LONGEST_PAGE_NUMBER
    return words if is_words else "", round(row.base)

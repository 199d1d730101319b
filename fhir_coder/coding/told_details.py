"""Details that the note tells in other words than the titles: control of gestational diabetes, behavior in dementia, the site of a leg ulcer.

The words are data (``told_details.tsv``): what the note says, and how the title of the code then reads. Guideline I.B.2: the highest level of
detail documented.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from fhir_coder.coding.finer import is_undenied
from terminology.codebook import Codebook
from terminology.knowledge import table_rows

_NEAR = 3  # the mention, its statement and its sentence come before the paragraph of the problem


def as_told(codebook: Codebook, code: str, texts: Sequence[str]) -> str:
    """The billable code of the same category whose title has the details that ``texts`` (nearest words first) tell, or ``code`` itself."""
    title = codebook.title(code)
    details = [detail for detail in _details() if detail.title.search(title)]
    for place, text in enumerate(texts if details else ()):
        told = (one for one in details if (place < _NEAR or one.is_far) and is_undenied(one.said, text))
        found = next((other for one in told if (other := _titled(codebook, code, one.title.sub(one.becomes, title)))), "")
        if found:
            return found
    return code


def _titled(codebook: Codebook, code: str, title: str) -> str:
    """The billable code of the category with the title, or empty."""
    return _by_title(codebook, codebook.category(code)).get(title, "")


@lru_cache(maxsize=64)
def _by_title(codebook: Codebook, category: str) -> dict[str, str]:
    return {codebook.title(one): one for one in codebook.billable_under(category)}


@dataclass(frozen=True, slots=True)
class _Detail:
    """One row: the words of titles, what they become, how notes say it; ``is_far``: anywhere in the paragraph of the problem."""

    title: re.Pattern[str]
    becomes: str
    said: re.Pattern[str]
    is_far: bool


@cache
def _details() -> tuple[_Detail, ...]:
    rows = table_rows("fhir_coder.coding", "told_details.tsv")
    return tuple(
        _Detail(re.compile(row["title"]), row["becomes"], re.compile(rf"\b(?:{row['said']})\b", re.IGNORECASE), row["where"] == "problem")
        for row in rows
    )

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

_ROUNDS = 3
_NEAR = 3  # the mention, its statement and its sentence come before the paragraph of the problem


def as_told(codebook: Codebook, code: str, texts: Sequence[str]) -> str:
    """The billable code of the same category (or one beside it) whose title has the details that ``texts`` (nearest words first) tell, or
    ``code`` itself. A detail may open the way to another: recurrent, then moderate."""
    for _ in range(_ROUNDS):
        told = _as_told_once(codebook, code, texts)
        if told == code:
            break
        code = told
    return code


def _as_told_once(codebook: Codebook, code: str, texts: Sequence[str]) -> str:
    title = codebook.title(code)
    details = [detail for detail in _details() if detail.title.search(title)]
    for place, text in enumerate(texts if details else ()):
        told = (one for one in details if (place < _NEAR or one.is_far) and is_undenied(one.said, text))
        found = next((other for one in told if (other := _titled(codebook, code, one.title.sub(one.becomes, title)))), "")
        if found:
            return found
    return code


def _titled(codebook: Codebook, code: str, title: str) -> str:
    """The billable code with the title, of the category or else of those that share its first digit (F32, F33), or empty."""
    category = codebook.category(code)
    return _by_title(codebook, (category,)).get(title, "") or _by_title(codebook, _beside(codebook, category)).get(title, "")


@lru_cache(maxsize=64)
def _by_title(codebook: Codebook, categories: tuple[str, ...]) -> dict[str, str]:
    return {codebook.title(one): one for category in categories for one in codebook.billable_under(category)}


@lru_cache(maxsize=64)
def _beside(codebook: Codebook, category: str) -> tuple[str, ...]:
    return tuple(other for last in "0123456789" if (other := category[:-1] + last) != category and other in codebook)


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

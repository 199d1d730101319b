"""Which sides of the body a piece of note text names, and how the codes of a case relate by side."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.tables import read_table
from fhir_coder.model import Evidence
from terminology.laterality import side
from terminology.references import CodeReference

OPPOSITE = {"right": "left", "left": "right"}


@dataclass(frozen=True, slots=True)
class SideWord:
    """One form of words for a side, and the codes it means a side for (all when empty)."""

    side: str
    pattern: re.Pattern[str]
    within: tuple[CodeReference, ...]


def sides_named(text: str, code: str) -> frozenset[str]:
    """The sides ("right", "left", "bilateral") that a text names, as read for this code: OD is the right eye in chapter 7 only."""
    words = (word for word in _side_words() if not word.within or covered(code, word.within))
    return frozenset(word.side for word in words if word.pattern.search(text))


def documented_sides(case: EditCase, code: str) -> tuple[frozenset[str], tuple[Evidence, ...]]:
    """The sides in the words a code rests on, or else in their sentences, with the evidence that names them."""
    evidence = case.evidence_for(code)
    for read in (lambda one: one.text, case.sentence_of):
        naming = tuple(one for one in evidence if sides_named(read(one), code))
        if naming:
            return frozenset().union(*(sides_named(read(one), code) for one in naming)), naming
    return frozenset(), ()


def coded_sides(case: EditCase, code: str) -> dict[str, str]:
    """Side to known code, for the codes of the case that differ from this one by side alone, itself included."""
    return {name: case.stems[stem] for name, stem in case.side_families[code].items() if stem in case.stems}


def own_side(case: EditCase, code: str) -> str | None:
    """The side that the code's title names, where the code has a sibling for another side; else None."""
    named = side(case.titles[code])
    return named if named in case.side_families[code] else None


def are_opposite(title: str, other: str) -> bool:
    """Whether one title names the right side and the other the left."""
    return {side(title), side(other)} == {"right", "left"}


@cache
def _side_words() -> tuple[SideWord, ...]:
    return tuple(_side_word(row) for row in read_table("side_words.tsv"))


def _side_word(row: dict[str, str]) -> SideWord:
    form = row["form"] + (f"(?!{row['unless']})" if row["unless"] else "")
    flags = re.NOFLAG if row["case"] == "exact" else re.IGNORECASE
    return SideWord(row["side"], re.compile(form, flags), parse_ranges(row["within"]))

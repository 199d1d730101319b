"""Unspecified beside specified.

What it checks
        An unspecified code beside a specified code of the same condition: under the same heading (the nearest above the unspecified code that is not
    itself unspecified), where its title says no more than the heading or has a word in common with the other, unless they name opposite sides. Of injuries and external causes, of the same subcategory.

Why it matters
        The specified code answers what the unspecified one leaves open; both together contradict each other or pad the claim.

Fires
        J45.909 beside J45.40; M25.569 beside M25.561; S93.409A beside S93.401A.

Passes
        J45.909 beside J44.9 (another category); S61.001A beside S61.210A (other injuries); P07.30 beside P07.16 (weeks and weight); E11.319 beside
    E11.65 and N94.6 beside N94.12 (other conditions).

Source
        ICD-10-CM Official Guidelines FY2026, I.B.2 and I.B.18
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.sides import coded_sides, own_side
from fhir_coder.model import Severity
from terminology.detail import scope
from terminology.laterality import side

ID = "FCE-305"
NAME = "unspecified-beside-specified"
SEVERITY = Severity.ADVISORY

_INJURIES = frozenset({19, 20})
_BEGINNING = 5
_WORD = re.compile(r"[a-z]{3,}")
_NO_CONTENT = frozenset(
    [
        "unspecified",
        "other",
        "and",
        "with",
        "without",
        "not",
        "elsewhere",
        "classified",
        "the",
        "due",
        "type",
        "site",
        "disorder",
        "disorders",
        "disease",
        "diseases",
        "syndrome",
        "acute",
        "chronic",
        "right",
        "left",
        "side",
        "bilateral",
        "complication",
        "complications",
        "specified",
    ]
)


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each unspecified code, with the specified ones beside it."""
    open_codes = [code for code in case.known if _is_unspecified(case.titles[code])]
    for code in open_codes:
        sided = _sided_siblings(case, code)
        specified = tuple(
            other for other in case.known if other in sided or (other not in open_codes and _is_same_condition(case, code, other))
        )
        if specified:
            yield Fault(
                (code, *specified), f"{code} is unspecified beside {', '.join(specified)}; remove it unless it is another condition."
            )


def _is_unspecified(title: str) -> bool:
    return "unspecified" in title.lower()


def _sided_siblings(case: EditCase, code: str) -> frozenset[str]:
    """Where the code leaves the side open, the codes beside it that name one."""
    return frozenset(coded_sides(case, code).values()) - {code} if own_side(case, code) == "unspecified" else frozenset()


def _is_same_condition(case: EditCase, code: str, other: str) -> bool:
    if case.codebook.is_header(other) or {side(case.titles[code]), side(case.titles[other])} == {"right", "left"}:
        return False
    if case.codebook.chapter(code).number in _INJURIES:
        return case.codebook.parent(case.codebook.stem(code)) == case.codebook.parent(case.codebook.stem(other)) is not None
    heading = scope(case.codebook, code)
    above = case.codebook.ancestors(other)
    if heading not in above:
        return False
    words = _content(case.titles[code])
    is_rest_of_heading = words <= _content(case.codebook.title(heading))
    return is_rest_of_heading or not words.isdisjoint(_told(case, other, above[: above.index(heading)]))


def _told(case: EditCase, code: str, headings: Iterable[str]) -> frozenset[str]:
    """The beginnings of the words in the title of a code and of headings over it."""
    return _content(" ".join((case.titles[code], *map(case.codebook.title, headings))))


def _content(title: str) -> frozenset[str]:
    """The beginnings of the words that name the condition: "depression" and "depressive" begin alike."""
    return frozenset(word[:_BEGINNING] for word in _WORD.findall(title.lower()) if word not in _NO_CONTENT)

"""Side open.

What it checks
        A code for an unspecified side where neither the words it rests on nor any statement about that part of the body names one; with a query to
    the provider.

Why it matters
        Whoever examined the patient knows the side. The code for an unspecified side is for the rare case in which nobody can be asked.

Fires
        M25.569 for knee pain where no side is named anywhere.

Passes
        M25.569 where the examination names the left knee (FCE-304 or the coder takes it from there); M25.562.

Source
        ICD-10-CM Official Guidelines FY2026, I.B.13
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.queries import ask, is_presupposed, is_settled
from fhir_coder.edits.query_indicators import Statements, statements_of
from fhir_coder.edits.query_leads import completed
from fhir_coder.edits.sides import own_side, sides_named
from fhir_coder.edits.tables import read_table
from fhir_coder.model import QueryOption, Severity

ID = "FCE-801"
NAME = "side-open"
SEVERITY = Severity.ADVISORY
NEEDS = "note"

QUESTION = "Which side of the body does the condition quoted here concern?"
RIGHT, LEFT, BOTH = "right", "left", "both sides"
_NEVER = re.compile(r"(?!)")


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such code, with its query."""
    for code in case.known:
        if own_side(case, code) == "unspecified" and is_presupposed(case, code):
            said, part = statements_of(case), _part(case.titles[code])
            options = tuple(_options(case, code))
            if not _is_told(case, code, said, part) and not is_settled(case, (code,), (lead for one in options for lead in one.leads_to)):
                yield ask(case, (code,), "the side", QUESTION, options, (*said.around(case.evidence_for(code)), *said.quotes(part)))


def _options(case: EditCase, code: str) -> Iterator[QueryOption]:
    """The sides; a condition on both without a bilateral code is two codes (I.B.13)."""
    family = case.side_families[code]
    right, left = (completed(case.codebook, code, family[one]) for one in (RIGHT, LEFT))
    yield QueryOption(RIGHT, right)
    yield QueryOption(LEFT, left)
    yield QueryOption(BOTH, completed(case.codebook, code, family["bilateral"]) if "bilateral" in family else right + left)


def _is_told(case: EditCase, code: str, said: Statements, part: re.Pattern[str]) -> bool:
    """Whether a statement that the code rests on, or any about the part of the body, names a side."""
    spoken = (*said.around(case.evidence_for(code)), *said.quotes(part))
    return any(sides_named(words, code) for one in spoken for words in (one.text, case.sentence_of(one)))


def _part(title: str) -> re.Pattern[str]:
    """What notes call the parts of the body that a title names."""
    words = re.findall(r"[a-z]+", title.lower())
    forms = [form for part, form in _parts().items() if part in words]
    return re.compile(rf"\b(?:{'|'.join(forms)})\b", re.IGNORECASE) if forms else _NEVER


@cache
def _parts() -> dict[str, str]:
    return {row["part"]: row["words"] for row in read_table("query_parts.tsv")}

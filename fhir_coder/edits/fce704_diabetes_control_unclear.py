"""Diabetes control unclear.

What it checks
        Diabetes that the note calls poorly, inadequately or out of control without a code for hyperglycemia, and diabetes that it calls
    uncontrolled without saying whether the glucose is too high or too low.

Why it matters
        The Index has no code for "uncontrolled": it asks for hyperglycemia or hypoglycemia. The other expressions mean hyperglycemia.

Fires
        E11.9 for diabetes out of control; E11.9 or E11.65 for "uncontrolled" when the notes nowhere tell which way.

Passes
        E11.65 for poorly controlled diabetes; E11.65 for uncontrolled diabetes with hyperglycemia; well controlled diabetes.

Source
        ICD-10-CM Official Guidelines FY2026, I.C.4.a and I.A.19; Alphabetic Index, Diabetes, uncontrolled, poorly controlled, out of control
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-704"
NAME = "diabetes-control-unclear"
SEVERITY = Severity.ADVISORY
NEEDS = "note"

_DIABETES = parse_ranges("E08-E11, E13")
_POOR = re.compile(r"\b(?:poor(?:ly)?|inadequate(?:ly)?)[- ]control(?:led)?\b|\bout of control\b", re.IGNORECASE)
_UNCLEAR = re.compile(r"\b(?<!not )(?:uncontrolled|not (?:well |adequately )?controlled)\b", re.IGNORECASE)
_WHICH_WAY = re.compile(
    r"hyperglyc|hypoglyc|\b(?:glucose|sugars?|fsbg|cbg|a1c)\b[^.;\n]{0,40}\b(?:high|elevated|above|low|lows)\b|\b(?:high|elevated|low) (?:glucose|sugars?|a1c)\b",
    re.IGNORECASE,
)


def check(case: EditCase) -> Iterator[Fault]:
    """At most one fault for each diabetes code, with the words it rests on."""
    for code in case.known:
        if covered(code, _DIABETES):
            for evidence in case.evidence_for(code):
                if detail := _unclear(case, code, case.sentence_of(evidence)):
                    yield Fault((code,), detail, (evidence,))
                    break


def _unclear(case: EditCase, code: str, sentence: str) -> str:
    """What is wrong with the code for what the sentence says of control, or nothing."""
    category = case.codebook.category(code)
    high, low = f"{category}.65", f"{category}.64"
    if _POOR.search(sentence) and not any(one.startswith((high, low)) for one in case.known):
        return f"The Index sends diabetes under poor control to hyperglycemia; code {high} beside or instead of {code}."
    if _UNCLEAR.search(sentence) and not _tells_which_way(case):
        return (
            f"Uncontrolled diabetes ({code}) is coded by hyperglycemia ({high}) or hypoglycemia ({low}-), and the notes do not say which; "
            "ask the provider."
        )
    return ""


def _tells_which_way(case: EditCase) -> bool:
    return case.encounter is not None and any(_WHICH_WAY.search(note.text) for note in case.encounter.notes)

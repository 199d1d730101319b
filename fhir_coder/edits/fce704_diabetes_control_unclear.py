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
_WHICH_WAY = re.compile(r"hyperglyc|hypoglyc|\b(?:high|elevated|low)\b", re.IGNORECASE)


def check(case: EditCase) -> Iterator[Fault]:
    """At most one fault for each diabetes code, with the words it rests on."""
    for code in case.known:
        if not covered(code, _DIABETES) or code == case.codebook.category(code):
            continue
        category = case.codebook.category(code)
        told = tuple(one for one in case.known if one.startswith((f"{category}.65", f"{category}.64")))
        for evidence in case.evidence_for(code):
            sentence = case.sentence_of(evidence)
            if _POOR.search(sentence) and not told:
                detail = f"The Index sends diabetes under poor control to hyperglycemia; code {category}.65 beside or instead of {code}."
                yield Fault((code,), detail, (evidence,))
                break
            if _UNCLEAR.search(sentence) and not _WHICH_WAY.search(sentence) and not _is_told_elsewhere(case):
                detail = (
                    f"Uncontrolled diabetes ({code}) is coded by hyperglycemia ({category}.65) or hypoglycemia ({category}.64-), "
                    "and the notes do not say which; ask the provider."
                )
                yield Fault((code,), detail, (evidence,))
                break


def _is_told_elsewhere(case: EditCase) -> bool:
    return case.encounter is not None and any("glyc" in note.text.lower() and _WHICH_WAY.search(note.text) for note in case.encounter.notes)

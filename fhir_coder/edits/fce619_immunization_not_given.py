"""Immunization not given.

What it checks
    An immunization (Z23) all of whose sentences say that it was refused, deferred or given elsewhere, and none that it was given.

Why it matters
    Z23 is for the visit at which a vaccine is given; a vaccine that was not given is Z28.- with its reason.

Fires
    Z23 that rests on "flu shot declined today".

Passes
    One vaccine given and one refused; "mother had declined before, MMR given today".

Source
    ICD-10-CM Official Guidelines FY2026, I.C.21.c.2 and I.C.21.c.14
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-619"
NAME = "immunization-not-given"
SEVERITY = Severity.ADVISORY
NEEDS = "note"

_GIVEN_CODE = "Z23"
_NOT_GIVEN = re.compile(
    r"\b(?:declin\w*|refus\w*|defer\w*|postpon\w*|held|contraindicated|not (?:given|today|done)|will (?:get|return|come back)|at (?:the )?pharmacy|"
    r"next visit|out of stock)\b",
    re.IGNORECASE,
)
_GIVEN = re.compile(r"\b(?<!not )(?:given|gave|administered|received|vaccinated|injected|got)\b", re.IGNORECASE)


def check(case: EditCase) -> Iterator[Fault]:
    """At most one fault, with the words of the vaccine."""
    evidence = case.evidence_for(_GIVEN_CODE) if _GIVEN_CODE in case.known else ()
    sentences = [case.sentence_of(one) for one in evidence]
    if sentences and all(_NOT_GIVEN.search(one) and not _GIVEN.search(one) for one in sentences):
        detail = f"{_GIVEN_CODE} rests on a vaccine that was not given at this visit; code the reason (Z28.-) or remove it."
        yield Fault((_GIVEN_CODE,), detail, evidence)

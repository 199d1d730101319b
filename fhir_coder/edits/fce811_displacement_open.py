"""Displacement open.

What it checks
        A fracture coded as displaced where no statement about a fracture tells how it stands; with a query to the provider.

Why it matters
        A fracture of which nothing is said is coded as displaced. That is the rule, and it says more than the note does.

Fires
        S52.511A for a fracture of the radial styloid of which the note says only that it is broken.

Passes
        S52.511A where the note says displaced, or angulated; S52.514A.

Source
        ICD-10-CM Official Guidelines FY2026, I.C.19.c
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.queries import ask, is_presupposed, is_settled
from fhir_coder.edits.query_indicators import statements_of
from fhir_coder.edits.query_leads import sibling_titled
from fhir_coder.model import QueryOption, Severity

ID = "FCE-811"
NAME = "displacement-open"
SEVERITY = Severity.INFORMATION
NEEDS = "note"

QUESTION = "Is the fracture quoted here displaced or not displaced?"
_DISPLACED, _NOT_DISPLACED = "Displaced ", "Nondisplaced "
_FRACTURE = re.compile(r"fractur\w*|\bfx\b|\bbroke\w*|x-?rays?|radiograph\w*|films?|\bCT\b", re.IGNORECASE)
_TOLD = re.compile(
    r"displac\w*|align\w*|angulat\w*|hairline|stress|buckle|torus|greenstick|impact\w*|comminut\w*|reduc(?:ed|tion)|\bORIF\b|pinn\w+|overrid\w*|gap",
    re.IGNORECASE,
)


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such code, with its query."""
    for code in case.known:
        if case.titles[code].startswith(_DISPLACED) and is_presupposed(case, code):
            said, other = statements_of(case), sibling_titled(case.codebook, code, _DISPLACED, _NOT_DISPLACED)
            if not other or is_settled(case, (code,), other) or said.answer(case.evidence_for(code), _FRACTURE, _TOLD):
                continue
            options = (QueryOption("displaced", (code,)), QueryOption("not displaced", other))
            yield ask(
                case, (code,), "the displacement", QUESTION, options, (*said.around(case.evidence_for(code)), *said.quotes(_FRACTURE))
            )

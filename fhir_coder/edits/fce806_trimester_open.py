"""Trimester open.

What it checks
        A code of pregnancy for an unspecified trimester where no note tells the trimester or the weeks; with a query to the provider.

Why it matters
        The trimester follows from the weeks, which every prenatal visit counts. The code for an unspecified trimester is for when nobody can be asked.

Fires
        O23.40 for a urinary infection in a pregnancy of which the note tells no age.

Passes
        O23.40 where the note tells 22 weeks (the coder takes the trimester from there); O23.42.

Source
        ICD-10-CM Official Guidelines FY2026, I.C.15.a.3 and I.C.15.a.5
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.queries import ask, is_presupposed, is_settled
from fhir_coder.edits.query_indicators import Statements, statements_of
from fhir_coder.edits.query_leads import sibling_titled
from fhir_coder.gestation import SECOND_FROM, THIRD_FROM, weeks_told
from fhir_coder.model import QueryOption, Severity

ID = "FCE-806"
NAME = "trimester-open"
SEVERITY = Severity.ADVISORY
NEEDS = "note"

QUESTION = "How far had the pregnancy come at this visit?"
_OPEN = "unspecified trimester"
_TEXTS = {
    "first trimester": f"first trimester (less than {SECOND_FROM} weeks)",
    "second trimester": f"second trimester ({SECOND_FROM} weeks to less than {THIRD_FROM} weeks)",
    "third trimester": f"third trimester ({THIRD_FROM} weeks or more)",
}
_SIGNS = re.compile(r"\bLMP\b|last menstrual|\bED[DC]\b|due date|fundal height|ultrasound|pregnan\w*|prenatal", re.IGNORECASE)
_TOLD = re.compile(r"trimester|\b\d{1,2} ?(?:\+ ?\d|w\d|wks?\b|weeks?\b)", re.IGNORECASE)


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for all such codes, with one query."""
    codes = tuple(code for code in case.known if _OPEN in case.titles[code].lower() and is_presupposed(case, code))
    options = tuple(_options(case, codes))
    said = statements_of(case) if options else None
    if said and not _is_told(case, said) and not is_settled(case, codes, (lead for one in options for lead in one.leads_to)):
        quoted = (*(one for code in codes for one in said.around(case.evidence_for(code))), *said.quotes(_SIGNS))
        yield ask(case, codes, "the trimester", QUESTION, options, quoted)


def _options(case: EditCase, codes: tuple[str, ...]) -> Iterator[QueryOption]:
    """The trimesters that the siblings of the codes have."""
    for name, text in _TEXTS.items():
        if leads := tuple(lead for code in codes for lead in sibling_titled(case.codebook, code, _OPEN, name)):
            yield QueryOption(text, leads)


def _is_told(case: EditCase, said: Statements) -> bool:
    """Whether a note tells weeks or a trimester, of whatever: what is told is for the coder to read."""
    notes = case.encounter.notes if case.encounter else ()
    return any(_TOLD.search(one.text) for one in said.all) or any(weeks_told(note.text, is_of_pregnancy=True) for note in notes)

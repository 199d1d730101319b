"""Not addressed.

What it checks
        An assigned diagnosis, not first-listed, for which the notes show neither monitoring nor evaluation, no word of how it is doing, no
    treatment and no medicine: an item of a problem list, of a past history, or of an assessment that only names it.

Why it matters
        Lists are copied from note to note. A problem that this visit did not deal with is not this visit's to report, and audits take it back.

Fires
        GERD listed third in an assessment whose plan is about the bronchitis; hyperlipidemia of a problem list without a statin.

Passes
        A problem with a dose, an order, a value or a word such as "stable" beside it, or an item of the same number in the plan; a disease that
    affects the whole body for life (diabetes, hypertension, COPD, heart failure, cancer and the like), a status, a symptom, an injury.

Source
        ICD-10-CM Official Guidelines FY2026, IV.J (conditions that require or affect patient care, treatment or management); MEAT (monitored,
    evaluated, assessed, treated) as the industry's convention for it, no official rule
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.care import Care
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-613"
NAME = "not-addressed"
SEVERITY = Severity.BLOCKING
NEEDS = "note"
IS_ABOUT_ORDER = True


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such code, with the words that name it."""
    if case.coded is None:
        return
    care = Care(case.coded.assertions)
    for code in case.known:
        evidence = case.evidence_for(code)
        if code != case.first_listed and evidence and not care.deals_with(code, evidence):
            detail = (
                f"{code} is named, and the notes do not show that this visit monitored, evaluated or treated it; confirm it or remove it."
            )
            yield Fault((code,), detail, evidence)

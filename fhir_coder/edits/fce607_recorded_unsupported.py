"""Recorded unsupported.

What it checks
        A diagnosis that the EHR holds for this encounter and that no assigned code accounts for; where the engine turned it away, why.

Why it matters
        Either the notes lack what the clinician recorded, or the engine missed it; both are the reviewer's to see.

Fires
        A recorded J45.909 when no note speaks of asthma, or one denies it; a recorded E11.42 when the notes support E11.9 only.

Passes
        A recorded code that is assigned; a recorded E11.9 beside an assigned E11.42, a recorded I10 beside an assigned I13.0; what this software
    proposed earlier.

Source
        ICD-10-CM Official Guidelines FY2026, IV.J (code documented conditions that coexist) and I.A.19 (the provider's statement)
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Agreement, Evidence, Rejection, Severity
from fhir_coder.model import RejectionReason as Why
from fhir_coder.reconciliation import reconcile
from terminology.detail import is_more_specific

ID = "FCE-607"
NAME = "recorded-unsupported"
SEVERITY = Severity.ADVISORY
NEEDS = "note"

# The first that applies is told: what the notes say of it before what the engine thought of it.
_WORDS = {
    Why.NEGATED: "the notes say that it is not there",
    Why.UNCERTAIN: "the notes name it as uncertain only (guideline IV.H)",
    Why.HISTORICAL: "the notes name it as past",
    Why.HYPOTHETICAL: "the notes only consider it",
    Why.FAMILY_HISTORY: "the notes name it as a relative's",
    Why.OTHER_PERSON: "the notes name it as somebody else's",
    Why.NOT_PROVIDERS: "only another clinician than the provider documents it (guideline I.B.14)",
    Why.UNSIGNED_REPORT: "it stands in an unsigned report only (guideline IV.K)",
    Why.LABORATORY_VALUE: "it stands in laboratory results only (guideline III.B)",
    Why.INTEGRAL_SYMPTOM: "it is a symptom of an assigned diagnosis (guideline I.B.5)",
    Why.NOT_ADDRESSED: "the notes do not say that this visit addressed it (guideline IV.J)",
    Why.LESS_SPECIFIC: "a code that says more took its place",
    Why.LEFT_TO_SITE: "it is documented, and whether to report it is left to the site",
    Why.EDIT: "a compliance rule removed it",
    Why.NOT_BILLABLE: "no billable code could be completed from it",
    Why.OUTRANKED: "another code was likelier for the words that name it",
    Why.LOW_PROBABILITY: "the notes name it, but its probability is too low",
}
_ORDER = {reason: place for place, reason in enumerate(_WORDS)}


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such diagnosis, with the words for which the engine turned it away."""
    for line in reconcile(case.encounter.recorded, case.known, case.codebook) if case.encounter else ():
        if line.agreement is Agreement.UNSUPPORTED and line.recorded:
            where = f" ({line.recorded.reference})" if line.recorded.reference else ""
            why, evidence = _reason(case, line.recorded.code)
            detail = f"The EHR holds {line.recorded.code}{where} for this encounter, and no assigned code accounts for it{why}."
            yield Fault((), detail, evidence)


def _reason(case: EditCase, recorded: str) -> tuple[str, tuple[Evidence, ...]]:
    """Why no code accounts for it, as the end of a sentence, and the words that say so; both empty when nothing is known."""
    code = case.codebook.normalize(recorded)
    if code is None:
        return f": release {case.release.id} does not know this code", ()
    found = sorted(_turned_away(case, code), key=lambda one: _ORDER[one.reason])
    header = "it is a header, no billable code, in this release" if case.codebook.is_header(code) else ""
    because = [*filter(None, [header]), *(_WORDS[one.reason] for one in found[:1])]
    return f": {'; '.join(because)}" if because else "", found[0].evidence if found else ()


def _turned_away(case: EditCase, code: str) -> list[Rejection]:
    """The rejections of the code itself, else of codes that say more of the same condition."""
    rejected = [(one, case.codebook.normalize(one.code)) for one in (case.coded.rejected if case.coded else ())]
    itself = [one for one, other in rejected if other == code]
    return itself or [one for one, other in rejected if other and is_more_specific(case.codebook, other, code)]

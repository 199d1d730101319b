"""Type conflict.

What it checks
        A type, stage, class or severity of which a patient has one at a time (one_of_each.tsv), told in two ways in the notes of one encounter.

Why it matters
        One of the two is wrong, and the code says it as surely as the other: type 1 for type 2 diabetes changes the claim and the record.

Fires
        E11.9 assigned when another line or note says type 1 diabetes; N18.31 assigned when the history names stage 4.

Passes
        Type 2 diabetes beside plain "diabetes"; a stage that only a relative has, or that is past; two places of pressure ulcers.

Source
        ICD-10-CM Official Guidelines FY2026, I.B.14 (conflicting documentation: query the provider); one_of_each.tsv names the source of each row
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.one_of_each import Choice, choices
from fhir_coder.edits.statements import place
from fhir_coder.model import Evidence, Severity

ID = "FCE-611"
NAME = "type-conflict"
SEVERITY = Severity.BLOCKING
NEEDS = "note"


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such thing and pair of codes, with the words for both."""
    for choice in choices():
        told = {code: own for code in case.known if (own := choice.named_by(code)) is not None}
        for code, own in told.items():
            for other, evidence in _others(case, choice):
                is_new = other not in told or code < other
                if is_new and choice.named_by(other) != own and not _rests_on(case, code, evidence):
                    yield _fault(case, choice.what, code, other, evidence)


def _others(case: EditCase, choice: Choice) -> Iterator[tuple[str, Evidence]]:
    """Codes of the group that the notes name and do not leave open, assigned or not, with words for each."""
    for code in case.known:
        if choice.named_by(code) is not None and case.evidence_for(code):
            yield code, case.evidence_for(code)[0]
    for code, evidence in case.documented.items():
        if choice.named_by(code) is not None and choice.words.search(evidence.text):
            yield code, evidence


def _rests_on(case: EditCase, code: str, evidence: Evidence) -> bool:
    """Whether the assigned code rests on the very words: one entry of the dictionary may offer both."""
    return any(one.note_id == evidence.note_id and one.start < evidence.end and evidence.start < one.end for one in case.evidence_for(code))


def _fault(case: EditCase, what: str, code: str, other: str, evidence: Evidence) -> Fault:
    own = case.evidence_for(code)[:1]
    where = f"{place(case, own[0])} for {code}, {place(case, evidence)} for {other}" if own else f"{place(case, evidence)} for {other}"
    codes = (code, other) if other in case.known else (code,)
    return Fault(codes, f"The notes tell {what} in two ways ({where}); ask the provider which holds.", (*own, evidence))

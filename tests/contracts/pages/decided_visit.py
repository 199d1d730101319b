"""A visit for people to decide on: three codes, one that was left out, and a note with signs that take several code points."""

from __future__ import annotations

from dataclasses import replace

from fhir_coder.exchange import CodingResult
from fhir_coder.model import Authority, CodeAssignment, Evidence, Note, Outcome, Rejection, RejectionReason, SectionKind
from tests.store.conftest import coding_result

TEXT = (
    "Mother \U0001f469\U0001f3fd\u200d\u2695\ufe0f says cafe\u0301 is fine today. Essential hypertension, stable. "
    "Type 2 diabetes with stage 3b kidney disease.\nPain in right knee after a fall. " + "Doing well otherwise. " * 40
)
NOTE = Note("n1", TEXT, "DocumentReference/n1", title="Progress note", date="2026-05-04", authority=Authority.PROVIDER)
CODES = ("I10", "E11.22", "N18.32")


def evidence(words: str) -> Evidence:
    """Words of the note."""
    start = TEXT.index(words)
    return Evidence(NOTE.id, start, start + len(words), words, NOTE.sha256, SectionKind.ASSESSMENT_AND_PLAN)


def decided_visit() -> CodingResult:
    """The coding of it."""
    result = coding_result("Encounter/decided")
    encounter = replace(result.intake.encounter, notes=(NOTE,), unreadable=())
    words = ("Essential hypertension", "Type 2 diabetes with stage 3b kidney disease", "stage 3b kidney disease")
    assignments = tuple(
        CodeAssignment(code, f"Title of {code}", 0.9 - place / 10, place, (evidence(one),))
        for place, (code, one) in enumerate(zip(CODES, words, strict=True), 1)
    )
    rejected = (Rejection("M25.561", "Pain in right knee", RejectionReason.NEGATED, (evidence("Pain in right knee"),), 0.2, "I10"),)
    report = result.disposition.report
    mentions = replace(report.coded.assertions.mentions, sections=replace(report.coded.assertions.mentions.sections, encounter=encounter))
    assertions = replace(report.coded.assertions, mentions=mentions)
    coded = replace(report.coded, assertions=assertions, assignments=assignments, rejected=rejected, uncoded=())
    disposition = replace(result.disposition, report=replace(report, coded=coded, findings=()), by_code=(Outcome.REVIEW,) * len(CODES))
    return replace(result, intake=replace(result.intake, encounter=encounter), disposition=disposition)

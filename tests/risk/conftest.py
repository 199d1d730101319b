"""Encounters of a few mentions, made by hand, and the standing of codes in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

import pytest

from fhir_coder.disposition import Policy, decide
from fhir_coder.model import (
    Assertion,
    Assertions,
    CodeAssignment,
    CodedEncounter,
    Disposition,
    EditReport,
    Encounter,
    Evidence,
    Finding,
    Mention,
    Mentions,
    Note,
    Patient,
    Presence,
    RecordedDiagnosis,
    Rejection,
    RejectionReason,
    SectionKind,
    Sections,
    Severity,
)
from fhir_coder.risk.report import RiskAssessor
from terminology.release import Catalogue

NOTE = Note("n1", "Type 2 diabetes, hypertension, COPD, no lupus.", reference="DocumentReference/n1")
Build = Callable[..., Disposition]


@pytest.fixture(scope="session")
def assessor(catalogue: Catalogue) -> RiskAssessor:
    return RiskAssessor(catalogue)


def words(text: str) -> Evidence:
    start = NOTE.text.index(text)
    return Evidence(NOTE.id, start, start + len(text), text, NOTE.sha256)


def assertion(text: str, code: str, presence: Presence = Presence.PRESENT) -> Assertion:
    start = NOTE.text.index(text)
    return Assertion(Mention(NOTE.id, start, start + len(text), text, SectionKind.ASSESSMENT, 0, len(NOTE.text), (code,)), presence)


def disposition(
    assigned: Sequence[tuple[str, float]] = (),
    recorded: Sequence[str] = (),
    rejected: Sequence[tuple[str, RejectionReason, str]] = (),
    asserted: Sequence[Assertion] = (),
    findings: Sequence[tuple[str, str]] = (),
    severity: Severity = Severity.BLOCKING,
) -> Disposition:
    """``findings`` are a name and the code it concerns; ``rejected`` a code, why, and the words."""
    encounter = Encounter(
        "e1",
        (NOTE,),
        Patient(birth_date=date(1950, 1, 1), gender="female"),
        date(2026, 5, 1),
        recorded=tuple(RecordedDiagnosis(code, f"Condition/{number}") for number, code in enumerate(recorded)),
    )
    coded = CodedEncounter(
        Assertions(Mentions(Sections(encounter, ()), ()), tuple(asserted)),
        "2026-04-01",
        tuple(CodeAssignment(code, "", chance, place, (words("diabetes"),)) for place, (code, chance) in enumerate(assigned, 1)),
        tuple(Rejection(code, "", why, (words(text),)) for code, why, text in rejected),
    )
    found = tuple(Finding("FCE-000", name, severity, (code,), f"{name} of {code}") for name, code in findings)
    return decide(EditReport(coded, found), Policy())

"""Unsupported and unreported conditions: which are found, and why."""

from __future__ import annotations

import pytest

from fhir_coder.model import Presence, RejectionReason, Severity
from fhir_coder.risk.report import RiskAssessor
from tests.risk.conftest import assertion, disposition

Why = RejectionReason
COPD = assertion("COPD", "J44.9")
CASES = {
    "a recorded condition that nothing speaks of": ({"recorded": ["J44.9"]}, [("unsupported", "J44.9", "not-documented")]),
    "a recorded condition that the notes deny": (
        {"recorded": ["M32.9"], "rejected": [("M32.9", Why.NEGATED, "lupus")]},
        [("unsupported", "M32.9", "negated")],
    ),
    "a recorded condition without category": ({"recorded": ["I10"]}, []),
    "a recorded condition that is assigned": ({"assigned": [("J44.9", 0.9)], "recorded": ["J44.9"]}, []),
    "a recorded condition of which more is assigned": ({"assigned": [("E11.22", 0.9)], "recorded": ["E11.9"]}, []),
    "an assigned condition that was not addressed": (
        {"assigned": [("J44.9", 0.9)], "findings": [("not-addressed", "J44.9")]},
        [("unsupported", "J44.9", "not-addressed")],
    ),
    "the same by an edit that runs in shadow": (
        {"assigned": [("J44.9", 0.9)], "findings": [("not-addressed", "J44.9")], "severity": Severity.SHADOW},
        [],
    ),
    "a finding that says nothing of support": ({"assigned": [("J44.9", 0.9)], "findings": [("excludes1", "J44.9")]}, []),
    "an assigned condition that is rather wrong": ({"assigned": [("J44.9", 0.45)]}, [("unsupported", "J44.9", "low-probability")]),
    "one below what passes, yet rather right": ({"assigned": [("J44.9", 0.7)]}, []),
    "an assigned code without category that is rather wrong": ({"assigned": [("I10", 0.45)]}, []),
    "a documented condition without code": ({"asserted": [COPD]}, [("unreported", "J44.9", "documented")]),
    "a documented condition of low probability": (
        {"asserted": [COPD], "rejected": [("J44.9", Why.LOW_PROBABILITY, "COPD")]},
        [("unreported", "J44.9", "low-probability")],
    ),
    "a candidate of low probability that nothing names": ({"rejected": [("J44.9", Why.LOW_PROBABILITY, "COPD")]}, []),
    "what only another clinician documents": (
        {"rejected": [("J44.9", Why.NOT_PROVIDERS, "COPD")]},
        [("unreported", "J44.9", "not-providers")],
    ),
    "a documented condition without category": ({"asserted": [assertion("hypertension", "I10")]}, []),
    "a denied condition": ({"asserted": [assertion("lupus", "M32.9", Presence.ABSENT)], "rejected": [("M32.9", Why.NEGATED, "lupus")]}, []),
    "words that another code has": ({"asserted": [COPD], "rejected": [("J44.9", Why.OUTRANKED, "COPD")]}, []),
    "one whose category is carried": ({"assigned": [("G20.B2", 0.9)], "asserted": [assertion("COPD", "G20.A1")]}, []),
    "one that a carried category trumps": ({"assigned": [("E10.65", 0.9)], "asserted": [assertion("diabetes", "E11.9")]}, []),
    "one whose category only a doubted code carries": (
        {"assigned": [("G20.B2", 0.4)], "asserted": [assertion("COPD", "G20.A1")]},
        [("unsupported", "G20.B2", "low-probability"), ("unreported", "G20.A1", "documented")],
    ),
    "both kinds, in one list": (
        {"recorded": ["M32.9"], "asserted": [COPD]},
        [("unsupported", "M32.9", "not-documented"), ("unreported", "J44.9", "documented")],
    ),
}


@pytest.mark.parametrize(("given", "expected"), CASES.values(), ids=CASES)
def test_what_is_found(assessor: RiskAssessor, given: dict, expected: list[tuple[str, str, str]]) -> None:
    report = assessor.assess(disposition(**given), {})
    assert report.discrepancies is not None
    assert [(one.kind.value, one.code, one.reason) for one in report.discrepancies] == expected
    assert all(one.evidence for one in report.discrepancies if one.kind.value == "unreported")


def test_a_code_of_one_kind_stands_once(assessor: RiskAssessor) -> None:
    given = disposition([("J44.9", 0.3)], findings=[("not-addressed", "J44.9")], recorded=["J44.9"])
    assert [one.reason for one in assessor.assess(given, {}).discrepancies or ()] == ["not-addressed"]


def test_without_notes_neither_support_nor_the_visit_is_judged(assessor: RiskAssessor, codebook) -> None:
    report = assessor.assess_codes(["J44.9"], codebook, None, None, "")
    assert (report.discrepancies, report.eligibility) == (None, ())

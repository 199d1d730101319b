"""Routing fails closed: every kind of objection sends an encounter to review, and nothing that is added can open the gate again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_coder.disposition import AUDIT_SAMPLE, NEVER_PASS, POLICY_REVIEW_ALL, Policy, decide
from fhir_coder.disposition import CONFIDENT as CONFIDENT_MARK
from fhir_coder.edits.registry import all_edits
from fhir_coder.model import (
    Assertions,
    Authority,
    CodeAssignment,
    CodedEncounter,
    EditReport,
    Encounter,
    Evidence,
    Finding,
    Mentions,
    Note,
    Outcome,
    Sections,
    Severity,
    UnreadableNote,
)

CONFIDENT = Policy(passing="confident", pass_probability=0.9)
NOTE = Note("n1", "Hypertension. Something odd.")
WORDS = Evidence("n1", 14, 27, "Something odd", NOTE.sha256)


def coded(*codes: str, probability: float = 0.97, encounter: Encounter | None = None, uncoded: tuple[Evidence, ...] = ()) -> CodedEncounter:
    visit = encounter or Encounter("e1", (NOTE,))
    assignments = tuple(CodeAssignment(code, code, probability, rank, ()) for rank, code in enumerate(codes, 1))
    return CodedEncounter(Assertions(Mentions(Sections(visit, ()), ()), ()), "2026-04-01", assignments, uncoded=uncoded)


def report(*codes: str, findings: tuple[Finding, ...] = (), **facts) -> EditReport:
    return EditReport(coded(*codes, **facts), findings)


def finding(severity: Severity = Severity.BLOCKING, codes: tuple[str, ...] = (), name: str = "header-code") -> Finding:
    return Finding("FCE-102", name, severity, codes, "What is wrong.")


def reason_codes(disposition) -> list[str]:
    return [reason.code for reason in disposition.reasons]


def test_the_default_policy_reviews_everything_and_marks_the_confident() -> None:
    disposition = decide(report("I10", "E11.9"), Policy())
    assert disposition.outcome is Outcome.REVIEW
    assert disposition.by_code == (Outcome.REVIEW, Outcome.REVIEW)
    assert reason_codes(disposition) == [CONFIDENT_MARK, POLICY_REVIEW_ALL]
    assert disposition.is_confident


def test_a_confident_encounter_passes_where_that_is_allowed() -> None:
    disposition = decide(report("I10", "E11.9"), CONFIDENT)
    assert (disposition.outcome, disposition.by_code, disposition.reasons) == (Outcome.PASS, (Outcome.PASS, Outcome.PASS), ())
    assert disposition.is_confident


@pytest.mark.parametrize("severity", [Severity.ADVISORY, Severity.INFORMATION])
def test_what_is_only_shown_does_not_stop_a_pass(severity: Severity) -> None:
    assert decide(report("I10", findings=(finding(severity),)), CONFIDENT).outcome is Outcome.PASS


OBJECTIONS = {
    "header-code": report("I10", findings=(finding(),)),
    "low-probability": report("I10", probability=0.89),
    "no-codes": report(),
    "uncoded-problem": report("I10", uncoded=(WORDS,)),
    "unreadable-note": report("I10", encounter=Encounter("e1", (NOTE,), unreadable=(UnreadableNote("n2", "malformed"),))),
    "identity-conflict": report("I10", encounter=Encounter("e1", (NOTE,), conflicts=("DocumentReference/1",))),
    "author-unknown": report("I10", encounter=Encounter("e1", (replace(NOTE, authority=Authority.UNKNOWN),))),
    "signature-unknown": report("I10", encounter=Encounter("e1", (replace(NOTE, is_signed=False),))),
    "service-date-unknown": report("I10", encounter=Encounter("e1", (NOTE,), is_claimed=True)),
    "always-review-hiv": report("I10", "B20"),
}


@pytest.mark.parametrize(("code", "checked"), OBJECTIONS.items())
def test_every_objection_sends_to_review_under_either_policy(code: str, checked: EditReport) -> None:
    for policy in (Policy(), CONFIDENT):
        disposition = decide(checked, policy)
        assert disposition.outcome is Outcome.REVIEW
        assert code in reason_codes(disposition)
        assert not disposition.is_confident
        assert len(set(disposition.reasons)) == len(disposition.reasons)
        assert all(reason.text for reason in disposition.reasons)


@pytest.mark.parametrize("name", sorted(NEVER_PASS))
def test_these_faults_prevent_a_pass_whatever_their_severity(name: str) -> None:
    shown = finding(Severity.INFORMATION, name=name)
    assert reason_codes(decide(report("I10", findings=(shown,)), CONFIDENT)) == [name]
    assert name in {edit.name for edit in all_edits()}


def test_results_need_no_signature_and_a_nurse_no_authority() -> None:
    results = replace(NOTE, id="n2", authority=Authority.RESULTS, is_signed=False)
    nurse = replace(NOTE, id="n3", authority=Authority.CLINICIAN)
    assert decide(report("I10", encounter=Encounter("e1", (NOTE, results, nurse))), CONFIDENT).outcome is Outcome.PASS


def test_a_fact_that_an_edit_reported_is_said_once() -> None:
    checked = report("I10", uncoded=(WORDS,), findings=(finding(name="uncoded-problem"),))
    assert reason_codes(decide(checked, CONFIDENT)) == ["uncoded-problem"]


def test_a_reason_concerns_its_codes_or_all_of_them() -> None:
    about_one = decide(report("E11", "I10", findings=(finding(codes=("E11",)),)), CONFIDENT)
    assert about_one.by_code == (Outcome.REVIEW, Outcome.PASS)
    about_all = decide(report("E11", "I10", findings=(finding(),)), CONFIDENT)
    assert about_all.by_code == (Outcome.REVIEW, Outcome.REVIEW)


@pytest.mark.parametrize(
    ("probability", "outcome"), [(0.9, Outcome.PASS), (0.8999, Outcome.REVIEW), (1.0, Outcome.PASS), (float("nan"), Outcome.REVIEW)]
)
def test_the_lowest_probability_that_passes(probability: float, outcome: Outcome) -> None:
    assert decide(report("I10", probability=probability), CONFIDENT).outcome is outcome


@pytest.mark.parametrize(
    ("codes", "category"),
    [
        (["T40.2X1A"], "poisoning"),
        (["T36.91XA"], "poisoning"),
        (["T58.01XA"], "poisoning"),
        (["T39.1X2A"], "self-harm"),
        (["T71.112A"], "self-harm"),
        (["T14.91XA"], "self-harm"),
        (["X78.1XXA"], "self-harm"),
        (["R45.851"], "self-harm"),
        (["T74.12XA"], "abuse"),
        (["T76.22XA"], "abuse"),
        (["Y07.01"], "abuse"),
        (["O24.410"], "pregnancy-complication"),
        (["O9A.212"], "pregnancy-complication"),
        (["C50.911"], "malignancy"),
        (["C4A.9"], "malignancy"),
        (["D05.11"], "malignancy"),
        (["B20"], "hiv"),
        (["Z21"], "hiv"),
        (["R75"], "hiv"),
        (["F10.20"], "substance-use"),
        (["F11.20"], "substance-use"),
        (["S52.501A", "W19.XXXA"], "accident"),
        (["S93.401A", "Y99.0"], "accident"),
        (["S13.4XXA", "V43.52XA"], "accident"),
        (["Z04.2"], "accident"),
    ],
)
def test_the_always_review_list(codes: list[str], category: str) -> None:
    assert f"always-review-{category}" in reason_codes(decide(report(*codes), CONFIDENT))


@pytest.mark.parametrize(
    "codes",
    [
        ["T36.0X5A"],
        ["T38.3X6A"],
        ["T45.525A"],
        ["T36.95XA"],
        ["Z34.91"],
        ["Z85.3"],
        ["Z86.000"],
        ["S52.501A"],
        ["D12.6"],
        ["F41.1"],
        ["I10", "E11.9", "Z79.4"],
    ],
)
def test_what_the_always_review_list_leaves_alone(codes: list[str]) -> None:
    assert decide(report(*codes), CONFIDENT).outcome is Outcome.PASS


@pytest.mark.parametrize("values", [{"passing": "all"}, {"passing": ""}, {"pass_probability": 1.2}, {"pass_probability": -0.1}])
def test_a_policy_that_makes_no_sense_is_refused(values: dict) -> None:
    with pytest.raises(ValueError, match="pass"):
        Policy(**values)


names = st.sampled_from([edit.name for edit in all_edits()])
findings = st.builds(
    Finding,
    st.just("FCE-102"),
    names,
    st.sampled_from(Severity),
    st.lists(st.sampled_from(["I10", "E11.9"])).map(tuple),
    st.text(max_size=5),
)
reports = st.builds(
    lambda codes, probability, found: report(*codes, probability=probability, findings=tuple(found)),
    st.lists(st.sampled_from(["I10", "E11.9", "M54.50", "B20"]), unique=True),
    st.floats(0, 1),
    st.lists(findings, max_size=4),
)


@given(checked=reports, added=findings)
def test_adding_a_finding_never_turns_review_into_pass(checked: EditReport, added: Finding) -> None:
    for policy in (Policy(), CONFIDENT):
        before = decide(checked, policy)
        after = decide(replace(checked, findings=(*checked.findings, added)), policy)
        assert not (before.outcome is Outcome.REVIEW and after.outcome is Outcome.PASS)
        assert all(old is Outcome.PASS or new is Outcome.REVIEW for old, new in zip(before.by_code, after.by_code, strict=True))
        if added.severity is Severity.BLOCKING:
            assert after.outcome is Outcome.REVIEW
            assert not after.is_confident


@given(checked=reports)
def test_an_encounter_passes_only_when_every_code_does(checked: EditReport) -> None:
    disposition = decide(checked, CONFIDENT)
    assert (disposition.outcome is Outcome.PASS) == disposition.is_confident
    if disposition.outcome is Outcome.PASS:
        assert set(disposition.by_code) <= {Outcome.PASS}
    assert len(disposition.by_code) == len(checked.coded.assignments)


def test_nothing_passes_while_passing_is_suspended() -> None:
    disposition = decide(report("I10"), CONFIDENT.suspended())
    assert (disposition.outcome, disposition.by_code, disposition.is_confident) == (Outcome.REVIEW, (Outcome.REVIEW,), True)
    assert reason_codes(disposition) == [CONFIDENT_MARK, AUDIT_SAMPLE]
    assert decide(report("I10"), CONFIDENT).outcome is Outcome.PASS
    assert Policy().suspended() == Policy()  # where nothing passes anyway nothing changes

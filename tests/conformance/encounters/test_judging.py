"""Each kind of expectation, with an answer that meets it and one that does not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conformance.exchange import Answer
from conformance.expectation import KINDS, OPTIONAL_KEYS, Expectation
from conformance.judging import judge
from conformance.requirement import Level
from conformance.verdict import Unsatisfied

Json = dict[str, Any]
NOTE, OTHER = "DocumentReference/n1", "DocumentReference/n2"


def reference(document: str) -> Json:
    return {"name": "document", "valueReference": {"reference": document}}


def assignment(code: str, rank: int, document: str = NOTE) -> Json:
    evidence = {"name": "evidence", "part": [reference(document)]}
    return {
        "name": "assignment",
        "part": [{"name": "code", "valueCoding": {"code": code}}, {"name": "rank", "valuePositiveInt": rank}, evidence],
    }


def text(document: str, words: str = "Gout") -> Json:
    return {"name": "noteText", "part": [reference(document), {"name": "text", "valueString": words}]}


def coded(*more: Json, disposition: str = "review", codes: tuple[str, ...] = ()) -> Answer:
    """200 with these codes in their order."""
    parts = [{"name": "disposition", "valueCoding": {"code": disposition}}]
    parts += [assignment(code, rank) for rank, code in enumerate(codes, 1)]
    return answer(200, {"resourceType": "Parameters", "parameter": [*parts, *more]})


def answer(status: int, resource: Json) -> Answer:
    return Answer(f"POST -> {status}", status, {"content-type": "application/fhir+json"}, json.dumps(resource).encode(), 0.0)


def refusal(status: int = 422, code: str = "business-rule") -> Answer:
    return answer(status, {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": code}]})


def claim(*coverages: str, diagnoses: int = 1) -> Json:
    insurance = [{"coverage": {"reference": one} if one else {"display": "not supplied"}} for one in coverages]
    resource = {"resourceType": "Claim", "insurance": insurance, "diagnosis": [{"sequence": one + 1} for one in range(diagnoses)]}
    return {"name": "result", "resource": {"resourceType": "Bundle", "entry": [{"resource": resource}]}}


def condition(code: str) -> Json:
    resource = {"resourceType": "Condition", "code": {"coding": [{"code": code}]}}
    return {"name": "result", "resource": {"resourceType": "Bundle", "entry": [{"resource": resource}]}}


def reconciled(code: str, status: str) -> Json:
    return {
        "name": "reconciliation",
        "part": [{"name": "status", "valueCode": status}, {"name": "recorded", "valueCoding": {"code": code}}],
    }


REASON = {"name": "reason", "valueCodeableConcept": {"coding": [{"system": "s", "code": "unreadable-note"}], "text": "It has no text."}}
CASES: dict[str, tuple[Json, Answer, Answer]] = {
    "answered": ({}, coded(), refusal()),
    "refused": ({}, refusal(), coded()),
    "refused-with": ({"status": 422, "issue": ["business-rule"]}, refusal(), refusal(422, "processing")),
    "answered-or-refused": ({}, refusal(400, "invalid"), refusal(500, "exception")),
    "disposition": ({"anyOf": ["review"]}, coded(), coded(disposition="pass")),
    "reason": ({"system": "s", "code": "unreadable-note"}, coded(REASON), coded()),
    "assigned": ({"anyOf": ["R05.1", "R05.9"]}, coded(codes=("R05.9",)), coded(codes=("R50.9",))),
    "not-assigned": ({"codes": ["J18"]}, coded(codes=("R05.1",)), coded(codes=("R05.1", "J18.9"))),
    "not-passed": ({"codes": ["E11"]}, coded(codes=("E11.9",)), coded(codes=("E11.9",), disposition="pass")),
    "first-listed": ({"anyOf": ["Z12.11"]}, coded(codes=("Z12.11", "K63.5")), coded(codes=("K63.5", "Z12.11"))),
    "not-first-listed": ({"codes": ["W"]}, coded(codes=("S93.401A", "W10.9XXA")), coded(codes=("W10.9XXA", "S93.401A"))),
    "sequence": ({"before": ["I13"], "after": ["I50", "N18"]}, coded(codes=("I13.0", "I50.32")), coded(codes=("N18.31", "I13.0"))),
    "read": ({"documents": [NOTE, OTHER]}, coded(text(NOTE), text(OTHER)), coded(text(NOTE))),
    "read-or-review": ({"document": NOTE}, coded(), coded(disposition="pass")),
    "not-read": ({"documents": [OTHER]}, coded(text(NOTE)), coded(assignment("I10", 1, OTHER))),
    "read-once": ({"document": NOTE}, coded(text(NOTE)), coded(text(NOTE), text(NOTE))),
    "text": ({"document": NOTE, "contains": "Ménière"}, coded(text(NOTE, "Ménière")), coded(text(NOTE, "M\ufffdni\ufffdre"))),
    "evidence": ({"document": NOTE, "codes": ["D50"]}, coded(assignment("D50.9", 1)), coded(assignment("D50.9", 1, OTHER))),
    "reconciled": ({"recorded": "I10", "status": "agreed"}, coded(reconciled("I10", "agreed")), coded(reconciled("I10", "unsupported"))),
    "conditions": ({}, coded(condition("I10"), codes=("I10",)), coded(condition("E11.9"), codes=("I10",))),
    "claim-coverage": ({"supplied": False}, coded(claim("")), coded(claim("Coverage/1"))),
    "claim-diagnoses": ({"most": 12}, coded(claim("", diagnoses=12)), coded(claim("", diagnoses=13))),
}


def test_every_kind_is_tried() -> None:
    assert CASES.keys() == KINDS.keys()
    assert all(KINDS[kind] <= set(given) <= KINDS[kind] | OPTIONAL_KEYS.get(kind, frozenset()) for kind, (given, *_) in CASES.items())


@pytest.mark.parametrize("kind", CASES)
def test_an_answer_meets_it_or_does_not(kind: str) -> None:
    given, right, wrong = CASES[kind]
    expectation = Expectation(kind, Level.SHALL, "because", given)
    judge(right, expectation)
    with pytest.raises(Unsatisfied):
        judge(wrong, expectation)


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {"answered", "refused", "refused-with", "answered-or-refused"}))
def test_a_refusal_assigns_nothing_and_a_failure_is_no_refusal(kind: str) -> None:
    expectation = Expectation(kind, Level.SHALL, "because", CASES[kind][0])
    judge(refusal(), expectation)
    with pytest.raises(Unsatisfied):
        judge(refusal(502, "transient"), expectation)


def test_an_exact_code_is_not_those_below_it() -> None:
    expectation = Expectation("not-passed", Level.SHALL, "because", {"codes": ["D69.1"], "exact": True})
    judge(coded(codes=("D69.11",), disposition="pass"), expectation)
    with pytest.raises(Unsatisfied):
        judge(coded(codes=("D69.1",), disposition="pass"), expectation)

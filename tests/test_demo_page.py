"""The page of the demo tells what was written, held, refused and retired apart, and shows numbers as the operation gave them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from fhir_coder.commands.demo_page import demo_page
from fhir_coder.vocabulary import ICD10CM


def condition(code: str) -> dict[str, Any]:
    return {"resourceType": "Condition", "code": {"coding": [{"system": ICD10CM, "code": code}]}}


def response(status: str, location: str = "", severity: str = "", sentence: str = "") -> dict[str, Any]:
    given: dict[str, Any] = {"status": status} | ({"location": location} if location else {})
    if severity:
        given["outcome"] = {"resourceType": "OperationOutcome", "issue": [{"severity": severity, "code": "x", "diagnostics": sentence}]}
    return given


def page(proposed: Sequence[dict[str, Any]] = (), answered: list[dict[str, Any]] | None = None, *more: dict[str, Any]) -> str:
    parameters = [
        {"name": "codingId", "valueId": "abc123"},
        {"name": "disposition", "valueCoding": {"code": "review"}},
        {"name": "result", "resource": {"resourceType": "Bundle", "entry": [{"resource": one} for one in proposed]}},
        *more,
        {"name": "issues", "resource": {"resourceType": "OperationOutcome", "issue": [{"severity": "warning", "diagnostics": "Look."}]}},
    ]
    if answered is not None:
        bundle = {"resourceType": "Bundle", "entry": [{"response": one} for one in answered]}
        parameters.append({"name": "receipt", "resource": bundle})
    return demo_page({"resourceType": "Parameters", "parameter": parameters})


def section(text: str, heading: str) -> list[str]:
    """The lines below a heading, their spaces made one."""
    return [" ".join(line.split()) for line in text.split(f"\n{heading}\n")[1].split("\n\n")[0].splitlines()]


FATES = [
    (response("201 Created", "Condition/7/_history/1"), "Written to the EHR", ["Condition I10 201 Created Condition/7"]),
    (
        response("200 Updated", "Condition/7/_history/2", "warning", "Kept otherwise."),
        "Written to the EHR",
        ["Condition I10 200 Updated Condition/7", "Kept otherwise."],
    ),
    (
        response("200 OK", "Condition/7", "information", "Already there; nothing was written."),
        "At the EHR already",
        ["Condition I10 200 OK Condition/7"],
    ),
    (
        response("202 Held until sign-off", "", "information", "Held."),
        "Held until sign-off, not written",
        ["Condition I10 202 Held until sign-off"],
    ),
    (response("501 Not Implemented", "", "error", "No."), "Not written", ["Condition I10 501 Not Implemented", "No."]),
    (response("422 Refused", "", "error", "Bad code."), "Not written", ["Condition I10 422 Refused", "Bad code."]),
]


@pytest.mark.parametrize(("answered", "heading", "lines"), FATES)
def test_each_resource_stands_under_what_became_of_it(answered: dict[str, Any], heading: str, lines: list[str]) -> None:
    text = page([condition("I10")], [answered])
    assert section(text, heading) == lines
    assert sum(f"\n{one}\n" in text for one in {heading for _, heading, _ in FATES}) == 1


def test_what_earlier_codings_wrote_has_a_name_and_a_heading_of_its_own() -> None:
    earlier = [
        response("200 Retired", "Condition/3/_history/2", "information", "E11.9 is no longer proposed."),
        response("424 Failed Dependency", "", "error", "Its Condition was not written."),
    ]
    assert section(
        page([condition("I10")], [response("201 Created", "Condition/7"), *earlier]),
        "Of earlier codings and no longer proposed, with the Provenance of each retirement",
    ) == [
        "Condition 200 Retired Condition/3",
        "E11.9 is no longer proposed.",
        "Resource 424 Failed Dependency",
        "Its Condition was not written.",
    ]


def test_provenances_are_counted_and_those_with_something_to_say_are_not() -> None:
    answered = [response("201 Created", f"Provenance/{n}") for n in "12"] + [response("424 Failed Dependency", "", "error", "Why.")]
    text = page([{"resourceType": "Provenance"}] * 3, answered)
    assert section(text, "Written to the EHR") == ["Provenance (2) 201 Created"]
    assert section(text, "Not written") == ["Provenance 424 Failed Dependency", "Why."]


def test_without_write_back_nothing_is_said_of_writing() -> None:
    text = page([condition("I10")])
    assert not [heading for _, heading, _ in FATES if heading in text]


def test_the_coding_is_named_with_what_to_do_with_it() -> None:
    assert page().endswith("\nRecorded as abc123. How it came about: fhir-coder trail abc123")


def test_a_probability_keeps_its_four_places() -> None:
    part = """[{"name": "code", "valueCoding": {"code": "I10", "display": "Hypertension"}}, {"name": "rank", "valuePositiveInt": 1},
        {"name": "probability", "valueDecimal": 0.9500}]"""
    text = page((), None, {"name": "assignment", "part": json.loads(part, parse_float=Decimal)})
    assert section(text, "Codes") == ["1. I10 p=0.9500 Hypertension"]


def test_codes_are_held_against_those_of_the_ehr() -> None:
    def coding(name: str, code: str) -> dict[str, Any]:
        return {"name": name, "valueCoding": {"code": code}}

    def line(status: str, *parts: dict[str, Any]) -> dict[str, Any]:
        return {"name": "reconciliation", "part": [{"name": "status", "valueCode": status}, *parts]}

    at = {"name": "condition", "valueReference": {"reference": "Condition/9"}}
    lines = [
        line("added", coding("assigned", "E11.9")),
        line("agreed", coding("assigned", "I10"), coding("recorded", "I10."), at),
        line("added", coding("assigned", "E78.5")),
        line("unsupported", coding("recorded", "J45")),
    ]
    assert section(page((), None, *lines), "Compared with the EHR's own diagnoses") == [
        "agreed I10 EHR: I10. Condition/9",
        "unsupported - EHR: J45",
        "added E11.9, E78.5 (the EHR has nothing of the kind)",
    ]


def test_reasons_are_told_by_their_sentences() -> None:
    coding = {"system": "s", "code": "low-probability", "display": "Low probability"}
    reason = {"name": "reason", "valueCodeableConcept": {"coding": [coding], "text": "Probability below 0.96."}}
    assert "\n  because: Probability below 0.96.\n" in page((), None, reason)

"""The checks of formats see servers that take everything, refuse everything, or answer in XML without its namespace."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from conformance.check import all_checks
from conformance.exchange import FHIR_JSON, FHIR_XML, Answer
from conformance.flattened import leaves_of_json, leaves_of_xml, read_json
from conformance.running import tried
from conformance.target import Target
from conformance.verdict import Verdict

FORMATS = [name for name in all_checks() if name.startswith("formats.")]
TAKEN = {
    "formats.order_of_properties_is_free",
    "formats.extensions_of_primitives_are_taken",
    "formats.the_day_of_service_is_the_local_one",
    "formats.xml_is_read_as_json_is",
}
"""Checks of what a server must take; the others are of what it must refuse."""
NOTHING = {"resourceType": "Parameters", "parameter": [{"name": "disposition", "valueCoding": {"code": "review"}}]}
REFUSAL = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "invalid"}]}


class SameTarget(Target):
    """Answers everything alike."""

    def __init__(self, status: int, body: bytes, media_type: str = FHIR_JSON) -> None:
        super().__init__("http://same.invalid/fhir")
        self.answer = Answer(f"POST -> {status}", status, {"content-type": media_type}, body, 0.0)
        self.__dict__["capability"] = {"format": [FHIR_JSON, FHIR_XML]}

    def send(self, method: str, path: str, **options: Any) -> Answer:
        return self.answer


def verdict(target: Target, name: str) -> Verdict:
    return tried(target, {name: all_checks()[name]})[name].verdict


@pytest.mark.parametrize("name", [one for one in FORMATS if one not in TAKEN])
def test_a_server_that_takes_everything_fails(name: str) -> None:
    assert verdict(SameTarget(200, json.dumps(NOTHING).encode()), name) is Verdict.FAIL


@pytest.mark.parametrize("name", sorted(TAKEN))
def test_a_server_that_refuses_everything_fails(name: str) -> None:
    assert verdict(SameTarget(400, json.dumps(REFUSAL).encode()), name) is Verdict.FAIL


@pytest.mark.parametrize("name", [one for one in FORMATS if one not in TAKEN])
def test_a_server_that_breaks_down_fails(name: str) -> None:
    assert verdict(SameTarget(500, json.dumps(REFUSAL).encode()), name) is Verdict.FAIL


def test_the_day_of_utc_is_told() -> None:
    claim = {"resourceType": "Claim", "billablePeriod": {"start": "2026-05-05"}}
    body = {"resourceType": "Parameters", "parameter": [{"name": "result", "resource": {"entry": [{"resource": claim}]}}]}
    assert verdict(SameTarget(200, json.dumps(body).encode()), "formats.the_day_of_service_is_the_local_one") is Verdict.FAIL


def test_other_codes_from_xml_are_told() -> None:
    """In JSON a code is assigned, in XML none."""
    code = {"name": "code", "valueCoding": {"code": "I10"}}
    body = json.dumps({"resourceType": "Parameters", "parameter": [{"name": "assignment", "part": [code]}]}).encode()

    class Half(SameTarget):
        def send(self, method: str, path: str, **options: Any) -> Answer:
            is_xml = (options.get("headers") or {}).get("Content-Type") == FHIR_XML
            return self.answer if is_xml else Answer("POST -> 200", 200, {"content-type": FHIR_JSON}, body, 0.0)

    assert verdict(Half(200, json.dumps(NOTHING).encode()), "formats.xml_is_read_as_json_is") is Verdict.FAIL


@pytest.mark.parametrize(
    "body", [b"<Parameters/>", b'<Parameters xmlns="http://hl7.org/fhir/"/>', b'<Bundle xmlns="http://hl7.org/fhir"/>']
)
def test_xml_without_its_namespace_is_told(body: bytes) -> None:
    assert verdict(SameTarget(200, body, FHIR_XML), "representations.xml_has_its_namespace") is Verdict.FAIL


DEEP: dict[str, Any] = {
    "resourceType": "Parameters",
    "parameter": [
        {"name": "assignment", "part": [{"name": "code", "valueCoding": "I10"}, {"name": "evidence", "part": [None, 7]}]},
        {"name": "noteText", "part": {"name": "document"}},
        {"name": "result", "resource": {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Claim", "diagnosis": 3}}, 1]}},
        {"name": "query", "part": "x"},
    ],
}
"""Parameters at the top, and wrong below."""
ODD = {
    "text": b"hello",
    "null": b"null",
    "a list": b"[]",
    "wrong at once": b'{"resourceType": "Parameters", "parameter": {"name": 1}}',
    "wrong below": json.dumps(DEEP).encode(),
    "no objects": b'{"resourceType": "Parameters", "parameter": [null, 1, "x"]}',
}


@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
def test_odd_answers_are_told_and_not_fallen_over(body: bytes) -> None:
    checks = {
        name: one
        for name, one in all_checks().items()
        if name.split(".")[0] in {"answers", "proposals", "formats", "representations", "encounters"}
    }
    found = tried(SameTarget(200, body), checks)
    assert [name for name, one in found.items() if one.verdict is Verdict.ERROR] == []
    assert sum(one.verdict is Verdict.FAIL for one in found.values()) > 100


def test_both_formats_have_the_same_leaves() -> None:
    in_json = b'{"resourceType":"Basic","_id":{"id":"x"},"code":{"coding":[{"code":"a"},{"code":"b"}]},"n":0.90,"yes":true}'
    in_xml = b"""<Basic xmlns="http://hl7.org/fhir"><id id="x"/><code><coding><code value="a"/></coding><coding><code value="b"/></coding></code>
      <n value="0.90"/><yes value="true"/><div xmlns="http://www.w3.org/1999/xhtml">narrative</div></Basic>"""
    assert leaves_of_json(read_json(in_json)) == leaves_of_xml(in_xml)
    assert leaves_of_json(read_json(in_json)) == Counter(
        {
            ("/Basic/id/id", "x"): 1,
            ("/Basic/code/coding/code", "a"): 1,
            ("/Basic/code/coding/code", "b"): 1,
            ("/Basic/n", "0.90"): 1,
            ("/Basic/yes", "true"): 1,
        }
    )

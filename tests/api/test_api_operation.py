"""The operation from bytes to request and from result to Parameters."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from fhir_coder.api.outcome import outcome_of_result
from fhir_coder.exchange import CodingRequest
from fhir_coder.vocabulary import CANONICAL
from tests.api.conftest import LOOSE, NOTE, coding_result, parameters, post, resource_of

TYPE = "/fhir/Encounter/$code-encounter"
INSTANCE = "/fhir/Encounter/e1/$code-encounter"
ENCOUNTER = {"resourceType": "Encounter", "id": "e1", "status": "finished", "class": {"code": "AMB"}}
PATIENT = {"resourceType": "Patient", "id": "p1"}
DOCUMENT = {
    "resourceType": "DocumentReference",
    "status": "current",
    "content": [{"attachment": {"contentType": "text/plain", "data": "QUFB"}}],
}
COVERAGE = {"resourceType": "Coverage", "status": "active", "beneficiary": {"reference": "Patient/p1"}, "payor": [{"display": "x"}]}


def named(resource: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [one for one in resource["parameter"] if one["name"] == name]


def test_every_parameter_reaches_the_engine(client, engine):
    body = parameters(
        {"name": "encounter", "resource": ENCOUNTER},
        {"name": "patient", "resource": PATIENT},
        {"name": "note", "resource": DOCUMENT},
        {"name": "note", "resource": DOCUMENT | {"id": "second"}},
        {"name": "context", "resource": COVERAGE},
        {"name": "ehr", "valueString": "main"},
        {"name": "writeBack", "valueBoolean": True},
        {"name": "includeText", "valueBoolean": True},
    )
    assert post(client, TYPE, body).status_code == 200
    (request,) = engine.requests
    assert (request.tenant, request.encounter_id, request.encounter, request.patient) == ("default", "e1", ENCOUNTER, PATIENT)
    assert request.notes == (DOCUMENT, DOCUMENT | {"id": "second"})
    assert (request.context, request.ehr, request.write_back, request.include_text) == ((COVERAGE,), "main", True, True)


@pytest.mark.parametrize(
    "url", [INSTANCE, "/fhir/Encounter/e1/%24code-encounter", INSTANCE + "/", "/t/north/fhir/Encounter/e1/$code-encounter"]
)
def test_an_empty_body_is_legal_at_instance_level(client, engine, url):
    response = client.post(url)
    assert response.status_code == 200, response.data
    (request,) = engine.requests
    assert (request.encounter_id, request.encounter, request.notes, request.write_back) == ("e1", None, None, False)
    assert request.tenant == ("north" if "north" in url else "default")


SAME_ENCOUNTER = {
    "reference": (TYPE, [{"name": "encounterReference", "valueReference": {"reference": "Encounter/e1"}}]),
    "inline": (TYPE, [{"name": "encounter", "resource": ENCOUNTER}]),
    "url and reference": (INSTANCE, [{"name": "encounterReference", "valueReference": {"reference": "Encounter/e1"}}]),
    "url and inline": (INSTANCE, [{"name": "encounter", "resource": ENCOUNTER}]),
    "url and inline without id": (INSTANCE, [{"name": "encounter", "resource": {k: v for k, v in ENCOUNTER.items() if k != "id"}}]),
    "url and no parameter": (INSTANCE, []),
}


@pytest.mark.parametrize(("url", "given"), SAME_ENCOUNTER.values(), ids=SAME_ENCOUNTER)
def test_ways_to_name_the_encounter(client, engine, url, given):
    assert post(client, url, parameters(*given)).status_code == 200
    assert engine.requests[0].encounter_id == "e1"


def test_the_answer_holds_everything(client):
    answer = resource_of(post(client, INSTANCE, parameters({"name": "writeBack", "valueBoolean": True})))
    assert [one["name"] for one in answer["parameter"]] == [
        "codingId", "disposition", "reason", "result", "receipt", "assignment", "assignment", "rejected",
        "reconciliation", "reconciliation", "reconciliation", "query", "risk", "issues",
    ]  # fmt: skip
    assert named(answer, "codingId")[0]["valueId"] == "c0ffee"
    assert named(answer, "disposition")[0]["valueCoding"]["code"] == "review"
    reason = {"system": f"{CANONICAL}/CodeSystem/disposition-reason", "code": "policy-review-all", "display": "Everything is reviewed"}
    assert named(answer, "reason")[0]["valueCodeableConcept"] == {"coding": [reason], "text": "Everything is reviewed."}
    assert named(answer, "result")[0]["resource"]["type"] == "collection"
    assert named(answer, "receipt")[0]["resource"]["type"] == "batch-response"


@pytest.mark.parametrize(
    ("is_inline", "keeps_text", "is_said"), [(True, False, True), (True, True, False), (False, False, False), (False, True, False)]
)
def test_an_inline_note_that_is_not_stored_is_said(is_inline, keeps_text, is_said):
    result = replace(coding_result(CodingRequest("default", "e1")), is_inline=is_inline, keeps_text=keeps_text)
    issues = outcome_of_result(result, ())["issue"]
    said = [one for one in issues if one["diagnostics"].startswith("Sent inline and note text is not stored")]
    assert [one["severity"] for one in said] == (["information"] if is_said else [])


def test_an_assignment_with_its_evidence(client):
    answer = resource_of(client.post(INSTANCE))
    parts = {part["name"]: part for part in named(answer, "assignment")[0]["part"]}
    assert parts["code"]["valueCoding"] == {
        "system": "http://hl7.org/fhir/sid/icd-10-cm",
        "version": "2026-04-01",
        "code": "I10",
        "display": "Essential (primary) hypertension",
    }
    assert (parts["rank"]["valuePositiveInt"], parts["disposition"]["valueCode"]) == (1, "pass")
    assert parts["explanation"]["valueString"] == "Named in the assessment."
    words = {part["name"]: part for part in parts["evidence"]["part"]}
    start, end = words["start"]["valueInteger"], words["end"]["valueInteger"]
    assert words["text"]["valueString"] == NOTE.text[start:end] == "hypertension"
    assert words["document"]["valueReference"] == {"reference": "DocumentReference/n1"}
    assert words["sha256"]["valueString"] == NOTE.sha256


def test_the_reconciliation_names_both_codes_and_the_condition(client):
    agreed, added, unsupported = (one["part"] for one in named(resource_of(client.post(INSTANCE)), "reconciliation"))
    icd = "http://hl7.org/fhir/sid/icd-10-cm"
    assigned = {"system": icd, "version": "2026-04-01", "code": "I10", "display": "Essential (primary) hypertension"}
    assert agreed == [
        {"name": "status", "valueCode": "agreed"},
        {"name": "assigned", "valueCoding": assigned},
        {"name": "recorded", "valueCoding": {"system": icd, "code": "i10"}},
        {"name": "condition", "valueReference": {"reference": "Condition/c1"}},
    ]
    assert [part["name"] for part in added] == ["status", "assigned"]
    assert [part["name"] for part in unsupported] == ["status", "recorded"]


def test_a_note_without_an_address_is_named(client):
    second = named(resource_of(client.post(INSTANCE)), "assignment")[1]["part"]
    evidence = next(part for part in second if part["name"] == "evidence")["part"]
    assert evidence[0]["valueReference"] == {"display": "note n2"}
    assert not [part for part in second if part["name"] == "explanation"]


def test_probabilities_have_four_places(client):
    answer = resource_of(client.post(INSTANCE))
    values = [part["valueDecimal"] for one in named(answer, "assignment") for part in one["part"] if part["name"] == "probability"]
    assert [str(value) for value in values] == ["0.9000", "0.1235"]
    assert all(isinstance(value, Decimal) for value in values)


def test_a_rejection_says_why(client):
    parts = {part["name"]: part for part in named(resource_of(client.post(INSTANCE)), "rejected")[0]["part"]}
    assert (parts["code"]["valueCoding"]["code"], parts["reason"]["valueCode"]) == ("R07.9", "negated")
    assert parts["evidence"]["part"][3]["valueString"] == "chest pain"


def test_a_query_keeps_what_answers_lead_to_for_coders(client):
    (query,) = named(resource_of(client.post(INSTANCE)), "query")
    values = [(part["name"], part.get("valueString")) for part in query["part"] if part["name"] in {"question", "option"}]
    assert values == [
        ("question", "How long has the cough lasted?"),
        ("option", "less than 3 weeks"),
        ("option", "other (please specify)"),
        ("option", "unable to determine"),
    ]
    (indicator,) = (part["part"] for part in query["part"] if part["name"] == "indicator")
    assert indicator[3] == {"name": "text", "valueString": "cough"}
    (text,) = (part["valueString"] for part in query["part"] if part["name"] == "text")
    assert '"cough" (note n2, ' in text and "R05" not in text
    (lead,) = (part["part"] for part in query["part"] if part["name"] == "forCoders")
    assert (lead[0]["valueString"], lead[1]["valueCoding"]["code"]) == ("less than 3 weeks", "R05.1")


def test_no_issue_quotes_what_a_query_quotes(client):
    issues = named(resource_of(client.post(INSTANCE)), "issues")[0]["resource"]
    assert "cough" not in str(issues).lower().replace("r05.9", "")


def test_issues_hold_findings_and_all_that_was_left_out(client):
    answer = resource_of(post(client, INSTANCE, parameters({"name": "surprise", "valueString": "x"})))
    issues = named(answer, "issues")[0]["resource"]["issue"]
    assert [(one["severity"], one["code"]) for one in issues] == [
        ("error", "business-rule"),
        ("warning", "business-rule"),
        ("warning", "incomplete"),
        ("warning", "not-supported"),
        ("warning", "incomplete"),
        ("information", "incomplete"),
        ("information", "informational"),
    ]
    assert issues[0]["details"]["coding"][0]["code"] == "FC-E01"
    assert issues[3]["expression"] == ["Parameters.parameter[0]"]
    assert "2026-04-01 to 2026-09-30" in issues[-1]["diagnostics"]
    assert "Addendum" not in json.dumps(issues)


def test_note_text_only_on_request(client):
    assert not named(resource_of(client.post(INSTANCE)), "noteText")
    answer = resource_of(post(client, INSTANCE, parameters({"name": "includeText", "valueBoolean": True})))
    assert [one["part"][1]["valueString"] for one in named(answer, "noteText")] == [NOTE.text, LOOSE.text]


def test_xml_in_and_out_says_the_same(client, engine):
    body = b'<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="includeText"/><valueBoolean value="true"/></parameter></Parameters>'
    xml = post(client, INSTANCE, body, Content_Type="application/fhir+xml", Accept="application/fhir+xml")
    same = post(client, INSTANCE, parameters({"name": "includeText", "valueBoolean": True}))
    assert xml.headers["Content-Type"].startswith("application/fhir+xml")
    assert resource_of(xml) == resource_of(same)
    assert engine.requests[0] == engine.requests[1]


@pytest.mark.parametrize(
    ("statuses", "said"),
    [
        (["201 Created", "200 OK"], []),
        (["202 Held until sign-off", "201 Created"], [("information", "Held until sign-off: 1 of 2 resources; see the receipt.")]),
        (["422 Refused", "504 No answer", "501 Not Implemented"], [("warning", "Not written: 3 of 3 resources; see the receipt.")]),
    ],
)
def test_what_was_held_or_not_written_is_counted_in_the_issues(statuses, said):
    receipt = {"resourceType": "Bundle", "type": "batch-response", "entry": [{"response": {"status": one}} for one in statuses]}
    result = replace(coding_result(CodingRequest("default", encounter_id="e1")), receipt=receipt)
    issues = outcome_of_result(result, ())["issue"]
    assert [(one["severity"], one["diagnostics"]) for one in issues if "receipt" in one.get("diagnostics", "")] == said

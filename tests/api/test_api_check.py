"""``$check-coding``: what of a claim is read, which edits answer, where findings point, and what is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from fhir_coder.api.check_definition import build_check_definition
from fhir_coder.api.check_parameters import CHECK_IN
from fhir_coder.checking import CheckedCodes, GivenCodes, check_given
from fhir_coder.fhir.writer import write_xml
from terminology.release import Catalogue
from tests.api.conftest import SmallEngine, issue_of, parameters, post, resource_of

URL = "/fhir/Claim/$check-coding"
ICD = "http://hl7.org/fhir/sid/icd-10-cm"
SNOMED = "http://snomed.info/sct"
Resource = dict[str, Any]


class RealEdits(SmallEngine):
    """The small engine with the edits and releases of the installation; ``severities`` are the site's."""

    def __init__(self, catalogue: Catalogue) -> None:
        super().__init__()
        self._catalogue = catalogue
        self.severities: dict[str, str] = {}
        self.checks: list[GivenCodes] = []

    def check(self, given: GivenCodes) -> CheckedCodes:
        self.checks.append(given)
        return check_given(given, self._catalogue, self.severities)


@pytest.fixture
def engine(catalogue: Catalogue) -> RealEdits:
    return RealEdits(catalogue)


def concept(*codes: str, system: str = ICD) -> Resource:
    return {"coding": [{"system": system, "code": code} for code in codes]}


def diagnosis(sequence: int, *codes: str, system: str = ICD) -> Resource:
    return {"sequence": sequence, "diagnosisCodeableConcept": concept(*codes, system=system)}


def referring(sequence: int, reference: str) -> Resource:
    return {"sequence": sequence, "diagnosisReference": {"reference": reference}}


def item(sequence: int, *pointers: int, cpt: str = "99213", **extra: Any) -> Resource:
    found: Resource = {
        "sequence": sequence,
        "productOrService": {"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": cpt}]},
    }
    return found | ({"diagnosisSequence": list(pointers)} if pointers else {}) | extra


def claim(*diagnoses: Resource, **extra: Any) -> Resource:
    found: Resource = {
        "resourceType": "Claim",
        "status": "active",
        "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/claim-type", "code": "professional"}]},
        "use": "claim",
        "patient": {"reference": "Patient/1"},
        "created": "2026-05-05",
        "provider": {"reference": "Organization/1"},
        "priority": {"coding": [{"code": "normal"}]},
        "insurance": [{"sequence": 1, "focal": True, "coverage": {"reference": "Coverage/1"}}],
        "billablePeriod": {"start": "2026-05-04"},
    }
    return found | ({"diagnosis": list(diagnoses)} if diagnoses else {}) | extra


def condition(name: str, *codes: str, subject: str = "Patient/1", **extra: Any) -> Resource:
    return {"resourceType": "Condition", "id": name, "subject": {"reference": subject}, "code": concept(*codes)} | extra


def patient(name: str = "1", **extra: Any) -> Resource:
    return {"resourceType": "Patient", "id": name, "birthDate": "1960-01-01", "gender": "male"} | extra


def given(**values: Any) -> bytes:
    """Parameters; a list is a parameter given several times, a text a date."""
    named = [(name, one) for name, value in values.items() for one in (value if isinstance(value, list) else [value])]
    return parameters(*({"name": name, **({"valueDate": one} if isinstance(one, str) else {"resource": one})} for name, one in named))


def check(client: FlaskClient, body: Resource | bytes, **headers: str) -> list[Resource]:
    """The issues of an answer, which is 200 whatever they are."""
    answer = post(client, URL, body if isinstance(body, bytes) else json.dumps(body).encode(), **headers)
    outcome = resource_of(answer)
    assert (answer.status_code, outcome["resourceType"]) == (200, "OperationOutcome"), outcome
    return outcome["issue"]


def findings(issues: list[Resource]) -> dict[str, list[list[str]]]:
    """The places of each finding by edit id."""
    found: dict[str, list[list[str]]] = {}
    for one in issues:
        if "details" in one:
            found.setdefault(one["details"]["coding"][0]["code"], []).append(one.get("expression", []))
    return found


def said(issues: list[Resource], part: str) -> list[Resource]:
    return [one for one in issues if part in one["diagnostics"]]


# ------------------------------------------------------------------------------------------------------------------ findings


def test_a_bare_claim_is_checked_and_findings_point_into_it(client):
    body = claim(diagnosis(1, "E11"), diagnosis(3, "E10.9"), diagnosis(2, "I10"), item=[item(1, 1, 7), item(2)])
    found = findings(check(client, body))
    assert found["FCE-102"] == [["Claim.diagnosis[0]"]]
    assert found["FCE-201"] == [["Claim.diagnosis[0]", "Claim.diagnosis[1]"]]
    assert found["FCE-511"] == [["Claim.item[0]"]]
    assert found["FCE-512"] == [["Claim.item[1]"]]


def test_severities_are_those_of_the_edits_and_the_site(client, engine):
    issues = check(client, claim(diagnosis(1, "E11")))
    (header,) = [one for one in issues if findings([one]).get("FCE-102")]
    assert (header["severity"], header["code"], header["details"]["text"]) == ("error", "business-rule", "header-code: E11")
    engine.severities = {"FCE-102": "shadow"}
    assert "FCE-102" not in findings(check(client, claim(diagnosis(1, "E11"))))
    engine.severities = {"FCE-102": "advisory"}
    assert [one["severity"] for one in check(client, claim(diagnosis(1, "E11"))) if findings([one]).get("FCE-102")] == ["warning"]


def test_codes_stand_in_the_order_of_their_sequences(client, engine):
    check(client, claim(diagnosis(20, "i10"), diagnosis(3, "E119"), diagnosis(4, "J06.9")))
    assert engine.checks[0].codes == ("E119", "J06.9", "i10")


def test_a_finding_names_every_place_of_its_code_however_it_is_spelled(client):
    found = findings(check(client, claim(diagnosis(1, "J06.9"), diagnosis(2, "I10"), diagnosis(3, "j069"))))
    assert found["FCE-120"] == [["Claim.diagnosis[0]", "Claim.diagnosis[2]"]]


def test_without_a_finding_it_says_so_and_what_did_not_run(client):
    body = given(claim=claim(diagnosis(1, "M54.50"), item=[item(1, 1)]), patient=patient())
    issues = check(client, body)
    assert findings(issues) == {}
    assert {one["severity"] for one in issues} == {"information"}
    assert issues[0]["diagnostics"].startswith("No finding")
    assert "FCE-601" in said(issues, "they need a note")[0]["diagnostics"]
    assert said(issues, "Unknown") == said(issues, "service lines") == []
    assert "2026-04-01 to 2026-09-30 (this request: covered)" in issues[-1]["diagnostics"]


def test_what_is_not_known_is_said(client):
    issues = check(client, condition("a", "J06.9"))
    assert "date of service, birth date, gender" in said(issues, "Unknown")[0]["diagnostics"]
    assert "FCE-510, FCE-511, FCE-512" in said(issues, "service lines")[0]["diagnostics"]
    assert "(this request: undated)" in issues[-1]["diagnostics"]


# --------------------------------------------------------------------------------------------------------------- what is read


def test_conditions_are_diagnoses_in_the_order_given(client, engine):
    body = given(condition=[condition("b", "W19.XXXA"), condition("a", "S52.501A")], patient=patient(), serviceDate="2026-05-04")
    found = findings(check(client, body))
    assert engine.checks[0].codes == ("W19.XXXA", "S52.501A")
    assert found["FCE-501"] == [["Parameters.parameter[0].resource.code"]]


def test_a_bare_condition_is_checked(client):
    assert findings(check(client, condition("a", "E11")))["FCE-102"] == [["Condition.code"]]


def test_references_are_resolved_in_the_claim_and_in_the_parameters(client, engine):
    body = claim(
        referring(1, "#c"),
        referring(2, "http://ehr.example/fhir/Condition/sent/_history/2"),
        contained=[condition("c", "E11.9", subject="#p")],
    )
    found = findings(check(client, given(condition=[condition("sent", "E10.9")], claim=body)))
    assert engine.checks[0].codes == ("E11.9", "E10.9")
    assert found["FCE-201"] == [["Parameters.parameter[1].resource.diagnosis[0]", "Parameters.parameter[1].resource.diagnosis[1]"]]


def test_a_condition_that_no_diagnosis_names_is_told(client):
    issues = check(client, given(claim=claim(diagnosis(1, "I10")), condition=[condition("other", "E11")]))
    assert said(issues, "no diagnosis of the claim refers")[0]["expression"] == ["Parameters.parameter[1]"]
    assert "FCE-102" not in findings(issues)


def test_a_diagnosis_in_another_system_is_named_as_not_checked_and_its_pointer_is_no_fault(client, engine):
    body = claim(diagnosis(1, "38341003", system=SNOMED), diagnosis(2, "J06.9"), item=[item(1, 1)])
    issues = check(client, body)
    (told,) = said(issues, "was not checked")
    assert (told["severity"], told["expression"]) == ("warning", ["Claim.diagnosis[0]"])
    assert SNOMED in told["diagnostics"]
    assert "looked at diagnosis 2" in said(issues, "first-listed")[0]["diagnostics"]
    assert engine.checks[0].codes == ("J06.9",)
    assert not {"FCE-511", "FCE-512"} & set(findings(issues))


def test_every_code_of_a_diagnosis_is_checked(client, engine):
    issues = check(client, claim(diagnosis(1, "E11.22", "N18.9", "E1122"), item=[item(1, 1)]))
    assert engine.checks[0].codes == ("E11.22", "N18.9")
    assert engine.checks[0].services[0].reason_codes == ("E11.22", "N18.9")
    assert said(issues, "carries 2 ICD-10-CM codes")


@pytest.mark.parametrize("status", ["refuted", "entered-in-error"])
def test_a_claim_that_rests_on_a_refuted_condition_is_told(client, status):
    withdrawn = condition("c", "I10", verificationStatus={"coding": [{"code": status}]})
    issues = check(client, claim(referring(1, "#c"), contained=[withdrawn]))
    assert said(issues, f"marked {status}")[0]["expression"] == ["Claim.diagnosis[0].diagnosisReference"]


PATIENTS = {
    "sent along": given(claim=claim(diagnosis(1, "O80")), patient=patient()),
    "contained": json.dumps(claim(diagnosis(1, "O80"), patient={"reference": "#p"}, contained=[patient("p")])).encode(),
    "beside conditions": given(condition=[condition("a", "O80")], patient=patient(), serviceDate="2026-05-04"),
}


@pytest.mark.parametrize("body", PATIENTS.values(), ids=PATIENTS)
def test_age_and_sex_come_from_the_patient(client, body):
    assert {"FCE-401", "FCE-403"} <= set(findings(check(client, body)))


DATES = {
    "lines before the period": ({"item": [item(1, 1, servicedDate="2026-06-02"), item(2, 1, servicedDate="2026-06-01")]}, "2026-06-01"),
    "the period of a line": ({"item": [item(1, 1, servicedPeriod={"start": "2026-06-03T23:30:00-05:00"})]}, "2026-06-03"),
    "the period of the claim": ({"item": [item(1, 1)]}, "2026-05-04"),
    "no line": ({}, "2026-05-04"),
}


@pytest.mark.parametrize(("extra", "expected"), DATES.values(), ids=DATES)
def test_the_date_of_service(client, engine, extra, expected):
    check(client, claim(diagnosis(1, "I10"), **extra))
    assert str(engine.checks[0].service_date) == expected


def test_the_date_that_the_caller_names_goes_before_those_of_the_claim(client, engine):
    check(client, given(claim=claim(diagnosis(1, "I10")), serviceDate="2026-07-01"))
    assert str(engine.checks[0].service_date) == "2026-07-01"


def test_a_partial_date_is_told_and_left_out(client, engine):
    issues = check(client, claim(diagnosis(1, "I10"), billablePeriod={"start": "2026-05"}))
    assert engine.checks[0].service_date is None
    assert said(issues, "must be a full date")[0]["expression"] == ["Claim.billablePeriod"]


def test_a_claim_that_runs_into_another_release_is_told(client):
    lines = [item(1, 1, servicedDate="2026-09-30"), item(2, 1, servicedDate="2026-10-01")]
    assert said(check(client, claim(diagnosis(1, "I10"), item=lines)), "2026-09-30 to 2026-10-01")
    assert not said(check(client, claim(diagnosis(1, "I10"), item=lines[:1])), "run from")


def test_a_pointer_to_the_thirteenth_diagnosis_dangles_and_five_pointers_are_too_many(client):
    codes = ("I10", "J06.9", "M54.50", "R05.9", "K21.9", "E78.5", "F41.9", "G47.00", "H10.9", "L30.9", "N39.0", "R51.9", "B35.1")
    diagnoses = [diagnosis(number, code) for number, code in enumerate(codes, 1)]
    found = findings(check(client, claim(*diagnoses, item=[item(7, 13), item(4, 1, 2, 3, 4, 5)])))
    assert found["FCE-511"] == [["Claim.item[0]", "Claim.diagnosis[12]"]]
    assert found["FCE-510"] == [["Claim.item[1]", *(f"Claim.diagnosis[{number}]" for number in range(5))]]


def test_lines_of_an_institutional_claim_are_left_out(client):
    kind = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/claim-type", "code": "institutional"}]}
    issues = check(client, claim(diagnosis(1, "I10"), type=kind, item=[item(1)]))
    assert "FCE-512" not in findings(issues)
    assert said(issues, "institutional")[0]["expression"] == ["Claim.type"]


def test_xml_in_and_out_says_the_same(client):
    body = claim(diagnosis(1, "E11"), item=[item(1, 2)])
    xml = check(client, write_xml(body), Content_Type="application/fhir+xml", Accept="application/fhir+xml")
    assert xml == check(client, body)


def test_an_unknown_parameter_is_ignored_or_refused(client):
    body = parameters({"name": "claim", "resource": claim(diagnosis(1, "I10"))}, {"name": "payer", "valueString": "XYZZY"})
    issues = check(client, body, Prefer="handling=lenient")
    assert said(issues, "unknown parameter was ignored")[0]["expression"] == ["Parameters.parameter[1]"]
    strict = post(client, URL, body, Prefer="handling=strict")
    assert (strict.status_code, strict.headers["Preference-Applied"]) == (400, "handling=strict")


# ------------------------------------------------------------------------------------------------------------------- refusals

MODIFIER = [{"url": "http://x.org", "valueString": "y"}]
PLACE = "Parameters.parameter[0].resource"
REFUSED: dict[str, tuple[Any, int, str, list[str]]] = {
    "nothing": (b"", 400, "required", ["Parameters.parameter"]),
    "no resource": (given(serviceDate="2026-05-04"), 400, "required", ["Parameters.parameter"]),
    "misspelt": (given(clam=claim(diagnosis(1, "I10"))), 400, "required", ["Parameters.parameter", "Parameters.parameter[0]"]),
    "another resource": (patient(), 400, "invalid", ["Patient"]),
    "another resource as claim": (given(claim=patient()), 400, "invalid", [PLACE]),
    "no diagnosis": (claim(), 422, "business-rule", ["Claim.diagnosis"]),
    "none in ICD-10-CM": (claim(diagnosis(1, "38341003", system=SNOMED)), 422, "business-rule", ["Claim.diagnosis"]),
    "a sequence twice": (claim(diagnosis(1, "I10"), diagnosis(1, "E11.9")), 400, "invalid", ["Claim.diagnosis[1].sequence"]),
    "a sequence missing": (claim({"diagnosisCodeableConcept": concept("I10")}), 400, "invalid", ["Claim.diagnosis[0].sequence"]),
    "a sequence without value": (
        claim({"_sequence": {"extension": MODIFIER}, "diagnosisCodeableConcept": concept("I10")}),
        400,
        "invalid",
        ["Claim.diagnosis[0].sequence"],
    ),
    "a line twice": (claim(diagnosis(1, "I10"), item=[item(1, 1), item(1, 1)]), 400, "invalid", ["Claim.item[1].sequence"]),
    "a reference to nothing": (
        given(claim=claim(referring(1, "Condition/x")), condition=[condition("y", "I10")]),
        422,
        "business-rule",
        [f"{PLACE}.diagnosis[0].diagnosisReference"],
    ),
    "a reference by identifier": (
        claim({"sequence": 1, "diagnosisReference": {"identifier": {"value": "x"}}}),
        422,
        "business-rule",
        ["Claim.diagnosis[0].diagnosisReference"],
    ),
    "nothing contained": (claim(referring(1, "#c")), 400, "invalid", ["Claim.diagnosis[0].diagnosisReference"]),
    "the claim itself": (claim(referring(1, "#")), 400, "invalid", ["Claim.diagnosis[0].diagnosisReference"]),
    "a contained patient": (claim(referring(1, "#p"), contained=[patient("p")]), 400, "invalid", ["Claim.diagnosis[0].diagnosisReference"]),
    "no contained patient": (claim(diagnosis(1, "I10"), patient={"reference": "#p"}), 400, "invalid", ["Claim.patient"]),
    "another patient": (given(claim=claim(diagnosis(1, "I10")), patient=patient("2")), 422, "business-rule", ["Parameters.parameter[1].resource.id"]),
    "a Condition of another patient": (
        given(condition=[condition("a", "I10"), condition("b", "E11.9", subject="Patient/2")]),
        422,
        "business-rule",
        ["Parameters.parameter[1].resource.subject"],
    ),
    "a contained Condition of another patient": (
        claim(referring(1, "#c"), contained=[condition("c", "I10", subject="Patient/2")]),
        422,
        "business-rule",
        ["Claim.contained[0].subject"],
    ),
    "two patients": (
        given(claim=claim(diagnosis(1, "I10"), patient={"reference": "#p"}, contained=[patient("p")]), patient=patient()),
        400,
        "invalid",
        ["Parameters.parameter[1]"],
    ),
    "a month": (given(claim=claim(diagnosis(1, "I10")), serviceDate="2026-05"), 400, "invalid", ["Parameters.parameter[1].value"]),
    "implicit rules": (claim(diagnosis(1, "I10"), implicitRules="http://x.org"), 400, "invalid", ["Claim.implicitRules"]),
    "a modifier": (
        claim(diagnosis(1, "I10") | {"modifierExtension": MODIFIER}),
        400,
        "invalid",
        ["Claim.diagnosis[0].modifierExtension"],
    ),
    "too many diagnoses": (claim(*(diagnosis(number, "I10") for number in range(1, 102))), 422, "business-rule", ["Claim.diagnosis"]),
    "too many codes": (claim(diagnosis(1, *(f"A{number}" for number in range(101)))), 422, "business-rule", ["Claim.diagnosis"]),
    "too many Conditions": (given(condition=[condition("a", "I10")] * 101), 422, "business-rule", ["Parameters.parameter"]),
    "too many lines": (claim(diagnosis(1, "I10"), item=[item(number) for number in range(1, 1001)]), 422, "business-rule", ["Claim.item"]),
    "too many pointers": (
        claim(diagnosis(1, "I10"), item=[item(1, *range(1, 102))]),
        422,
        "business-rule",
        ["Claim.item[0].diagnosisSequence"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("body", "status", "code", "expression"), REFUSED.values(), ids=REFUSED)
def test_refusals_say_which_element(client, engine, body, status, code, expression):
    answer = post(client, URL, body if isinstance(body, bytes) else json.dumps(body).encode())
    issue = issue_of(answer)
    assert (answer.status_code, issue["code"], issue.get("expression")) == (status, code, expression)
    assert not engine.checks


def test_it_answers_to_post_at_type_level_of_a_tenant_that_is_there(client):
    get = client.get(URL)
    assert (get.status_code, get.headers["Allow"]) == (405, "POST")
    body = json.dumps(claim(diagnosis(1, "I10"))).encode()
    statuses = {url: post(client, url, body).status_code for url in (
        URL + "/", "/fhir/Claim/%24check-coding", "/t/north/fhir/Claim/$check-coding", "/t/south/fhir/Claim/$check-coding", "/fhir/Claim/1/$check-coding",
    )}  # fmt: skip
    assert list(statuses.values()) == [200, 200, 200, 404, 404]


def test_a_check_is_counted_by_its_gravest_finding(client):
    check(client, claim(diagnosis(1, "E11")))
    check(client, given(claim=claim(diagnosis(1, "M54.50")), patient=patient()))
    text = client.get("/metrics").text
    assert 'fhir_coder_checks_total{gravest="blocking"} 1.0' in text
    assert 'fhir_coder_checks_total{gravest="none"} 1.0' in text


# -------------------------------------------------------------------------------------------------- definition and documentation

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "check-coding.md").read_text(encoding="utf-8")


def rows(text: str) -> list[list[str]]:
    """The cells of the first table in a text, without its two head lines."""
    table = re.search(r"(?:^\|.*\n)+", text, re.MULTILINE)
    assert table
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[0].splitlines()[2:]]


def test_the_definition_says_what_is_returned():
    (out,) = [one for one in build_check_definition()["parameter"] if one["use"] == "out"]
    assert (out["name"], out["type"], out["min"], out["max"]) == ("return", "OperationOutcome", 1, "1")


def test_the_table_of_parameters_is_that_of_the_definition():
    documented = [(name.strip("`"), cardinality, kind) for name, cardinality, kind, _ in rows(TEXT.split("## Parameters in")[1])]
    assert documented == [(one.name, f"{one.minimum}..{one.maximum}", one.type) for one in CHECK_IN]


def test_the_example_finds_what_its_table_says(client):
    example = TEXT.split("## Example")[1]
    body = re.search(r"-d '(\{.*?\n\})'", example, re.DOTALL)
    assert body
    documented = [(edit.strip("`"), re.findall(r"`([^`]+)`", places)) for edit, _, places in rows(example)]
    errors = [one for one in check(client, body[1].encode()) if one["severity"] == "error"]
    assert [(edit, places) for one in errors for edit, (places,) in findings([one]).items()] == documented

"""The assembled server on its sandbox EHR: the main job from HTTP request to written resources, and what mistakes give."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from fhir_coder.settings import Settings
from tests.one_engine import create_app

FHIR = "application/fhir+json"
OPERATION = "/fhir/Encounter/diabetes-ckd/$code-encounter"
MARKER = "Zyxwomarker"


@pytest.fixture(scope="module")
def client(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    folder = tmp_path_factory.mktemp("server")
    shared_data = Settings.from_environment().data
    for name in ("releases", "index"):
        (folder / name).symlink_to(shared_data / name)
    settings = Settings.from_environment({"FHIR_CODER_DATA": str(folder), "FHIR_CODER_MAX_BODY_BYTES": "200000"}, sandbox=True)
    yield create_app(settings).test_client()


@pytest.fixture(scope="module")
def lax_client(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """A site that codes preliminary notes and unfinished encounters."""
    folder = tmp_path_factory.mktemp("lax")
    values = {"PRELIMINARY_NOTES": "code", "UNFINISHED_ENCOUNTERS": "code", "DATABASE_URL": f"sqlite:///{folder / 'lax.sqlite'}"}
    variables = {f"FHIR_CODER_{name}": value for name, value in values.items()}
    variables["FHIR_CODER_DATA"] = str(Settings.from_environment().data)
    yield create_app(Settings.from_environment(variables, sandbox=True, builtin_ehr=False)).test_client()


def post(client: FlaskClient, body: Any = None, url: str = OPERATION, **headers: str) -> Any:
    data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(url, data=data, headers={"Content-Type": FHIR, **headers})


def parameters(**values: Any) -> dict[str, Any]:
    return {"resourceType": "Parameters", "parameter": [{"name": name, **value} for name, value in values.items()]}


def named(answer: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [one for one in answer["parameter"] if one["name"] == name]


def note(text: str, patient: str = "Patient/p1") -> dict[str, Any]:
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "subject": {"reference": patient},
        "content": [{"attachment": {"contentType": "text/plain", "data": base64.b64encode(text.encode()).decode()}}],
    }


def visit(patient: str = "Patient/p1") -> dict[str, Any]:
    return {
        "resourceType": "Encounter",
        "id": "inline-1",
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": {"reference": patient},
        "period": {"start": "2026-05-04T09:00:00-05:00"},
    }


def inline(text: str = "Assessment: Essential hypertension, controlled.\nPlan: continue lisinopril.", **extra: Any) -> dict[str, Any]:
    return parameters(encounter={"resource": visit()}, note={"resource": note(text)}, **extra)


def test_the_main_job_codes_proposes_and_writes_once(client: FlaskClient) -> None:
    body = parameters(writeBack={"valueBoolean": True})
    first, second = post(client, body).get_json(force=True), post(client, body).get_json(force=True)
    assert named(first, "disposition")[0]["valueCoding"]["code"] == "review"
    assert named(first, "assignment")
    statuses = [
        [entry["response"]["status"][:3] for entry in named(answer, "receipt")[0]["resource"]["entry"]] for answer in (first, second)
    ]
    assert set(statuses[0]) == {"201"}
    assert set(statuses[1]) == {"200"}
    claims = client.get(
        "/sandbox/fhir/Claim?patient=" + named(first, "result")[0]["resource"]["entry"][0]["resource"]["subject"]["reference"]
    )
    assert len([e for e in claims.get_json(force=True).get("entry", []) if e["resource"]["resourceType"] == "Claim"]) == 1


def test_an_encounter_with_a_nurses_note_and_recorded_diagnoses(client: FlaskClient) -> None:
    url = "/fhir/Encounter/foot-ulcer/$code-encounter"
    before = client.get("/sandbox/fhir/Condition/foot-ulcer-I10").get_json(force=True)
    first, second = (post(client, parameters(writeBack={"valueBoolean": True}), url).get_json(force=True) for _ in range(2))
    for answer in (first, second):
        lines = [{part["name"]: part for part in one["part"]} for one in named(answer, "reconciliation")]
        told = [
            (one["status"]["valueCode"], one.get("assigned", {}).get("valueCoding", {}).get("code"), "condition" in one) for one in lines
        ]
        assert {
            ("agreed", "I10", True),
            ("more-specific", "E11.621", True),
            ("added", "L97.422", False),
            ("unsupported", None, True),
        } <= set(told)
        kinds = [entry["resource"]["resourceType"] for entry in named(answer, "result")[0]["resource"]["entry"]]
        assert kinds.count("Condition") == kinds.count("Provenance") == len(named(answer, "assignment")) - 1
        assert {"reference": "Condition/foot-ulcer-I10"} in [one.get("valueReference") for one in task_of(answer)["input"]]
        assert "FCE-607" in json.dumps(named(answer, "issues"))
    assert {one["response"]["status"][:3] for one in named(second, "receipt")[0]["resource"]["entry"]} == {"200"}
    assert client.get("/sandbox/fhir/Condition/foot-ulcer-I10").get_json(force=True) == before
    held = client.get("/sandbox/fhir/Condition?encounter=Encounter/foot-ulcer&code=http://hl7.org/fhir/sid/icd-10-cm|I10")
    assert held.get_json(force=True)["total"] == 1


def task_of(answer: dict[str, Any]) -> dict[str, Any]:
    entries = named(answer, "result")[0]["resource"]["entry"]
    return next(one["resource"] for one in entries if one["resource"]["resourceType"] == "Task")


def test_calls_for_one_encounter_at_the_same_moment_write_once(client: FlaskClient) -> None:
    """The sandbox's EHR takes transactions, which hold no conditions: it is our own turn-taking that keeps them from doubling."""
    url, body = "/fhir/Encounter/heart-failure/$code-encounter", parameters(writeBack={"valueBoolean": True})
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: post(client.application.test_client(), body, url).get_json(force=True), range(4)))
    receipts = [{e["response"]["status"][:3] for e in named(one, "receipt")[0]["resource"]["entry"]} for one in answers]
    assert sorted(map(sorted, receipts)) == [["200"], ["200"], ["200"], ["201"]]
    for kind in ("Condition", "Claim", "Task"):
        found = client.get(f"/sandbox/fhir/{kind}?_count=200").get_json(force=True).get("entry", [])
        names = [one["value"] for entry in found for one in entry["resource"].get("identifier", ()) if ".heart-failure." in one["value"]]
        assert names and len(names) == len(set(names))


def test_an_inline_encounter_needs_no_ehr(client: FlaskClient) -> None:
    answer = post(client, inline(), "/fhir/Encounter/$code-encounter").get_json(force=True)
    assert [part["valueCoding"]["code"] for one in named(answer, "assignment") for part in one["part"] if part["name"] == "code"] == ["I10"]
    assert named(answer, "receipt") == []


UNFIT: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "in progress": ({"status": "in-progress"}, {}, "not finished"),
    "inpatient": ({"class": {"code": "IMP"}}, {}, "Sections II and III"),
    "preliminary notes only": ({}, {"docStatus": "preliminary"}, "only preliminary notes"),
}


@pytest.mark.parametrize(("encounter", "document", "why"), UNFIT.values(), ids=UNFIT.keys())
def test_what_must_not_be_coded_is_refused_with_the_reason(
    client: FlaskClient, encounter: dict[str, Any], document: dict[str, Any], why: str
) -> None:
    body = parameters(encounter={"resource": visit() | encounter}, note={"resource": note("Assessment: gout.") | document})
    answer = post(client, body, "/fhir/Encounter/$code-encounter")
    issue = answer.get_json(force=True)["issue"][0]
    assert (answer.status_code, issue["code"]) == (422, "business-rule") and why in issue["details"]["text"]


def test_a_preliminary_note_beside_a_signed_one_stops_a_pass(client: FlaskClient) -> None:
    body = inline()
    body["parameter"].append({"name": "note", "resource": note("Assessment: gout.") | {"docStatus": "preliminary"}})
    answer = post(client, body, "/fhir/Encounter/$code-encounter").get_json(force=True)
    assert "unreadable-note" in [one["valueCodeableConcept"]["coding"][0]["code"] for one in named(answer, "reason")]
    assert "nobody has signed it yet" in json.dumps(named(answer, "issues"))


def test_a_site_may_code_preliminary_notes_and_unfinished_encounters(lax_client: FlaskClient) -> None:
    encounter = visit() | {"status": "in-progress"}
    body = parameters(encounter={"resource": encounter}, note={"resource": note("Assessment: gout.") | {"docStatus": "preliminary"}})
    answer = post(lax_client, body, "/fhir/Encounter/$code-encounter").get_json(force=True)
    assert named(answer, "assignment")
    issues = json.dumps(named(answer, "issues"))
    assert "not finished" in issues and "is preliminary" in issues


def test_a_corrected_note_is_coded_and_not_its_first_version(client: FlaskClient) -> None:
    answer = post(client, url="/fhir/Encounter/wrist-fracture/$code-encounter").get_json(force=True)
    codes = [part["valueCoding"]["code"] for one in named(answer, "assignment") for part in one["part"] if part["name"] == "code"]
    assert codes == ["S52.531A", "I10", "W01.0XXA"]


def test_note_text_comes_back_only_when_asked_for(client: FlaskClient) -> None:
    url = "/fhir/Encounter/$code-encounter"
    assert named(post(client, inline(), url).get_json(force=True), "noteText") == []
    assert named(post(client, inline(includeText={"valueBoolean": True}), url).get_json(force=True), "noteText")


def test_xml_in_and_out(client: FlaskClient) -> None:
    answer = client.post(
        OPERATION,
        data=b'<Parameters xmlns="http://hl7.org/fhir"/>',
        headers={"Content-Type": "application/fhir+xml", "Accept": "application/fhir+xml"},
    )
    assert answer.status_code == 200
    assert answer.content_type.startswith("application/fhir+xml")
    assert b"<Parameters" in answer.data


MISTAKES = {
    "not JSON": (b"{", {}, OPERATION, 400, "structure"),
    "wrong resource": ({"resourceType": "Patient"}, {}, OPERATION, 400, None),
    "unknown parameter, strict": (parameters(nonsense={"valueBoolean": True}), {"Prefer": "handling=strict"}, OPERATION, 400, None),
    "unknown encounter": (None, {}, "/fhir/Encounter/no-such/$code-encounter", 404, "not-found"),
    "unknown tenant": (None, {}, "/t/nobody/fhir/Encounter/x/$code-encounter", 404, None),
    "unknown EHR": (parameters(ehr={"valueString": "elsewhere"}), {}, OPERATION, 403, "forbidden"),
    "patient mismatch": (
        parameters(
            encounter={"resource": visit("Patient/a")},
            patient={"resource": {"resourceType": "Patient", "id": "b"}},
            note={"resource": note("x y z", "Patient/a")},
        ),
        {},
        "/fhir/Encounter/$code-encounter",
        422,
        "business-rule",
    ),
    "huge body": (b"{" + b" " * 300_000 + b"}", {}, OPERATION, 413, "too-long"),
    "unsupported Accept": (None, {"Accept": "text/html"}, OPERATION, 406, "not-supported"),
    "unsupported Content-Type": (b"a=b", {"Content-Type": "application/x-www-form-urlencoded"}, OPERATION, 415, "not-supported"),
    "invalid base64": (
        parameters(
            encounter={"resource": visit()},
            note={
                "resource": {
                    "resourceType": "DocumentReference",
                    "status": "current",
                    "content": [{"attachment": {"contentType": "text/plain", "data": "!!!"}}],
                }
            },
        ),
        {},
        "/fhir/Encounter/$code-encounter",
        400,
        None,
    ),
    "XML entities": (
        b'<!DOCTYPE x [<!ENTITY e "x">]><Parameters xmlns="http://hl7.org/fhir">&e;</Parameters>',
        {"Content-Type": "application/fhir+xml"},
        OPERATION,
        400,
        None,
    ),
    "nesting bomb": (b'{"resourceType":"Parameters","parameter":' + b"[" * 50_000 + b"]" * 50_000 + b"}", {}, OPERATION, 400, "structure"),
    "null": (b'{"resourceType":"Parameters","parameter":null}', {}, OPERATION, 400, None),
    "duplicate key": (b'{"resourceType":"Parameters","resourceType":"Parameters"}', {}, OPERATION, 400, None),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_gives_an_operation_outcome(client: FlaskClient, name: str) -> None:
    body, headers, url, status, issue = MISTAKES[name]
    answer = post(client, body, url, **headers)
    outcome = json.loads(answer.data)
    assert answer.status_code == status
    assert outcome["resourceType"] == "OperationOutcome"
    assert answer.content_type.startswith(FHIR)
    assert issue is None or outcome["issue"][0]["code"] == issue
    assert b"Traceback" not in answer.data


def test_get_on_the_operation_is_refused_with_allow(client: FlaskClient) -> None:
    answer = client.get(OPERATION)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert json.loads(answer.data)["resourceType"] == "OperationOutcome"


def test_nothing_is_written_for_a_patient_nobody_named(client: FlaskClient) -> None:
    encounter = {name: value for name, value in visit().items() if name != "subject"}
    body = parameters(encounter={"resource": encounter}, note={"resource": note("Assessment: gout.", "")}, writeBack={"valueBoolean": True})
    del body["parameter"][1]["resource"]["subject"]
    before = client.get("/sandbox/fhir/Condition").get_json(force=True)["total"]
    answer = post(client, body, url="/fhir/Encounter/$code-encounter")
    assert (answer.status_code, answer.get_json(force=True)["issue"][0]["code"]) == (422, "business-rule")
    assert client.get("/sandbox/fhir/Condition").get_json(force=True)["total"] == before


def test_note_text_reaches_neither_log_nor_error_nor_metrics(
    client: FlaskClient, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    text = f"Assessment: {MARKER} hypertension and {MARKER} disease."
    with caplog.at_level(logging.DEBUG):
        assert post(client, inline(text), "/fhir/Encounter/$code-encounter").status_code == 200
        broken = inline(text)
        broken["parameter"][1]["resource"]["status"] = MARKER
        refused = post(client, broken, "/fhir/Encounter/$code-encounter")
    assert refused.status_code == 400
    assert MARKER not in refused.get_data(as_text=True)
    assert MARKER not in caplog.text
    assert MARKER not in "".join(capfd.readouterr())
    assert MARKER not in client.get("/metrics").get_data(as_text=True)


def test_health_says_which_service_dates_are_covered(client: FlaskClient) -> None:
    ready = client.get("/health/ready")
    assert ready.status_code == 200
    assert ready.get_json()["releases"] == [{"id": "2026-04-01", "from": "2026-04-01", "to": "2026-09-30"}]
    assert client.get("/health/live").status_code == 200


def test_an_ehr_that_is_down_is_said_and_takes_nothing_else_down(built: None, tmp_path: Path) -> None:
    tenants = json.dumps([{"id": "default", "ehrs": [{"id": "main", "base_url": "http://127.0.0.1:9/fhir", "timeout_s": 0.2}]}])
    shared_data = Settings.from_environment().data
    for name in ("releases", "index"):
        (tmp_path / name).symlink_to(shared_data / name)
    variables = {"FHIR_CODER_DATA": str(tmp_path), "FHIR_CODER_TENANTS": tenants}
    app = create_app(Settings.from_environment(variables, sandbox=True, builtin_ehr=False))
    client = app.test_client()
    answer = post(client, None, "/fhir/Encounter/e1/$code-encounter")
    assert answer.status_code in (502, 504)
    assert json.loads(answer.data)["issue"][0]["code"] in ("transient", "timeout")
    assert client.get("/health/ready").status_code == 200

"""CapabilityStatement, OperationDefinition and the parser say the same; health, version and metrics."""

import hashlib
import json
import os
import subprocess
import sys

import pytest

from fhir_coder import __version__
from fhir_coder.api.check_definition import build_check_definition
from fhir_coder.api.definition import build_definition
from fhir_coder.api.health import Readiness
from fhir_coder.api.log import JsonFormatter
from fhir_coder.api.parameters import OUT
from fhir_coder.api.terminology.definitions import TERMINOLOGY_DATE
from fhir_coder.fhir.elements import r4_elements
from tests.api.conftest import parameters, post, resource_of

BASES = ["/fhir", "/t/north/fhir"]


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("form", ["json", "xml"])
def test_capability_statement_and_definition_agree(client, base, form):
    statement = resource_of(client.get(f"{base}/metadata?_format={form}"))
    definition = resource_of(client.get(f"{base}/OperationDefinition/code-encounter?_format={form}"))
    assert (statement["kind"], statement["fhirVersion"], statement["software"]["version"]) == ("instance", "4.0.1", __version__)
    assert statement["implementation"]["url"] == f"http://localhost{base}"
    encounter, claim, described = statement["rest"][0]["resource"]
    assert (encounter["type"], "interaction" in encounter) == ("Encounter", False)
    assert encounter["operation"] == [{"name": definition["code"], "definition": definition["url"]}]
    checking = resource_of(client.get(f"{base}/OperationDefinition/check-coding?_format={form}"))
    assert claim == {"type": "Claim", "operation": [{"name": checking["code"], "definition": checking["url"]}]}
    assert described == {"type": "OperationDefinition", "interaction": [{"code": "read"}]}
    assert (definition["affectsState"], definition["system"], definition["type"], definition["instance"]) == (True, False, True, True)
    assert (checking["affectsState"], checking["system"], checking["type"], checking["instance"]) == (False, False, True, False)
    assert (checking["resource"], statement["date"]) == (["Claim"], max(definition["date"], checking["date"], TERMINOLOGY_DATE))


@pytest.mark.parametrize(
    ("build", "known"),
    [(build_definition, ("2026-11-27T13:15:00Z", "9974c68fd2cab6a2")), (build_check_definition, ("2026-11-26", "c8f836f3d0aa6c1e"))],
)
def test_a_change_of_a_definition_has_a_date_of_its_own(build, known):
    """Put the date of the change into the module, then both here: who compares dates must not take a new definition for the old."""
    definition = build()
    date = definition.pop("date")
    digest = hashlib.sha256(json.dumps(definition, sort_keys=True).encode()).hexdigest()
    assert (date, digest[:16]) == known


def test_the_public_url_is_told(make_client):
    statement = resource_of(make_client(FHIR_CODER_PUBLIC_URL="https://coder.example/").get("/fhir/metadata"))
    assert statement["implementation"]["url"] == "https://coder.example/fhir"


def definition_parameters(client, use):
    definition = resource_of(client.get("/fhir/OperationDefinition/code-encounter"))
    return [one for one in definition["parameter"] if one["use"] == use]


SAMPLES = {
    "Encounter": {"resource": {"resourceType": "Encounter", "id": "e1", "status": "finished", "class": {"code": "AMB"}}},
    "Reference": {"valueReference": {"reference": "Encounter/e1"}},
    "Patient": {"resource": {"resourceType": "Patient", "id": "p"}},
    "DocumentReference": {
        "resource": {"resourceType": "DocumentReference", "status": "current", "content": [{"attachment": {"title": "t"}}]}
    },
    "Resource": {"resource": {"resourceType": "Basic", "code": {"text": "x"}}},
    "string": {"valueString": "main"},
    "boolean": {"valueBoolean": True},
}


def test_the_parser_takes_what_the_definition_says_and_nothing_else(client):
    described = definition_parameters(client, "in")
    url = "/fhir/Encounter/e1/$code-encounter"
    assert [one["name"] for one in described] == [
        "encounter",
        "encounterReference",
        "patient",
        "note",
        "context",
        "ehr",
        "writeBack",
        "includeText",
    ]
    for one in described:
        for kind, sample in SAMPLES.items():
            fits = kind == one["type"] or (one["type"] == "Resource" and "resource" in sample)
            status = post(client, url, parameters({"name": one["name"], **sample})).status_code
            assert (status == 200) == fits, (one["name"], kind)
        twice = post(client, url, parameters(*[{"name": one["name"], **SAMPLES[one["type"]]}] * 2)).status_code
        assert (twice == 200) == (one["max"] == "*"), one["name"]


def value_property(described):
    if "part" in described:
        return "part"
    kind = described["type"]
    return "resource" if kind in r4_elements().resources else f"value{kind[0].upper()}{kind[1:]}"


def check_against(given, described):
    """Names, types and cardinalities of out parameters, parts included."""
    known = {one["name"]: one for one in described}
    for one in given:
        assert set(one) == {"name", value_property(known[one["name"]])}
        if "part" in one:
            check_against(one["part"], known[one["name"]]["part"])
    for name, one in known.items():
        count = sum(each["name"] == name for each in given)
        assert count >= one["min"]
        assert one["max"] == "*" or count <= int(one["max"])


@pytest.mark.parametrize("switches", [(), ("writeBack", "includeText")])
def test_the_answer_is_what_the_definition_says(client, switches):
    body = parameters(*({"name": name, "valueBoolean": True} for name in switches))
    answer = resource_of(post(client, "/fhir/Encounter/e1/$code-encounter", body))
    check_against(answer["parameter"], definition_parameters(client, "out"))
    given = {one["name"] for one in answer["parameter"]}
    expected = {one.name for one in OUT} - (set() if switches else {"receipt", "noteText"})
    assert given == expected


def test_health(client, engine):
    assert client.get("/health/live").json == {"status": "live"}
    ready = client.get("/health/ready")
    assert ready.status_code == 200
    assert ready.json["releases"] == [{"id": "2026-04-01", "from": "2026-04-01", "to": "2026-09-30"}]
    assert ready.json["ehrs"] == {"default/main": "FC201"}
    assert client.get("/version").json == {"name": "fhir-coder", "version": __version__, "fhirVersion": "4.0.1", "mode": "sandbox"}
    engine.state = Readiness({"release": (True, "x"), "index": (False, "ManifestMismatch")})
    not_ready = client.get("/health/ready")
    assert (not_ready.status_code, not_ready.json["status"], not_ready.json["checks"]["index"]) == (
        503,
        "not-ready",
        {"ok": False, "detail": "ManifestMismatch"},
    )
    engine.error = RuntimeError("XYZZY")
    broken = client.get("/health/ready")
    assert (broken.status_code, "XYZZY" in broken.text) == (503, False)


def test_metrics(client):
    client.post("/fhir/Encounter/e1/$code-encounter")
    post(client, "/fhir/Encounter/e1/$code-encounter", parameters({"name": "writeBack", "valueBoolean": True}))
    client.get("/fhir/Patient/XYZZY")
    post(client, "/fhir/Claim/$check-coding", b'{"resourceType":"Condition","subject":{"display":"x"},"code":{"text":"XYZZY"}}')
    text = client.get("/metrics").text
    assert 'fhir_coder_requests_total{method="POST",route="/fhir/Claim/$check-coding",status="422"} 1.0' in text
    route = 'route="/fhir/Encounter/<encounter_id>/$code-encounter"'
    assert f'fhir_coder_requests_total{{method="POST",{route},status="200"}} 2.0' in text
    assert 'fhir_coder_requests_total{method="GET",route="unmatched",status="404"} 1.0' in text
    assert f"fhir_coder_request_seconds_count{{{route}}} 2.0" in text
    assert 'fhir_coder_dispositions_total{disposition="review"} 2.0' in text
    assert 'fhir_coder_writes_total{status="201"} 1.0' in text
    assert "XYZZY" not in text


def test_metrics_of_several_processes_are_summed(tmp_path):
    program = "from fhir_coder.api.metrics import Metrics; m = Metrics(); m.count_disposition('pass'); print(m.exposition().decode())"
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    outputs = [
        subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True).stdout for _ in "12"
    ]
    assert 'fhir_coder_dispositions_total{disposition="pass"} 2.0' in outputs[1]


@pytest.mark.parametrize(("given", "echoed"), [("abc.1-2_3", True), ("a b", False), ("x" * 65, False), ("<script>", False), ("", False)])
def test_request_id(client, given, echoed):
    returned = client.get("/fhir/metadata", headers={"X-Request-Id": given}).headers["X-Request-Id"]
    assert (returned == given) is echoed
    assert len(returned) >= 8


def test_access_log(client, log_lines):
    client.post("/fhir/Encounter/e1/$code-encounter?patient=XYZZY", headers={"X-Request-Id": "r-1"})
    (line,) = [json.loads(JsonFormatter().format(one)) for one in log_lines if one.name == "fhir_coder.access"]
    assert (line["request_id"], line["tenant"], line["method"], line["status"]) == ("r-1", "default", "POST", 200)
    assert line["route"] == "/fhir/Encounter/<encounter_id>/$code-encounter"
    assert line["milliseconds"] >= 0
    assert "XYZZY" not in json.dumps(line)


def test_a_logged_exception_has_places_and_no_message():
    import logging

    try:
        raise ValueError("XYZZY")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "failed", None, sys.exc_info())
    line = json.loads(JsonFormatter().format(record))
    assert (line["exception"], line["message"]) == ("ValueError", "failed")
    assert "test_api_description.py" in line["places"][0]
    assert "XYZZY" not in json.dumps(line)


@pytest.mark.parametrize("form", ["json", "xml"])
def test_codes_of_the_answer_are_bound_to_our_value_sets(client, form):
    definition = resource_of(client.get(f"/fhir/OperationDefinition/code-encounter?_format={form}"))
    parts = {one["name"]: one for one in definition["parameter"] if one["use"] == "out"}
    rejected = {one["name"]: one for one in parts["rejected"]["part"]}
    value_sets = "https://fhir-coder.github.io/fhir/ValueSet"
    assert parts["disposition"]["binding"] == {"strength": "required", "valueSet": f"{value_sets}/disposition"}
    assert rejected["reason"]["binding"] == {"strength": "required", "valueSet": f"{value_sets}/rejection-reason"}
    assert rejected["code"]["binding"] == {"strength": "required", "valueSet": f"{value_sets}/icd-10-cm"}
    recorded = next(one for one in parts["reconciliation"]["part"] if one["name"] == "recorded")
    assert recorded["binding"] == {"strength": "preferred", "valueSet": f"{value_sets}/icd-10-cm"}
    assert "binding" not in parts["codingId"]

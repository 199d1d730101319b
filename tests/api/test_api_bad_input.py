"""Bad input: always an OperationOutcome with the right status, never HTML, a stack trace or words of the request."""

import io
import json

import pytest

from fhir_coder import errors
from tests.api.conftest import issue_of, parameters, post

TYPE = "/fhir/Encounter/$code-encounter"
INSTANCE = "/fhir/Encounter/e1/$code-encounter"
ENCOUNTER = {"resourceType": "Encounter", "id": "e1", "status": "finished", "class": {"code": "AMB"}}
REFERENCE = {"name": "encounterReference", "valueReference": {"reference": "Encounter/e1"}}
INLINE = {"name": "encounter", "resource": ENCOUNTER}
NOTE = {"resourceType": "DocumentReference", "status": "current", "content": [{"attachment": {"data": "XYZZY!!"}}]}
XML_ENTITY = b'<!DOCTYPE p [<!ENTITY x SYSTEM "file:///etc/passwd">]><Parameters xmlns="http://hl7.org/fhir"><id value="&x;"/></Parameters>'


def refer(reference: str) -> bytes:
    return parameters({"name": "encounterReference", "valueReference": {"reference": reference}})


BODIES = {
    "not json": (INSTANCE, b"XYZZY", 400, "structure"),
    "html": (INSTANCE, b"<html>XYZZY</html>", 400, "structure"),
    "wrong resource": (INSTANCE, json.dumps(ENCOUNTER).encode(), 400, "invalid"),
    "no resourceType": (INSTANCE, b"{}", 400, "structure"),
    "unknown resourceType": (INSTANCE, b'{"resourceType":"XYZZY"}', 400, "invalid"),
    "duplicate key": (INSTANCE, b'{"resourceType":"Parameters","id":"a","id":"XYZZY"}', 400, "structure"),
    "null": (INSTANCE, b'{"resourceType":"Parameters","parameter":null}', 400, "structure"),
    "empty array": (INSTANCE, b'{"resourceType":"Parameters","parameter":[]}', 400, "structure"),
    "nesting bomb": (INSTANCE, b'{"resourceType":"Parameters","parameter":' + b"[" * 100_000, 400, "structure"),
    "invalid base64": (INSTANCE, parameters({"name": "note", "resource": NOTE}), 400, "invalid"),
    "wrong value type": (INSTANCE, parameters({"name": "writeBack", "valueString": "XYZZY"}), 400, "invalid"),
    "value for resource": (INSTANCE, parameters({"name": "note", "valueString": "XYZZY"}), 400, "invalid"),
    "wrong resource type": (INSTANCE, parameters({"name": "patient", "resource": ENCOUNTER}), 400, "invalid"),
    "part for value": (INSTANCE, parameters({"name": "ehr", "part": [{"name": "x", "valueString": "XYZZY"}]}), 400, "invalid"),
    "no value": (INSTANCE, parameters({"name": "ehr"}), 400, "invalid"),
    "two values": (INSTANCE, parameters({"name": "ehr", "valueString": "main", "valueCode": "main"}), 400, "invalid"),
    "value and resource": (INSTANCE, parameters(INLINE | {"valueString": "x"}), 400, "invalid"),
    "given twice": (INSTANCE, parameters(*[{"name": "ehr", "valueString": "main"}] * 2), 400, "invalid"),
    "modifier extension": (
        INSTANCE,
        parameters({"name": "ehr", "valueString": "main", "modifierExtension": [{"url": "http://x.org", "valueString": "y"}]}),
        400,
        "invalid",
    ),
    "implicit rules": (INSTANCE, b'{"resourceType":"Parameters","implicitRules":"http://x.org"}', 400, "invalid"),
    "empty at type level": (TYPE, None, 400, "required"),
    "no encounter at type level": (TYPE, parameters({"name": "writeBack", "valueBoolean": False}), 400, "required"),
    "both at type level": (TYPE, parameters(INLINE, REFERENCE), 400, "invalid"),
    "absolute reference": (TYPE, refer("https://evil.example/fhir/Encounter/e1"), 400, "invalid"),
    "reference of another type": (TYPE, refer("Patient/e1"), 400, "invalid"),
    "contained reference": (TYPE, refer("#e1"), 400, "invalid"),
    "reference by identifier": (TYPE, parameters({"name": "encounterReference", "valueReference": {"display": "XYZZY"}}), 400, "invalid"),
    "inline encounter of another id": (
        INSTANCE,
        parameters({"name": "encounter", "resource": ENCOUNTER | {"id": "e2"}}),
        422,
        "business-rule",
    ),
    "reference to another id": (INSTANCE, refer("Encounter/e2"), 422, "business-rule"),
    "unknown ehr": (INSTANCE, parameters({"name": "ehr", "valueString": "XYZZY"}), 403, "forbidden"),
    "id that no encounter can have": ("/fhir/Encounter/e_1/$code-encounter", None, 404, "not-found"),
}


@pytest.mark.parametrize(("url", "body", "status", "code"), BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("accept", ["application/fhir+json", "application/fhir+xml"])
def test_bodies(client, engine, log_lines, url, body, status, code, accept):
    response = post(client, url, body, Accept=accept)
    issue = issue_of(response)
    assert (response.status_code, issue["severity"], issue["code"]) == (status, "error", code)
    assert response.headers["Content-Type"] == f"{accept}; charset=utf-8"
    assert "XYZZY" not in response.text
    assert "Traceback" not in response.text
    assert "XYZZY" not in str([vars(line) for line in log_lines])
    assert not engine.requests


def test_a_fault_is_located(client):
    issue = issue_of(post(client, INSTANCE, parameters(INLINE, {"name": "note", "resource": NOTE})))
    assert issue["expression"] == ["Parameters.parameter[1].resource.content[0].attachment.data"]


ENGINE_ERRORS = {
    "unknown encounter": (errors.ResourceUnknown("Encounter/e1 is unknown"), 404, "not-found"),
    "deleted encounter": (errors.ResourceDeleted("Encounter/e1 is deleted"), 410, "deleted"),
    "patient mismatch": (errors.Uncodable("Encounter/e1 is of another patient"), 422, "business-rule"),
    "being coded": (errors.Conflict("Encounter/e1 is being coded"), 409, "conflict"),
    "ehr down": (errors.EhrUnavailable("the EHR cannot be reached"), 502, "transient"),
    "ehr slow": (errors.EhrTimeout("the EHR did not answer"), 504, "timeout"),
    "ehr refuses": (errors.EhrRefused("the EHR refused", ehr_status=403), 502, "processing"),
}


@pytest.mark.parametrize(("error", "status", "code"), ENGINE_ERRORS.values(), ids=ENGINE_ERRORS)
def test_engine_errors(client, engine, error, status, code):
    engine.error = error
    response = client.post(INSTANCE)
    issue = issue_of(response)
    assert (response.status_code, issue["code"], issue["details"]["coding"][0]["code"]) == (status, code, error.code)
    assert issue["details"]["text"] == error.message


def test_an_unexpected_error_tells_nothing_but_an_id(client, engine, log_lines):
    engine.error = RuntimeError("patient XYZZY has hypertension")
    response = client.post(INSTANCE, headers={"X-Request-Id": "abc-1"})
    issue = issue_of(response)
    assert (response.status_code, issue["severity"], issue["code"]) == (500, "fatal", "exception")
    assert "abc-1" in issue["diagnostics"]
    line = next(line for line in log_lines if line.name == "fhir_coder.errors")
    assert (line.fields["request_id"], line.fields["exception"]) == ("abc-1", "RuntimeError")
    assert any("operation.py" in place for place in line.fields["places"])
    assert "XYZZY" not in response.text + str([vars(one) for one in log_lines])


def test_strict_handling_refuses_an_unknown_parameter(client, engine):
    body = parameters({"name": "surprise", "valueString": "XYZZY"})
    response = post(client, INSTANCE, body, Prefer="respond-async, handling=strict")
    assert (response.status_code, response.headers["Preference-Applied"]) == (400, "handling=strict")
    assert issue_of(response)["expression"] == ["Parameters.parameter[0]"]
    assert not engine.requests
    lenient = post(client, INSTANCE, body, Prefer="handling=lenient")
    assert (lenient.status_code, lenient.headers["Preference-Applied"]) == (200, "handling=lenient")
    assert "Preference-Applied" not in post(client, INSTANCE, body).headers


def test_a_refusal_for_what_is_missing_names_the_parameters_that_were_ignored(client, engine):
    misspelt = issue_of(post(client, TYPE, parameters({"name": "encunter", "resource": ENCOUNTER})))
    assert (misspelt["code"], misspelt["expression"]) == ("required", ["Parameters.parameter", "Parameters.parameter[0]"])
    assert misspelt["details"]["text"].endswith("is required. An unknown parameter was ignored.")
    engine.error = errors.Uncodable("the request has no note", expression=("Parameters.parameter",))
    nots = {"name": "nots", "resource": NOTE | {"content": [{"attachment": {"title": "x"}}]}}
    issue = issue_of(post(client, TYPE, parameters(INLINE, nots, nots)))
    assert issue["expression"] == ["Parameters.parameter", "Parameters.parameter[1]", "Parameters.parameter[2]"]
    assert issue["details"]["text"] == "the request has no note. 2 unknown parameters were ignored."


@pytest.mark.parametrize("streamed", [False, True])
def test_a_huge_body_is_413(make_client, streamed):
    client = make_client(FHIR_CODER_MAX_BODY_BYTES="1000")
    body = parameters({"name": "ehr", "valueString": "x" * 2000})
    if streamed:
        response = client.post(
            INSTANCE, input_stream=io.BytesIO(body), content_type="application/fhir+json", environ_overrides={"wsgi.input_terminated": True}
        )
    else:
        response = post(client, INSTANCE, body)
    assert (response.status_code, issue_of(response)["code"]) == (413, "too-long")


def test_an_announced_size_is_enough_to_refuse(make_client):
    client = make_client(FHIR_CODER_MAX_BODY_BYTES="1000")
    response = client.post(INSTANCE, environ_overrides={"CONTENT_LENGTH": "99999999999"})
    assert response.status_code == 413


@pytest.mark.parametrize("method", ["get", "head", "put", "delete", "patch", "options"])
@pytest.mark.parametrize("url", [TYPE, INSTANCE])
def test_only_post(client, method, url):
    response = getattr(client, method)(url)
    assert (response.status_code, response.headers["Allow"]) == (405, "POST")
    if method != "head":
        assert issue_of(response)["code"] == "not-supported"


UNKNOWN = [
    "/",
    "/nothing",
    "/fhir",
    "/fhir/Encounter/e1",
    "/fhir/Encounter/$other",
    "/fhir/$code-encounter",
    "//fhir/metadata",
    "/fhir/Patient/XYZZY",
]
ADDRESSES = [(method, url) for method in ("get", "post") for url in UNKNOWN]


@pytest.mark.parametrize(
    ("method", "url"), [*ADDRESSES, ("get", "/t/south/fhir/metadata"), ("post", "/t/south/fhir/Encounter/e1/$code-encounter")]
)
def test_unknown_addresses(client, log_lines, method, url):
    response = getattr(client, method)(url)
    assert (response.status_code, issue_of(response)["code"]) == (404, "not-supported")
    assert "XYZZY" not in response.text + str([vars(line) for line in log_lines])


def test_unknown_definition(client):
    response = client.get("/fhir/OperationDefinition/other")
    assert (response.status_code, issue_of(response)["code"]) == (404, "not-found")


MEDIA = {
    "accept": ({"Accept": "text/html"}, "", 406),
    "accept pdf": ({"Accept": "application/pdf, image/*"}, "", 406),
    "accept another version": ({"Accept": "application/fhir+json; fhirVersion=3.0"}, "", 406),
    "_format": ({}, "?_format=ttl", 406),
    "content type": ({"Content-Type": "text/plain"}, "", 415),
    "no content type": ({"Content-Type": ""}, "", 415),
    "form": ({"Content-Type": "application/x-www-form-urlencoded"}, "", 415),
    "content type of another version": ({"Content-Type": "application/fhir+json; fhirVersion=5.0"}, "", 415),
    "charset": ({"Content-Type": "application/fhir+json; charset=iso-8859-1"}, "", 415),
    "encoding": ({"Content-Encoding": "gzip"}, "", 415),
}


@pytest.mark.parametrize(("headers", "query", "status"), MEDIA.values(), ids=MEDIA)
def test_media_types(client, engine, headers, query, status):
    response = client.post(INSTANCE + query, data=parameters(), headers={"Content-Type": "application/fhir+json"} | headers)
    assert (response.status_code, issue_of(response)["code"]) == (status, "not-supported")
    assert not engine.requests


@pytest.mark.parametrize("body", [XML_ENTITY, b"XYZZY", b'<Parameters xmlns="http://hl7.org/fhir"><x/></Parameters>', b"<Parameters/>"])
def test_bad_xml(client, body):
    response = post(client, INSTANCE, body, Content_Type="application/fhir+xml")
    assert (response.status_code, issue_of(response)["code"]) == (400, "structure")


class Stalled(io.RawIOBase):
    """A body of which no more arrives: the socket's time limit ran out."""

    def readable(self) -> bool:
        return True

    def readinto(self, _buffer: object) -> int:
        raise BlockingIOError


def test_a_body_that_stops_arriving_is_the_caller_s_fault(client) -> None:
    answer = client.post(
        INSTANCE, content_type="application/fhir+json", environ_overrides={"wsgi.input": Stalled(), "CONTENT_LENGTH": "30"}
    )
    assert answer.status_code == 400
    assert issue_of(answer)["code"] == "structure"

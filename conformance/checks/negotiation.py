"""Content negotiation: the spellings of media types that clients send (http://hl7.org/fhir/R4/http.html#mime-type)."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

from conformance.check import check
from conformance.exchange import FHIR_JSON, FHIR_XML, Answer
from conformance.outcomes import expect_outcome
from conformance.target import OPERATION, Target, expect_success
from conformance.verdict import Omitted, expect
from conformance.visit import inline

FHIR = "{http://hl7.org/fhir}"
JSON_ALIASES = ("application/json", "text/json")
XML_ALIASES = ("application/xml", "text/xml")
CACHEABLE = ("metadata", f"OperationDefinition/{OPERATION}")
OLD_NAMES = ("application/json+fhir", "application/xml+fhir")


@check
def json_when_nothing_is_said(target: Target) -> None:
    """Without Accept, and for anything, the server answers with FHIR that it names as such."""
    for accept in (None, "*/*", "application/*;q=0.5, */*;q=0.1"):
        answer = target.get("metadata", headers={"Accept": accept})
        expect(answer.status == 200 and answer.media_type in {FHIR_JSON, FHIR_XML}, f"a FHIR media type for Accept: {accept}", answer)


@check
def json_by_accept(target: Target) -> None:
    """``application/fhir+json`` gives FHIR JSON."""
    _expect_json(target.get("metadata", headers={"Accept": FHIR_JSON}), FHIR_JSON)


@check
def json_by_generic_accept(target: Target) -> None:
    """``application/json`` and ``text/json`` do too, and the answer is named as FHIR."""
    for accept in JSON_ALIASES:
        _expect_json(target.get("metadata", headers={"Accept": accept}), accept)


@check
def xml_by_accept(target: Target) -> None:
    """``application/fhir+xml`` gives FHIR XML where the server has it."""
    target.require_xml()
    _expect_xml(target.get("metadata", headers={"Accept": FHIR_XML}), FHIR_XML)


@check
def xml_by_generic_accept(target: Target) -> None:
    """``application/xml`` and ``text/xml`` do too."""
    target.require_xml()
    for accept in XML_ALIASES:
        _expect_xml(target.get("metadata", headers={"Accept": accept}), accept)


@check
def old_names(target: Target) -> None:
    """The names that DSTU2 used are understood: some clients still send them."""
    for accept in OLD_NAMES:
        answer = target.get("metadata", headers={"Accept": accept})
        expect(answer.status in {200, 406}, f"an answer to Accept: {accept}, or 406", answer)
        expect(answer.status == 200, f"200 for Accept: {accept}", answer)


@check
def charset_in_accept(target: Target) -> None:
    """A charset parameter in Accept changes nothing."""
    for accept in ("application/fhir+json; charset=utf-8", "application/fhir+json;charset=UTF-8"):
        _expect_json(target.get("metadata", headers={"Accept": accept}), accept)


@check
def fhir_version_in_accept(target: Target) -> None:
    """``fhirVersion=4.0`` is what R4 is called."""
    for accept in ("application/fhir+json; fhirVersion=4.0", "application/fhir+json;fhirVersion=4.0;charset=utf-8"):
        _expect_json(target.get("metadata", headers={"Accept": accept}), accept)


@check
def other_fhir_version(target: Target) -> None:
    """Another version alone cannot be had: 406."""
    answer = target.get("metadata", headers={"Accept": "application/fhir+json; fhirVersion=3.0"})
    expect_outcome(answer, 406, "not-supported")


@check
def quality_decides(target: Target) -> None:
    """Of two formats the one of higher quality comes."""
    target.require_xml()
    _expect_json(target.get("metadata", headers={"Accept": f"{FHIR_XML};q=0.4, {FHIR_JSON};q=0.9"}), "JSON preferred")
    _expect_xml(target.get("metadata", headers={"Accept": f"{FHIR_JSON};q=0.4, {FHIR_XML};q=0.9"}), "XML preferred")


@check
def browser_accept(target: Target) -> None:
    """What a browser sends is answered."""
    answer = target.get("metadata", headers={"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"})
    expect(answer.status == 200, "200 for the Accept of a browser", answer)


@check
def accept_that_cannot_be_had(target: Target) -> None:
    """What the server cannot give is 406, and the error is a FHIR one all the same."""
    answer = target.get("metadata", headers={"Accept": "text/turtle;q=0.9, image/png"})
    if answer.status == 200 and answer.media_type == "text/turtle":
        raise Omitted("the server gives Turtle")
    expect_outcome(answer, 406, "not-supported")


@check
def format_parameter(target: Target) -> None:
    """``_format`` takes the short name and the media types."""
    for value in ("json", "application/json", "application/fhir+json"):
        _expect_json(target.get("metadata", query={"_format": value}, headers={"Accept": None}), f"_format={value}")
    target.require_xml()
    for value in ("xml", "application/xml", "text/xml", "application/fhir+xml"):
        _expect_xml(target.get("metadata", query={"_format": value}, headers={"Accept": None}), f"_format={value}")


@check
def format_overrides_accept(target: Target) -> None:
    """``_format`` counts before Accept."""
    _expect_json(target.get("metadata", query={"_format": "json"}, headers={"Accept": FHIR_XML}), "_format=json")
    target.require_xml()
    _expect_xml(target.get("metadata", query={"_format": "xml"}, headers={"Accept": FHIR_JSON}), "_format=xml")


@check
def format_with_a_bare_plus(target: Target) -> None:
    """A ``+`` that a client did not escape arrives as a blank, and is understood."""
    _expect_json(target.get("metadata?_format=application/fhir+json", headers={"Accept": None}), "_format=application/fhir+json")


@check
def format_that_cannot_be_had(target: Target) -> None:
    """An unknown ``_format`` is refused."""
    answer = target.get("metadata", query={"_format": "yaml"})
    expect(answer.status in {400, 406}, "406 (or 400) for _format=yaml", answer)
    expect_outcome(answer, answer.status, "not-supported", "invalid", "value")


@check
def answers_are_utf8(target: Target) -> None:
    """Answers are UTF-8, and Content-Type says so or leaves it out."""
    answer = target.code(inline())
    expect_success(answer)
    expect(answer.charset in {"", "utf-8"}, "charset utf-8", answer.charset)
    answer.body.decode("utf-8")


@check
def answers_name_the_charset(target: Target) -> None:
    """Content-Type names it."""
    expect(target.get("metadata").charset == "utf-8", "charset=utf-8 in Content-Type", target.get("metadata").headers.get("content-type"))


@check
def operation_in_xml(target: Target) -> None:
    """The operation answers in XML with what it answers in JSON: the same parameters in the same order."""
    target.require_xml()
    answer = target.code(inline(), headers={"Accept": FHIR_XML})
    root = _expect_xml(answer, "the operation")
    expect(root.tag == f"{FHIR}Parameters", "Parameters", root.tag)
    names = [one.get("value", "") for one in root.findall(f"{FHIR}parameter/{FHIR}name")]
    same = [one["name"] for one in target.code(inline()).resource["parameter"]]
    expect(sorted(set(names)) == sorted(set(same)), f"the parameters {sorted(set(same))}", sorted(set(names)))


@check
def definition_in_xml(target: Target) -> None:
    """So do the CapabilityStatement and the OperationDefinition."""
    target.require_xml()
    for path, tag in (("metadata", "CapabilityStatement"), (f"OperationDefinition/{OPERATION}", "OperationDefinition")):
        root = _expect_xml(target.get(path, headers={"Accept": FHIR_XML}), path)
        expect(root.tag == FHIR + tag, tag, root.tag)


@check
def errors_in_xml(target: Target) -> None:
    """An error comes in the format that was asked for."""
    target.require_xml()
    answer = target.post(f"Encounter/${OPERATION}", "{", headers={"Content-Type": FHIR_JSON, "Accept": FHIR_XML})
    expect(answer.status == 400, "400", answer)
    expect(_expect_xml_body(answer).tag == f"{FHIR}OperationOutcome", "an OperationOutcome in XML", answer)


@check
def answers_say_that_they_vary(target: Target) -> None:
    """What may be kept and depends on Accept says so in Vary: a cache between would give XML to who wants JSON."""
    target.require_xml()
    kept = [answer for path in CACHEABLE if "no-store" not in (answer := target.get(path)).headers.get("cache-control", "")]
    if not kept:
        raise Omitted("nothing that the server gives may be kept")
    for answer in kept:
        vary = {one.strip().lower() for one in answer.headers.get("vary", "").split(",")}
        expect(vary & {"accept", "*"}, f"Vary: Accept in the answer to {answer.told}", answer.headers.get("vary", "none"))


@check
def body_types(target: Target) -> None:
    """A body may be called ``application/fhir+json`` or ``application/json``, with a charset, whatever the case."""
    for name in (
        FHIR_JSON,
        "application/json",
        "application/fhir+json; charset=utf-8",
        "application/fhir+json;charset=UTF-8",
        "Application/FHIR+JSON",
    ):
        answer = target.code(inline(), headers={"Content-Type": name})
        expect(answer.status == 200, f"200 for Content-Type: {name}", answer)


@check
def body_version(target: Target) -> None:
    """``fhirVersion=4.0`` may stand in Content-Type; another version is 415."""
    answer = target.code(inline(), headers={"Content-Type": "application/fhir+json; fhirVersion=4.0"})
    expect(answer.status == 200, "200 for fhirVersion=4.0", answer)
    expect_outcome(target.code(inline(), headers={"Content-Type": "application/fhir+json; fhirVersion=1.0"}), 415, "not-supported")


@check
def body_that_is_not_fhir(target: Target) -> None:
    """Other types of body are 415."""
    for name in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/octet-stream"):
        answer = target.post(f"Encounter/${OPERATION}", json.dumps(inline()), headers={"Content-Type": name})
        expect(answer.status == 415, f"415 for Content-Type: {name}", answer)
        expect_outcome(answer, 415, "not-supported")


@check
def body_in_xml(target: Target) -> None:
    """A body in XML is read where the server claims XML."""
    target.require_xml()
    body = '<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="encounterReference"/><valueReference><reference value="Encounter/no-such-visit"/></valueReference></parameter></Parameters>'
    answer = target.post(f"Encounter/${OPERATION}", body, headers={"Content-Type": FHIR_XML})
    expect(answer.status not in {400, 415}, "an answer about the encounter, not about the format", answer)


def _expect_json(answer: Answer, said: str) -> None:
    expect(answer.status == 200 and answer.media_type == FHIR_JSON, f"200 as {FHIR_JSON} for {said}", answer)
    expect("resourceType" in answer.resource, "a resource in JSON", answer)


def _expect_xml(answer: Answer, said: str) -> ET.Element:
    expect(answer.status == 200 and answer.media_type == FHIR_XML, f"200 as {FHIR_XML} for {said}", answer)
    return _expect_xml_body(answer)


def _expect_xml_body(answer: Answer) -> ET.Element:
    expect(b"<!DOCTYPE" not in answer.body[:500] and b"<!ENTITY" not in answer.body, "XML without a document type", answer)
    try:
        root = ET.fromstring(answer.body)  # noqa: S314 - entities were ruled out
    except ET.ParseError:
        root = ET.Element("none")
    expect(root.tag.startswith(FHIR), "well-formed XML in the namespace of FHIR", answer)
    return root

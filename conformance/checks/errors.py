"""Errors: a status, an OperationOutcome and an issue type for each cause (http://hl7.org/fhir/R4/http.html#Status-Codes)."""

from __future__ import annotations

import json

from conformance.check import check
from conformance.exchange import FHIR_JSON, Answer
from conformance.outcomes import expect_outcome
from conformance.target import OPERATION, Target
from conformance.verdict import Skipped, expect
from conformance.visit import encounter, inline, note, parameters, patient

SECRET = "Zyxwvut-Quackenbush"  # noqa: S105 - words that no error may repeat


@check
def body_is_not_json(target: Target) -> None:
    """A body that cannot be parsed is 400."""
    for body in ("{", "[1, 2", "resourceType=Parameters", "\x00"):
        expect_outcome(_raw(target, body), 400, "structure", "invalid")


@check
def body_is_no_object(target: Target) -> None:
    """JSON that is no resource is 400."""
    for body in ("[]", "null", '"Parameters"', "42", "{}"):
        expect_outcome(_raw(target, body), 400, "structure", "invalid")


@check
def body_is_another_resource(target: Target) -> None:
    """A resource that is no Parameters is 400."""
    for one in (patient(), {"resourceType": "Bundle", "type": "collection"}, {"resourceType": "NoSuchType"}):
        expect_outcome(target.code(one), 400, "structure", "invalid", "value")


@check
def body_is_xml_called_json(target: Target) -> None:
    """A body of another format than Content-Type says is 400."""
    expect_outcome(_raw(target, '<Parameters xmlns="http://hl7.org/fhir"/>'), 400, "structure", "invalid")


@check
def body_is_not_utf8(target: Target) -> None:
    """Bytes that are no UTF-8 are 400, in a body that would be taken with other letters in their place."""
    visit = parameters(
        {"name": "encounter", "resource": encounter()},
        {"name": "patient", "resource": patient(name=[{"family": "LETTERS"}])},
        {"name": "note", "resource": note()},
    )
    expect_outcome(_raw(target, json.dumps(visit).encode().replace(b"LETTERS", b"\xff\xfe")), 400, "structure", "invalid")


@check
def deep_nesting(target: Target) -> None:
    """A body that nests without end is refused, and the server lives on."""
    answer = _raw(target, '{"resourceType":"Parameters","parameter":' + "[" * 100_000)
    expect_outcome(answer, answer.status if answer.status in {400, 413} else 400, "structure", "invalid", "too-long")
    one, levels = '{"url":"http://example.org/deep","extension":[', 600
    deep = one * levels + '{"url":"http://example.org/deep","valueString":"x"}' + "]}" * levels
    body = json.dumps(parameters({"name": "encounter", "resource": encounter(extension=["DEEP"])})).replace('"DEEP"', deep)
    answer = _raw(target, body)
    expect(answer.status < 500, "a refusal of 600 extensions in each other", answer)
    expect(target.get("metadata").status == 200, "a server that answers afterwards", target.last)


@check
def nothing_required_is_missing(target: Target) -> None:
    """At type level a call that names no encounter is 400."""
    for body in (parameters({"name": "patient", "resource": patient()}), {"resourceType": "Parameters"}):
        expect_outcome(target.code(body), 400, "required", "invalid", "invariant")


@check
def unknown_encounter(target: Target) -> None:
    """An encounter that the EHR does not have is 404."""
    answer = target.post(f"Encounter/no-such-visit/${OPERATION}", parameters())
    if answer.status in {422, 501, 502}:
        raise Skipped("the server has no EHR to ask")
    expect_outcome(answer, 404, "not-found")


@check
def unknown_page(target: Target) -> None:
    """An address that is not there is 404 with an OperationOutcome, not a page."""
    for path in ("NoSuchType", "NoSuchType/1", "no/such/place", "OperationDefinition/no-such-definition"):
        answer = target.get(path)
        expect(answer.status in {401, 404}, f"404 for {path}", answer)
        expect_outcome(answer, answer.status, "not-supported", "not-found", "login")


@check
def another_method(target: Target) -> None:
    """A method that an address does not have is 405 with Allow."""
    answer = target.send("DELETE", "metadata")
    expect_outcome(answer, 405, "not-supported")
    expect("GET" in answer.headers.get("allow", ""), "Allow with GET", answer.headers.get("allow", "none"))


@check
def body_is_too_large(target: Target) -> None:
    """A body over the limit is 413, told before all of it is read."""
    for megabytes in (16, 64, 160):
        filling = "x" * (megabytes * 1024 * 1024)
        body = json.dumps({"resourceType": "Parameters", "parameter": [{"name": "filling", "valueString": filling}]})
        try:
            answer = _raw(target, body)
        except OSError:  # a server may close the connection once it has said no
            raise Skipped("the server closes the connection on a large body before its answer can be read") from None
        if answer.status == 413:
            expect_outcome(answer, 413, "too-long")
            return
        expect(answer.status < 500, "a refusal, or another large body taken", answer)
    raise Skipped("the server takes bodies of 160 MB")


@check
def encounter_and_patient_disagree(target: Target) -> None:
    """An encounter of one patient with another patient sent along is 422."""
    body = parameters(
        {"name": "encounter", "resource": encounter()},
        {"name": "patient", "resource": patient(id="somebody-else")},
        {"name": "note", "resource": note()},
    )
    expect_outcome(target.code(body), 422, "business-rule", "invariant", "conflict")


@check
def note_of_another_patient(target: Target) -> None:
    """So is a note that is of another patient."""
    body = parameters(*inline()["parameter"][:2], {"name": "note", "resource": note(subject={"reference": "Patient/somebody-else"})})
    expect_outcome(target.code(body), 422, "business-rule", "invariant", "conflict")


@check
def no_note_to_code(target: Target) -> None:
    """An encounter whose only note cannot be read as a note is 422."""
    body = parameters(*inline()["parameter"][:2], {"name": "note", "resource": note(status="entered-in-error")})
    expect_outcome(target.code(body), 422, "business-rule", "invariant")


@check
def encounter_that_is_not_over(target: Target) -> None:
    """An encounter that did not take place is not coded: 422."""
    for status in ("planned", "cancelled", "entered-in-error"):
        body = parameters({"name": "encounter", "resource": encounter(status=status)}, *inline()["parameter"][1:])
        answer = target.code(body)
        expect(answer.status == 422, f"422 for an encounter that is {status}", answer)
        expect_outcome(answer, 422, "business-rule", "invariant")


@check
def two_encounters_named(target: Target) -> None:
    """The address and the body may not name two encounters."""
    answer = target.code(inline(), "another-visit")
    expect(answer.status in {400, 422}, "422 (or 400)", answer)
    expect_outcome(answer, answer.status, "business-rule", "invariant", "invalid", "conflict")


@check
def values_are_not_repeated(target: Target) -> None:
    """An error repeats nothing that was sent: it may name a patient."""
    bodies = (
        parameters({"name": "encounter", "resource": encounter(status=SECRET)}, *inline()["parameter"][1:]),
        parameters(*inline()["parameter"][:2], {"name": "note", "resource": note(SECRET, status="entered-in-error")}),
        parameters({"name": "patient", "resource": patient(name=[{"family": SECRET}], birthDate=SECRET)}),
        parameters({"name": "encounter", "resource": encounter(noSuchElement=SECRET)}, *inline()["parameter"][1:]),
    )
    for body in bodies:
        answer = target.code(body)
        expect(400 <= answer.status < 500, "a refusal", answer.status)
        expect(SECRET.encode() not in answer.body, "an error without the value sent", "the value itself")


@check
def faults_are_placed(target: Target) -> None:
    """An error about an element says where it is, as a FHIRPath in ``expression``."""
    body = parameters({"name": "encounter", "resource": encounter(status="perhaps")}, *inline()["parameter"][1:])
    outcome = expect_outcome(target.code(body), 400)
    places = [place for one in outcome["issue"] for place in one.get("expression", ())]
    expect(any("status" in place for place in places), "an expression that leads to Encounter.status", places)


@check
def faults_have_words(target: Target) -> None:
    """An error says in words what is wrong."""
    outcome = expect_outcome(_raw(target, "{"), 400)
    expect(
        all(one.get("diagnostics") or one.get("details", {}).get("text") for one in outcome["issue"]),
        "diagnostics or details.text",
        outcome["issue"],
    )


@check
def no_program_is_shown(target: Target) -> None:
    """No error shows the inside of the server: no trace, no path of a file."""
    for answer in (
        _raw(target, "{"),
        target.get("NoSuchType/1"),
        target.code(parameters({"name": "encounter", "resource": {"resourceType": "Encounter"}})),
    ):
        told = answer.body.decode("utf-8", "replace")
        expect(
            not any(word in told for word in ("Traceback", 'File "', "at java.", ".java:", "/usr/", "site-packages")), "no trace", answer
        )


def _raw(target: Target, body: str | bytes) -> Answer:
    return target.post(f"Encounter/${OPERATION}", body, headers={"Content-Type": FHIR_JSON})

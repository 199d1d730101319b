"""Parameters in: what the definition allows is taken, what it does not is refused (http://hl7.org/fhir/R4/parameters.html)."""

from __future__ import annotations

from conformance.check import check
from conformance.exchange import Resource
from conformance.outcomes import expect_outcome
from conformance.target import NO_ANSWER, Target, expect_success
from conformance.verdict import Omitted, expect
from conformance.visit import NOTE, VISIT_ID, encounter, inline, note, parameters, patient


@check
def order_does_not_matter(target: Target) -> None:
    """Parameters may come in any order."""
    turned = parameters(*reversed(inline()["parameter"]))
    expect(_codes(target, turned) == _codes(target, inline()), "the same codes", "others")


@check
def several_notes(target: Target) -> None:
    """``note`` may stand more than once, and each is read."""
    second = note("Assessment and plan:\n1. Plantar wart of the left foot. Cryotherapy today.\n", id="second-note")
    found = expect_success(target.code(inline({"name": "note", "resource": second})))
    read = {
        part["valueReference"].get("reference", "")
        for one in found["parameter"]
        if one["name"] in {"assignment", "rejected"}
        for evidence in one["part"]
        if evidence["name"] == "evidence"
        for part in evidence["part"]
        if part["name"] == "document"
    }
    expect(any("second-note" in one for one in read) or len(read) > 1, "evidence from both notes", sorted(read))


@check
def patient_may_be_left_to_the_note(target: Target) -> None:
    """A call without ``patient`` is answered about the patient, not refused for the parameter: its minimum is 0."""
    body = parameters({"name": "encounter", "resource": encounter()}, {"name": "note", "resource": note()})
    answer = target.code(body)
    expect(answer.status not in {400, *NO_ANSWER}, "an answer about the visit, which needs no parameter patient", answer)


@check
def both_encounters(target: Target) -> None:
    """``encounter`` and ``encounterReference`` together are refused at type level."""
    answer = target.code(inline({"name": "encounterReference", "valueReference": {"reference": f"Encounter/{VISIT_ID}"}}))
    expect_outcome(answer, 400, "invalid", "invariant", "business-rule")


@check
def absolute_reference(target: Target) -> None:
    """The EHR is never taken from the request: an absolute reference leads nowhere else."""
    for address in (
        "http://127.0.0.1:1/fhir/Encounter/1",
        "https://evil.example/fhir/Encounter/1",
        "Patient/1",
        "urn:uuid:1",
        "../Encounter/1",
    ):
        answer = target.code(parameters({"name": "encounterReference", "valueReference": {"reference": address}}))
        expect(400 <= answer.status < 500, f"a refusal of {address}", answer)
        expect_outcome(answer, answer.status)


@check
def unknown_ehr(target: Target) -> None:
    """``ehr`` names one of the caller's EHRs; another is refused."""
    answer = target.code(inline({"name": "ehr", "valueString": "no-such-ehr"}))
    expect(answer.status in {400, 403, 404}, "403 (or 400, 404)", answer)
    expect_outcome(answer, answer.status)


@check
def url_as_ehr(target: Target) -> None:
    """An address is no EHR: the server asks nobody there."""
    answer = target.code(inline({"name": "ehr", "valueString": "http://127.0.0.1:1/fhir"}))
    expect(answer.status in {400, 403, 404}, "403 (or 400, 404)", answer)


@check
def wrong_value_type(target: Target) -> None:
    """A parameter with a value of another type than defined is 400."""
    for one in (
        {"name": "writeBack", "valueString": "true"},
        {"name": "includeText", "valueInteger": 1},
        {"name": "encounterReference", "valueString": f"Encounter/{VISIT_ID}"},
        {"name": "ehr", "valueUri": "main"},
    ):
        answer = target.code(
            parameters(*(inline()["parameter"][1:] if one["name"] == "encounterReference" else inline()["parameter"]), one)
        )
        expect(answer.status == 400, f"400 for {one}", answer)
        expect_outcome(answer, 400)


@check
def wrong_resource(target: Target) -> None:
    """So is one with a resource of another type."""
    body = parameters({"name": "encounter", "resource": patient()}, *inline()["parameter"][1:])
    expect_outcome(target.code(body), 400, "invalid", "structure", "value")


@check
def no_content(target: Target) -> None:
    """A parameter without a value, a resource or parts is 400 (inv-1)."""
    expect_outcome(target.code(inline({"name": "includeText"})), 400)


@check
def two_contents(target: Target) -> None:
    """So is one with two of them."""
    both = {"name": "encounter", "resource": encounter(), "valueString": "x"}
    expect_outcome(target.code(parameters(both, *inline()["parameter"][1:])), 400)


@check
def no_name(target: Target) -> None:
    """A parameter without a name is 400."""
    expect_outcome(target.code(inline({"valueBoolean": True})), 400)


@check
def unknown_element(target: Target) -> None:
    """An element that R4 does not have is refused, wherever it stands."""
    for one in (encounter(noSuchElement="x"), encounter(period={"start": "2026-05-04", "noSuchElement": True})):
        answer = target.code(parameters({"name": "encounter", "resource": one}, *inline()["parameter"][1:]))
        expect(answer.status == 400, "400 for an unknown element", answer)
        expect_outcome(answer, 400)


@check
def extensions_are_taken(target: Target) -> None:
    """Extensions that nobody knows are no fault."""
    extended = encounter(extension=[{"url": "http://example.org/fhir/unknown", "valueString": "x"}])
    expect_success(target.code(parameters({"name": "encounter", "resource": extended}, *inline()["parameter"][1:])))


@check
def modifier_extensions_are_not_passed_over(target: Target) -> None:
    """A modifier extension that nobody knows is not passed over in silence (http://hl7.org/fhir/R4/extensibility.html#modifierExtension)."""
    changed = note(modifierExtension=[{"url": "http://example.org/fhir/means-the-opposite", "valueBoolean": True}])
    answer = target.code(parameters(*inline()["parameter"][:2], {"name": "note", "resource": changed}))
    if answer.status >= 400:
        expect(answer.status < 500, "a refusal", answer)
        expect_outcome(answer, answer.status)
        return
    found, plain = expect_success(answer), expect_success(target.code(inline()))
    expect(_disposition(found) == "review", "a refusal, or an encounter that goes to review", _disposition(found))
    expect(_told(found) != _told(plain), "a reason or an issue that the encounter without it does not have", "none")


@check
def text_when_asked(target: Target) -> None:
    """``includeText`` gives the text that offsets refer to, and only then."""
    if not any(one.get("name") == "includeText" for one in target.definition.get("parameter", ())):
        raise Omitted("the definition has no includeText")
    asked = expect_success(target.code(inline({"name": "includeText", "valueBoolean": True})))
    texts = [
        part["valueString"] for one in asked["parameter"] if one["name"] == "noteText" for part in one["part"] if part["name"] == "text"
    ]
    expect(len(texts) == 1 and NOTE.splitlines()[-1] in texts[0], "the text of the note", f"{len(texts)} texts")
    for body in (inline(), inline({"name": "includeText", "valueBoolean": False})):
        plain = expect_success(target.code(body))
        expect(not any(one["name"] == "noteText" for one in plain["parameter"]), "no text unless asked for", "noteText")


@check
def writes_only_when_asked(target: Target) -> None:
    """Without ``writeBack`` nothing is written, and the answer has no receipt."""
    for body in (inline(), inline({"name": "writeBack", "valueBoolean": False})):
        found = expect_success(target.code(body))
        expect(not any(one["name"] == "receipt" for one in found["parameter"]), "no receipt", "a receipt")


@check
def empty_note_list(target: Target) -> None:
    """An encounter sent along without notes is answered by what the EHR has of it: no 400."""
    answer = target.code(parameters({"name": "encounter", "resource": encounter()}, {"name": "patient", "resource": patient()}))
    expect(answer.status in {404, 422, 502}, "422, or 404 from the EHR", answer)
    expect_outcome(answer, answer.status)


def _codes(target: Target, body: Resource) -> list[str]:
    found = expect_success(target.code(body))
    return [
        part["valueCoding"]["code"]
        for one in found["parameter"]
        if one["name"] == "assignment"
        for part in one["part"]
        if part["name"] == "code"
    ]


def _disposition(found: Resource) -> str:
    return next((one["valueCoding"]["code"] for one in found["parameter"] if one["name"] == "disposition"), "")


def _told(found: Resource) -> list[str]:
    """Why an encounter goes to review, and what its issues say."""
    reasons = [str(one.get("valueCodeableConcept")) for one in found["parameter"] if one["name"] == "reason"]
    issues = [str(one["resource"].get("issue")) for one in found["parameter"] if one["name"] == "issues"]
    return [*reasons, *issues]

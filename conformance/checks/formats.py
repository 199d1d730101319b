"""FHIR R4 in JSON and XML, to the letter: what is no R4 is refused, what is R4 is taken, and both formats say the same.

Sources: http://hl7.org/fhir/R4/json.html, http://hl7.org/fhir/R4/xml.html, http://hl7.org/fhir/R4/datatypes.html.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Any
from xml.etree import ElementTree as ET

from conformance.answer_check import answer_check
from conformance.coded import Coded
from conformance.exchange import FHIR_JSON, FHIR_XML, Answer
from conformance.flattened import FHIR
from conformance.outcomes import expect_outcome
from conformance.target import OPERATION, Target, expect_success
from conformance.verdict import Omitted, expect
from conformance.visit import encounter, inline, note, parameters, patient

ADDRESS = f"Encounter/${OPERATION}"


@answer_check
def null_is_refused(target: Target) -> None:
    """A property that is null is no FHIR JSON: 400."""
    _refuses(
        target, {"the encounter": encounter() | {"serviceType": None}, "its period": encounter(period={"start": "2026-05-04", "end": None})}
    )


@answer_check
def empty_arrays_are_refused(target: Target) -> None:
    """An empty array is no FHIR JSON: 400."""
    _refuses(target, {"the encounter": encounter(type=[]), "a type": encounter(type=[{"coding": []}])})


@answer_check
def empty_objects_are_refused(target: Target) -> None:
    """An object without content is no element: 400."""
    _refuses(target, {"the encounter": encounter(serviceType={}), "a list": encounter(type=[{}])})


@answer_check
def empty_strings_are_refused(target: Target) -> None:
    """A string without a character is no value: 400."""
    _refuses(target, {"an id": encounter(id=""), "a text": encounter(type=[{"text": ""}])})


@answer_check
def names_stand_once(target: Target) -> None:
    """A property that stands twice in an object makes the body ambiguous: 400."""
    text = json.dumps(inline())
    for once, twice in (
        ('"status": "finished"', '"status": "cancelled", "status": "finished"'),
        ('"resourceType": "Parameters"', '"resourceType": "Parameters", "resourceType": "Parameters"'),
    ):
        expect(once in text, f"{once} in what is sent", "another body")
        _expect_refused(target.post(ADDRESS, text.replace(once, twice, 1), headers={"Content-Type": FHIR_JSON}), f"{once} twice")


@answer_check
def codes_are_of_their_value_set(target: Target) -> None:
    """A code outside the value set of a required binding is refused."""
    _refuses(target, {"Encounter.status": encounter(status="finnished")}, statuses=(400, 422))
    _refuses(
        target, {"DocumentReference.status": note(status="actual"), "docStatus": note(docStatus="signed")}, "note", statuses=(400, 422)
    )
    _refuses(target, {"Patient.gender": patient(gender="f")}, "patient", statuses=(400, 422))


@answer_check
def types_of_json_are_kept(target: Target) -> None:
    """A boolean as a string, a number as a string or a string as a number is refused: 400."""
    _refuses(
        target,
        {"active": patient(active="true"), "a number": patient(multipleBirthInteger="2"), "a date": patient(birthDate=1980)},
        "patient",
    )
    _refuses(target, {"a size": note(content=[{"attachment": {**note()["content"][0]["attachment"], "size": "12"}}])}, "note")


@answer_check
def lists_are_lists(target: Target) -> None:
    """An element that repeats is an array, one that does not is none: 400."""
    _refuses(target, {"period": encounter(period=[encounter()["period"]]), "type": encounter(type={"text": "visit"})})


@answer_check
def moments_have_a_zone(target: Target) -> None:
    """A dateTime with a time has a zone, and seconds: 400."""
    for start in ("2026-05-04T09:00:00", "2026-05-04T09:00Z", "2026-05-04 09:00:00Z"):
        _refuses(target, {start: encounter(period={"start": start})})


@answer_check
def dates_are_dates(target: Target) -> None:
    """A day that the calendar does not have is refused: 400."""
    for start in ("2026-02-30", "2026-13-01", "2026-5-4", "May 4, 2026"):
        _refuses(target, {start: encounter(period={"start": start})})


@answer_check
def ids_are_ids(target: Target) -> None:
    """An id has 1 to 64 letters, digits, hyphens and dots: 400."""
    for one in ("a_b", "a b", "x" * 65, "ä"):
        _refuses(target, {one: encounter(id=one)})


@answer_check
def base64_is_base64(target: Target) -> None:
    """Data that is no base64 is refused, not read as an empty note: 400."""
    for data in ("!!!", "abc", "QQ=QQ"):
        _refuses(target, {data: note(content=[{"attachment": {"contentType": "text/plain", "data": data}}])}, "note")


@answer_check
def types_are_of_r4(target: Target) -> None:
    """A resource type that R4 does not have is refused: 400."""
    _refuses(target, {"Encountr": {**encounter(), "resourceType": "Encountr"}, "no type": {"id": "x", "status": "finished"}})


@answer_check
def choices_are_exclusive(target: Target) -> None:
    """Two values of one choice are refused: 400."""
    _refuses(target, {"deceased[x]": patient(deceasedBoolean=False, deceasedDateTime="2026-05-05")}, "patient")


@answer_check
def required_elements_are_there(target: Target) -> None:
    """A resource without an element that R4 requires is refused."""
    _refuses(target, {"Encounter.status": encounter(status=None), "Encounter.class": encounter(**{"class": None})}, statuses=(400, 422))
    _refuses(target, {"DocumentReference.content": note(content=None)}, "note", statuses=(400, 422))


@answer_check
def order_of_properties_is_free(target: Target) -> None:
    """Properties may stand in any order, also resourceType."""
    expect_success(target.code(_turned(inline())))


@answer_check
def extensions_of_primitives_are_taken(target: Target) -> None:
    """A primitive may have an extension beside its value or in place of it, also in a list with null for what is missing."""
    absent = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]}
    for one in (
        patient(birthDate=None, _birthDate=absent),
        patient(_gender={"id": "g1"}),
        patient(name=[{"family": "Example", "given": ["Ann", None], "_given": [None, absent]}]),
    ):
        body = parameters(*(part for part in inline()["parameter"] if part["name"] != "patient"), {"name": "patient", "resource": one})
        expect_success(target.code(body))


@answer_check
def the_day_of_service_is_the_local_one(target: Target) -> None:
    """The day of a visit late in the evening is that of its own zone, not of UTC."""
    late = encounter(period={"start": "2026-05-04T22:30:00-07:00", "end": "2026-05-04T22:50:00-07:00"})
    found = expect_success(target.code(_with("encounter", late)))
    days = {one["billablePeriod"]["start"][:10] for one in Coded(found).resources("Claim") if "billablePeriod" in one}
    if not days:
        raise Omitted("the Claim has no billablePeriod")
    expect(days == {date(2026, 5, 4).isoformat()}, "2026-05-04, the day at the site", ", ".join(days))


@answer_check
def xml_is_read_as_json_is(target: Target) -> None:
    """The same visit in XML gets the same codes as in JSON."""
    target.require_xml()
    in_json = Coded(expect_success(target.code(inline()))).codes
    answer = target.post(ADDRESS, _as_xml(inline()), headers={"Content-Type": FHIR_XML})
    expect(Coded(expect_success(answer)).codes == in_json, ", ".join(in_json), answer)


@answer_check
def xml_is_as_strict_as_json(target: Target) -> None:
    """In XML too, an empty value, an unknown element, a wrong code and an element twice that does not repeat are refused."""
    target.require_xml()
    right = _as_xml(inline())
    status = '<status value="finished" />'
    for wrong in (
        '<status value=""/>',
        f'{status}<noSuchElement value="x"/>',
        '<status value="finnished"/>',
        f"{status}{status}",
        "<status />",
    ):
        expect(status in right, f"{status} in what is sent", "another body")
        answer = target.post(ADDRESS, right.replace(status, wrong, 1), headers={"Content-Type": FHIR_XML})
        _expect_refused(answer, wrong, (400, 422))


@answer_check
def xml_without_namespace_is_refused(target: Target) -> None:
    """A body that is not in the namespace of FHIR is no resource: 400."""
    target.require_xml()
    bare = _as_xml(inline()).replace(f' xmlns="{FHIR[1:-1]}"', "")
    for body, what in (("<Parameters/>", "<Parameters/>"), (bare, "the whole visit without a namespace")):
        _expect_refused(target.post(ADDRESS, body, headers={"Content-Type": FHIR_XML}), what)


def _with(name: str, resource: Any) -> Any:
    """The whole visit with another resource of that name."""
    return parameters(*(part if part["name"] != name else {"name": name, "resource": resource} for part in inline()["parameter"]))


def _refuses(target: Target, wrong: dict[str, Any], name: str = "encounter", statuses: tuple[int, ...] = (400,)) -> None:
    """Each spelling is refused by itself; the visit without it is coded."""
    for what, resource in wrong.items():
        body = json.dumps(_with(name, resource))
        _expect_refused(target.post(ADDRESS, body, headers={"Content-Type": FHIR_JSON}), what, statuses)


def _expect_refused(answer: Answer, what: str, statuses: tuple[int, ...] = (400,)) -> None:
    expect(answer.status in statuses, f"{' or '.join(map(str, statuses))} for {what}", answer)
    expect_outcome(answer, answer.status)


def _turned(value: Any) -> Any:
    """With the properties of each object in the opposite order."""
    if isinstance(value, dict):
        return {name: _turned(one) for name, one in reversed(value.items())}
    return [_turned(one) for one in value] if isinstance(value, list) else value


def _as_xml(resource: Any) -> str:
    """A resource of :mod:`conformance.visit` in XML; elements stand in the order in which they are written there, which is R4's."""
    return ET.tostring(_element(resource["resourceType"], resource), encoding="unicode")


def _element(name: str, value: Any) -> ET.Element:
    element = ET.Element(name) if "resourceType" not in (value if isinstance(value, dict) else {}) else ET.Element(name, xmlns=FHIR[1:-1])
    if not isinstance(value, dict):
        element.set("value", str(value).lower() if isinstance(value, bool) else str(value))
        return element
    for key, one in value.items():
        for each in one if isinstance(one, list) else [one]:
            if key == "resource":
                ET.SubElement(element, key).append(_element(each["resourceType"], each))
            elif key != "resourceType":
                element.append(_element(key, each))
    return element

"""The code set of ICD-10-CM: ``$lookup``, ``$validate-code`` and ``$expand``, where the server lists them (http://hl7.org/fhir/R4/terminology-service.html)."""

from __future__ import annotations

from typing import Any

from conformance.check import check
from conformance.exchange import Answer, Resource
from conformance.outcomes import expect_outcome
from conformance.target import Target, expect_success
from conformance.verdict import Omitted, expect
from conformance.visit import parameters

ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
ALL_CODES = f"{ICD10CM}?fhir_vs"
CODE, HEADER, UNKNOWN = "E11.22", "E11.2", "E11.222"
"""A code that every release since 2015 has; the heading above it; and one that no release has."""
TITLES = {
    CODE: "diabetes mellitus with diabetic chronic kidney disease",
    "I10": "essential (primary) hypertension",
    "B07.0": "plantar wart",
}
"""Codes whose titles have not changed since, in lower case."""
LOOKUP, VALIDATE, EXPAND = "lookup", "validate-code", "expand"


@check
def lookup_by_get(target: Target) -> None:
    """``$lookup`` gives name and display of a code by GET; the display is the code's title."""
    for code, title in TITLES.items():
        found = _named(expect_success(_ask(target, LOOKUP, system=ICD10CM, code=code)))
        for name in ("name", "display"):
            expect(isinstance(found.get(name), str) and found[name], f"the out parameter {name}", sorted(found))
        expect(title in " ".join(str(found["display"]).lower().split()), f"the title of {code}, {title}", found["display"])


@check
def lookup_by_post(target: Target) -> None:
    """It takes Parameters by POST, ``code`` with ``system`` or a ``coding``, with the same answer."""
    _require(target, LOOKUP)
    one = parameters({"name": "code", "valueCode": CODE}, {"name": "system", "valueUri": ICD10CM})
    other = parameters({"name": "coding", "valueCoding": {"system": ICD10CM, "code": CODE}})
    displays = {_named(expect_success(target.post(_path(LOOKUP), body)))["display"] for body in (one, other)}
    expect(displays == {_named(expect_success(_ask(target, LOOKUP, system=ICD10CM, code=CODE)))["display"]}, "the same display", displays)


@check
def lookup_of_nothing(target: Target) -> None:
    """A code that is not there is 404 with an OperationOutcome."""
    expect_outcome(_ask(target, LOOKUP, system=ICD10CM, code=UNKNOWN), 404, "not-found", "code-invalid")


@check
def lookup_in_another_system(target: Target) -> None:
    """So is a code system that is not there."""
    answer = _ask(target, LOOKUP, system="http://example.org/no-such-system", code=CODE)
    expect(answer.status in {400, 404, 422}, "404 (or 400, 422)", answer)
    expect_outcome(answer, answer.status)


@check
def lookup_names_the_release(target: Target) -> None:
    """The answer names the version of the code system, and that version can be asked for."""
    version = _named(expect_success(_ask(target, LOOKUP, system=ICD10CM, code=CODE))).get("version")
    expect(version, "the out parameter version", version)
    again = _named(expect_success(_ask(target, LOOKUP, system=ICD10CM, code=CODE, version=version)))
    expect(again.get("version") == version, str(version), again.get("version"))


@check
def lookup_in_an_unknown_release(target: Target) -> None:
    """A version that is not there is refused, not answered by another."""
    answer = _ask(target, LOOKUP, system=ICD10CM, code=CODE, version="1066")
    expect(400 <= answer.status < 500, "a refusal", answer)
    expect_outcome(answer, answer.status)


@check
def a_code_is_valid(target: Target) -> None:
    """``$validate-code`` says true of a code that is there, with its display."""
    found = _named(expect_success(_ask(target, VALIDATE, url=ICD10CM, code=CODE)))
    expect(found.get("result") is True, "result true", found)


@check
def a_code_is_not_valid(target: Target) -> None:
    """It says false, with a message, of one that is not there: that is an answer, no error."""
    for code in (UNKNOWN, "E1122"):
        found = _named(expect_success(_ask(target, VALIDATE, url=ICD10CM, code=code)))
        expect(found.get("result") is False, f"result false for {code}", found)
        expect(found.get("message"), f"a message about {code}", found)


@check
def a_display_is_checked(target: Target) -> None:
    """It says false of a display that is not the code's."""
    found = _named(expect_success(_ask(target, VALIDATE, url=ICD10CM, code=CODE, display="Fracture of the nose")))
    expect(found.get("result") is False and found.get("message"), "result false with a message", found)


@check
def a_concept_is_checked(target: Target) -> None:
    """It takes a CodeableConcept by POST."""
    _require(target, VALIDATE)
    concept = {"coding": [{"system": "http://example.org/local", "code": "x"}, {"system": ICD10CM, "code": CODE}]}
    body = parameters({"name": "url", "valueUri": ICD10CM}, {"name": "codeableConcept", "valueCodeableConcept": concept})
    expect(_named(expect_success(target.post(_path(VALIDATE), body))).get("result") is True, "result true", target.last)


@check
def expansion_by_filter(target: Target) -> None:
    """``$expand`` with a filter gives a ValueSet whose codes have those words."""
    contains = _contains(_expand(target, filter="plantar wart", count="20"))
    expect(contains, "codes for plantar wart", "none")
    expect(any(one.get("code") == "B07.0" for one in contains), "B07.0 among them", [one.get("code") for one in contains])


@check
def expansion_has_what_is_required(target: Target) -> None:
    """An expansion has a timestamp and codes with their system; its ValueSet has a status."""
    found = _expand(target, filter="asthma", count="5")
    expect(found.get("status") in {"draft", "active", "retired", "unknown"}, "ValueSet.status", found.get("status"))
    expect(found["expansion"].get("timestamp"), "expansion.timestamp", sorted(found["expansion"]))
    expect(
        all(one.get("system") == ICD10CM and one.get("code") for one in _contains(found)), "system and code of each", _contains(found)[:1]
    )


@check
def pages_add_up(target: Target) -> None:
    """Pages by ``count`` and ``offset`` hold each code once, in one order, under one total."""
    whole = [one["code"] for one in _contains(_expand(target, filter="asthma", count="30"))]
    first, second = (_expand(target, filter="asthma", count="15", offset=str(place)) for place in (0, 15))
    paged = [one["code"] for page in (first, second) for one in _contains(page)]
    expect(paged == whole and len(set(paged)) == len(paged), "two pages of 15 that are the first 30", f"{len(set(paged))} codes")
    alone = _expand(target, filter="asthma", count="0")
    totals = {page["expansion"].get("total") for page in (alone, first, second)}
    expect(len(totals) == 1, "the same total on each page, and without codes", totals)


@check
def count_of_nothing(target: Target) -> None:
    """``count=0`` gives the total without codes."""
    found = _expand(target, count="0")
    expect(isinstance(found["expansion"].get("total"), int), "expansion.total", sorted(found["expansion"]))
    expect(not _contains(found), "no codes", len(_contains(found)))


@check
def expansion_of_nothing(target: Target) -> None:
    """A value set that is not there is 404."""
    answer = _ask(target, EXPAND, url="http://example.org/no-such-value-set")
    expect(answer.status in {400, 404, 422}, "404 (or 400, 422)", answer)
    expect_outcome(answer, answer.status)


@check
def too_many_codes(target: Target) -> None:
    """The whole code set at once is given, or refused as too costly."""
    answer = _ask(target, EXPAND, url=ALL_CODES)
    if answer.status == 200:
        expect(answer.resource.get("resourceType") == "ValueSet", "a ValueSet", answer.resource.get("resourceType"))
        expect(len(_contains(answer.resource)) > 60_000, "all codes", len(_contains(answer.resource)))
        return
    expect_outcome(answer, answer.status, "too-costly")


@check
def nonsense_is_refused(target: Target) -> None:
    """Values that a parameter cannot have are refused, not passed over."""
    for query in ({"count": "-1"}, {"offset": "x"}, {"date": "yesterday"}):
        answer = _ask(target, EXPAND, url=ALL_CODES, filter="asthma", **query)
        expect(400 <= answer.status < 500, f"a refusal of {query}", answer)
        expect_outcome(answer, answer.status)


@check
def capabilities_of_terminology(target: Target) -> None:
    """``metadata?mode=terminology`` names the code system with its versions."""
    _require(target, LOOKUP)
    answer = target.get("metadata", query={"mode": "terminology"})
    expect(answer.status == 200, "200", answer)
    expect(answer.resource.get("resourceType") == "TerminologyCapabilities", "TerminologyCapabilities", answer.resource.get("resourceType"))
    found = [one for one in answer.resource.get("codeSystem", ()) if one.get("uri") == ICD10CM]
    expect(found and found[0].get("version"), f"{ICD10CM} with its versions", found)


def _require(target: Target, name: str) -> None:
    """Raises Omitted where the server does not list the operation."""
    kind = "ValueSet" if name == EXPAND else "CodeSystem"
    if not any(one.get("name") == name for one in target.claimed(kind).get("operation", ())):
        raise Omitted(f"the CapabilityStatement lists no ${name}")


def _path(name: str) -> str:
    return f"{'ValueSet' if name == EXPAND else 'CodeSystem'}/${name}"


def _ask(target: Target, name: str, **query: Any) -> Answer:
    _require(target, name)
    return target.get(_path(name), query=query)


def _expand(target: Target, **query: str) -> Resource:
    answer = _ask(target, EXPAND, url=ALL_CODES, **query)
    expect(answer.status == 200 and answer.resource.get("resourceType") == "ValueSet", "200 with a ValueSet", answer)
    expect(isinstance(answer.resource.get("expansion"), dict), "an expansion", sorted(answer.resource))
    return answer.resource


def _contains(value_set: Resource) -> list[Resource]:
    return list(value_set["expansion"].get("contains", ()))


def _named(found: Resource) -> dict[str, Any]:
    """The values of the parameters that stand once, by name."""
    return {one["name"]: next((value for key, value in one.items() if key.startswith("value")), None) for one in found.get("parameter", ())}

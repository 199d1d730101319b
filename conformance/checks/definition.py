"""The OperationDefinition: what R4 asks of it, and that the operation does what it says (http://hl7.org/fhir/R4/operationdefinition.html)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from conformance.check import check
from conformance.exchange import FHIR_JSON, Resource
from conformance.outcomes import expect_outcome
from conformance.target import OPERATION, Target, expect_success
from conformance.verdict import Omitted, expect
from conformance.visit import encounter, inline, parameters, patient

NAME = re.compile(r"[A-Z][A-Za-z0-9_]{0,254}")
CODE = re.compile(r"[^\s]+(\s[^\s]+)*")
PARAMETER = re.compile(r"[a-z][A-Za-z0-9_]*")
STRICT, LENIENT = "handling=strict", "handling=lenient"
VALUES: dict[str, object] = {"boolean": False, "code": "x", "integer": 1, "string": "x", "token": "x", "uri": "http://example.org/x"}
RESOURCE_VALUES = {
    "Resource",
    "Bundle",
    "Encounter",
    "Patient",
    "DocumentReference",
    "OperationOutcome",
    "Parameters",
    "Condition",
    "Claim",
}


@check
def can_be_read(target: Target) -> None:
    """It can be read at the server, by anybody."""
    answer = target.get(f"OperationDefinition/{OPERATION}", is_known=False)
    expect(answer.status == 200 and answer.media_type == FHIR_JSON, "200 without a token", answer)
    expect(answer.resource["resourceType"] == "OperationDefinition", "an OperationDefinition", answer.resource["resourceType"])


@check
def required_elements(target: Target) -> None:
    """It has what is required, the three levels among it even where they are false."""
    definition = target.definition
    for name in ("name", "status", "kind", "code"):
        expect(definition.get(name), f"OperationDefinition.{name}", "none")
    for level in ("system", "type", "instance"):
        expect(isinstance(definition.get(level), bool), f"OperationDefinition.{level}, a boolean", definition.get(level))
    expect(definition["kind"] == "operation", "kind operation", definition["kind"])


@check
def code_has_no_dollar(target: Target) -> None:
    """Its code is the name without ``$``."""
    expect(target.definition.get("code") == OPERATION, OPERATION, target.definition.get("code"))


@check
def name_is_usable(target: Target) -> None:
    """Its name can be used by programs (opd-0)."""
    expect(NAME.fullmatch(str(target.definition.get("name"))), "a name such as CodeEncounter", target.definition.get("name"))


@check
def has_a_canonical(target: Target) -> None:
    """It has a canonical URL, the one that the CapabilityStatement names."""
    named = [one.get("definition") for one in target.claimed("Encounter").get("operation", ()) if one.get("name") == OPERATION]
    expect(target.definition.get("url") and target.definition.get("url") in named, f"one of {named}", target.definition.get("url"))


@check
def is_for_encounters(target: Target) -> None:
    """It is for Encounter, at the levels of type and instance."""
    definition = target.definition
    expect("Encounter" in definition.get("resource", ()), "resource Encounter", definition.get("resource"))
    expect(
        definition.get("type") is True and definition.get("instance") is True,
        "type and instance",
        (definition.get("type"), definition.get("instance")),
    )


@check
def affects_state(target: Target) -> None:
    """It says that it affects state: it may write. So it is for POST alone."""
    expect(target.definition.get("affectsState") is True, "affectsState true", target.definition.get("affectsState"))


@check
def parameters_are_whole(target: Target) -> None:
    """Each parameter has name, use, min (a number) and max (a text)."""
    for one in _every(target.definition.get("parameter", ())):
        name = one.get("name", "")
        expect(PARAMETER.fullmatch(name) or name == "_", f"a name that is a token, for {name}", name)
        expect(one.get("use") in {"in", "out"}, f"use of {name}", one.get("use"))
        expect(isinstance(one.get("min"), int) and not isinstance(one["min"], bool), f"min of {name}, a number", one.get("min"))
        expect(isinstance(one.get("max"), str) and (one["max"] == "*" or one["max"].isdigit()), f"max of {name}, a text", one.get("max"))


@check
def a_type_or_parts(target: Target) -> None:
    """Each parameter has a type or parts, not both (opd-1)."""
    for one in _every(target.definition.get("parameter", ())):
        expect(("type" in one) != ("part" in one), f"type or part of {one.get('name')}", sorted(one))


@check
def search_types_on_strings(target: Target) -> None:
    """``searchType`` stands on strings alone (opd-2)."""
    for one in _every(target.definition.get("parameter", ())):
        expect("searchType" not in one or one.get("type") == "string", f"no searchType on {one.get('name')}", one.get("type"))


@check
def profiles_on_references(target: Target) -> None:
    """``targetProfile`` stands on references and canonicals alone (opd-3)."""
    for one in _every(target.definition.get("parameter", ())):
        expect(
            "targetProfile" not in one or one.get("type") in {"Reference", "canonical"},
            f"no targetProfile on {one.get('name')}",
            one.get("type"),
        )


@check
def names_are_unique(target: Target) -> None:
    """No two in parameters, and no two out parameters, have one name."""
    for use in ("in", "out"):
        names = [one["name"] for one in target.definition.get("parameter", ()) if one.get("use") == use]
        expect(len(names) == len(set(names)), f"each {use} parameter once", names)


@check
def in_parameters_are_taken(target: Target) -> None:
    """What it defines as an in parameter is not called unknown."""
    answer = target.code(inline(), headers={"Prefer": STRICT})
    expect_success(answer)
    defined = {one["name"]: one for one in target.definition.get("parameter", ()) if one.get("use") == "in"}
    sent = {one["name"] for one in inline()["parameter"]}
    expect(sent <= defined.keys(), f"in parameters {sorted(sent)} in the definition", sorted(defined))
    for name in sorted(defined.keys() - sent):
        if content := _some(str(defined[name].get("type"))):
            body = inline({"name": name, **content})
            strict, lenient = (target.code(body, headers={"Prefer": prefer}).status for prefer in (STRICT, LENIENT))
            # what strict handling alone refuses is a name that it does not know: a value that does not fit is refused by both
            expect((strict, lenient) != (400, 200), f"{name} to be taken, as it is defined", "400 with handling=strict, 200 without")


@check
def out_parameters_are_defined(target: Target) -> None:
    """What comes out is defined, with its type, as often as it may be."""
    found = expect_success(target.code(inline()))
    defined = [one for one in target.definition.get("parameter", ()) if one.get("use") == "out"]
    if [one["name"] for one in defined] == ["return"]:
        raise Omitted("the definition has one out parameter, return")
    _expect_defined(found.get("parameter", []), defined, "")


@check
def minimum_is_kept(target: Target) -> None:
    """In parameters that may stand once are refused twice."""
    for one in target.definition.get("parameter", ()):
        if one.get("use") != "in" or one.get("max") != "1" or one["name"] != "encounter":
            continue
        twice = parameters(*({"name": "encounter", "resource": encounter()} for _ in range(2)), *inline()["parameter"][1:])
        expect_outcome(target.code(twice), 400, "invalid", "structure", "invariant")
        return
    raise Omitted("the definition has no parameter encounter of at most one")


@check
def has_words(target: Target) -> None:
    """It is described, and so is each parameter."""
    expect(target.definition.get("description"), "a description", "none")
    silent = [one["name"] for one in _every(target.definition.get("parameter", ())) if not one.get("documentation")]
    expect(not silent, "documentation of each parameter", f"none of {silent}")


def _some(kind: str) -> Resource:
    """A content of a parameter of that type; empty for a type of which no value suits every parameter."""
    if kind in VALUES:
        return {f"value{kind[:1].upper()}{kind[1:]}": VALUES[kind]}
    return {"resource": patient()} if kind in {"Resource", "Patient"} else {}


def _expect_defined(given: list[Resource], defined: list[Resource], where: str) -> None:
    by_name = {one["name"]: one for one in defined}
    for one in given:
        expect(one.get("name") in by_name, f"parameters of the definition{where}", one.get("name"))
        _expect_type(one, by_name[one["name"]], where)
        if "part" in one:
            _expect_defined(one["part"], by_name[one["name"]].get("part", []), f" in {one['name']}")
    for name, rule in by_name.items():
        count = sum(one.get("name") == name for one in given)
        expect(
            count >= rule["min"] and (rule["max"] == "*" or count <= int(rule["max"])), f"{rule['min']}..{rule['max']} {name}{where}", count
        )


def _expect_type(given: Resource, rule: Resource, where: str) -> None:
    kind, told = rule.get("type"), f"{given['name']}{where}"
    if kind is None:
        expect("part" in given, f"parts of {told}", sorted(given))
    elif "resource" in given:
        found = given["resource"].get("resourceType")
        expect(kind == "Resource" or found == kind, f"{told} as a {kind}", found)
    else:
        expect(f"value{kind[:1].upper()}{kind[1:]}" in given, f"{told} as a {kind}", sorted(given))


def _every(given: object) -> Iterator[Resource]:
    for one in given if isinstance(given, list) else ():
        yield one
        yield from _every(one.get("part"))

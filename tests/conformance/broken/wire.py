"""Servers that break a rule of the wire: operations framework, definition, capability, negotiation, errors, parameters, preferences."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from tests.conformance.broken.proxy import Asked, Broken, Reply, SpoilReply

METADATA, DEFINITION = "/metadata", "/OperationDefinition/code-encounter"


def when(path: str, change: Callable[[Any], Any]) -> SpoilReply:
    """Another content of what is read at a path, where it is had in JSON; a change in place may return None."""

    def spoil(asked: Asked, reply: Reply) -> Reply:
        if not asked.path.endswith(path) or reply.status != 200 or reply.resource is None:
            return reply
        resource = deepcopy(reply.resource)
        return reply.holding(change(resource) or resource)

    return spoil


def answers(change: Callable[[list[Any]], Any]) -> SpoilReply:
    """Another list of out parameters of an answer of the operation."""

    def spoil(asked: Asked, reply: Reply) -> Reply:
        if not asked.is_operation or reply.status != 200 or reply.resource is None:
            return reply
        resource = deepcopy(reply.resource)
        changed = change(resource["parameter"])
        return reply.holding(resource | ({"parameter": changed} if isinstance(changed, list) else {}))

    return spoil


def errors(change: Callable[[Reply], Reply], *statuses: int) -> SpoilReply:
    """Another answer instead of an error with one of the statuses, or with any."""
    return lambda asked, reply: change(reply) if reply.status >= 400 and (not statuses or reply.status in statuses) else reply


def status(value: int) -> Callable[[Reply], Reply]:
    """The same with another status."""
    return lambda reply: replace(reply, status=value)


def issue(**changes: Any) -> Callable[[Reply], Reply]:
    """An OperationOutcome whose issues are changed; None takes an element away."""

    def change(reply: Reply) -> Reply:
        outcome = reply.resource
        if not outcome or outcome.get("resourceType") != "OperationOutcome":
            return reply
        issues = [{name: value for name, value in (one | changes).items() if value is not None} for one in outcome["issue"]]
        return reply.holding(outcome | {"issue": issues})

    return change


def without(*names: str) -> Callable[[Any], Any]:
    """The resource without elements."""
    return lambda resource: {name: value for name, value in resource.items() if name not in names}


def _is_job(asked: Asked) -> bool:
    return "/_jobs/" in asked.path


def jobs(change: Callable[[Asked, Reply], Reply]) -> SpoilReply:
    """Another answer at the address of an answer that comes later."""
    return lambda asked, reply: change(asked, reply) if _is_job(asked) else reply


def kick_offs(change: Callable[[Reply], Reply]) -> SpoilReply:
    """Another answer to a call that does not wait."""
    return lambda asked, reply: change(reply) if asked.is_operation and reply.status == 202 else reply


def _told_early(**headers: str | None) -> SpoilReply:
    """Who asks too early is told otherwise."""

    def change(asked: Asked, reply: Reply) -> Reply:
        for name, value in headers.items() if reply.status == 202 and asked.method == "GET" else ():
            reply = reply.with_header(name.replace("_", "-"), value)
        return reply

    return jobs(change)


def _numbered() -> SpoilReply:
    """Answers are numbered, one after the other."""
    given = iter(range(1000, 9999))

    def change(reply: Reply) -> Reply:
        base = reply.header("Content-Location").rpartition("/")[0]
        return reply.with_header("Content-Location", f"{base}/{'0' * 30}{next(given)}")

    return kick_offs(change)


def _one_code_less(asked: Asked, reply: Reply) -> Reply:
    if reply.status != 200 or reply.resource is None or reply.resource["resourceType"] != "Bundle":
        return reply
    bundle = deepcopy(reply.resource)
    for one in bundle["entry"][0]["resource"]["parameter"]:
        if one["name"] == "result":
            one["resource"]["entry"] = [each for each in one["resource"]["entry"] if each["resource"]["resourceType"] != "Condition"]
    return reply.holding(bundle)


def _bare(asked: Asked, reply: Reply) -> Reply:
    found = reply.resource
    return reply.holding(found["entry"][0]["resource"]) if reply.status == 200 and found and found["resourceType"] == "Bundle" else reply


def _html(reply: Reply) -> Reply:
    return replace(reply, body=b"<!doctype html><title>404 Not Found</title>").with_header("Content-Type", "text/html; charset=utf-8")


def _operation(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A change of the operation in the CapabilityStatement."""

    def spoil(resource: Any) -> None:
        for one in resource["rest"][0]["resource"]:
            if one["type"] == "Encounter":
                one["operation"] = [change(operation) for operation in one["operation"]]

    return spoil


def _parameter(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A change of the parameters of the OperationDefinition."""
    return lambda resource: resource | {"parameter": [change(one) for one in resource["parameter"]]}


def _swap(name: str, value: str) -> Callable[[Asked], None]:
    """A request with another header."""
    return lambda asked: asked.environ.__setitem__(name, value)


def _ignore_accept(asked: Asked) -> None:
    asked.environ["HTTP_ACCEPT"] = "application/fhir+json"


def _only_specific(asked: Asked, reply: Reply) -> Reply:
    """Knows ``application/fhir+json`` alone."""
    if asked.header("Accept").split(";")[0] in {"application/json", "text/json"}:
        return replace(reply, status=406, body=json.dumps(_OUTCOME).encode()).with_header("Content-Type", "application/fhir+json")
    return reply


_OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "not-supported", "diagnostics": "no"}]}


def _by_header(name: str, part: str, code: int) -> SpoilReply:
    """Refuses what has a part in a header."""

    def spoil(asked: Asked, reply: Reply) -> Reply:
        if part not in asked.header(name):
            return reply
        return replace(reply, status=code, body=json.dumps(_OUTCOME).encode()).with_header("Content-Type", "application/fhir+json")

    return spoil


def _allows_get(asked: Asked, reply: Reply) -> Reply:
    return replace(reply, status=200) if asked.is_operation and asked.method == "GET" else reply


def _drop_query(asked: Asked) -> None:
    asked.environ["QUERY_STRING"] = ""


def _first_parameters(*kept: str) -> Callable[[Asked], None]:
    """Reads only parameters of these names."""

    def spoil(asked: Asked) -> None:
        try:
            resource = json.loads(asked.body)
            given = {one["name"]: one for one in reversed(resource["parameter"]) if one["name"] in kept}
        except (ValueError, KeyError, TypeError):
            return
        asked.body = json.dumps(resource | {"parameter": list(given.values())}).encode()

    return spoil


def at(path: str, change: Callable[[Reply], Reply]) -> SpoilReply:
    """Another answer instead of an error at a path."""
    return lambda asked, reply: change(reply) if asked.path.endswith(path) and reply.status >= 400 else reply


def _says(**values: bool) -> Callable[[Any], Any]:
    """Out parameters with other boolean values."""

    def change(resource: Any) -> None:
        for one in resource["parameter"]:
            if one["name"] in values:
                one["valueBoolean"] = values[one["name"]]

    return change


def _drop_parameter(name: str) -> Callable[[Asked], None]:
    """A query without one parameter."""

    def spoil(asked: Asked) -> None:
        kept = [(key, value) for key, value in parse_qsl(asked.environ["QUERY_STRING"]) if key != name]
        asked.environ["QUERY_STRING"] = urlencode(kept)

    return spoil


def _repeats(asked: Asked, reply: Reply) -> Reply:
    """Errors that say what was sent."""
    return issue(diagnostics=f"cannot take {asked.body.decode('utf-8', 'replace')}")(reply) if reply.status >= 400 else reply


WIRE: tuple[Broken, ...] = (
    # ------------------------------------------------------------------------------------------------ operations framework
    Broken("GET is done", ("OPS-004", "OPS-005"), reply=_allows_get),
    Broken("405 without Allow", ("OPS-006", "ERR-010"), reply=errors(lambda reply: reply.with_header("Allow", None), 405)),
    Broken("errors are HTML pages", ("OPS-012", "OPS-013", "ERR-009", "ERR-021", "NEG-026"), reply=errors(_html, 404, 405, 415)),
    Broken("unknown operations are 500", ("OPS-012",), reply=errors(status(500), 404)),
    Broken("no instance level", ("OPS-002",), reply=lambda asked, reply: status(404)(reply) if asked.path.count("/") > 3 else reply),
    Broken(
        "an answer without Parameters",
        ("OPS-010",),
        reply=lambda asked, reply: (
            reply.holding(reply.resource["parameter"][3]["resource"])
            if asked.is_operation and reply.status == 200 and reply.resource
            else reply
        ),
    ),
    Broken("two values in a parameter", ("OPS-011",), reply=answers(lambda given: given[0].update(valueString="x"))),
    # ------------------------------------------------------------------------------------------------ definition
    Broken("$ in the code", ("DEF-004",), reply=when(DEFINITION, lambda one: one | {"code": "$code-encounter"})),
    Broken("levels left out where false", ("DEF-003",), reply=when(DEFINITION, without("system"))),
    Broken("affectsState missing", ("DEF-008",), reply=when(DEFINITION, without("affectsState"))),
    Broken("max as a number", ("DEF-009",), reply=when(DEFINITION, _parameter(lambda one: one | {"max": 1}))),
    Broken(
        "type beside parts",
        ("DEF-010",),
        reply=when(DEFINITION, _parameter(lambda one: one | ({"type": "string"} if "part" in one else {}))),
    ),
    Broken(
        "targetProfile on a string",
        ("DEF-012",),
        reply=when(DEFINITION, _parameter(lambda one: one | {"targetProfile": ["http://hl7.org/fhir/StructureDefinition/Patient"]})),
    ),
    Broken("searchType on a boolean", ("DEF-011",), reply=when(DEFINITION, _parameter(lambda one: one | {"searchType": "token"}))),
    Broken(
        "a definition of another canonical",
        ("DEF-006", "CAP-014"),
        reply=when(DEFINITION, lambda one: one | {"url": "http://example.org/other"}),
    ),
    Broken("a name with blanks", ("DEF-005",), reply=when(DEFINITION, lambda one: one | {"name": "code encounter"})),
    Broken(
        "an out parameter that is not defined",
        ("DEF-015",),
        reply=answers(lambda given: given.append({"name": "surprise", "valueBoolean": True})),
    ),
    Broken(
        "an out parameter of another type",
        ("DEF-015",),
        reply=answers(lambda given: [{"name": "codingId", "valueString": "x"}, *given[1:]]),
    ),
    Broken("an out parameter missing", ("DEF-015",), reply=answers(lambda given: [one for one in given if one["name"] != "disposition"])),
    # ------------------------------------------------------------------------------------------------ capability
    Broken("FHIR 4.3.0", ("CAP-003",), reply=when(METADATA, lambda one: one | {"fhirVersion": "4.3.0"})),
    Broken("no date", ("CAP-002",), reply=when(METADATA, without("date"))),
    Broken("an instance without implementation", ("CAP-006",), reply=when(METADATA, without("implementation"))),
    Broken("$ in the operation's name", ("CAP-012",), reply=when(METADATA, _operation(lambda one: one | {"name": "$code-encounter"}))),
    Broken(
        "a definition as in STU3",
        ("CAP-013",),
        reply=when(METADATA, _operation(lambda one: one | {"definition": {"reference": one["definition"]}})),
    ),
    Broken("a type twice", ("CAP-010",), reply=when(METADATA, lambda one: one["rest"][0]["resource"].append({"type": "Encounter"}))),
    Broken(
        "a search that is not there",
        ("CAP-016",),
        reply=when(METADATA, lambda one: one["rest"][0]["resource"].append({"type": "Patient", "interaction": [{"code": "search-type"}]})),
    ),
    Broken("a format that is not there", ("CAP-015",), reply=when(METADATA, lambda one: one["format"].append("text/turtle"))),
    Broken(
        "metadata behind a token",
        ("CAP-001",),
        reply=lambda asked, reply: status(401)(reply) if asked.path.endswith(METADATA) and not asked.header("Authorization") else reply,
    ),
    # ------------------------------------------------------------------------------------------------ negotiation
    Broken(
        "FHIR called application/json",
        ("NEG-001", "NEG-002"),
        reply=lambda asked, reply: (
            reply.with_header("Content-Type", "application/json") if "json" in reply.header("Content-Type") else reply
        ),
    ),
    Broken("application/json is not acceptable", ("NEG-003",), reply=_only_specific),
    Broken("Accept is not read", ("NEG-004", "NEG-010"), request=_ignore_accept),
    Broken("_format is not read", ("NEG-013", "NEG-014", "NEG-016"), request=_drop_query),
    Broken("parameters of media types are not understood", ("NEG-007", "NEG-008"), reply=_by_header("Accept", "json;", 406)),
    Broken("a charset in Content-Type is 415", ("NEG-022",), reply=_by_header("Content-Type", "charset", 415)),
    Broken("any version is taken", ("NEG-009",), request=_swap("HTTP_ACCEPT", "application/fhir+json")),
    Broken("any body is taken", ("NEG-026",), request=_swap("CONTENT_TYPE", "application/fhir+json")),
    Broken(
        "Latin-1", ("NEG-017",), reply=lambda asked, reply: reply.with_header("Content-Type", "application/fhir+json; charset=iso-8859-1")
    ),
    # ------------------------------------------------------------------------------------------------ errors
    Broken("errors are 200", ("ERR-001", "ERR-002", "ERR-007", "INP-008"), reply=errors(status(200))),
    Broken("errors are 500", ("ERR-001", "ERR-024"), reply=errors(status(500), 400)),
    Broken("business rules are 400", ("ERR-012", "ERR-013", "ERR-014", "ERR-015"), reply=errors(status(400), 422)),
    Broken("a severity that is none", ("ERR-001",), reply=errors(issue(severity="bad"))),
    Broken("an issue type that is none", ("ERR-001",), reply=errors(issue(code="wrong"))),
    Broken("an outcome without issues", ("ERR-001",), reply=errors(lambda reply: reply.holding({"resourceType": "OperationOutcome"}))),
    Broken("errors repeat what was sent", ("ERR-017",), reply=_repeats),
    Broken("errors show a trace", ("ERR-020",), reply=errors(issue(diagnostics='Traceback (most recent call last):\n  File "app.py"'))),
    Broken("errors have no place", ("ERR-018",), reply=errors(issue(expression=None))),
    Broken("errors have no words", ("ERR-019",), reply=errors(issue(details=None, diagnostics=None))),
    # ------------------------------------------------------------------------------------------------ terminology
    Broken("any code is found", ("TER-003", "TER-004", "TER-006"), reply=at("$lookup", status(200))),
    Broken("any code is valid", ("TER-008", "TER-009"), reply=when("$validate-code", _says(result=True))),
    Broken("no code is valid", ("TER-007", "TER-010"), reply=when("$validate-code", _says(result=False))),
    Broken(
        "the version is not told",
        ("TER-005",),
        reply=when("$lookup", lambda one: one | {"parameter": [part for part in one["parameter"] if part["name"] != "version"]}),
    ),
    Broken("offset is not read", ("TER-013",), request=_drop_parameter("offset")),
    Broken("filter is not read", ("TER-011",), request=_drop_parameter("filter")),
    Broken("an expansion without a time", ("TER-012",), reply=when("$expand", lambda one: one["expansion"].pop("timestamp"))),
    Broken(
        "count=0 gives codes",
        ("TER-014",),
        reply=when(
            "$expand", lambda one: one["expansion"].update(contains=[{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "I10"}])
        ),
    ),
    Broken("one mode of metadata", ("TER-018",), request=_drop_parameter("mode")),
    Broken("nonsense is taken", ("TER-015", "TER-016", "TER-017"), reply=at("$expand", status(200))),
    # ------------------------------------------------------------------------------------------------ parameters and preferences
    Broken("only the first note is read", ("INP-002",), request=_first_parameters("encounter", "patient", "note")),
    Broken("unknown parameters pass in silence", ("PRE-001", "PRE-003"), request=_first_parameters("encounter", "patient", "note")),
    Broken("text is always given", ("INP-016",), reply=answers(lambda given: given.append({"name": "noteText", "part": []}))),
    Broken(
        "a receipt without writeBack",
        ("INP-017",),
        reply=answers(lambda given: given.append({"name": "receipt", "resource": {"resourceType": "Bundle", "type": "batch-response"}})),
    ),
    Broken("Prefer is not read", ("PRE-003", "PRE-004", "PRE-005"), request=_swap("HTTP_PREFER", "")),
    Broken(
        "Preference-Applied for what nobody knows",
        ("PRE-006",),
        reply=lambda asked, reply: reply.with_header("Preference-Applied", asked.header("Prefer")) if asked.header("Prefer") else reply,
    ),
    Broken(
        "202 without a place",
        ("PRE-007",),
        reply=lambda asked, reply: (
            status(202)(reply).with_header("Content-Location", None) if "respond-async" in asked.header("Prefer") else reply
        ),
    ),
    Broken(
        "a place below no server", ("PRE-007", "PRE-009"), reply=kick_offs(lambda one: one.with_header("Content-Location", "/fhir/_jobs/7"))
    ),
    Broken(
        "a preference that is applied in silence", ("PRE-009",), reply=kick_offs(lambda one: one.with_header("Preference-Applied", None))
    ),
    Broken("answers are numbered", ("PRE-010",), reply=_numbered()),
    Broken("when to ask again is not told", ("PRE-011",), reply=_told_early(Retry_After=None)),
    Broken("progress at length", ("PRE-011",), reply=_told_early(X_Progress="still at it " * 10)),
    Broken("no Bundle around the answer", ("PRE-012",), reply=jobs(_bare)),
    Broken("other codes later than at once", ("PRE-012",), reply=jobs(_one_code_less)),
    Broken("errors are successes later", ("PRE-013",), reply=jobs(lambda asked, one: status(200)(one) if one.status >= 400 else one)),
    Broken(
        "DELETE takes nothing back",
        ("PRE-014",),
        request=lambda asked: asked.environ.update(REQUEST_METHOD="GET") if _is_job(asked) else None,
    ),
    Broken("DELETE is 200", ("PRE-014",), reply=jobs(lambda asked, one: status(200)(one) if asked.method == "DELETE" else one)),
)

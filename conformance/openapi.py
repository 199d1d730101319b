"""``python -m conformance.openapi BASE_URL``: an OpenAPI document of a server, made of what the server says of itself.

FHIR has no OpenAPI of its own; fuzzers and gateways want one. Paths and methods come from the CapabilityStatement, parameters from the
OperationDefinitions: a call that the document allows is one that the definition allows, as far as a schema can say it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from conformance.credentials import bearer
from conformance.exchange import FHIR_JSON, FHIR_XML, Resource
from conformance.target import Target, anonymous

Schema = dict[str, Any]
VERSION = "3.1.0"

PRIMITIVES: Mapping[str, Schema] = {
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
    "positiveInt": {"type": "integer", "minimum": 1, "maximum": 2**31 - 1},
    "unsignedInt": {"type": "integer", "minimum": 0, "maximum": 2**31 - 1},
    "decimal": {"type": "number"},
    "string": {"type": "string", "minLength": 1},
    "code": {"type": "string", "pattern": r"^[^\s]+(\s[^\s]+)*$"},
    "id": {"type": "string", "pattern": r"^[A-Za-z0-9\-.]{1,64}$"},
    "uri": {"type": "string", "pattern": r"^\S+$"},
    "url": {"type": "string", "pattern": r"^\S+$"},
    "canonical": {"type": "string", "pattern": r"^\S+$"},
    "date": {"type": "string", "format": "date"},
    "dateTime": {"type": "string", "format": "date-time"},
    "instant": {"type": "string", "format": "date-time"},
}
"""http://hl7.org/fhir/R4/datatypes.html#primitive"""
_CODING: Schema = {
    "type": "object",
    "properties": {
        "system": PRIMITIVES["uri"],
        "version": PRIMITIVES["string"],
        "code": PRIMITIVES["code"],
        "display": PRIMITIVES["string"],
    },
    "minProperties": 1,
    "additionalProperties": False,
}
COMPLEX: Mapping[str, Schema] = {
    "Coding": _CODING,
    "CodeableConcept": {
        "type": "object",
        "properties": {"coding": {"type": "array", "items": _CODING, "minItems": 1}, "text": PRIMITIVES["string"]},
        "minProperties": 1,
        "additionalProperties": False,
    },
    "Reference": {
        "type": "object",
        "properties": {"reference": PRIMITIVES["string"], "display": PRIMITIVES["string"]},
        "minProperties": 1,
        "additionalProperties": False,
    },
}

Parameters = Sequence[Mapping[str, Any]]
_ANY = {"200": "done", "4XX": "refused", "5XX": "failed"}


def _in(name: str, kind: str, maximum: str = "1") -> Mapping[str, Any]:
    return {"name": name, "use": "in", "min": 0, "max": maximum, "type": kind}


HL7: Mapping[str, Parameters] = {
    "lookup": (
        _in("code", "code"),
        _in("system", "uri"),
        _in("version", "string"),
        _in("coding", "Coding"),
        _in("date", "dateTime"),
        _in("displayLanguage", "code"),
        _in("property", "code", "*"),
    ),
    "validate-code": (
        _in("url", "uri"),
        _in("code", "code"),
        _in("version", "string"),
        _in("display", "string"),
        _in("coding", "Coding"),
        _in("codeableConcept", "CodeableConcept"),
        _in("date", "dateTime"),
        _in("abstract", "boolean"),
        _in("displayLanguage", "code"),
    ),
    "expand": (
        _in("url", "uri"),
        _in("filter", "string"),
        _in("date", "dateTime"),
        _in("offset", "integer"),
        _in("count", "integer"),
        _in("includeDesignations", "boolean"),
        _in("activeOnly", "boolean"),
        _in("displayLanguage", "code"),
    ),
}
"""In parameters of operations that R4 itself defines, which servers name and need not serve: http://hl7.org/fhir/R4/operationslist.html"""


def document(target: Target) -> Schema:
    """The document. Raises Skipped where the server has no CapabilityStatement that can be read."""
    paths: dict[str, Schema] = {
        "/metadata": {"get": _read("CapabilityStatement", ())},
        "/.well-known/smart-configuration": {"get": _operation("SMART configuration", ())},
        "/OperationDefinition/{id}": {"get": _read("OperationDefinition", (_path_id(),))},
    }
    for kind, name, definition in _operations(target):
        for level, path in _levels(kind, name, definition):
            paths[path] = _methods(name, definition, (_path_id(),) if level == "instance" else ())
    software = target.capability.get("software", {})
    told = {"title": str(software.get("name", "FHIR server")), "version": str(software.get("version", "0"))}
    return {"openapi": VERSION, "info": told, "servers": [{"url": target.base}], "paths": paths}


def _operations(target: Target) -> Iterator[tuple[str, str, Resource]]:
    """Type, name and definition of each operation that the server lists."""
    for rest in target.capability.get("rest", ()):
        for one in rest.get("resource", ()):
            for operation in one.get("operation", ()):
                definition = _definition(target, operation["name"], str(operation.get("definition", "")))
                if definition is not None:
                    yield one["type"], operation["name"], definition


def _definition(target: Target, name: str, canonical: str) -> Resource | None:
    if canonical.startswith("http://hl7.org/fhir/OperationDefinition/"):
        return {"type": True, "instance": False, "affectsState": False, "parameter": list(HL7[name])} if name in HL7 else None
    answer = target.get(f"OperationDefinition/{canonical.rpartition('/')[2]}")
    return answer.resource if answer.status == 200 else None


def _levels(kind: str, name: str, definition: Resource) -> Iterator[tuple[str, str]]:
    if definition.get("type"):
        yield "type", f"/{kind}/${name}"
    if definition.get("instance"):
        yield "instance", f"/{kind}/{{id}}/${name}"


def _methods(name: str, definition: Resource, path: Parameters) -> Schema:
    """POST, and GET where nothing is changed; what is no primitive then stays out."""
    given = [one for one in definition.get("parameter", ()) if one.get("use") == "in"]
    body = _body(given)
    methods = {"post": _operation(f"${name}", path) | {"requestBody": {"required": True, "content": {FHIR_JSON: {"schema": body}}}}}
    if not definition.get("affectsState", True):
        methods["get"] = _operation(f"${name}", (*path, *(_query(one) for one in given if one.get("type") in PRIMITIVES)))
    return methods


def _body(given: Parameters) -> Schema:
    """A Parameters resource with these parameters, each as often as may be."""
    return {
        "type": "object",
        "required": ["resourceType"],
        "additionalProperties": False,
        "properties": {
            "resourceType": {"const": "Parameters"},
            "parameter": {"type": "array", "minItems": 1, "maxItems": 8, "items": {"oneOf": [_parameter(one) for one in given]}},
        },
    }


def _parameter(one: Mapping[str, Any]) -> Schema:
    content, schema = _content(str(one.get("type", "")))
    return {
        "type": "object",
        "required": ["name", content],
        "additionalProperties": False,
        "properties": {"name": {"const": one["name"]}, content: schema},
    }


def _content(kind: str) -> tuple[str, Schema]:
    """Where the value of a FHIR type stands, and what it looks like; of a resource its type alone is said."""
    known = PRIMITIVES.get(kind) or COMPLEX.get(kind)
    if known is not None:
        return f"value{kind[0].upper()}{kind[1:]}", known
    named: Schema = {"type": "string", "pattern": "^[A-Z][A-Za-z]{1,63}$"} if kind == "Resource" else {"const": kind}
    return "resource", {"type": "object", "required": ["resourceType"], "properties": {"resourceType": named}}


def _query(one: Mapping[str, Any]) -> Schema:
    schema = PRIMITIVES[str(one["type"])]
    is_list = one.get("max") == "*"
    return {"name": one["name"], "in": "query", "required": False, "schema": {"type": "array", "items": schema} if is_list else schema}


def _path_id() -> Schema:
    return {"name": "id", "in": "path", "required": True, "schema": PRIMITIVES["id"]}


def _read(kind: str, parameters: Parameters) -> Schema:
    formats = {"name": "_format", "in": "query", "required": False, "schema": {"enum": ["json", "xml", FHIR_JSON, FHIR_XML]}}
    return _operation(f"read {kind}", (*parameters, formats))


def _operation(summary: str, parameters: Parameters) -> Schema:
    responses = {status: {"description": words} for status, words in _ANY.items()}
    return {"summary": summary, "parameters": list(parameters), "responses": responses}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the document."""
    parser = argparse.ArgumentParser(prog="python -m conformance.openapi", description="An OpenAPI document of a FHIR server.")
    parser.add_argument("base_url", metavar="BASE_URL")
    parser.add_argument("--token", default="", help="bearer token, where metadata wants one")
    given = parser.parse_args(arguments)
    target = Target(given.base_url.rstrip("/"), bearer(given.token) if given.token else anonymous)
    print(json.dumps(document(target), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())

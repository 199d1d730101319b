"""Parameters to a CodingRequest: the in half of :mod:`fhir_coder.api.parameters`, with the rules that a table cannot hold."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from fhir_coder.api.parameters import IN, Parameter
from fhir_coder.errors import InvalidContent, RequiredMissing, Uncodable
from fhir_coder.exchange import CodingRequest, Resource

_KNOWN = {parameter.name: parameter for parameter in IN}
_REFERENCE = re.compile(r"Encounter/([A-Za-z0-9\-.]{1,64})", re.ASCII)
_NOT_CONTENT = frozenset({"name", "_name", "id", "extension"})


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """A request and the FHIRPaths of the parameters that were ignored."""

    request: CodingRequest
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Given:
    """A known parameter as it came: where, and its value or resource."""

    path: str
    value: Any


def read_coding_request(body: Resource | None, *, tenant: str, encounter_id: str, is_strict: bool) -> ReadRequest:
    """Read the body (None: empty) of a call at type level (``encounter_id`` empty) or instance level.

    Raises InvalidContent (also for an unknown parameter when ``is_strict``), RequiredMissing, or Uncodable when the body is about another
    encounter than the URL. Source: http://hl7.org/fhir/R4/operations.html and the OperationDefinition.
    """
    given, ignored = _sort(body, is_strict)
    encounter = _one(given, "encounter")
    request = CodingRequest(
        tenant=tenant,
        encounter_id=_encounter_id(given, encounter_id),
        encounter=encounter,
        patient=_one(given, "patient"),
        notes=tuple(one.value for one in given["note"]) or None,
        context=tuple(one.value for one in given["context"]),
        ehr=_one(given, "ehr") or "",
        write_back=bool(_one(given, "writeBack")),
        include_text=bool(_one(given, "includeText")),
    )
    return ReadRequest(request, ignored)


def _sort(body: Resource | None, is_strict: bool) -> tuple[dict[str, list[_Given]], tuple[str, ...]]:
    """Every known parameter by name, and the paths of the unknown ones."""
    given: dict[str, list[_Given]] = {name: [] for name in _KNOWN}
    ignored = []
    for index, parameter in enumerate(_parameters(body)):
        path = f"Parameters.parameter[{index}]"
        known = _KNOWN.get(parameter.get("name", ""))
        if known is not None:
            _add(given[known.name], known, _Given(path, _value(parameter, known, path)))
        elif is_strict:
            raise InvalidContent("unknown parameter, refused under Prefer: handling=strict", expression=(path,))
        else:
            ignored.append(path)
    return given, tuple(ignored)


def _parameters(body: Resource | None) -> list[Resource]:
    if body is None:
        return []
    if body["resourceType"] != "Parameters":
        raise InvalidContent("the body must be a Parameters resource", expression=(body["resourceType"],))
    if "implicitRules" in body:
        raise InvalidContent("implicitRules are not understood here", expression=("Parameters.implicitRules",))
    return body.get("parameter", [])


def _add(values: list[_Given], parameter: Parameter, value: _Given) -> None:
    if values and parameter.maximum == "1":
        raise InvalidContent(f"parameter {parameter.name} may be given once", expression=(value.path,))
    values.append(value)


def _value(parameter: Resource, known: Parameter, path: str) -> Any:
    """The content of a parameter; exactly one of value, resource, part (invariant inv-1) and of the declared type."""
    content = [key for key in parameter if key not in _NOT_CONTENT and not key.startswith("_value")]
    if "modifierExtension" in content:
        raise InvalidContent("a modifier extension is not understood here", expression=(f"{path}.modifierExtension",))
    if len(content) != 1:
        raise InvalidContent("a parameter has exactly one of value, resource and part", expression=(path,))
    if content[0] != known.content:
        raise InvalidContent(f"parameter {known.name} must be of type {known.type}", expression=(path,))
    value = parameter[content[0]]
    if known.is_resource and known.type not in {"Resource", value["resourceType"]}:
        raise InvalidContent(f"parameter {known.name} must be of type {known.type}", expression=(f"{path}.resource",))
    return value


def _one(given: dict[str, list[_Given]], name: str) -> Any:
    return given[name][0].value if given[name] else None


def _encounter_id(given: dict[str, list[_Given]], from_url: str) -> str:
    """The id at the EHR: from the URL, the reference or the inline resource, which must not disagree; empty for an inline one without."""
    if not from_url and len(given["encounter"]) + len(given["encounterReference"]) != 1:
        return _refuse_count(given)
    found = from_url
    for one in given["encounterReference"]:
        found = _agreed(found, _referenced_id(one), one.path)
    for one in given["encounter"]:
        found = _agreed(found, one.value.get("id", ""), f"{one.path}.resource.id")
    return found


def _refuse_count(given: dict[str, list[_Given]]) -> str:
    if not given["encounter"]:
        raise RequiredMissing("at type level one of encounter and encounterReference is required", expression=("Parameters.parameter",))
    raise InvalidContent("give encounter or encounterReference, not both", expression=(given["encounterReference"][0].path,))


def _referenced_id(given: _Given) -> str:
    """Only ``Encounter/[id]``: the EHR is the tenant's, never an address from the request."""
    match = _REFERENCE.fullmatch(given.value.get("reference", ""))
    if match is None:
        raise InvalidContent(
            "encounterReference must be a relative reference Encounter/[id]", expression=(f"{given.path}.value.reference",)
        )
    return match.group(1)


def _agreed(known: str, named: str, path: str) -> str:
    if known and named and known != named:
        raise Uncodable("the request names two different encounters", expression=(path,))
    return known or named

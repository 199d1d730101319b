"""What comes of an encounter as lines of NDJSON: the proposal, with ids and references that are the same whenever it is coded, and an OperationOutcome."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from fhir_coder.api.outcome import ERROR_SYSTEM, outcome_of_result, plain_issue
from fhir_coder.bulk.index import Problem
from fhir_coder.errors import FhirCoderError
from fhir_coder.exchange import CodingResult, Resource
from fhir_coder.fhir.writer import write_json
from fhir_coder.vocabulary import CANONICAL

KINDS = ("Condition", "Claim", "Task", "Provenance", "OperationOutcome")
_SEVERITIES = {"corrupt": ("error", "structure"), "type": ("information", "informational"), "duplicate": ("information", "duplicate")}


def lines_of_result(tenant: str, result: CodingResult, left_out: Iterable[str]) -> dict[str, bytes]:
    """The lines of a coding by resource type; ``left_out`` are sentences on what of the export could not be read."""
    encounter, outcome = result.intake.encounter.reference, result.disposition.outcome.value
    told = plain_issue("information", "informational", f"{encounter}: coded, disposition {outcome}")
    issues = [told, *(plain_issue("warning", "incomplete", one) for one in left_out), *outcome_of_result(result, ())["issue"]]
    entries = result.proposal.get("entry", ())
    addresses = {one["fullUrl"]: f"{one['resource']['resourceType']}/{_id_of(one['fullUrl'])}" for one in entries}
    resources = [_named(one, addresses) for one in entries]
    return _lines([*resources, _outcome(tenant, encounter, issues)])


def lines_of_error(tenant: str, encounter: str, error: FhirCoderError) -> dict[str, bytes]:
    """The line of an encounter that cannot be coded."""
    issue: Resource = {
        "severity": "error",
        "code": error.issue,
        "details": {"coding": [{"system": ERROR_SYSTEM, "code": error.code}], "text": error.message},
        "diagnostics": f"{encounter}: {error.message} [{error.code}]",
    }
    return _lines([_outcome(tenant, encounter, [issue | ({"expression": list(error.expression)} if error.expression else {})])])


def line_of_problem(tenant: str, problem: Problem) -> bytes:
    """The line on a line of the export: its file and number, and what is wrong with it in words of ours."""
    severity, code = _SEVERITIES.get(problem.kind, ("warning", "incomplete"))
    place = f"{problem.file}, line {problem.line}"
    return _line(_outcome(tenant, f"{place} {problem.kind}", [plain_issue(severity, code, f"{place}: {problem.detail}")]))


def _outcome(tenant: str, about: str, issues: list[Resource]) -> Resource:
    name = uuid5(NAMESPACE_URL, f"{CANONICAL}/bulk|{tenant}|{about}")
    return {"resourceType": "OperationOutcome", "id": str(name), "issue": issues}


def _named(entry: Mapping[str, Any], addresses: Mapping[str, str]) -> Resource:
    """The resource of an entry under an id of its own, with references to it and its like by address."""
    resource = entry["resource"]
    return _pointing({"resourceType": resource["resourceType"], "id": _id_of(entry["fullUrl"])} | resource, addresses)


def _pointing(value: Any, addresses: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            key: addresses.get(item, item) if key == "reference" and isinstance(item, str) else _pointing(item, addresses)
            for key, item in value.items()
        }
    return [_pointing(item, addresses) for item in value] if isinstance(value, list | tuple) else value


def _id_of(full_url: str) -> str:
    return full_url.rpartition(":")[2]


def _lines(resources: Iterable[Resource]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for one in resources:
        found[one["resourceType"]] = found.get(one["resourceType"], b"") + _line(one)
    return found


def _line(resource: Resource) -> bytes:
    return write_json(resource) + b"\n"

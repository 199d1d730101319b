"""Whether FHIR resources are valid, by validators that are not ours: files for the peers' two, and the official JSON schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft6Validator

from tests.contracts.answers import named, proposed
from tests.contracts.peers import Resource


def written(resources: list[Resource], folder: Path) -> list[Path]:
    """Each resource in a file of its own."""
    files = []
    for number, one in enumerate(resources):
        files.append(folder / f"{number:04d}-{one['resourceType']}.json")
        files[-1].write_text(json.dumps(one), encoding="utf-8")
    return files


def inside(answer: Resource) -> list[Resource]:
    """The bundles and outcomes of an answer, each entry of its proposal, and each outcome of its receipt."""
    parts = [one["resource"] for one in answer["parameter"] if "resource" in one]
    receipt = named(answer, "receipt")[0]["resource"]["entry"]
    return [*parts, *proposed(answer), *(one["response"]["outcome"] for one in receipt if "outcome" in one["response"])]


@cache
def schema_of(peers: Path) -> Draft6Validator:
    path = peers / "node_modules" / "@medplum" / "definitions" / "dist" / "fhir" / "r4" / "fhir.schema.json"
    return Draft6Validator(json.loads(path.read_text(encoding="utf-8")))


def schema_faults(peers: Path, resource: Resource) -> Iterator[str]:
    """Faults by the JSON schema of R4. What a resource holds is checked by itself: in place, the schema tries every type in turn."""
    for part in resource.get("contained", ()):
        yield from schema_faults(peers, part)
    for fault in schema_of(peers).descend(without_resources(resource), {"$ref": f"#/definitions/{resource['resourceType']}"}):
        yield f"{resource['resourceType']}: {fault.json_path}: {fault.message[:200]}"


def without_resources(value: Any) -> Any:
    if isinstance(value, list):
        return [without_resources(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {key: without_resources(one) for key, one in value.items() if key != "contained" and not _is_resource(one)}


def _is_resource(value: Any) -> bool:
    return isinstance(value, dict) and "resourceType" in value

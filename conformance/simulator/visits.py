"""Visits made to order: copies of a made-up one under new ids, so that no check meets what a server remembers of an earlier one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import uuid4

from conformance.simulator.exchange import Resource

_REFERENCE = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}")


class NoSuchVisit(LookupError):
    """There is no encounter of that id among the records."""


def copy_of_visit(records: Sequence[Resource], encounter_id: str = "") -> list[Resource]:
    """The resources of the patient of an encounter (the first one when no id is given) under new ids, what refers to them with them.

    Raises NoSuchVisit.
    """
    encounters = [one for one in records if one["resourceType"] == "Encounter" and encounter_id in ("", one["id"])]
    if not encounters:
        raise NoSuchVisit(f"no encounter {encounter_id or 'at all'}")
    encounter = encounters[0]
    mark = uuid4().hex[:12]
    members = list(_of_visit(records, encounter))
    moved = {_address(one): f"{one['resourceType']}/{one['id'][:48]}-{mark}" for one in members}
    return [_renamed(one, moved) for one in members]


def _of_visit(records: Sequence[Resource], encounter: Resource) -> Iterator[Resource]:
    """The encounter, its patient, and what refers to the patient and to no other encounter, with the attachments of that."""
    patient = encounter.get("subject", {}).get("reference", "")
    visit = _address(encounter)
    mine = [one for one in records if one is encounter or (_names(one, patient) and not _is_of_another(one, visit))]
    attached = {found for one in mine for found in _REFERENCE.findall(json.dumps(one)) if found.startswith("Binary/")}
    for one in records:
        if one in mine or _address(one) in attached | {patient}:
            yield one


def _is_of_another(resource: Resource, visit: str) -> bool:
    named = {one for one in _REFERENCE.findall(json.dumps(resource)) if one.startswith("Encounter/")}
    return resource["resourceType"] == "Encounter" or bool(named - {visit})


def _names(resource: Resource, address: str) -> bool:
    return bool(address) and f'"{address}"' in json.dumps(resource)


def _address(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def _renamed(resource: Resource, moved: dict[str, str]) -> Resource:
    """Under its new id, with new references. Identifiers go: they name the original."""
    copied: Resource = _moved({name: value for name, value in resource.items() if name != "identifier"}, moved)
    return copied | {"id": moved[_address(resource)].partition("/")[2]}


def _moved(value: Any, moved: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _moved(one, moved) for name, one in value.items()}
    if isinstance(value, list):
        return [_moved(one, moved) for one in value]
    return moved.get(value, value) if isinstance(value, str) else value

"""The synthetic encounters of the built-in EHR. People, visits and notes are invented; nothing is taken from a real record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from importlib.resources import files

from fhir_coder.exchange import Resource
from fhir_coder.fhir.writer import write_json
from fhir_coder.sandbox.assembly import EncounterSource, People, Person, assemble
from fhir_coder.sandbox.resource_store import ResourceStore

PEOPLE = "people.json"


def seed(store: ResourceStore) -> int:
    """Put the encounters into a store; those already there stay as they are. Returns how many resources were written."""
    return store.plant([(resource, sha256(write_json(resource)).hexdigest()) for resource in synthetic_resources()])


def synthetic_resources() -> tuple[Resource, ...]:
    """Every resource of every encounter, each once: practices and practitioners serve several."""
    resources = (resource for source in encounter_sources() for resource in assemble(source))
    return tuple({(one["resourceType"], one["id"]): one for one in resources}.values())


def encounter_sources() -> Iterator[EncounterSource]:
    """The encounters in short form, by name."""
    folder = files("fhir_coder.sandbox") / "encounters"
    people = _people(folder.joinpath(PEOPLE).read_text(encoding="utf-8"))
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        if file.name.endswith(".json") and file.name != PEOPLE:
            short = json.loads(file.read_text(encoding="utf-8"))
            yield EncounterSource(short, people, lambda name: folder.joinpath(name).read_bytes())


def _people(text: str) -> People:
    tables = json.loads(text)
    practitioners = {key: Person(*facts) for key, facts in tables["practitioners"].items()}
    return People(practitioners, tables["organizations"], tables["payers"])

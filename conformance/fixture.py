"""The fixtures: encounters with what any server must do with them, each a folder with ``bundle.json`` and ``expected.json``."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from conformance.exchange import Resource
from conformance.expectation import Expectation, read_expectation

FOLDER = Path(__file__).with_name("fixtures")
INLINE, REFERENCE = "inline", "reference"
WAYS = (INLINE, REFERENCE)
REQUIRED_KEYS = frozenset({"id", "title", "shows", "format", "encounter", "ways", "expectations"})
KEYS = REQUIRED_KEYS | {"inline", "ehr"}
"""Of ``expected.json``."""
_SENT_BY_NAME = frozenset({"Encounter", "Patient", "DocumentReference", "Binary"})


@dataclass(frozen=True, slots=True)
class Fixture:
    """One encounter as an EHR holds it. ``encounter`` is the reference of the one that is coded; ``notes`` the references of the documents that a
    caller sends along, None for those that name the encounter; ``ehr`` how the EHR gives it: ``binary`` (raw or fhir), ``pageSize``; ``ways`` in which
    it can be tried."""

    id: str
    title: str
    shows: str
    format: str
    encounter: str
    notes: tuple[str, ...] | None
    ehr: Mapping[str, Any]
    ways: tuple[str, ...]
    expectations: tuple[Expectation, ...]
    resources: tuple[Resource, ...]

    @property
    def encounter_id(self) -> str:
        """The id without its type."""
        return self.encounter.partition("/")[2]

    def of(self, kind: str) -> list[Resource]:
        """Its resources of a type."""
        return [one for one in self.resources if one["resourceType"] == kind]

    def sent_notes(self) -> list[Resource]:
        """The DocumentReferences that a caller sends along, with what their Binaries hold put into the attachments."""
        binaries = {f"Binary/{one['id']}": one for one in self.of("Binary")}
        wanted = self._named_notes() if self.notes is None else self.notes
        return [_inlined(one, binaries) for one in self.of("DocumentReference") if f"DocumentReference/{one['id']}" in wanted]

    def context(self) -> list[Resource]:
        """What else a caller sends along."""
        return [one for one in self.resources if one["resourceType"] not in _SENT_BY_NAME]

    def parameters(self) -> Resource:
        """The Parameters in, everything inline, with the notes' text asked for."""
        encounter = next(one for one in self.of("Encounter") if one["id"] == self.encounter_id)
        parts = [{"name": "encounter", "resource": encounter}, {"name": "patient", "resource": self.of("Patient")[0]}]
        parts += [{"name": "note", "resource": one} for one in self.sent_notes()]
        parts += [{"name": "context", "resource": one} for one in self.context()]
        return {"resourceType": "Parameters", "parameter": [*parts, {"name": "includeText", "valueBoolean": True}]}

    def _named_notes(self) -> tuple[str, ...]:
        named = {"reference": self.encounter}
        return tuple(
            f"DocumentReference/{one['id']}" for one in self.of("DocumentReference") if named in one.get("context", {}).get("encounter", ())
        )


def _inlined(document: Resource, binaries: Mapping[str, Resource]) -> Resource:
    sent = copy.deepcopy(document)
    for content in sent["content"]:
        held = binaries.get(content["attachment"].get("url", ""))
        if held is not None:
            del content["attachment"]["url"]
            content["attachment"]["data"] = held["data"]
    return sent


def read_fixture(folder: Path) -> Fixture:
    """The fixture in a folder. Raises ValueError for an expectation file with keys that are unknown or missing, or for another folder than its
    id says."""
    told = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    bundle = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
    if not REQUIRED_KEYS <= told.keys() <= KEYS or told["id"] != folder.name or not set(told["ways"]) <= set(WAYS):
        raise ValueError(f"{folder.name}/expected.json is not as the README says")
    return Fixture(
        id=told["id"],
        title=told["title"],
        shows=told["shows"],
        format=told["format"],
        encounter=told["encounter"],
        notes=tuple(told["inline"]["notes"]) if "inline" in told else None,
        ehr=told.get("ehr", {}),
        ways=tuple(told["ways"]),
        expectations=tuple(map(read_expectation, told["expectations"])),
        resources=tuple(entry["resource"] for entry in bundle["entry"]),
    )


def folders(root: Path = FOLDER) -> Iterator[Path]:
    """The folder of each fixture, by id."""
    return iter(sorted(one.parent for one in root.glob("*/expected.json")))


@cache
def all_fixtures() -> Mapping[str, Fixture]:
    """Every fixture by its id."""
    return {one.name: read_fixture(one) for one in folders()}


def fixtures(ids: Iterable[str]) -> list[Fixture]:
    """Those of these ids."""
    return [all_fixtures()[one] for one in ids]

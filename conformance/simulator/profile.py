"""The shape of an EHR: what its CapabilityStatement lists, what it refuses beyond that, and what it loses. The data is ``profiles.json``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from conformance.simulator.exchange import Resource
from fhir_coder.sandbox.parameters import load_parameters

FILE = Path(__file__).with_name("profiles.json")
_GROUP = (
    {"type": "Group", "operation": [{"name": "export", "definition": "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/group-export"}]},
)
MODIFIERS = ("modifierExtension", "implicitRules")


@dataclass(frozen=True, slots=True)
class Profile:
    """``types`` lists the interactions by resource type, ``search`` the search parameters where a type has fewer than the simulator could do, ``rules``
    what a create or update must keep to, ``loses`` the elements that are not stored. ``bulk``: whether it exports. ``source`` says whose statement it is taken
    from."""

    id: str
    title: str
    source: str
    types: Mapping[str, tuple[str, ...]]
    transaction: bool = False
    conditionalCreate: bool = False  # noqa: N815 - as the CapabilityStatement spells it
    bulk: bool = False
    search: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rules: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    loses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def allows(self, interaction: str, kind: str) -> bool:
        """Whether it is listed; metadata and tokens are for everybody."""
        if interaction in {"capabilities", "token", "discovery"}:
            return True
        if interaction in {"export", "export-status", "export-file"}:
            return self.bulk
        return self.transaction if interaction == "transaction" else interaction in self.types.get(kind, ())

    def statement(self, base: str) -> Resource:
        """The CapabilityStatement of an EHR at this address."""
        return {
            "resourceType": "CapabilityStatement",
            "status": "active",
            "date": "2026-11-01",
            "kind": "instance",
            "software": {"name": "EHR simulator"},
            "implementation": {"description": self.title, "url": base},
            "fhirVersion": "4.0.1",
            "format": ["json"],
            "rest": [
                {"mode": "server", "resource": [*(self._type(kind) for kind in self.types), *(_GROUP if self.bulk else ())]}
                | ({"interaction": [{"code": "transaction"}]} if self.transaction else {})
            ],
        }

    def objections(self, resource: Resource) -> Iterator[str]:
        """Why it does not take a resource, in sentences."""
        for name in self.rules.get(resource["resourceType"], ()):
            if not RULES[name][0](resource):
                yield RULES[name][1]

    def _type(self, kind: str) -> Resource:
        known = (one for one in load_parameters() if one.is_for(kind))
        listed = [one for one in known if kind not in self.search or one.name in self.search[kind]]
        found: Resource = {
            "type": kind,
            "interaction": [{"code": code} for code in self.types[kind]],
            "versioning": "versioned-update",
            "conditionalCreate": self.conditionalCreate,
        }
        if listed and "search-type" in self.types[kind]:
            found["searchParam"] = [{"name": one.name, "type": one.kind} for one in listed]
        return found


def _has_both_codings(resource: Resource) -> bool:
    selected = [one.get("userSelected", False) for one in resource.get("code", {}).get("coding", ())]
    return any(selected) and not all(selected)


RULES: Mapping[str, tuple[Callable[[Resource], bool], str]] = {
    "single-category": (lambda resource: len(resource.get("category", ())) == 1, "A Condition has exactly one category."),
    "selected-and-unselected-coding": (_has_both_codings, "One coding has userSelected true and another one false."),
    "no-modifiers": (lambda resource: not any(one in resource for one in MODIFIERS), "Modifier elements are not taken."),
}
"""What an EHR may demand beyond its statement, by name: whether a resource keeps to it, and what is said when not."""


def read_profiles(file: Path = FILE) -> dict[str, Profile]:
    """All profiles by id."""
    return {name: Profile(name, **facts) for name, facts in json.loads(file.read_text(encoding="utf-8")).items()}

"""From ``urn:uuid`` to addresses: a proposed resource as it can be sent, given what stands at the EHR by now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fhir_coder.exchange import Resource

URN = "urn:uuid:"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where proposed resources stand, by ``urn:uuid``; ``inside`` are those that travel in the same transaction and keep it. ``codes`` gives
    the code of each proposed Condition, ``encounter`` is its reference or empty."""

    known: Mapping[str, str] = field(default_factory=dict)
    inside: frozenset[str] = frozenset()
    codes: Mapping[str, Resource] = field(default_factory=dict)
    encounter: str = ""

    def settle(self, resource: Resource) -> Resource | None:
        """The resource as it is to be sent; None for a Provenance whose target was not written: it would say nothing of anything."""
        settled = self._task(resource) if resource["resourceType"] == "Task" else resource
        if resource["resourceType"] == "Provenance" and any(self._is_missing(one) for one in resource["target"]):
            return None
        return self.replaced(settled)

    def _task(self, task: Resource) -> Resource:
        """A Task on a Claim that was not written is about the encounter; a Condition that was not written is named by its code."""
        settled = {key: value for key, value in task.items() if key != "focus"}
        if "focus" in task and not self._is_missing(task["focus"]):
            settled = {key: settled.get(key, task["focus"]) for key in task}
        elif self.encounter:
            settled["focus"] = {"reference": self.encounter}
        if "input" in task:
            settled["input"] = [self._input(one) for one in task["input"]]
        return settled

    def _input(self, one: Resource) -> Resource:
        reference = one.get("valueReference", {})
        if not self._is_missing(reference):
            return one
        rest = {key: value for key, value in one.items() if key != "valueReference"}
        code = self.codes.get(reference["reference"])
        return rest | ({"valueCodeableConcept": code} if code else {"valueString": "proposed, not written"})

    def _is_missing(self, reference: Resource) -> bool:
        name = reference.get("reference", "")
        return name.startswith(URN) and name not in self.known and name not in self.inside

    def replaced(self, value: Any) -> Any:
        """Every remaining ``urn:uuid`` of something known becomes its address; of something missing, words."""
        if isinstance(value, list):
            return [self.replaced(item) for item in value]
        if not isinstance(value, dict):
            return value
        name = value.get("reference")
        if isinstance(name, str) and name.startswith(URN) and name not in self.inside:
            return {**value, "reference": self.known[name]} if name in self.known else {"display": "proposed, not written"}
        return {key: self.replaced(item) for key, item in value.items()}

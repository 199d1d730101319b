"""The Parameters that the operation answers, read: leniently, because what is wrong with them is for the checks of Parameters out to say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from conformance.exchange import Resource

Part = Mapping[str, Any]
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"


@dataclass(frozen=True, slots=True)
class Span:
    """Words of a note that a code rests on. ``document`` is Type/id, or what the reference says in words."""

    document: str
    start: Any
    end: Any
    text: Any
    sha256: Any


@dataclass(frozen=True, slots=True)
class Assigned:
    """An assignment or a rejection: its Coding, and what else its parts say (None where they do not)."""

    coding: Mapping[str, Any]
    rank: Any
    probability: Any
    disposition: Any
    evidence: tuple[Span, ...]

    @property
    def code(self) -> str:
        """The ICD-10-CM code."""
        return str(self.coding.get("code", ""))


class Coded:
    """One answer; ``parameters`` is the Parameters resource."""

    def __init__(self, parameters: Resource) -> None:
        self.parameters = parameters

    def named(self, name: str) -> list[Part]:
        """The parameters of that name."""
        return _named(self.parameters.get("parameter", ()), name)

    @cached_property
    def assignments(self) -> tuple[Assigned, ...]:
        """The codes assigned, as they come."""
        return tuple(map(_assigned, self.named("assignment")))

    @cached_property
    def rejections(self) -> tuple[Assigned, ...]:
        """The codes considered and not assigned."""
        return tuple(map(_assigned, self.named("rejected")))

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """The codes assigned by their rank."""
        return tuple(one.code for one in sorted(self.assignments, key=lambda one: one.rank if isinstance(one.rank, int) else 0))

    @property
    def disposition(self) -> str:
        """The code of the disposition, or empty."""
        return str(next((one.get("valueCoding", {}).get("code", "") for one in self.named("disposition")), ""))

    @property
    def reasons(self) -> set[tuple[str, str]]:
        """System and code of each reason."""
        concepts = (one.get("valueCodeableConcept", {}) for one in self.named("reason"))
        return {(coding.get("system", ""), coding.get("code", "")) for one in concepts for coding in one.get("coding", ())}

    @cached_property
    def texts(self) -> Sequence[tuple[str, str]]:
        """Each note's document and canonical text."""
        return [(document_of(one), str(value_of(one, "text") or "")) for one in self.named("noteText")]

    @cached_property
    def proposed(self) -> tuple[Part, ...]:
        """The entries of the Bundle proposed."""
        return tuple(entry for one in self.named("result") for entry in one.get("resource", {}).get("entry", ()))

    def resources(self, kind: str) -> list[Resource]:
        """What is proposed of a type."""
        found = (entry.get("resource", {}) for entry in self.proposed)
        return [one for one in found if one.get("resourceType") == kind]


def objects(value: Any) -> Iterator[Mapping[str, Any]]:
    """Every object inside, itself included, in order."""
    if isinstance(value, list):
        for one in value:
            yield from objects(one)
    elif isinstance(value, Mapping):
        yield value
        for one in value.values():
            yield from objects(one)


def spans_of(parameter: Part, name: str = "evidence") -> Iterator[Span]:
    """The evidence among the parts of a parameter."""
    for one in _named(parameter.get("part", ()), name):
        yield Span(document_of(one), *(value_of(one, key) for key in ("start", "end", "text", "sha256")))


def value_of(parameter: Part, name: str) -> Any:
    """The value of the first part of that name, or None."""
    part = next(iter(_named(parameter.get("part", ()), name)), {})
    return next((value for key, value in part.items() if key.startswith("value")), None)


def document_of(parameter: Part) -> str:
    """The document that a part names: Type/id without server and version, or its display."""
    reference = value_of(parameter, "document") or {}
    return address(reference.get("reference", "")) or str(reference.get("display", ""))


def address(reference: str) -> str:
    """Type/id of a reference, whatever server and version it names."""
    return "/".join(reference.partition("/_history/")[0].split("/")[-2:])


def _named(parameters: Any, name: str) -> list[Part]:
    return [one for one in parameters if one.get("name") == name]


def _assigned(parameter: Part) -> Assigned:
    coding = value_of(parameter, "code") or {}
    told = (value_of(parameter, key) for key in ("rank", "probability", "disposition"))
    return Assigned(coding, *told, evidence=tuple(spans_of(parameter)))  # type: ignore[misc]

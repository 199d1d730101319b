"""The specialty of a visit, as far as the intake knows it, for figures by specialty. It decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from fhir_coder.ehr.references import codings, literal
from fhir_coder.exchange import Intake, Resource

LONGEST_SPECIALTY = 128


def specialty_of(intake: Intake) -> str:
    """What the provider is of (PractitionerRole.specialty), else what the visit is for (Encounter.serviceType): the coding's display, else its code.

    Of several the first counts, a role's before the visit's. Empty where none is told. CodeableConcept.text is left out, as people type into it.
    """
    names = (_name(coding) for concept in _concepts(intake) for coding in codings(concept))
    return next(filter(None, names), "").replace("\0", "")[:LONGEST_SPECIALTY]


def _concepts(intake: Intake) -> Iterator[Any]:
    provider = intake.encounter.provider
    if provider:
        for role in _roles(provider, intake.resources.values()):
            yield from role.get("specialty", ())
    yield intake.resources.get(intake.encounter.reference, {}).get("serviceType")


def _roles(provider: str, resources: Iterable[Resource]) -> Iterator[Resource]:
    """The role that is the provider, before other roles of the same person."""
    found = [one for one in resources if one["resourceType"] == "PractitionerRole"]
    named = [one for one in found if f"PractitionerRole/{one.get('id', '')}" == provider]
    person = next((literal(one.get("practitioner")) for one in named), provider)
    yield from named
    yield from (one for one in found if one not in named and person and literal(one.get("practitioner")) == person)


def _name(coding: Resource) -> str:
    return " ".join(str(coding.get("display") or coding.get("code") or "").split())

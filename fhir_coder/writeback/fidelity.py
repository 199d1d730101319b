"""Did the EHR keep the codes as they were sent? Some keep the text and lose the coding, or store "I10." for "I10": that must be seen."""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.exchange import Resource

Code = tuple[str, str]


def altered_codes(sent: Resource, kept: Resource) -> tuple[str, ...]:
    """The element that holds the codes (``Condition.code``, ``Claim.diagnosis``) when ``kept`` lacks a code of ``sent`` or has them in
    another order; empty when all are there. What an EHR adds beside them (its own SNOMED coding) is no alteration."""
    element = {"Condition": "Condition.code", "Claim": "Claim.diagnosis"}.get(sent["resourceType"])
    if element is None:
        return ()
    wanted, found = list(_codes(sent)), list(_codes(kept))
    return () if [code for code in found if code in wanted] == wanted else (element,)


def _codes(resource: Resource) -> Iterator[Code]:
    """System and code of every coding, in the order of the resource."""
    concepts = [resource.get("code"), *(one.get("diagnosisCodeableConcept") for one in resource.get("diagnosis", ()))]
    for concept in concepts:
        for coding in (concept or {}).get("coding", ()):
            yield coding.get("system", ""), coding.get("code", "")

"""The names of our resources at the EHR: a business identifier, or the tag of a Provenance, which has no identifier in R4."""

from __future__ import annotations

from collections.abc import Iterable

from fhir_coder.exchange import Resource
from fhir_coder.own_terms import own_coding
from fhir_coder.vocabulary import ICD10CM, PROPOSAL_IDENTIFIER, REVIEW_TAG

SOFTWARE = "fhir-coder"
WITHDRAWN = own_coding(REVIEW_TAG, "withdrawn")
"""Tag of a Condition that this software retired: what tells it from one that a person marked as an error."""


def name_of(resource: Resource) -> str:
    """Our name for the resource, or empty when it has none."""
    identifiers = resource.get("identifier") or ()
    named = identifiers if isinstance(identifiers, list) else ()
    tags = resource.get("meta", {}).get("tag", ()) if resource["resourceType"] == "Provenance" else ()
    found = [one.get("value", "") for one in named if one.get("system") == PROPOSAL_IDENTIFIER]
    found += [one.get("code", "") for one in tags if one.get("system") == PROPOSAL_IDENTIFIER]
    return next((one for one in found if one), "")


def address_of(resource: Resource) -> str:
    """``Type/id`` of a resource at the EHR."""
    return f"{resource['resourceType']}/{resource['id']}"


def version_of(resource: Resource) -> str:
    """Its version id, or empty where the EHR keeps none."""
    return str(resource.get("meta", {}).get("versionId", ""))


def names_same(reference: object, address: str) -> bool:
    """Whether a literal reference, relative, absolute or versioned, names the resource at ``address``."""
    text = reference.partition("/_history/")[0] if isinstance(reference, str) else ""
    return bool(address) and (text == address or text.endswith(f"/{address}"))


def plain_code(code: str) -> str:
    """A code without what EHRs add or leave off: dot, case, blanks."""
    return code.strip().upper().replace(".", "")


def codes_in(concept: Resource | None) -> tuple[str, ...]:
    """ICD-10-CM codes of a CodeableConcept as they stand."""
    return tuple(one.get("code", "") for one in (concept or {}).get("coding", ()) if one.get("system") == ICD10CM)


def token_in(concept: object) -> str:
    """The first code of a CodeableConcept, or empty."""
    codings = concept.get("coding", ()) if isinstance(concept, dict) else ()
    return next((one.get("code", "") for one in codings if one.get("code")), "")


def is_by_this_software(provenance: Resource) -> bool:
    """Whether a Provenance carries our Device."""
    names = (name.get("name") for one in provenance.get("contained", ()) for name in one.get("deviceName", ()))
    return SOFTWARE in names


def has_verifier(provenances: Iterable[Resource]) -> bool:
    """Whether somebody else's Provenance names who verified or attested."""
    agents = (agent for one in provenances if not is_by_this_software(one) for agent in one.get("agent", ()))
    return any(token_in(agent.get("type")) in {"verifier", "attester", "legal"} for agent in agents)


def is_withdrawn(resource: Resource, retired: frozenset[str]) -> bool:
    """Whether the version at hand is one that this software retired, by its tag or by our earlier receipts."""
    tags = resource.get("meta", {}).get("tag", ())
    is_tagged = any((one.get("system"), one.get("code")) == (WITHDRAWN["system"], WITHDRAWN["code"]) for one in tags)
    return is_tagged or f"{address_of(resource)}/_history/{version_of(resource)}" in retired

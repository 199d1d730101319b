"""The security labels of a resource: ``meta.security``, ``DocumentReference.securityLabel``, and labels set within (DS4P inline labels).

Sources: http://hl7.org/fhir/R4/security-labels.html; http://hl7.org/fhir/uv/security-label-ds4p/ (extension ``inline-sec-label``). A label
within an element counts for the whole resource: what it is set on is not read apart from the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from fhir_coder.ehr.references import codings
from fhir_coder.exchange import Resource
from fhir_coder.model import SecurityLabel
from fhir_coder.vocabulary import CONFIDENTIALITY

ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
V2_CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v2-0177"

_CURRENT = {
    "http://hl7.org/fhir/v3/ActCode": ACT_CODE,
    "http://hl7.org/fhir/v3/ActUSPrivacyLaw": ACT_CODE,
    "urn:oid:2.16.840.1.113883.5.4": ACT_CODE,
    "2.16.840.1.113883.5.4": ACT_CODE,
    "http://hl7.org/fhir/v3/Confidentiality": CONFIDENTIALITY,
    "urn:oid:2.16.840.1.113883.5.25": CONFIDENTIALITY,
    "2.16.840.1.113883.5.25": CONFIDENTIALITY,
    "http://hl7.org/fhir/v2/0177": V2_CONFIDENTIALITY,
    "2.16.840.1.113883.12.177": V2_CONFIDENTIALITY,
}
"""Earlier URLs and OIDs of the systems that labels come from; the labels of the US privacy laws had one of their own in STU3."""

_INLINE = "inline-sec-label"


def label(system: str, code: str) -> SecurityLabel:
    """A label by the current URL of its system."""
    return SecurityLabel(_CURRENT.get(system.strip(), system.strip()), code.strip())


def labels_of(*resources: Resource | None) -> tuple[SecurityLabel, ...]:
    """All labels of the resources, each once."""
    return merged(
        label(one.get("system", ""), one["code"]) for resource in resources if resource for one in _found(resource) if one.get("code")
    )


def merged(labels: Iterable[SecurityLabel]) -> tuple[SecurityLabel, ...]:
    """Each label once, in order."""
    return tuple(dict.fromkeys(labels))


def _found(resource: Resource) -> Iterator[Resource]:
    yield from resource.get("meta", {}).get("security", ())
    for concept in resource.get("securityLabel", ()):
        yield from codings(concept)
    for contained in resource.get("contained", ()):
        yield from contained.get("meta", {}).get("security", ())
    yield from _inline(resource)


def _inline(resource: Resource) -> Iterator[Resource]:
    """Labels by extension, however deep they stand, in the order of the text."""
    waiting: list[Any] = [resource]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += reversed(value)
        elif isinstance(value, dict):
            if "url" in value and str(value["url"]).endswith(_INLINE) and isinstance(value.get("valueCoding"), dict):
                yield value["valueCoding"]
            waiting += [one for one in reversed(value.values()) if not isinstance(one, str)]

"""Did the EHR keep what was sent? Some keep the text and lose the coding, store "I10." for "I10", or turn unconfirmed into confirmed: that
must be seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fhir_coder.exchange import Resource
from fhir_coder.vocabulary import PROPOSAL_IDENTIFIER
from fhir_coder.writeback.names import names_same, plain_code, token_in

Code = tuple[str, str]

_CODED = {"Condition": "Condition.code", "Claim": "Claim.diagnosis"}
_TOKENS = {
    "Condition": ("verificationStatus", "clinicalStatus"),
    "Claim": ("status", "use"),
    "Task": ("status", "intent"),
}
_REFERENCES = {"Condition": ("subject", "encounter"), "Claim": ("patient",), "Task": ("focus", "for", "encounter")}


@dataclass(frozen=True, slots=True)
class Alteration:
    """An element (``Condition.code``) that is not as it was sent, and in which way."""

    element: str
    sentence: str


def altered_codes(sent: Resource, kept: Resource) -> tuple[Alteration, ...]:
    """The element that holds the codes when ``kept`` lacks a code of ``sent`` or has them in another order or form; empty when all are there.
    What an EHR adds beside them (its own SNOMED coding) is no alteration."""
    element = _CODED.get(sent["resourceType"])
    wanted, found = list(_codes(sent)), list(_codes(kept))
    if element is None or [code for code in found if code in wanted] == wanted:
        return ()
    return (Alteration(element, _way(wanted, found)),)


def alterations(sent: Resource, kept: Resource) -> tuple[Alteration, ...]:
    """Everything that matters and is not as it was sent: codes, statuses, category, whom and which encounter it is about, our identifier."""
    kind = sent["resourceType"]
    found = list(altered_codes(sent, kept))
    found += (_token(kind, element, sent, kept) for element in _TOKENS.get(kind, ()) if _has_changed_token(element, sent, kept))
    found += (Alteration(f"{kind}.{element}", "another or none") for element in _REFERENCES.get(kind, ()) if _is_moved(element, sent, kept))
    if kind == "Condition" and not _categories(sent) <= _categories(kept):
        found.append(Alteration("Condition.category", "not among the encounter's diagnoses"))
    if not _identifiers(sent) <= _identifiers(kept):
        found.append(Alteration(f"{kind}.identifier", "ours was dropped"))
    return tuple(found)


def _way(wanted: list[Code], found: list[Code]) -> str:
    if not found:
        return "no coding was kept"
    if sorted(found) == sorted(wanted):
        return "in another order"
    missing = [code for code in wanted if code not in found]
    forms = [code for _, code in found if plain_code(code) in {plain_code(one).rstrip(".") for _, one in missing}]
    return f"stored as {', '.join(forms)}" if forms else f"without {', '.join(code for _, code in missing)}"


def _codes(resource: Resource) -> Iterator[Code]:
    """System and code of every coding, in the order of the resource."""
    concepts = [resource.get("code"), *(one.get("diagnosisCodeableConcept") for one in resource.get("diagnosis", ()))]
    for concept in concepts:
        for coding in (concept or {}).get("coding", ()):
            yield coding.get("system", ""), coding.get("code", "")


def _value(element: str, resource: Resource) -> str:
    value = resource.get(element, "")
    return value if isinstance(value, str) else token_in(value)


def _has_changed_token(element: str, sent: Resource, kept: Resource) -> bool:
    return element in sent and _value(element, sent) != _value(element, kept)


def _token(kind: str, element: str, sent: Resource, kept: Resource) -> Alteration:
    return Alteration(f"{kind}.{element}", f"{_value(element, sent)} became {_value(element, kept) or 'nothing'}")


def _is_moved(element: str, sent: Resource, kept: Resource) -> bool:
    wanted = sent.get(element, {}).get("reference", "")
    return bool(wanted) and not names_same(kept.get(element, {}).get("reference"), wanted)


def _categories(resource: Resource) -> set[Code]:
    return {(one.get("system", ""), one.get("code", "")) for concept in resource.get("category", ()) for one in concept.get("coding", ())}


def _identifiers(resource: Resource) -> set[str]:
    identifiers = resource.get("identifier", ())
    return {one.get("value", "") for one in identifiers if one.get("system") == PROPOSAL_IDENTIFIER}

"""The encounters to choose from where a launch has a patient and no encounter (SMART App Launch 2.2: ``encounter`` may be absent)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

from fhir_coder.ehr.references import literal
from fhir_coder.errors import FhirCoderError
from fhir_coder.exchange import Resource
from fhir_coder.review.ehr_words import listed, member, words
from fhir_coder.smart.context import Grant
from fhir_coder.smart.scopes import covers

MOST = 50
_LONGEST = 80


class Searches(Protocol):
    """A client of the EHR that acts as a person."""

    def search(self, resource_type: str, params: Mapping[str, str]) -> Iterator[Resource]:
        """Every match, page by page. Raises the errors of the EHR client."""


@dataclass(frozen=True, slots=True)
class Choice:
    """An encounter of the patient. ``date`` is its first day or empty, ``kind`` what it was, in the EHR's words."""

    id: str
    date: str
    status: str
    kind: str


def choices(client: Searches | None, grant: Grant | None) -> tuple[Choice, ...]:
    """The patient's encounters, newest first; nothing where the token does not open a search or the EHR does not answer: one can still name one."""
    if client is None or grant is None or not grant.patient or grant.encounter or not covers(grant.scopes, ("Encounter", "s")):
        return ()
    try:
        found = list(islice(client.search("Encounter", {"patient": grant.patient, "_count": str(MOST)}), MOST))
    except FhirCoderError:
        return ()
    theirs = [
        _choice(one) for one in found if literal(one.get("subject"), "Patient") == f"Patient/{grant.patient}" and words(one.get("id"))
    ]
    return tuple(sorted(theirs, key=lambda one: one.date, reverse=True))


def _choice(encounter: Resource) -> Choice:
    kinds = [_words(one) for one in listed(encounter.get("type"))] + [_display(encounter.get("class"))]
    start = words(member(encounter.get("period"), "start"))
    return Choice(encounter["id"], start[:10], words(encounter.get("status")), next((one for one in kinds if one), "")[:_LONGEST])


def _words(concept: Any) -> str:
    shown = (_display(one) for one in listed(member(concept, "coding")))
    return words(member(concept, "text")) or next((one for one in shown if one), "")


def _display(coding: Any) -> str:
    return words(member(coding, "display"))

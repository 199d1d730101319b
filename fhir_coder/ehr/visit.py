"""The visit that everything gathered must belong to, and whether a reference names it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fhir_coder.ehr.references import Token, address_of, literal, logical, tokens_of
from fhir_coder.exchange import Resource


@dataclass(frozen=True, slots=True)
class Visit:
    """``Encounter/id`` and ``Patient/id``, each empty when unknown; ``start`` and ``end`` of the period as FHIR wrote them or empty;
    the encounter's business identifiers."""

    encounter: str
    patient: str
    start: str = ""
    end: str = ""
    identifiers: frozenset[Token] = frozenset()

    @classmethod
    def of(cls, encounter: Resource, patient: str) -> Visit:
        """The visit of an Encounter and the patient's address."""
        period = encounter.get("period", {})
        return cls(address_of(encounter), patient, period.get("start", ""), period.get("end", ""), frozenset(tokens_of(encounter)))

    def is_named_by(self, reference: Any) -> bool:
        """Whether a Reference names this encounter: by address, by identifier, or as a conditional reference."""
        named = literal(reference, "Encounter")
        return named == self.encounter if named else logical(reference) in self.identifiers

    def can_compare(self, reference: Any) -> bool:
        """Whether a Reference names an encounter in a way in which it could be this one: what cannot be compared names none."""
        token = logical(reference)
        return bool(literal(reference, "Encounter")) or (token is not None and token[0] in {system for system, _ in self.identifiers})

    def is_among(self, references: Iterable[Any]) -> bool:
        """Whether one of the references names this encounter; every one does when it is unknown which encounter this is."""
        return not self.encounter or any(self.is_named_by(one) for one in references)

    def spans(self, moment: str) -> bool:
        """Whether a day lies within the period by the calendar; what cannot be told does."""
        first, day, last = self.start[:10], moment[:10], (self.end or self.start)[:10]
        return min(map(len, (first, day, last))) < 10 or first <= day <= last

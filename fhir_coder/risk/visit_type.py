"""How patient and provider met: face to face, by audio and video, or otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fhir_coder.ehr.references import address_of, codings
from fhir_coder.exchange import Resource
from fhir_coder.model import ServiceLine
from fhir_coder.risk.meanings import VISIT_TYPES, meaning_of
from fhir_coder.risk.verdict import Answer, Verdict

_ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"


def judge_type(encounter: Resource | None, services: Sequence[ServiceLine]) -> Verdict:
    """By the Encounter's type and the billed services, which say more than its class; a "no" among these outweighs a "yes". A class that only
    says "virtual" leaves it unknown."""
    said = list(_said(encounter, services))
    for answer in (Answer.NO, Answer.YES):
        for where, is_exact, found in said:
            if is_exact and found is answer:
                return Verdict(answer, where)
    general = [(found, where) for where, is_exact, found in said if not is_exact]
    return Verdict(*general[0]) if general else Verdict(Answer.UNKNOWN, "neither class, type nor services say how they met")


def _said(encounter: Resource | None, services: Sequence[ServiceLine]) -> Iterator[tuple[str, bool, Answer]]:
    """What each code says: where it stands, whether it is more exact than the class, and its answer."""
    address = (address_of(encounter) or "Encounter") if encounter else ""
    for concept in encounter.get("type", ()) if encounter else ():
        for coding in codings(concept):
            if meaning := meaning_of(VISIT_TYPES, coding):
                yield f"{address} type {coding.get('code')} ({meaning.means})", True, meaning.answer
    for service in services:
        if meaning := meaning_of(VISIT_TYPES, {"system": service.system, "code": service.code}):
            yield f"{service.source or 'service'} {service.code} ({meaning.means})", True, meaning.answer
    coding = encounter.get("class", {}) if encounter else {}
    if meaning := meaning_of(VISIT_TYPES, coding, _ACT_CODE):
        yield f"{address} class {coding.get('code')} ({meaning.means})", False, meaning.answer

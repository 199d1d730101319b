"""A signed review as billing takes it: with the patient's record number and the provider's NPI, which the EHR has."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from hashlib import sha256

from fhir_coder.billing.signed import MOST_DIAGNOSES, MOST_POINTERS, BilledPatient, Diagnosis, Provider, ServiceLine, SignedEncounter
from fhir_coder.ehr.references import codings, literal
from fhir_coder.exchange import Resource
from fhir_coder.linking import plain
from fhir_coder.model import Encounter
from fhir_coder.model import ServiceLine as Charged
from fhir_coder.npi import NPI_SYSTEM, is_npi
from fhir_coder.signing.signed_proposal import links_of
from fhir_coder.store.records import StoredEncounter
from fhir_coder.vocabulary import HCPCS_SYSTEMS
from fhir_coder.worklist.review import Review

Find = Callable[[str], Resource | None]
"""The resource at ``Type/id`` of the EHR, or None where there is none."""
_SEXES = {"female": "F", "male": "M", "other": "O"}
"""http://hl7.org/fhir/R4/valueset-administrative-gender.html in codes of HL7 table 0001."""


def signed_encounter(coding: StoredEncounter, review: Review, encounter: Encounter, number: int, find: Find) -> SignedEncounter:
    """``number`` counts the signatures of the encounter from 1. Raises ValueError, in a sentence for people, for what billing cannot be told."""
    if review.signed_by is None or review.signed_at is None:
        raise ValueError("the review is not signed")
    if coding.service_date is None:
        raise ValueError("the date of service is not known")
    codes = [one.code for one in review.codes][:MOST_DIAGNOSES]
    links = links_of(review, encounter)
    return SignedEncounter(
        tenant=coding.tenant,
        review=billed_as(coding),
        coding=coding.id,
        version=number,
        encounter=coding.encounter_reference,
        patient=_patient(encounter, find),
        service_date=coding.service_date,
        provider=_provider(encounter.provider, find),
        release=coding.release_id,
        signed_by=review.signed_by.name or review.signed_by.id,
        signed_at=review.signed_at,
        diagnoses=tuple(Diagnosis(one.code, one.display) for one in review.codes[:MOST_DIAGNOSES]),
        lines=tuple(_line(one, codes, links.get(place)) for place, one in enumerate(encounter.services, 1)) if codes else (),
        is_void=not codes,
        billing_withheld=coding.billing_withheld,
    )


def billed_as(coding: StoredEncounter) -> str:
    """What billing knows the encounter by: the same for all its codings, so that a later one corrects what an earlier one charged."""
    named = json.dumps([coding.ehr, coding.encounter_reference or coding.id]).encode()
    return sha256(named).hexdigest()[:32]


def _patient(encounter: Encounter, find: Find) -> BilledPatient:
    patient = encounter.patient
    reference = f"Patient/{patient.id}" if patient.id else ""
    found = find(reference) if reference else None
    identifier = _record_number(found or {})
    name: Resource = next(iter((found or {}).get("name", ())), {})
    return BilledPatient(
        reference,
        identifier.get("value", "") or patient.id,
        identifier.get("assigner", {}).get("display", ""),
        name.get("family", ""),
        " ".join(name.get("given", ())),
        patient.birth_date,
        _SEXES.get(patient.gender, "U"),
    )


def _record_number(patient: Resource) -> Resource:
    """The medical record number (HL7 table 0203, MR), else the first identifier with a value."""
    identifiers = [one for one in patient.get("identifier", ()) if one.get("value")]
    numbers = [one for one in identifiers if any(kind.get("code") == "MR" for kind in codings(one.get("type")))]
    return next(iter([*numbers, *identifiers]), {})


def _provider(reference: str, find: Find) -> Provider:
    found = find(reference) if reference else None
    if found and found["resourceType"] == "PractitionerRole":
        reference = literal(found.get("practitioner"), "Practitioner") or reference
        found = find(reference)
    own_id = reference.rpartition("/")[2]
    numbers = [one.get("value", "") for one in (found or {}).get("identifier", ()) if one.get("system") == NPI_SYSTEM]
    number = next(filter(is_npi, [*numbers, own_id]), "")
    name: Resource = next(iter((found or {}).get("name", ())), {})
    return Provider(number or own_id, name.get("family", "") or name.get("text", ""), " ".join(name.get("given", ())), bool(number))


def _line(charged: Charged, codes: list[str], linked: tuple[str, ...] | None) -> ServiceLine:
    """``linked`` are the reasons where people decided, else the EHR names them; those beyond the fourth are left off (FCE-510 reports them)."""
    reasons = [plain(one) for one in (charged.reason_codes if linked is None else linked)]
    pointers = [place for place, code in enumerate(codes, 1) if plain(code) in reasons][:MOST_POINTERS]
    performed = date.fromisoformat(charged.performed[:10]) if len(charged.performed) >= len("2026-01-01") else None
    return ServiceLine(charged.code, "HCPCS" if charged.system in HCPCS_SYSTEMS else "C4", pointers=tuple(pointers), service_date=performed)

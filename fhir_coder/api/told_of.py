"""What the audit is told of a coding: whom it was about, what was read, and what was written with which status. Ids, codes and counts, never words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fhir_coder.exchange import CodingRequest, CodingResult
from fhir_coder.fhir_id import REFERENCE
from fhir_coder.model import Encounter


@dataclass(frozen=True, slots=True)
class Told:
    """References of the patient and of what the entry is about, and its detail, as :class:`fhir_coder.audit.entry.AuditEntry` has them. What is no
    relative reference may be text, and is left out."""

    patient: str
    entities: tuple[str, ...]
    detail: dict[str, str]

    @classmethod
    def of(cls, patient: str, entities: Iterable[str], detail: dict[str, str]) -> Told:
        """What of it may be written down."""
        return cls(patient if REFERENCE.fullmatch(patient) else "", tuple(one for one in entities if REFERENCE.fullmatch(one)), detail)


def told_of_request(coding: CodingRequest) -> Told:
    """Before anything is read: the patient of the token, else of what the caller sent, else nobody, as the EHR has not been asked yet."""
    encounter = coding.encounter_id or str((coding.encounter or {}).get("id", ""))
    return Told.of(_named_patient(coding), (f"Encounter/{encounter}",) if encounter else (), {"ehr": coding.ehr})


def told_of_result(result: CodingResult) -> Told:
    """Afterwards."""
    encounter = result.intake.encounter
    written = dict(_written(result))
    return Told.of(
        f"Patient/{encounter.patient.id}" if encounter.patient.id else "",
        (encounter.reference, *(note.reference for note in encounter.notes), *written),
        {
            "coding": result.coding_id,
            "disposition": result.disposition.outcome.value,
            "notes": str(len(encounter.notes)),
            "unreadable": str(len(encounter.unreadable)),
            **_withheld(encounter),
            **written,
        },
    )


def _named_patient(coding: CodingRequest) -> str:
    if coding.limits.patient:
        return f"Patient/{coding.limits.patient}"
    if coding.patient and "id" in coding.patient:
        return f"Patient/{coding.patient['id']}"
    return str((coding.encounter or {}).get("subject", {}).get("reference", ""))


def _withheld(encounter: Encounter) -> dict[str, str]:
    """The documents that their marks kept out, by reference: that they were not read can be shown later."""
    kept_out = [one.reference or one.id for one in encounter.unreadable if one.reason == "sensitive"]
    return {"withheld": " ".join(kept_out)} if kept_out else {}


def _written(result: CodingResult) -> Iterator[tuple[str, str]]:
    """Reference and HTTP status of what the EHR holds now; type and place in the proposal for what it did not take."""
    receipt = (result.receipt or {}).get("entry", ())
    proposed = [entry["resource"]["resourceType"] for entry in result.proposal.get("entry", ())]
    for position, entry in enumerate(receipt):
        response = entry["response"]
        kind = proposed[position] if position < len(proposed) else "of an earlier coding"
        yield response.get("location", "").split("/_history/")[0] or f"{kind} ({position + 1})", response["status"][:3]

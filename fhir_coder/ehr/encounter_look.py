"""A look at one encounter: whether it can be coded now, on which notes, and when the last of them was signed. No attachment is fetched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from fhir_coder.ehr.client import EhrClient
from fhir_coder.ehr.documents import select_found
from fhir_coder.ehr.encounter_state import Standing, standing_of
from fhir_coder.ehr.encounter_version import signed_by, version_of
from fhir_coder.ehr.identity import patient_address
from fhir_coder.ehr.note_proof import Proof
from fhir_coder.ehr.note_search import search_notes, search_reports
from fhir_coder.ehr.policy import IntakePolicy
from fhir_coder.ehr.reports import select_reports
from fhir_coder.ehr.screening import Screen, without_copies
from fhir_coder.ehr.visit import Visit
from fhir_coder.exchange import Resource


@dataclass(frozen=True, slots=True)
class Look:
    """``standing`` of the encounter; ``documents`` are what would be read, ``has_unsigned`` tells of others that wait for a signature. ``version`` is the
    hash of what bears on the codes, ``signed_at`` when the last note was signed, None where the EHR does not tell; ``patient`` a reference or empty;
    ``proof`` reads the documents, where that is asked of it."""

    standing: Standing
    encounter: Resource = field(repr=False)
    documents: tuple[Resource, ...] = field(default=(), repr=False)
    has_unsigned: bool = False
    version: str = ""
    signed_at: datetime | None = None
    patient: str = ""
    proof: Proof | None = field(default=None, repr=False)


def look_at(client: EhrClient, encounter_id: str, policy: IntakePolicy, now: Callable[[], datetime]) -> Look:
    """Raises ResourceUnknown or ResourceDeleted, Uncodable where its documents are another patient's or cannot be asked for, and an EhrError. Consents are
    not asked for: a note that only a consent would open counts as one that is not read."""
    encounter = client.read("Encounter", encounter_id)
    standing = standing_of(encounter, policy)
    if standing is not Standing.CODABLE:
        return Look(standing, encounter)
    patient = patient_address(encounter, None)
    visit = Visit.of(encounter, patient)
    screen = Screen(policy.sensitive)
    notes = search_notes(client, visit, _pass_over)
    found = select_found(notes.documents if notes else (), visit, policy, screen)
    reports = search_reports(client, visit, _pass_over)
    selection = without_copies(found.joined(select_reports((), reports.documents, visit, policy, screen)))
    documents = selection.documents
    return Look(
        standing,
        encounter,
        documents,
        bool(selection.pending),
        version_of(encounter, documents),
        signed_by(documents, now()),
        patient,
        Proof(selection, policy, client.read_attachment),
    )


def _pass_over(warning: str) -> None:
    """What a search warns of is told when the encounter is coded."""

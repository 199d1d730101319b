"""A coding request becomes the engine's encounter: resources from the caller or the EHR, checked to be of one visit, notes as text."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from fhir_coder.ehr.authorship import Authors
from fhir_coder.ehr.client import EhrClient
from fhir_coder.ehr.content import Fetch, FindAuthorship, ReadNote, read_document
from fhir_coder.ehr.documents import Selection, Visit, select_found, select_given
from fhir_coder.ehr.identity import demographic_conflicts, patient_address, read_patient
from fhir_coder.ehr.recorded import ENCOUNTER_DIAGNOSIS, recorded_diagnoses
from fhir_coder.ehr.references import address_of
from fhir_coder.ehr.services import SERVICE_TYPES, choose_coverage, choose_organization, choose_provider, service_lines
from fhir_coder.ehr.supply import Supply, visit_parameters
from fhir_coder.errors import InvalidContent, RequiredMissing, Uncodable
from fhir_coder.exchange import CodingRequest, Intake, Resource
from fhir_coder.model import Encounter, Note, RecordedDiagnosis, UnreadableNote
from fhir_coder.notes.formats import read_note as read_note_format

NOT_A_VISIT = frozenset({"entered-in-error", "cancelled"})


@dataclass
class _Gathered:
    """What one intake has found so far."""

    resources: dict[str, Resource] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)

    def keep(self, address: str, resource: Resource | None) -> None:
        if address and resource is not None:
            self.resources[address] = resource


def gather(request: CodingRequest, client: EhrClient | None, read_note: ReadNote = read_note_format) -> Intake:
    """Collect one encounter.

    Raises ResourceUnknown or ResourceDeleted for an Encounter that the EHR has not, Uncodable when the resources are of different patients
    or there is no note at all, and an EhrError when the EHR fails while it is needed (a retry then codes the whole, not a part).
    """
    gathered = _Gathered()
    encounter = _encounter(request, client)
    supply = Supply(request.context, client, gathered.warnings.append, is_best_effort=request.encounter is not None)
    visit, patient = _visit(request, encounter, supply, gathered)
    selection = _documents(request, client, visit, gathered)
    notes, unreadable = _read(
        selection, read_note, client.read_attachment if client else None, Authors(encounter, supply.one, supply.roles_of), gathered
    )
    gathered.conflicts += selection.conflicts
    coverage = choose_coverage(supply.of_visit("Coverage", visit), visit)
    services = [one for kind in SERVICE_TYPES for one in supply.of_visit(kind, visit)]
    for resource in (encounter, coverage, *selection.documents, *services, *supply.context):
        gathered.keep(address_of(resource) if resource else "", resource)
    return Intake(
        Encounter(
            id=encounter.get("id", ""),
            notes=notes,
            patient=read_patient(visit.patient, patient),
            service_date=_service_date(encounter, gathered),
            unreadable=unreadable,
            coverage=address_of(coverage) if coverage else "",
            provider=choose_provider(encounter, supply.context),
            organization=choose_organization(encounter, supply.context),
            services=service_lines(services, visit, supply.one),
            conflicts=tuple(gathered.conflicts),
            reference=visit.encounter,
            is_claimed=True,
            recorded=_recorded(encounter, supply, visit, gathered),
        ),
        gathered.resources,
        tuple(dict.fromkeys(gathered.warnings)),
    )


def _encounter(request: CodingRequest, client: EhrClient | None) -> Resource:
    """The Encounter of the request, read from the EHR unless the caller sent it."""
    if request.encounter is None and client is None:
        raise RequiredMissing("the Encounter must be sent along: this tenant has no EHR to read it from")
    encounter = request.encounter
    if encounter is None and client is not None:
        encounter = client.read("Encounter", request.encounter_id)
    assert encounter is not None
    if encounter.get("status") in NOT_A_VISIT:
        raise Uncodable(f"the Encounter is {encounter['status']}", expression=("Encounter.status",))
    return encounter if encounter.get("id") or not request.encounter_id else {**encounter, "id": request.encounter_id}


def _visit(request: CodingRequest, encounter: Resource, supply: Supply, gathered: _Gathered) -> tuple[Visit, Resource | None]:
    """Encounter and patient that everything else must belong to; the caller's Patient is held against the EHR's where both are there."""
    given = request.patient or next(iter(supply.given("Patient")), None)
    address = patient_address(encounter, given)
    known = supply.known(address) if address and (given is None or request.encounter is None) else None
    if given is not None and known is not None:
        gathered.conflicts += demographic_conflicts(given, known)
    patient = given or known
    gathered.keep(address, patient)
    return Visit(address_of(encounter), address), patient


def _documents(request: CodingRequest, client: EhrClient | None, visit: Visit, gathered: _Gathered) -> Selection:
    """The documents to read: those the caller sent, else the EHR's. Raises Uncodable when there is none."""
    if request.notes is not None:
        selection = select_given(request.notes, visit)
    elif client is not None and visit.encounter:
        selection = _pulled(client, visit, gathered)
    else:
        raise Uncodable(
            "the request has no note, and there is no EHR or encounter id to pull notes by", expression=("Parameters.parameter",)
        )
    gathered.warnings += selection.warnings
    if not selection.documents:
        raise Uncodable("the encounter has no current note", expression=("Encounter",))
    return selection


def _pulled(client: EhrClient, visit: Visit, gathered: _Gathered) -> Selection:
    params = visit_parameters(client, "DocumentReference", visit)
    if not params:
        raise Uncodable("the Encounter names no patient, and the EHR cannot search notes by encounter", expression=("Encounter.subject",))
    return select_found(client.search("DocumentReference", params, gathered.warnings.append), visit)


def _read(
    selection: Selection, read_note: ReadNote, fetch: Fetch | None, authorship: FindAuthorship, gathered: _Gathered
) -> tuple[tuple[Note, ...], tuple[UnreadableNote, ...]]:
    """Every selected document as a note, or as one that could not be read."""
    notes, unreadable = [], []
    for document, note_id in zip(selection.documents, _note_ids(selection), strict=True):
        found = read_document(document, note_id, read_note, fetch, authorship)
        gathered.warnings += found.warnings
        if found.note:
            notes.append(found.note)
        if found.unreadable:
            unreadable.append(found.unreadable)
    return tuple(notes), tuple(unreadable)


def _recorded(encounter: Resource, supply: Supply, visit: Visit, gathered: _Gathered) -> tuple[RecordedDiagnosis, ...]:
    """Diagnoses of this encounter that the caller sent or the EHR holds."""
    held = supply.held("Condition", visit, category=ENCOUNTER_DIAGNOSIS) if visit.encounter else ()
    return recorded_diagnoses(encounter, supply.given("Condition"), held, visit, supply.one, gathered.warnings.append)


def _note_ids(selection: Selection) -> list[str]:
    """The documents' ids, numbered where they have none. Raises InvalidContent for an id that stands twice: evidence names notes by it."""
    ids = [document.get("id") or f"note-{number}" for number, document in enumerate(selection.documents, 1)]
    if len(set(ids)) != len(ids):
        raise InvalidContent("two notes have the same id", expression=("DocumentReference.id",))
    return ids


def _service_date(encounter: Resource, gathered: _Gathered) -> date | None:
    """The calendar date on which the visit began where it took place: the date part of ``period.start``, whose offset is the site's own."""
    start = encounter.get("period", {}).get("start", "")
    try:
        return date.fromisoformat(start[:10])
    except ValueError:
        gathered.warnings.append("the Encounter has no full start date: the date of service is unknown")
        return None

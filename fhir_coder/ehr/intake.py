"""A coding request becomes the engine's encounter: resources from the caller or the EHR, checked to be of one visit, notes as text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from fhir_coder.ehr.authorship import Authors
from fhir_coder.ehr.client import EhrClient
from fhir_coder.ehr.content import ReadNote
from fhir_coder.ehr.documents import select_found, select_given
from fhir_coder.ehr.encounter_state import check_encounter
from fhir_coder.ehr.entitlement import fetch_of, require_entitled
from fhir_coder.ehr.identity import demographic_conflicts, patient_address, read_patient
from fhir_coder.ehr.modifiers import refuse_modified
from fhir_coder.ehr.note_reading import ReadNotes, documents_of, read_selection
from fhir_coder.ehr.note_search import search_notes, search_reports
from fhir_coder.ehr.policy import DEFAULT_POLICY, IntakePolicy
from fhir_coder.ehr.reading_time import BoundedReading
from fhir_coder.ehr.recorded import ENCOUNTER_DIAGNOSIS, recorded_diagnoses
from fhir_coder.ehr.references import address_of
from fhir_coder.ehr.reports import select_reports
from fhir_coder.ehr.reserve import Reserve
from fhir_coder.ehr.screening import without_copies
from fhir_coder.ehr.selection import Selection, name_of
from fhir_coder.ehr.self_pay import insurances
from fhir_coder.ehr.services import SERVICE_TYPES, choose_coverage, choose_organization, choose_provider, service_lines
from fhir_coder.ehr.supply import Supply
from fhir_coder.ehr.visit import Visit
from fhir_coder.errors import RequiredMissing, TooMuch, Uncodable
from fhir_coder.exchange import CodingRequest, Intake, Resource
from fhir_coder.model import Encounter, RecordedDiagnosis, UnreadableNote
from fhir_coder.notes.formats import read_note as read_note_format

TOLD_AT_MOST = 5
"""Documents named in a refusal; a patient may have thousands."""


@dataclass
class _Gathered:
    """What one intake has found so far."""

    resources: dict[str, Resource] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    unreadable: list[UnreadableNote] = field(default_factory=list)

    def keep(self, address: str, resource: Resource | None) -> None:
        if address and resource is not None:
            self.resources[address] = resource


def _today() -> date:
    return datetime.now(UTC).date()


def gather(
    request: CodingRequest,
    client: EhrClient | None,
    policy: IntakePolicy = DEFAULT_POLICY,
    read_note: ReadNote = read_note_format,
    today: Callable[[], date] = _today,
) -> Intake:
    """Collect one encounter; ``today`` tells which consents are in force.

    Raises ResourceUnknown or ResourceDeleted for an Encounter that the EHR has not, Forbidden for one that is not the caller's, Uncodable when
    it is not finished or an inpatient stay, is excluded as sensitive, when the resources are of different patients or there is no note to
    code, TooMuch when it is larger than ``policy`` allows, and an EhrError when the EHR fails while it is needed (a retry
    then codes the whole, not a part).
    """
    gathered = _Gathered()
    encounter = _encounter(request, client)
    held = require_entitled(request, encounter, client)
    gathered.warnings += check_encounter(encounter, policy)
    supply = Supply(request.context, client, gathered.warnings.append, is_best_effort=request.encounter is not None)
    visit, patient, known = _visit(request, encounter, supply, gathered)
    is_bound = bool(request.limits.patient)
    reserve = Reserve(encounter, patient, visit, supply, policy.sensitive, today, trusts_sent=not is_bound, held=(held, known))
    reserve.require_open()
    selection = _documents(request, client, visit, policy, gathered, reserve)
    authorship = Authors(encounter, supply.one, supply.roles_of)
    read = read_selection(selection, BoundedReading(read_note, policy.longest_note), fetch_of(request, client), authorship, reserve.screen)
    _require_bounded(sum(len(note.text) for note in read.notes), policy.most_characters, "characters in its notes")
    gathered.warnings += read.warnings
    gathered.conflicts += selection.conflicts
    if client and client.missing_scopes:
        gathered.warnings.append(
            f"the EHR's authorization server did not grant {' '.join(client.missing_scopes)}: what needs them may be missing"
        )
    return _intake(encounter, patient, visit, supply, reserve, selection, read, authorship, gathered)


def _intake(
    encounter: Resource,
    patient: Resource | None,
    visit: Visit,
    supply: Supply,
    reserve: Reserve,
    selection: Selection,
    read: ReadNotes,
    authorship: Authors,
    gathered: _Gathered,
) -> Intake:
    """What was read, with what the caller or the EHR supplies beside the notes."""
    coverages = supply.of_visit("Coverage", visit)
    services = [one for kind in SERVICE_TYPES for one in supply.of_visit(kind, visit)]
    self_pay = reserve.self_pay(selection, coverages, services)
    gathered.warnings += [f"no Claim is proposed: {self_pay}"] if self_pay else []
    coverage = None if self_pay else choose_coverage(insurances(coverages), visit)
    services = reserve.admitted(services, gathered.warnings.append)
    facts = Encounter(
        id=encounter.get("id", ""),
        notes=read.notes,
        patient=read_patient(visit.patient, patient),
        service_date=_service_date(encounter, gathered),
        unreadable=(*read.unreadable, *gathered.unreadable),
        coverage=address_of(coverage) if coverage else "",
        provider=choose_provider(encounter, supply.context),
        organization=choose_organization(encounter, supply.context),
        services=service_lines(services, visit, reserve.finder(supply.one, gathered.warnings.append)),
        reference=visit.encounter,
        is_claimed=not self_pay,
        recorded=_recorded(encounter, supply, visit, gathered, reserve),
        self_pay=self_pay,
        labels=reserve.labels(),
        sensitive=(*reserve.reserved(selection), *read.sensitive),
    )
    excluded = {address_of(one.document) for one in selection.excluded}
    sent = filter(reserve.screen.admits, supply.context)
    for resource in (encounter, coverage, *documents_of(selection), *services, *authorship.people(), *sent):
        gathered.keep(address_of(resource) if resource and address_of(resource) not in excluded else "", resource)
    return Intake(replace(facts, conflicts=tuple(gathered.conflicts)), gathered.resources, tuple(dict.fromkeys(gathered.warnings)))


def _encounter(request: CodingRequest, client: EhrClient | None) -> Resource:
    """The Encounter of the request, read from the EHR unless the caller sent it."""
    if request.encounter is None and client is None:
        raise RequiredMissing("the Encounter must be sent along: this tenant has no EHR to read it from")
    encounter = request.encounter
    if encounter is None and client is not None:
        encounter = client.read("Encounter", request.encounter_id)
    assert encounter is not None  # noqa: S101 - tells the type: one of both is there, as checked above
    return encounter if encounter.get("id") or not request.encounter_id else {**encounter, "id": request.encounter_id}


def _visit(
    request: CodingRequest, encounter: Resource, supply: Supply, gathered: _Gathered
) -> tuple[Visit, Resource | None, Resource | None]:
    """Encounter and patient that everything else must belong to, and the EHR's own Patient where that is another; the caller's is held against
    it."""
    given = request.patient or next(iter(supply.given("Patient")), None)
    address = patient_address(encounter, given)
    known = supply.known(address) if address and (given is None or request.encounter is None) else None
    if given is not None and known is not None:
        gathered.conflicts += demographic_conflicts(given, known)
    patient = given or known
    if patient is not None:
        refuse_modified(patient)
    gathered.keep(address, patient)
    return Visit.of(encounter, address), patient, known if given is not None else None


def _documents(
    request: CodingRequest, client: EhrClient | None, visit: Visit, policy: IntakePolicy, gathered: _Gathered, reserve: Reserve
) -> Selection:
    """The documents to read: those the caller sent, else the EHR's, and the reports beside them. Raises Uncodable when there is none."""
    sent_reports = [one for one in request.context if one["resourceType"] == "DiagnosticReport"]
    if request.notes is not None:
        given = select_given(request.notes, visit, policy, reserve.screen)
        selection = given.joined(select_reports(sent_reports, (), visit, policy, reserve.screen))
    elif client is not None and visit.encounter:
        selection = _pulled(client, sent_reports, visit, policy, gathered, reserve)
    else:
        raise Uncodable(
            "the request has no note, and there is no EHR or encounter id to pull notes by", expression=("Parameters.parameter",)
        )
    selection = without_copies(selection)
    gathered.warnings += selection.warnings
    gathered.warnings += [f"{name_of(one.document)} is excluded and was not read: {one.why}" for one in selection.excluded]
    if not selection.documents and not gathered.unreadable:
        raise Uncodable(_why_none(selection), expression=("Encounter",))
    _require_bounded(len(selection.documents), policy.most_notes, "notes to read")
    return selection


def _require_bounded(count: int, most: int, what: str) -> None:
    """A part of an encounter is no encounter: over a limit none of it is coded. Raises TooMuch."""
    if count > most:
        raise TooMuch(f"the encounter has {count} {what}, and at most {most} are coded in one call", expression=("Encounter",))


def _pulled(
    client: EhrClient, sent_reports: list[Resource], visit: Visit, policy: IntakePolicy, gathered: _Gathered, reserve: Reserve
) -> Selection:
    """What the EHR holds. Raises Uncodable when it cannot be asked at all."""
    notes = search_notes(client, visit, gathered.warnings.append)
    if notes is None:
        raise Uncodable(
            "the notes must be sent along: the EHR offers no search that finds them, or the Encounter names no patient to search by",
            expression=("Encounter.subject",),
        )
    reports = search_reports(client, visit, gathered.warnings.append)
    gathered.unreadable += notes.invalid + reports.invalid
    found = select_found(notes.documents, visit, policy, reserve.screen)
    return found.joined(select_reports(sent_reports, reports.documents, visit, policy, reserve.screen))


def _why_none(selection: Selection) -> str:
    """The sentence of a refusal, with what became of the documents that there were."""
    why = "the encounter has only preliminary notes, which nobody has signed" if selection.pending else "the encounter has no current note"
    if selection.excluded and not selection.pending:
        why = "every note of the encounter is excluded as sensitive"
    sentences = (*(f"{name_of(one.document)}: {one.why}" for one in selection.excluded), *selection.warnings)
    told, rest = sentences[:TOLD_AT_MOST], len(sentences[TOLD_AT_MOST:])
    return f"{why}: {'; '.join(told)}" + (f"; and {rest} more" if rest else "") if told else why


def _recorded(encounter: Resource, supply: Supply, visit: Visit, gathered: _Gathered, reserve: Reserve) -> tuple[RecordedDiagnosis, ...]:
    """Diagnoses of this encounter that the caller sent or the EHR holds, but for those whose labels exclude them."""
    warn = gathered.warnings.append
    held = supply.held("Condition", visit, category=ENCOUNTER_DIAGNOSIS) if visit.encounter else ()

    sent = reserve.admitted(supply.given("Condition"), warn)
    return recorded_diagnoses(encounter, sent, reserve.admitted(held, warn), visit, reserve.finder(supply.one, warn), warn)


def _service_date(encounter: Resource, gathered: _Gathered) -> date | None:
    """The calendar date on which the visit began where it took place: the date part of ``period.start``, whose offset is the site's own."""
    start = encounter.get("period", {}).get("start", "")
    try:
        return date.fromisoformat(start[:10])
    except ValueError:
        gathered.warnings.append("the Encounter has no full start date: the date of service is unknown")
        return None

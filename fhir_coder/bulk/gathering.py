"""An encounter of an export as a coding request: the Encounter, its patient, its notes, and what else belongs to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from fhir_coder.bulk.export import Export
from fhir_coder.bulk.index import Lookup
from fhir_coder.bulk.line_facts import OF_ENCOUNTER, OF_PATIENT, written_token
from fhir_coder.ehr.documents import clinical_notes
from fhir_coder.ehr.references import id_of, literal, tokens_of
from fhir_coder.errors import InvalidContent, ResourceUnknown
from fhir_coder.exchange import CodingRequest, Resource


@dataclass(frozen=True, slots=True)
class Gathered:
    """``version`` is a digest of the Encounter and its documents as they stand in the export; ``left_out`` are sentences on what of the rest could not be
    read."""

    request: CodingRequest
    version: str
    left_out: tuple[str, ...] = ()


def gather_encounter(export: Export, tenant: str, ehr: str, encounter_id: str) -> Gathered:
    """Everything that the export has of an encounter. Raises InvalidContent where the Encounter, its Patient or one of its documents is not valid: a part
    of an encounter is not coded."""
    with export.looking() as lookup:
        encounter, line = _read(export, lookup, "Encounter", encounter_id)
        lines = [line]
        belonging = lookup.parts_of([f"Encounter/{encounter_id}", *(written_token(*one) for one in tokens_of(encounter))])
        documents = []
        for resource_id in (one for kind, one in belonging if kind == "DocumentReference"):
            document, line = _read(export, lookup, "DocumentReference", resource_id)
            documents.append(document)
            lines.append(line)
        patient = _patient(export, lookup, encounter)
        others = [one for one in belonging if one[0] in OF_ENCOUNTER and one[0] != "DocumentReference"]
        subject = literal(encounter.get("subject"), "Patient")
        of_patient = [one for one in lookup.parts_of([subject] if subject else []) if one[0] in OF_PATIENT]
        context, left_out = _readable(lookup, others, export.resource)
        more, unread = _readable(lookup, of_patient, lambda lookup, kind, one: export.shared(lookup, subject, kind, one))
    request = CodingRequest(
        tenant,
        encounter_id=encounter_id,
        encounter=encounter,
        patient=patient,
        notes=clinical_notes(documents),
        context=(*context, *more),
        ehr=ehr,
    )
    return Gathered(request, sha256(b"".join(lines)).hexdigest(), (*left_out, *unread))


def _read(export: Export, lookup: Lookup, kind: str, resource_id: str) -> tuple[Resource, bytes]:
    """A resource that coding cannot do without, and its line."""
    place = lookup.place(kind, resource_id)
    if place is None:
        raise ResourceUnknown(f"the export does not hold {kind}/{resource_id}")
    line = export.line(place)
    return export.parse(f"{kind}/{resource_id}", line), line


def _patient(export: Export, lookup: Lookup, encounter: Resource) -> Resource | None:
    """The Patient, None where the Encounter names none or the export does not hold it."""
    address = literal(encounter.get("subject"), "Patient")
    if not address or lookup.place("Patient", id_of(address)) is None:
        return None
    return export.shared(lookup, address, "Patient", id_of(address))


def _readable(
    lookup: Lookup, named: list[tuple[str, str]], read: Callable[[Lookup, str, str], Resource]
) -> tuple[list[Resource], list[str]]:
    """Those that are valid FHIR, and sentences on the others."""
    found: list[Resource] = []
    left_out: list[str] = []
    for kind, resource_id in named:
        try:
            found.append(read(lookup, kind, resource_id))
        except InvalidContent as error:
            left_out.append(f"left out: {error.message}")
    return found, left_out

"""A coding result as rows. What may hold words passes the cipher here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from fhir_coder import __version__
from fhir_coder.exchange import CodingResult, Resource
from fhir_coder.facts import facts_hash, recorded_rows, write_facts
from fhir_coder.fhir.writer import write_json
from fhir_coder.model import CodedEncounter, Disposition, Encounter, Evidence, ProviderQuery
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.outline import outline
from fhir_coder.store.tables import (
    AssignmentRow,
    EvidenceRow,
    FindingRow,
    NoteRow,
    Part,
    ProposalRow,
    ReasonRow,
    ReceiptRow,
    RejectionRow,
    TrailRow,
)
from fhir_coder.store.trail import trail_of

Values = dict[str, Any]
"""A row that is to be inserted, by column."""
PartValues = tuple[type[Part], Values]
"""A row of a table of parts, without the key of the encounter that it belongs to."""


def encounter_values(tenant: str, ehr: str, result: CodingResult, public_id: str, created_at: datetime, cipher: Cipher) -> Values:
    """The row of :class:`CodedEncounterRow` that all parts belong to."""
    encounter, disposition, artifacts = result.intake.encounter, result.disposition, result.artifacts
    return {
        "tenant": tenant,
        "id": public_id,
        "ehr": ehr,
        "encounter_reference": encounter.reference,
        "patient_reference": f"Patient/{encounter.patient.id}" if encounter.patient.id else "",
        "service_date": encounter.service_date,
        "release_id": result.release.id,
        "release_status": result.release.status,
        "versions": dict(disposition.report.coded.versions),
        "disposition": disposition.outcome.value,
        "is_confident": disposition.is_confident,
        "created_at": created_at,
        "engine_version": __version__,
        "release_artifact": artifacts.release,
        "index_artifact": artifacts.index,
        "ranker_artifact": artifacts.ranker,
        "knowledge_artifact": artifacts.knowledge,
        "configuration": asdict(result.configuration),
        "is_inline": result.is_inline,
        "is_uploaded": result.is_uploaded,
        "recorded": recorded_rows(encounter),
        "facts_sha256": facts_hash(encounter),
        "facts": cipher.seal(write_facts(encounter)),
        "billing_withheld": _fitting(encounter.self_pay, 255),
    }


@dataclass(frozen=True, slots=True)
class PartRows:
    """Makes the parts of a tenant's coded encounters."""

    tenant: str
    cipher: Cipher

    def of(self, result: CodingResult) -> Iterator[PartValues]:
        """Every part."""
        coded = result.disposition.report.coded
        yield from self._assignments(coded, result.disposition)
        yield from self._rejections(coded)
        yield from self._findings(result.disposition)
        yield from self._reasons(result.disposition)
        yield from self._evidence("uncoded", 0, coded.uncoded)
        yield from self._proposals(result.proposal)
        yield from self.settled(result)
        yield from self._notes(result.intake.encounter)

    def settled(self, result: CodingResult) -> Iterator[PartValues]:
        """What the EHR answered to the proposal, and the trail, which tells of it."""
        yield from self._receipts(result.receipt or {})
        for position, event in enumerate(trail_of(result)):
            yield self._part(TrailRow, position, event=event.event, detail=dict(event.detail))

    def delivered(self, delivery: int, bundle: Resource, receipt: Resource) -> Iterator[PartValues]:
        """What was sent to the EHR after the coding was made, and its answer. ``delivery`` counts from 1."""
        yield from self._proposals(bundle, delivery)
        yield from self._receipts(receipt, delivery)

    def _part(self, kind: type[Part], position: int, **columns: Any) -> PartValues:
        return kind, {"tenant": self.tenant, "position": position, **columns}

    def _assignments(self, coded: CodedEncounter, disposition: Disposition) -> Iterator[PartValues]:
        for one, outcome in zip(coded.assignments, disposition.by_code, strict=True):
            yield self._part(
                AssignmentRow,
                one.rank,
                code=one.code,
                display=one.display,
                probability=one.probability,
                disposition=outcome.value,
                features=dict(one.features),
                explanation=self.cipher.seal(one.explanation),
            )
            yield from self._evidence("assignment", one.rank, one.evidence)

    def _rejections(self, coded: CodedEncounter) -> Iterator[PartValues]:
        for position, one in enumerate(coded.rejected):
            yield self._part(
                RejectionRow,
                position,
                code=one.code,
                display=one.display,
                reason=one.reason.value,
                probability=one.probability,
                instead=one.instead,
            )
            yield from self._evidence("rejection", position, one.evidence)

    def _findings(self, disposition: Disposition) -> Iterator[PartValues]:
        for position, one in enumerate(disposition.report.findings):
            yield self._part(
                FindingRow,
                position,
                edit=one.edit,
                name=one.name,
                severity=one.severity.value,
                codes=list(one.codes),
                detail=one.detail,
                source=one.source,
                query=_query(one.query) if one.query else None,
            )
            yield from self._evidence("finding", position, one.evidence)
            yield from self._evidence("query", position, one.query.indicators if one.query else ())

    def _reasons(self, disposition: Disposition) -> Iterator[PartValues]:
        for position, one in enumerate(disposition.reasons):
            yield self._part(ReasonRow, position, code=one.code, text=one.text, codes=list(one.codes))

    def _evidence(self, owner: str, owner_position: int, evidence: Iterable[Evidence]) -> Iterator[PartValues]:
        for position, one in enumerate(evidence):
            yield self._part(
                EvidenceRow,
                position,
                owner=owner,
                owner_position=owner_position,
                note_id=one.note_id,
                start=one.start,
                end=one.end,
                sha256=one.sha256,
                section=one.section.value,
                words=self.cipher.seal(one.text),
            )

    def _proposals(self, bundle: Resource, delivery: int = 0) -> Iterator[PartValues]:
        for position, entry in enumerate(bundle.get("entry", ())):
            resource = entry["resource"]
            yield self._part(
                ProposalRow,
                position,
                delivery=delivery,
                full_url=entry.get("fullUrl", ""),
                resource_type=resource["resourceType"],
                content=self.cipher.seal(_json(resource)),
                outline=None if self.cipher.has_key else _json(outline(resource)),
            )

    def _receipts(self, bundle: Resource, delivery: int = 0) -> Iterator[PartValues]:
        for position, entry in enumerate(bundle.get("entry", ())):
            response = entry["response"]
            outcome = response.get("outcome")
            yield self._part(
                ReceiptRow,
                position,
                delivery=delivery,
                status=response["status"],
                location=_fitting(response.get("location", ""), 255),
                etag=_fitting(response.get("etag", ""), 128),
                issues=[[one.get("severity", ""), one.get("code", "")] for one in (outcome or {}).get("issue", ())],
                outcome=self.cipher.seal(_json(outcome)) if outcome else None,
            )

    def _notes(self, encounter: Encounter) -> Iterator[PartValues]:
        for position, one in enumerate(encounter.notes):
            yield self._part(
                NoteRow,
                position,
                note_id=one.id,
                reference=_fitting(one.reference, 255),
                content_type=_fitting(one.content_type, 128),
                sha256=one.sha256,
                length=len(one.text),
                version=_fitting(one.version, 64),
                author=_fitting(one.author, 255),
                authority=one.authority.value,
                is_signed=one.is_signed,
                text=self.cipher.seal(one.text),
            )


def _query(query: ProviderQuery) -> dict[str, Any]:
    """A query without its quotations, which are evidence."""
    return {"question": query.question, "options": [[option.text, list(option.leads_to)] for option in query.options]}


def _fitting(text: str, most: int) -> str:
    """What a column takes of a text from outside: PostgreSQL refuses a longer one, and NUL, and the record of what was written would be lost."""
    return text.replace("\0", "")[:most]


def _json(resource: Resource) -> str:
    return write_json(resource).decode("utf-8")

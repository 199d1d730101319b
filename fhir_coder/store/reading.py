"""Rows back to frozen values."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from fhir_coder.exchange import Artifacts, Configuration, Resource
from fhir_coder.facts import read_recorded
from fhir_coder.model import (
    CodeAssignment,
    Evidence,
    Finding,
    Outcome,
    ProviderQuery,
    QueryOption,
    Reason,
    Rejection,
    RejectionReason,
    SectionKind,
    Severity,
)
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.records import CodingLine, StoredEncounter, StoredNote, StoredProposal, StoredReceipt, TrailEvent
from fhir_coder.store.tables import (
    AssignmentRow,
    CodedEncounterRow,
    EvidenceRow,
    FindingRow,
    NoteRow,
    ProposalRow,
    ReasonRow,
    ReceiptRow,
    RejectionRow,
    TrailRow,
)


@dataclass(frozen=True, slots=True)
class StoredRows:
    """Every row of one coded encounter, parts in order of position."""

    encounter: CodedEncounterRow
    assignments: Sequence[AssignmentRow]
    rejections: Sequence[RejectionRow]
    findings: Sequence[FindingRow]
    reasons: Sequence[ReasonRow]
    evidence: Sequence[EvidenceRow]
    proposals: Sequence[ProposalRow]
    receipts: Sequence[ReceiptRow]
    trail: Sequence[TrailRow]
    notes: Sequence[NoteRow]


def stored_encounter(rows: StoredRows, cipher: Cipher) -> StoredEncounter:
    """One coding as it was saved, with its words where they were kept."""
    row = rows.encounter
    evidence = _evidence_by_owner(rows.evidence, cipher)
    return StoredEncounter(
        id=row.id,
        tenant=row.tenant,
        ehr=row.ehr,
        encounter_reference=row.encounter_reference,
        patient_reference=row.patient_reference,
        service_date=row.service_date,
        release_id=row.release_id,
        release_status=row.release_status,
        versions=row.versions,
        disposition=Outcome(row.disposition),
        is_confident=row.is_confident,
        created_at=_aware(row.created_at),
        engine_version=row.engine_version,
        assignments=tuple(_assignment(one, evidence["assignment", one.position], cipher) for one in rows.assignments),
        by_code=tuple(Outcome(one.disposition) for one in rows.assignments),
        rejected=tuple(_rejection(one, evidence["rejection", one.position]) for one in rows.rejections),
        uncoded=evidence["uncoded", 0],
        findings=tuple(_finding(one, evidence["finding", one.position], evidence["query", one.position]) for one in rows.findings),
        reasons=tuple(Reason(one.code, one.text, tuple(one.codes)) for one in rows.reasons),
        proposals=tuple(_proposal(one, cipher) for one in rows.proposals),
        receipts=tuple(_receipt(one, cipher) for one in rows.receipts),
        trail=tuple(TrailEvent(one.event, one.detail) for one in rows.trail),
        notes=tuple(_note(one, cipher) for one in rows.notes),
        artifacts=Artifacts(row.release_artifact, row.index_artifact, row.ranker_artifact, row.knowledge_artifact),
        configuration=Configuration(**row.configuration),
        is_inline=row.is_inline,
        is_uploaded=row.is_uploaded,
        recorded=read_recorded(row.recorded),
        facts_sha256=row.facts_sha256,
        facts=cipher.open(row.facts),
        billing_withheld=row.billing_withheld,
    )


def coding_line(row: CodedEncounterRow) -> CodingLine:
    """What a list of codings says of one."""
    return CodingLine(
        id=row.id,
        created_at=_aware(row.created_at),
        ehr=row.ehr,
        encounter_reference=row.encounter_reference,
        service_date=row.service_date,
        release_id=row.release_id,
        disposition=Outcome(row.disposition),
        engine_version=row.engine_version,
    )


def _note(row: NoteRow, cipher: Cipher) -> StoredNote:
    return StoredNote(
        row.note_id,
        row.reference,
        row.content_type,
        row.sha256,
        row.length,
        cipher.open(row.text),
        row.version,
        row.author,
        row.authority,
        row.is_signed,
    )


def _aware(moment: datetime) -> datetime:
    """SQLite keeps no offset; what was saved was UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _evidence_by_owner(rows: Sequence[EvidenceRow], cipher: Cipher) -> defaultdict[tuple[str, int], tuple[Evidence, ...]]:
    grouped: defaultdict[tuple[str, int], tuple[Evidence, ...]] = defaultdict(tuple)
    for row in rows:
        evidence = Evidence(row.note_id, row.start, row.end, cipher.open(row.words), row.sha256, SectionKind(row.section))
        grouped[row.owner, row.owner_position] += (evidence,)
    return grouped


def _assignment(row: AssignmentRow, evidence: tuple[Evidence, ...], cipher: Cipher) -> CodeAssignment:
    return CodeAssignment(row.code, row.display, row.probability, row.position, evidence, cipher.open(row.explanation), row.features)


def _rejection(row: RejectionRow, evidence: tuple[Evidence, ...]) -> Rejection:
    return Rejection(row.code, row.display, RejectionReason(row.reason), evidence, row.probability, row.instead)


def _finding(row: FindingRow, evidence: tuple[Evidence, ...], indicators: tuple[Evidence, ...]) -> Finding:
    query = _query(row.query, indicators) if row.query else None
    return Finding(row.edit, row.name, Severity(row.severity), tuple(row.codes), row.detail, row.source, evidence, query)


def _query(asked: dict[str, Any], indicators: tuple[Evidence, ...]) -> ProviderQuery:
    return ProviderQuery(asked["question"], indicators, tuple(QueryOption(text, tuple(leads_to)) for text, leads_to in asked["options"]))


def _proposal(row: ProposalRow, cipher: Cipher) -> StoredProposal:
    """The whole resource, or its outline when it was saved, or is read, without a key."""
    text = cipher.open(row.content) or row.outline or f'{{"resourceType": "{row.resource_type}"}}'
    return StoredProposal(row.full_url, _resource(text))


def _receipt(row: ReceiptRow, cipher: Cipher) -> StoredReceipt:
    outcome = cipher.open(row.outcome)
    issues = tuple((severity, code) for severity, code in row.issues)
    return StoredReceipt(row.status, row.location, row.etag, issues, _resource(outcome) if outcome else None)


def _resource(text: str) -> Resource:
    return json.loads(text, parse_float=Decimal)

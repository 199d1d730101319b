"""The decision record of one coding as one JSON object, in the order in which it was decided. Words of notes only on request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from fhir_coder.exchange import Resource
from fhir_coder.model import CodeAssignment, Evidence, Finding, Outcome, ProviderQuery, Rejection
from fhir_coder.store.records import StoredEncounter, StoredNote, StoredReceipt

Object = dict[str, Any]


def trail_document(coding: StoredEncounter, with_words: bool = False) -> Object:
    """Everything that is recorded of a coding. ``with_words`` adds quotes and explanations where they are stored."""
    events = {event.event: event.detail for event in coding.trail}
    checked = events.get("checked", {})
    return {
        "codingId": coding.id,
        "tenant": coding.tenant,
        "ehr": coding.ehr,
        "encounter": coding.encounter_reference,
        "patient": coding.patient_reference,
        "codedAt": coding.created_at.isoformat(timespec="seconds"),
        "gathered": _gathered(coding, events.get("gathered", {})),
        "release": {"serviceDate": coding.service_date and coding.service_date.isoformat(), **events.get("release-chosen", {})},
        "madeWith": {"artifacts": asdict(coding.artifacts), "settings": asdict(coding.configuration), "versions": dict(coding.versions)},
        "read": dict(events.get("read", {})),
        "codes": [_code(one, own, with_words) for one, own in zip(coding.assignments, coding.by_code, strict=True)],
        "rejected": [_rejection(one, with_words) for one in coding.rejected],
        "uncoded": _evidence(coding.uncoded, with_words),
        "findings": [_finding(one, with_words) for one in coding.findings],
        "notRun": checked.get("not-run", []),
        "disposition": coding.disposition.value,
        "isConfident": coding.is_confident,
        "reasons": [{"code": one.code, "text": one.text, "codes": list(one.codes)} for one in coding.reasons],
        "proposal": _proposal(coding),
        "earlier": [_answer(one) for one in coding.receipts[len(coding.proposals) :]],
        "reconciliation": [_reconciled(one) for one in _listed(events.get("reconciled", {}), "codes")],
    }


def _listed(detail: Mapping[str, Any], name: str) -> list[Any]:
    return list(detail.get(name, ()))


def _gathered(coding: StoredEncounter, detail: Mapping[str, Any]) -> Object:
    return {
        "notes": [_note(one) for one in coding.notes],
        "unreadable": dict(detail.get("unreadable", {})),
        "conflicts": _listed(detail, "conflicts"),
        "warnings": _listed(detail, "warnings"),
        "sensitive": _listed(detail, "sensitive"),
        "billingWithheld": coding.billing_withheld,
        "isInline": coding.is_inline,
        "isUploaded": coding.is_uploaded,
        "factsStored": bool(coding.facts),
        "factsSha256": coding.facts_sha256,
    }


def _note(note: StoredNote) -> Object:
    return {
        "id": note.id,
        "reference": note.reference,
        "version": note.version,
        "contentType": note.content_type,
        "characters": note.length,
        "sha256": note.sha256,
        "author": note.author,
        "authority": note.authority,
        "isSigned": note.is_signed,
        "textStored": bool(note.text),
    }


def _evidence(evidence: Iterable[Evidence], with_words: bool) -> list[Object]:
    places = ((one, {"note": one.note_id, "start": one.start, "end": one.end, "section": one.section.value}) for one in evidence)
    return [place | ({"text": one.text} if with_words and one.text else {}) for one, place in places]


def _code(one: CodeAssignment, own: Outcome, with_words: bool) -> Object:
    explanation = {"explanation": one.explanation} if with_words and one.explanation else {}
    return {
        "rank": one.rank,
        "code": one.code,
        "display": one.display,
        "probability": one.probability,
        "disposition": own.value,
        "evidence": _evidence(one.evidence, with_words),
        "features": {name: value for name, value in one.features.items() if value},
        **explanation,
    }


def _rejection(one: Rejection, with_words: bool) -> Object:
    return {
        "code": one.code,
        "display": one.display,
        "reason": one.reason.value,
        "probability": one.probability,
        "instead": one.instead,
        "evidence": _evidence(one.evidence, with_words),
    }


def _finding(one: Finding, with_words: bool) -> Object:
    return {
        "edit": one.edit,
        "name": one.name,
        "severity": one.severity.value,
        "codes": list(one.codes),
        "detail": one.detail,
        "source": one.source,
        "evidence": _evidence(one.evidence, with_words),
        **({"query": _query(one.query, with_words)} if one.query else {}),
    }


def _query(query: ProviderQuery, with_words: bool) -> Object:
    return {
        "question": query.question,
        "indicators": _evidence(query.indicators, with_words),
        "options": [one.text for one in query.options],
        "forCoders": [{"option": one.text, "leadsTo": list(one.leads_to)} for one in query.options if one.leads_to],
    }


def _proposal(coding: StoredEncounter) -> list[Object]:
    """Each proposed resource with what the EHR answered; without a receipt nothing was to be written."""
    receipts = [*coding.receipts, *([None] * len(coding.proposals))]
    return [
        {"resourceType": proposal.resource["resourceType"], "fullUrl": proposal.full_url, "codes": _condition_codes(proposal.resource)}
        | (_answer(receipt) if receipt else {})
        for proposal, receipt in zip(coding.proposals, receipts, strict=False)
    ]


def _answer(receipt: StoredReceipt) -> Object:
    return {"status": receipt.status, "location": receipt.location, "issues": [list(one) for one in receipt.issues]}


def _condition_codes(resource: Resource) -> list[str]:
    """What a proposed Condition stands for; other resources are told by their type."""
    return [one["code"] for one in resource.get("code", {}).get("coding", ())] if resource["resourceType"] == "Condition" else []


def _reconciled(row: list[str]) -> Object:
    agreement, code, recorded, reference = row
    return {"agreement": agreement, "code": code, "recorded": recorded, "reference": reference}

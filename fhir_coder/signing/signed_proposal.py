"""The codes that a person signed, as the proposal that write-back takes."""

from __future__ import annotations

from collections.abc import Mapping

from fhir_coder.exchange import Intake
from fhir_coder.linking import codes_by_line
from fhir_coder.model import (
    Assertions,
    CodeAssignment,
    CodedEncounter,
    Disposition,
    EditReport,
    Encounter,
    Evidence,
    Mentions,
    Outcome,
    Sections,
)
from fhir_coder.reconciliation import agreed_conditions, reconcile
from fhir_coder.store.records import StoredEncounter
from fhir_coder.worklist.decision import Someone
from fhir_coder.worklist.review import Origin, Review, ReviewedCode
from fhir_coder.writeback.proposal import Proposal
from fhir_coder.writeback.signature import Signature
from terminology.codebook import Codebook

_BY_PEOPLE = frozenset({Origin.ADDED, Origin.REPLACED})


def signed_proposal(
    coding: StoredEncounter, review: Review, encounter: Encounter, codebook: Codebook, verification: Mapping[str, str], claim: str
) -> Proposal:
    """``encounter`` are the facts of the coding, ``claim`` the status of the Claim. Raises ValueError for a review that is not signed."""
    if review.signed_by is None or review.signed_at is None:
        raise ValueError("the review is not signed")
    codes = [one.code for one in review.codes]
    disposition = _disposition(coding, review.codes, encounter, codebook)
    agreed = agreed_conditions(reconcile(coding.recorded, codes, codebook))
    signature = Signature(
        by=practitioner(review.signed_by),
        name=review.signed_by.name,
        at=review.signed_at,
        number=review.times_signed,
        verification=verification,
        chosen=frozenset(one.code for one in review.codes if one.origin in _BY_PEOPLE),
        claim=claim,
        links=links_of(review, encounter),
    )
    return Proposal(coding.tenant, Intake(encounter), disposition, review.signed_at, agreed, signature)


def practitioner(someone: Someone) -> str:
    """The person's reference at the EHR they signed in by, where it is one that a Provenance may name (http://hl7.org/fhir/R4/provenance.html)."""
    return someone.id if someone.id.partition("/")[0] in {"Practitioner", "PractitionerRole"} else ""


def links_of(review: Review, encounter: Encounter) -> Mapping[int, tuple[str, ...]]:
    """Codes by number of the service lines, where a person decided on the lines of any code."""
    return codes_by_line(encounter.services, [(one.code, one.lines) for one in review.codes])


def _disposition(coding: StoredEncounter, codes: tuple[ReviewedCode, ...], encounter: Encounter, codebook: Codebook) -> Disposition:
    """The codes as if the engine had assigned them, with nothing left to review."""
    assignments = tuple(_assignment(coding, one, rank, codebook) for rank, one in enumerate(codes, 1))
    unread = Assertions(Mentions(Sections(encounter, ()), ()), ())
    coded = CodedEncounter(unread, coding.release_id, assignments, versions=coding.versions)
    return Disposition(EditReport(coded, ()), Outcome.PASS, (), tuple(Outcome.PASS for _ in codes))


def _assignment(coding: StoredEncounter, one: ReviewedCode, rank: int, codebook: Codebook) -> CodeAssignment:
    sections = {(words.note_id, words.start, words.end): words.section for assigned in coding.assignments for words in assigned.evidence}
    evidence = tuple(
        Evidence(span.note_id, span.start, span.end, "", span.sha256, *filter(None, [sections.get((span.note_id, span.start, span.end))]))
        for span in one.spans
    )
    title = one.display or (codebook.title(one.code) if one.code in codebook else one.code)
    return CodeAssignment(one.code, title, 1.0 if one.probability is None else one.probability, rank, evidence)

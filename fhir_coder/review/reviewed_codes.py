"""A review towards the edits: its codes with their evidence, and what the findings on them mean for a decision."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from fhir_coder import rechecking
from fhir_coder.model import Evidence, Finding, SectionKind, Severity
from fhir_coder.rechecking import Rechecked, Reviewed
from fhir_coder.store.records import StoredEncounter
from fhir_coder.store.reviews import Checked
from fhir_coder.worklist.decision import Span, finding_name
from fhir_coder.worklist.review import Review, ReviewedCode

Known = Mapping[tuple[str, int, int], Evidence]
"""What the coding knows of places in its notes, by note, start and end: the section, and words where they are kept."""


def places_known(coding: StoredEncounter) -> Known:
    """Every place that the coding points at."""
    return {(one.note_id, one.start, one.end): one for one in _all(coding)}


def evidence_of(spans: Iterable[Span], known: Known) -> tuple[Evidence, ...]:
    """Spans of a review as evidence."""
    return tuple(
        known.get((one.note_id, one.start, one.end)) or Evidence(one.note_id, one.start, one.end, "", one.sha256, SectionKind.BODY)
        for one in spans
    )


def reviewed_of(review: Review, known: Known) -> Reviewed:
    """The codes that stand, as the edits run on them."""
    return Reviewed(tuple(_code(one, known) for one in review.codes))


def checked_of(rechecked: Rechecked) -> Checked:
    """What a decision is to know of the findings."""
    return Checked(
        frozenset(name_of(one) for one in rechecked.findings if one.severity is Severity.BLOCKING),
        tuple(one.severity for one in rechecked.findings),
    )


def name_of(finding: Finding) -> str:
    """How decisions name a finding."""
    return finding_name(finding.edit, finding.codes)


def _code(one: ReviewedCode, known: Known) -> rechecking.ReviewedCode:
    return rechecking.ReviewedCode(one.code, evidence_of(one.spans, known), one.lines, one.probability)


def _all(coding: StoredEncounter) -> Iterator[Evidence]:
    for finding in coding.findings:
        yield from (*finding.evidence, *(finding.query.indicators if finding.query else ()))
    yield from coding.uncoded
    for rejection in coding.rejected:
        yield from rejection.evidence
    for assignment in coding.assignments:
        yield from assignment.evidence

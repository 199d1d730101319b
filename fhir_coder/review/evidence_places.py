"""Every place in the notes that a coding points at, and what it says there."""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.model import Evidence, RejectionReason, Severity
from fhir_coder.review.highlighting import Mark, Span
from fhir_coder.store.records import StoredEncounter

_MARKS = {
    RejectionReason.NEGATED: Mark.NEGATED,
    RejectionReason.UNCERTAIN: Mark.NEGATED,
    RejectionReason.HISTORICAL: Mark.ELSEWHERE,
    RejectionReason.HYPOTHETICAL: Mark.ELSEWHERE,
    RejectionReason.FAMILY_HISTORY: Mark.ELSEWHERE,
    RejectionReason.OTHER_PERSON: Mark.ELSEWHERE,
}
LEGEND = {
    Mark.CODE: "a code rests on it; its number follows",
    Mark.FINDING: "a finding points here",
    Mark.NEGATED: "negated or uncertain",
    Mark.ELSEWHERE: "past, conditional, or of somebody else",
    Mark.WEIGHED: "considered, not coded",
}


def spans_by_note(coding: StoredEncounter) -> dict[str, list[Span]]:
    """The spans of each note, by its id."""
    found: dict[str, list[Span]] = {}
    for evidence, mark, rank in _places(coding):
        found.setdefault(evidence.note_id, []).append(Span(evidence.start, evidence.end, mark, rank))
    return found


def _places(coding: StoredEncounter) -> Iterator[tuple[Evidence, Mark, int]]:
    for rank, assignment in enumerate(coding.assignments, start=1):
        yield from ((one, Mark.CODE, rank) for one in assignment.evidence)
    for finding in coding.findings:
        if finding.severity is not Severity.SHADOW:
            asked = finding.query.indicators if finding.query else ()
            yield from ((one, Mark.FINDING, 0) for one in (*finding.evidence, *asked))
    for rejection in coding.rejected:
        mark = _MARKS.get(rejection.reason, Mark.WEIGHED)
        yield from ((one, mark, 0) for one in rejection.evidence)
    yield from ((one, Mark.WEIGHED, 0) for one in coding.uncoded)

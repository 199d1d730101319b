"""Every place in the notes that a review points at, and what it says there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256

from fhir_coder.model import Evidence, Finding, RejectionReason
from fhir_coder.review.highlighting import Mark, Span
from fhir_coder.worklist import decision
from fhir_coder.worklist.review import Review

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

Spans = Mapping[str, list[Span]]
"""The marked spans of each note, by its id."""


def spans_by_note(review: Review, findings: Iterable[Finding], uncoded: Iterable[Evidence]) -> Spans:
    """What the notes are marked with."""
    found: dict[str, list[Span]] = {}
    for place, mark, rank in _places(review, findings, uncoded):
        found.setdefault(place.note_id, []).append(Span(place.start, place.end, mark, rank))
    return found


def digest_of(spans: Spans) -> str:
    """A name for what is marked, whatever the order of the codes: notes with the same name need not be shown anew."""
    named = sorted({f"{note}\n{one.start} {one.end} {one.mark}" for note, marked in spans.items() for one in marked})
    return sha256("\n".join(named).encode()).hexdigest()[:32]


def _places(
    review: Review, findings: Iterable[Finding], uncoded: Iterable[Evidence]
) -> Iterator[tuple[Evidence | decision.Span, Mark, int]]:
    for rank, code in enumerate(review.codes, start=1):
        yield from ((one, Mark.CODE, rank) for one in code.spans)
    for finding in findings:
        asked = finding.query.indicators if finding.query else ()
        yield from ((one, Mark.FINDING, 0) for one in (*finding.evidence, *asked))
    for rejected in review.rejected:
        mark = Mark.WEIGHED if rejected.by else _MARKS.get(RejectionReason(rejected.reason), Mark.WEIGHED)
        yield from ((one, mark, 0) for one in rejected.was.spans)
    yield from ((one, Mark.WEIGHED, 0) for one in uncoded)

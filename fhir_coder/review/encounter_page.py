"""A stored coding as what its page shows: plain values in the order in which a person reads them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fhir_coder.model import CodeAssignment, Evidence, Finding, Rejection, Severity
from fhir_coder.record.rereading import Reread
from fhir_coder.review.evidence_places import LEGEND, spans_by_note
from fhir_coder.review.highlighting import place_name, span_name
from fhir_coder.review.note_view import note_views, texts_of
from fhir_coder.store.records import StoredEncounter, with_words

_FIRST = {Severity.BLOCKING: 0, Severity.ADVISORY: 1, Severity.INFORMATION: 2}
_SENTENCE_END = re.compile(r"(?<=\.) (?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Quote:
    """Words of a note. ``span`` and ``place`` name them in the note on the page; both are empty where the note is not there."""

    words: str
    section: str
    note: int
    span: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class FindingView:
    """A finding with the words that it points at."""

    finding: Finding
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True)
class RejectionView:
    """A code that was left out."""

    rejection: Rejection
    reason: str
    percent: str
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True)
class CodeView:
    """A code in claim order. ``worst`` is the severity of its worst finding or empty; ``outdone`` are the codes that it took the place of."""

    assignment: CodeAssignment
    fate: str
    percent: str
    quotes: tuple[Quote, ...]
    why: tuple[str, ...]
    features: tuple[tuple[str, str], ...]
    findings: tuple[FindingView, ...]
    worst: str
    outdone: tuple[RejectionView, ...]


def encounter_values(coding: StoredEncounter, rereads: Sequence[Reread]) -> dict[str, Any]:
    """Findings have the worst first and leave out those in shadow, which are for no person to see; ``general`` are those of no assigned code."""
    quotes = Quoting(coding, texts_of(rereads))
    shown = sorted((one for one in coding.findings if one.severity in _FIRST), key=lambda one: _FIRST[one.severity])
    findings = [FindingView(one, quotes.of(one.evidence or (one.query.indicators if one.query else ()))) for one in shown]
    rejected = [
        RejectionView(one, one.reason.value.replace("-", " "), _percent(one.probability), quotes.of(one.evidence))
        for one in coding.rejected
    ]
    assigned = {one.code for one in coding.assignments}
    marks = {span.mark for spans in spans_by_note(coding).values() for span in spans}
    return {
        "coding": coding,
        "codes": [_code(one, fate.value, findings, rejected, quotes) for one, fate in zip(coding.assignments, coding.by_code, strict=True)],
        "general": [one for one in findings if not assigned.intersection(one.finding.codes)],
        "count_of_findings": len(findings),
        "rejected": rejected,
        "uncoded": quotes.of(coding.uncoded),
        "notes": note_views(coding, rereads),
        "legend": [(mark.value, words) for mark, words in LEGEND.items() if mark in marks],
    }


class Quoting:
    """Gives evidence its words, from the notes that are here, and its place on the page."""

    def __init__(self, coding: StoredEncounter, texts: Mapping[str, str]) -> None:
        self._texts = texts
        self._numbers = {note.id: number for number, note in enumerate(coding.notes, start=1)}

    def of(self, evidence: Iterable[Evidence]) -> tuple[Quote, ...]:
        """Each place once, in the order given; what has neither words nor a place is left out."""
        found = dict.fromkeys(self._quote(one) for one in evidence)
        return tuple(one for one in found if one.words)

    def _quote(self, evidence: Evidence) -> Quote:
        words = " ".join(with_words(evidence, self._texts).text.split())
        section, number = evidence.section.value.replace("-", " "), self._numbers.get(evidence.note_id, 0)
        if evidence.note_id not in self._texts:
            return Quote(words, section, number)
        start, end = evidence.start, evidence.end
        return Quote(words, section, number, span_name(number, start, end), place_name(number, start))


def _code(one: CodeAssignment, fate: str, findings: Sequence[FindingView], rejected: Sequence[RejectionView], quotes: Quoting) -> CodeView:
    mine = tuple(view for view in findings if one.code in view.finding.codes)
    return CodeView(
        one,
        fate,
        _percent(one.probability),
        quotes.of(one.evidence),
        tuple(_SENTENCE_END.split(one.explanation)) if one.explanation else (),
        tuple((name.replace("_", " "), f"{value:.3g}") for name, value in sorted(one.features.items())),
        mine,
        mine[0].finding.severity.value if mine else "",
        tuple(view for view in rejected if view.rejection.instead == one.code),
    )


def _percent(probability: float) -> str:
    """Never rounded up to certainty, or down to nothing."""
    return f"{min(max(probability * 100, 0.1), 99.9):.1f} %"

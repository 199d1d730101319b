"""A review as what its page shows: the codes as they stand, what the edits say of them, the notes with every place marked that they rest on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fhir_coder.linking import lines_of
from fhir_coder.rechecking import Rechecked
from fhir_coder.record.rereading import Reread
from fhir_coder.review.code_views import code_views, finding_views, rejection_views
from fhir_coder.review.evidence_places import LEGEND, digest_of, spans_by_note
from fhir_coder.review.left_out import LeftOut, name_of_list, outdone
from fhir_coder.review.note_view import note_views, texts_of
from fhir_coder.review.quoting import Quoting
from fhir_coder.review.reviewed_codes import checked_of, name_of, places_known
from fhir_coder.review.tabular import TabularList, facts_of
from fhir_coder.service import ServiceLine
from fhir_coder.store.records import StoredEncounter
from fhir_coder.store.reviews import OpenedReview
from fhir_coder.worklist.reasons import reasons


@dataclass(frozen=True, slots=True)
class Looked:
    """What a page rests on: the coding, its review as it stands, the edits on it and the notes."""

    coding: StoredEncounter
    opened: OpenedReview
    rechecked: Rechecked
    rereads: Sequence[Reread]


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page shows already, by name: the marks of its notes, and the list of the codes that were left out. Empty for a page that is made anew."""

    marks: str = ""
    left_out: str = ""


def encounter_values(looked: Looked, tabular: TabularList, shown: Shown, can_restore: bool) -> dict[str, Any]:
    """``notes`` are empty where the page shows them already with the same marks; ``general`` are the findings of no code that stands; ``marks`` names
    what the notes are marked with; ``lines_of`` are the service lines of each code, the EHR's where nobody decided; ``can_restore``: the person may
    bring back what was left out."""
    coding, review = looked.coding, looked.opened.review
    texts = texts_of(looked.rereads)
    quotes, known = Quoting(coding, texts), places_known(coding)
    findings = finding_views(looked.rechecked.findings, quotes)
    listed = name_of_list(coding, review, texts, can_restore)
    is_listed = listed == shown.left_out
    rejected = rejection_views(coding, outdone(coding, review) if is_listed else review.rejected, known, quotes)
    spans = spans_by_note(review, looked.rechecked.findings, coding.uncoded)
    digest = digest_of(spans)
    services = services_of(coding)
    standing = {one.code for one in review.codes}
    marks = {span.mark for marked in spans.values() for span in marked}
    return {
        "coding": coding,
        "opened": looked.opened,
        "review": review,
        "rechecked": looked.rechecked,
        "codes": code_views(coding, review, tabular.of(coding, review), findings, rejected, known, quotes),
        "general": [one for one in findings if not standing.intersection(one.finding.codes)],
        "count_of_findings": len(findings),
        "blocking": [one for one in findings if name_of(one.finding) in checked_of(looked.rechecked).blocking],
        "left_out": LeftOut(len(review.rejected), listed, is_listed, () if is_listed else rejected),
        "uncoded": quotes.of(coding.uncoded),
        "notes": () if digest == shown.marks else note_views(coding, looked.rereads, spans),
        "marks": digest,
        "legend": [(mark.value, words) for mark, words in LEGEND.items() if mark in marks],
        "services": services,
        "lines_of": {one.code: lines_of(one.code, one.lines, services) for one in review.codes},
        "reasons": reasons(),
    }


def services_of(coding: StoredEncounter) -> tuple[ServiceLine, ...]:
    """The service lines of the encounter, as far as the store has them."""
    facts = facts_of(coding)
    return facts.services if facts else ()

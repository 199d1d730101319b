"""From candidates to the codes we stand by, in claim order, with everything rejected and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fhir_coder.coding.explanation import explain
from fhir_coder.coding.features import features_version
from fhir_coder.coding.policy import CodingPolicy
from fhir_coder.coding.ranked_code import RankedCode, Refusal
from fhir_coder.coding.ranker import Ranker
from fhir_coder.coding.selection import select
from fhir_coder.coding.sequence import claim_order, note_places
from fhir_coder.coding.support import ASSESSMENT_SECTIONS, Offers, evidence_of
from fhir_coder.coding.weighing import weigh
from fhir_coder.model import (
    Assertion,
    Assertions,
    Candidates,
    CodeAssignment,
    CodedEncounter,
    Evidence,
    Rejection,
    RejectionReason,
)
from terminology.release import Release


def assign_codes(
    candidates: Candidates, release: Release, ranker: Ranker, policy: CodingPolicy, versions: Mapping[str, str]
) -> CodedEncounter:
    """Rank, select and sequence. ``versions`` name software, index and lexicon; the ranker's, the features' and the release's are added."""
    offers, features = weigh(candidates, release.codebook, policy)
    ranked = [RankedCode(code, pillars, features[code], ranker.probability(features[code])) for code, pillars in offers.pillars.items()]
    notes = candidates.assertions.encounter.notes
    selection = select(ranked, notes, release.codebook, policy)
    desk = _Desk(release, {note.id: note.sha256 for note in notes}, note_places(notes), ranker)
    assignments = desk.assignments(selection.chosen)
    rejections = desk.rejections(selection.refused, offers, {one.code for one in selection.chosen})
    return CodedEncounter(
        assertions=candidates.assertions,
        release_id=release.id,
        assignments=assignments,
        rejected=rejections,
        uncoded=desk.uncoded(_providers(candidates.assertions), assignments, rejections),
        versions={**versions, "release": release.id, "ranker": ranker.version, "features": features_version(), "policy": policy.name},
    )


def _providers(assertions: Assertions) -> tuple[Assertion, ...]:
    """The assertions of notes that diagnoses are coded from: a problem that only another clinician lists is none left uncoded."""
    notes = {note.id for note in assertions.encounter.notes if note.supplies_diagnoses}
    return tuple(one for one in assertions.assertions if one.mention.note_id in notes)


@dataclass(frozen=True, slots=True)
class _Desk:
    """Turns decisions into values that carry their evidence."""

    release: Release
    hashes: Mapping[str, str]
    places: Mapping[str, int]
    ranker: Ranker

    def assignments(self, chosen: Sequence[RankedCode]) -> tuple[CodeAssignment, ...]:
        """Assignments in claim order, ranked from 1."""
        by_code = {ranked.code: ranked for ranked in chosen}
        order = claim_order(list(by_code), {code: ranked.pillars for code, ranked in by_code.items()}, self.release.codebook, self.places)
        return tuple(self._assignment(by_code[code], rank) for rank, code in enumerate(order, 1))

    def _assignment(self, ranked: RankedCode, rank: int) -> CodeAssignment:
        return CodeAssignment(
            code=ranked.code,
            display=self.release.codebook.title(ranked.code),
            probability=round(ranked.probability, 4),
            rank=rank,
            evidence=self._evidence([pillar.assertion for pillar in ranked.pillars]),
            explanation=explain(ranked.pillars, self.ranker.contributions(ranked.features), ranked.features, ranked.rule),
            features=ranked.features,
        )

    def _evidence(self, assertions: list[Assertion]) -> tuple[Evidence, ...]:
        """Each span once, those in the assessment first."""
        found = dict.fromkeys(evidence_of(assertion, self.hashes) for assertion in assertions)
        return tuple(sorted(found, key=lambda e: (e.section not in ASSESSMENT_SECTIONS, e.note_id, e.start, e.end)))

    def rejections(self, refused: Sequence[Refusal], offers: Offers, assigned: set[str]) -> tuple[Rejection, ...]:
        """One rejection for each code and reason, codes that stand left out."""
        grouped: dict[tuple[str, RejectionReason], tuple[list[Assertion], float, str]] = {}
        for refusal in refused:
            ranked = refusal.ranked
            grouped[ranked.code, refusal.reason] = ([pillar.assertion for pillar in ranked.pillars], ranked.probability, refusal.instead)
        for code, reason, assertion, instead in offers.turned_away:
            known = grouped.setdefault((code, reason), ([], 0.0, instead))
            known[0].append(assertion)
        return tuple(
            Rejection(code, self._display(code), reason, self._evidence(assertions), round(probability, 4), instead)
            for (code, reason), (assertions, probability, instead) in sorted(grouped.items())
            if code not in assigned
        )

    def _display(self, code: str) -> str:
        known = self.release.codebook.normalize(code)
        return self.release.codebook.title(known) if known else code

    def uncoded(
        self, assertions: tuple[Assertion, ...], assignments: tuple[CodeAssignment, ...], rejections: tuple[Rejection, ...]
    ) -> tuple[Evidence, ...]:
        """Asserted problems of the assessment that neither an assignment nor a reasoned rejection accounts for."""
        accounted = [evidence for assignment in assignments for evidence in assignment.evidence]
        accounted += [
            e
            for r in rejections
            if r.reason is not RejectionReason.LOW_PROBABILITY and r.reason is not RejectionReason.OUTRANKED
            for e in r.evidence
        ]
        problems = [a for a in assertions if a.mention.is_problem_statement and a.is_codable and a.mention.section in ASSESSMENT_SECTIONS]
        return tuple(
            evidence_of(problem, self.hashes) for problem in problems if not any(_overlaps(problem, evidence) for evidence in accounted)
        )


def _overlaps(assertion: Assertion, evidence: Evidence) -> bool:
    mention = assertion.mention
    return mention.note_id == evidence.note_id and mention.start < evidence.end and evidence.start < mention.end

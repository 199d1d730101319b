"""What speaks for each code: the codable assertions behind it and the candidates that offered it, and what spoke against the rest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from fhir_coder.coding.history import history_code
from fhir_coder.coding.policy import CodingPolicy
from fhir_coder.coding.refinement import admissible
from fhir_coder.coding.specificity import complete
from fhir_coder.model import (
    Assertion,
    Candidate,
    Candidates,
    Evidence,
    Experiencer,
    Mention,
    Presence,
    RejectionReason,
    SectionKind,
    Temporality,
)
from terminology.codebook import Codebook

ASSESSMENT_SECTIONS = frozenset({SectionKind.ASSESSMENT, SectionKind.ASSESSMENT_AND_PLAN, SectionKind.DIAGNOSES})
PLAN_SECTIONS = ASSESSMENT_SECTIONS | {SectionKind.PLAN, SectionKind.ORDERS}


@dataclass(frozen=True, slots=True)
class Pillar:
    """One codable assertion under a code, the candidate that offered the code, and the problem statement around it (or None)."""

    assertion: Assertion
    candidate: Candidate
    statement: Assertion | None
    is_history: bool = False


@dataclass(frozen=True, slots=True)
class Offers:
    """Codes that something speaks for (code to pillars, in reading order) and what was turned away before ranking."""

    pillars: Mapping[str, tuple[Pillar, ...]]
    turned_away: tuple[tuple[str, RejectionReason, Assertion, str], ...]


def gather_support(candidates: Candidates, codebook: Codebook, policy: CodingPolicy) -> Offers:
    """Complete each position's best candidates to billable codes and group them by code."""
    assertions = candidates.assertions.assertions
    texts = {note.id: note.text for note in candidates.assertions.encounter.notes}
    statements = _statement_around(assertions)
    pillars: dict[str, list[Pillar]] = defaultdict(list)
    away: list[tuple[str, RejectionReason, Assertion, str]] = []
    named = [assertion for assertion in assertions if assertion.mention.codes]
    by_position: dict[int, list[Candidate]] = defaultdict(list)
    for candidate in candidates.candidates:
        if candidate.code in codebook:  # a measured value offers the same code in every release
            by_position[candidate.position].append(candidate)
    for position, offered in by_position.items():
        assertion = assertions[position]
        contexts = _contexts(assertion, statements[position], texts[assertion.mention.note_id])
        chosen, others = _choose(admissible(offered, assertion, _named_inside(assertion, named), codebook))
        for candidate in chosen:
            code = complete(codebook, candidate.code, contexts)
            reason = RejectionReason.NOT_BILLABLE if code is None else why_not_codable(assertion, policy, code)
            if code is not None and reason is None:
                pillars[code].append(Pillar(assertion, candidate, statements[position]))
                continue
            offer = history_code(codebook, code or candidate.code, reason)
            away.append((code or candidate.code, reason or RejectionReason.NOT_BILLABLE, assertion, offer))
            if offer and assertion.mention.section in PLAN_SECTIONS:
                pillars[offer].append(Pillar(assertion, candidate, statements[position], is_history=True))
        away.extend(
            (candidate.code, RejectionReason.OUTRANKED, assertion, "")
            for candidate in others
            if why_not_codable(assertion, policy, candidate.code) is None
        )
    return Offers({code: tuple(found) for code, found in pillars.items()}, tuple(away))


def why_not_codable(assertion: Assertion, policy: CodingPolicy, code: str) -> RejectionReason | None:
    """The reason the code may not rest on this assertion (guidelines IV.H-J), or None when it may.

    A Z code says by itself that something is past (I.C.21.c.3-4): a past surgery is no reason against its status code.
    """
    if assertion.experiencer is Experiencer.FAMILY:
        return RejectionReason.FAMILY_HISTORY
    if assertion.experiencer is Experiencer.OTHER:
        return RejectionReason.OTHER_PERSON
    if assertion.presence is Presence.ABSENT:
        return RejectionReason.NEGATED
    if assertion.temporality is Temporality.HYPOTHETICAL:
        return RejectionReason.HYPOTHETICAL
    if assertion.presence is Presence.POSSIBLE:
        return RejectionReason.UNCERTAIN
    if assertion.temporality is Temporality.HISTORICAL and not policy.codes_history and not code.startswith("Z"):
        return RejectionReason.HISTORICAL
    return None


def evidence_of(assertion: Assertion, hashes: Mapping[str, str]) -> Evidence:
    """The words of one assertion as evidence."""
    mention = assertion.mention
    return Evidence(mention.note_id, mention.start, mention.end, mention.text, hashes[mention.note_id], mention.section)


def _choose(offered: list[Candidate]) -> tuple[list[Candidate], list[Candidate]]:
    """Codes that a lexicon entry gives together all stand; otherwise the best one, and the next two as outranked."""
    dictionary = [candidate for candidate in offered if not candidate.source.startswith("retrieval:")]
    if dictionary and dictionary[0].source.startswith("lexicon:"):
        return dictionary, []
    pool = dictionary or offered
    return pool[:1], pool[1:3]


def _named_inside(statement: Assertion, named: list[Assertion]) -> tuple[Mention, ...]:
    """What the dictionary knows of the words within a problem statement."""
    whole = statement.mention
    if not whole.is_problem_statement:
        return ()
    inside = [one.mention for one in named if one.mention.note_id == whole.note_id]
    return tuple(one for one in inside if one.start < whole.end and whole.start < one.end)


def _statement_around(assertions: tuple[Assertion, ...]) -> list[Assertion | None]:
    """For each assertion, the problem statement it belongs to (itself, when it is one)."""
    statements: dict[str, list[Assertion]] = defaultdict(list)
    for assertion in assertions:
        if assertion.mention.is_problem_statement:
            statements[assertion.mention.note_id].append(assertion)
    return [_containing(assertion, statements[assertion.mention.note_id]) for assertion in assertions]


def _containing(assertion: Assertion, statements: list[Assertion]) -> Assertion | None:
    mention = assertion.mention
    if mention.is_problem_statement:
        return assertion
    # A comma can end a statement inside a term ("chronic kidney disease, stage 3b"): to overlap is to belong.
    return next((s for s in statements if s.mention.start < mention.end and mention.start < s.mention.end), None)


def _contexts(assertion: Assertion, statement: Assertion | None, text: str) -> tuple[str, ...]:
    """Words around a mention, nearest first: itself with the three words before, its statement, its sentence, the whole note."""
    mention = assertion.mention
    before = " ".join(text[max(mention.sentence_start, mention.start - 40) : mention.start].split()[-3:])
    sentence = text[mention.sentence_start : mention.sentence_end]
    return (f"{before} {mention.text}", statement.mention.text if statement else "", sentence, text)

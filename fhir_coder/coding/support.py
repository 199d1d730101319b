"""What speaks for each code: the codable assertions behind it and the candidates that offered it, and what spoke against the rest."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from fhir_coder.coding.documentation_sources import ground, why_not_from
from fhir_coder.coding.each_side import each_side
from fhir_coder.coding.finer import finer
from fhir_coder.coding.history import history_code, is_history_offered
from fhir_coder.coding.named_sides import NoteText
from fhir_coder.coding.policy import CodingPolicy
from fhir_coder.coding.refinement import admissible
from fhir_coder.coding.specificity import complete, side_in, side_of
from fhir_coder.coding.told_details import as_told
from fhir_coder.coding.vaccines import is_about_its_vaccine
from fhir_coder.model import (
    Assertion,
    Authority,
    Candidate,
    Candidates,
    Evidence,
    Experiencer,
    Mention,
    Note,
    Presence,
    RejectionReason,
    SectionKind,
    Temporality,
)
from terminology.codebook import Codebook

ASSESSMENT_SECTIONS = frozenset({SectionKind.ASSESSMENT, SectionKind.ASSESSMENT_AND_PLAN, SectionKind.DIAGNOSES})
PLAN_SECTIONS = ASSESSMENT_SECTIONS | {SectionKind.PLAN, SectionKind.ORDERS}


_FAMILY_HISTORY = frozenset({"Z80", "Z81", "Z82", "Z83", "Z84"})
# Codes that say by themselves that something is past, those of a pregnancy after an earlier one among them (O09.2-, O34.21-); and the weeks of a
# pregnancy, which no word of denial beside them denies.
_TELLING_THE_PAST = ("Z", "O09", "O34.21")
_MEASURED = "Z3A"
_INCIDENTAL = re.compile(r"\bincidental(?:ly|oma)?\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Pillar:
    """One codable assertion under a code, the candidate that offered the code, and the problem statement around it (or None). ``source`` is
    the guideline by which a clinician who is not the provider may supply it, empty for the provider's own words. ``is_incidental``: a report
    of an interpreted study calls it an incidental finding."""

    assertion: Assertion
    candidate: Candidate
    statement: Assertion | None
    is_history: bool = False
    source: str = ""
    is_incidental: bool = False


@dataclass(frozen=True, slots=True)
class Offers:
    """Codes that something speaks for (code to pillars, in reading order) and what was turned away before ranking."""

    pillars: Mapping[str, tuple[Pillar, ...]]
    turned_away: tuple[tuple[str, RejectionReason, Assertion, str], ...]


def gather_support(candidates: Candidates, codebook: Codebook, policy: CodingPolicy) -> Offers:
    """Complete each position's best candidates to billable codes and group them by code; what another clinician than the provider documents
    comes last, because it only completes what the provider does."""
    by_position: dict[int, list[Candidate]] = defaultdict(list)
    for candidate in candidates.candidates:
        if candidate.code in codebook:  # a measured value offers the same code in every release
            by_position[candidate.position].append(candidate)
    gathering = _Gathering(candidates, codebook, policy)
    for position in sorted(by_position, key=lambda one: not gathering.note_at(one).supplies_diagnoses):
        gathering.add(position, by_position[position])
    return Offers({code: tuple(found) for code, found in gathering.pillars.items()}, tuple(gathering.away))


class _Gathering:
    """Support as it is gathered, position by position."""

    def __init__(self, candidates: Candidates, codebook: Codebook, policy: CodingPolicy) -> None:
        self._assertions = candidates.assertions.assertions
        self._notes = {note.id: note for note in candidates.assertions.encounter.notes}
        self._texts = {note.id: NoteText(note.text) for note in candidates.assertions.encounter.notes}
        self._statements = _statement_around(self._assertions)
        self._named = [assertion for assertion in self._assertions if assertion.mention.codes]
        self._codebook = codebook
        self._policy = policy
        self._provided: set[str] = set()
        self.pillars: dict[str, list[Pillar]] = defaultdict(list)
        self.away: list[tuple[str, RejectionReason, Assertion, str]] = []

    def note_at(self, position: int) -> Note:
        """The note in which the assertion at the position stands."""
        return self._notes[self._assertions[position].mention.note_id]

    def add(self, position: int, offered: list[Candidate]) -> None:
        """Take in what is offered for one assertion."""
        assertion, note = self._assertions[position], self.note_at(position)
        contexts = _contexts(assertion, self._statements[position], self._texts[note.id])
        fitting = admissible(offered, assertion, _named_inside(assertion, self._named), self._codebook)
        fitting = [one for one in fitting if not is_about_its_vaccine(one, contexts[2])]
        chosen, others = _choose([one for one in fitting if note.authority is not Authority.REPORT or not _is_retrieved(one)])
        for candidate, code in ((one, code) for one in chosen for code in self._codes_of(one, position, contexts, note)):
            reason = RejectionReason.NOT_BILLABLE if code is None else why_not_codable(assertion, self._policy, code)
            if code is not None and reason is None:
                is_incidental = note.authority is Authority.REPORT and _INCIDENTAL.search(contexts[2]) is not None
                self._support(code, Pillar(assertion, candidate, self._statements[position], is_incidental=is_incidental), note)
                continue
            offer = history_code(self._codebook, code or candidate.code, reason)
            self.away.append((code or candidate.code, reason or RejectionReason.NOT_BILLABLE, assertion, offer))
            is_in_plan = assertion.mention.section in PLAN_SECTIONS
            if offer and is_history_offered(self._codebook, code or candidate.code, reason, assertion.cues, is_in_plan):
                self._support(offer, Pillar(assertion, candidate, self._statements[position], is_history=True), note)
        self.away.extend(
            (candidate.code, RejectionReason.OUTRANKED, assertion, "")
            for candidate in others
            if why_not_codable(assertion, self._policy, candidate.code) is None
        )

    def _codes_of(self, candidate: Candidate, position: int, contexts: tuple[str, ...], note: Note) -> tuple[str | None, ...]:
        """The billable code that a candidate becomes, one for each side where the sides differ; None when it cannot be completed."""
        code = complete(self._codebook, candidate.code, contexts)
        if code is None:
            return (None,)
        texts = (*contexts[:3], self._problem_around(position))
        code = finer(self._codebook, as_told(self._codebook, code, texts), texts, note.text, lambda title: side_in(contexts, title))
        return each_side(self._codebook, code, contexts[2])

    def _problem_around(self, position: int) -> str:
        """The paragraph of the problem that the assertion belongs to: from its statement to the next one below it; empty outside of any."""
        statement = self._statements[position]
        if statement is None:
            return ""
        own = statement.mention
        following = (
            one.mention.start
            for one in self._assertions
            if one.mention.is_problem_statement and one.mention.note_id == own.note_id and one.mention.sentence_start > own.sentence_start
        )
        text = self._notes[own.note_id].text
        return text[own.start : min(following, default=min(len(text), own.start + 1500))]

    def _support(self, code: str, pillar: Pillar, note: Note) -> None:
        """Put a pillar under a code, or turn it away because of whose words it rests on (guideline I.B.14)."""
        reason = why_not_from(note)
        if reason is None:
            self._provided.add(code)
            self.pillars[code].append(pillar)
            return
        found = ground(note, code, self._provided, self.pillars.keys(), self._codebook)
        if found is None:
            self.away.append((code, reason, pillar.assertion, ""))
            return
        if found.completes and code not in self.pillars:
            self.pillars[code].extend(self.pillars[found.completes])
        self.pillars[code].append(replace(pillar, source=found.source))


def is_incidental(pillars: Sequence[Pillar]) -> bool:
    """Whether a code rests on nothing but incidental findings of interpreted studies."""
    return bool(pillars) and all(pillar.is_incidental for pillar in pillars)


def why_not_codable(assertion: Assertion, policy: CodingPolicy, code: str) -> RejectionReason | None:
    """The reason the code may not rest on this assertion (guidelines IV.H-J), or None when it may.

    A Z code says by itself that something is past (I.C.21.c.3-4): a past surgery is no reason against its status code. So do the codes for a
    pregnancy after an earlier one.
    """
    if assertion.experiencer is Experiencer.FAMILY and not _says_family(code, assertion):
        # "No family history of gastric cancer" is no family history either.
        return RejectionReason.NEGATED if assertion.presence is Presence.ABSENT else RejectionReason.FAMILY_HISTORY
    if assertion.experiencer is Experiencer.OTHER:
        return RejectionReason.OTHER_PERSON
    if code.startswith(_MEASURED):
        return None
    if assertion.presence is Presence.ABSENT:
        return RejectionReason.NEGATED
    if assertion.temporality is Temporality.HYPOTHETICAL:
        return RejectionReason.HYPOTHETICAL
    if assertion.presence is Presence.POSSIBLE:
        return RejectionReason.UNCERTAIN
    if assertion.temporality is Temporality.HISTORICAL and not policy.codes_history and not code.startswith(_TELLING_THE_PAST):
        return RejectionReason.HISTORICAL
    return None


def _says_family(code: str, assertion: Assertion) -> bool:
    """Whether the code says by itself that a relative has the condition (I.C.21.c.4), and the note does not deny it."""
    return code[:3] in _FAMILY_HISTORY and assertion.presence is not Presence.ABSENT


def evidence_of(assertion: Assertion, hashes: Mapping[str, str]) -> Evidence:
    """The words of one assertion as evidence."""
    mention = assertion.mention
    return Evidence(mention.note_id, mention.start, mention.end, mention.text, hashes[mention.note_id], mention.section)


def _is_retrieved(candidate: Candidate) -> bool:
    """Offered for its likeness. Of a report only what it confirms in words of its own is coded (guideline IV.K): lines such as "skin, left
    cheek, biopsy" are like the title of many a disease."""
    return candidate.source.startswith("retrieval:")


def _choose(offered: list[Candidate]) -> tuple[list[Candidate], list[Candidate]]:
    """Codes that a lexicon entry gives together all stand; otherwise the best one, and the next two as outranked."""
    dictionary = [candidate for candidate in offered if not _is_retrieved(candidate)]
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
    if side_of((mention.text,)):
        before = re.split(r"[,;]", before)[-1]  # the side of the item before it is another one
    sentence = text[mention.sentence_start : mention.sentence_end]
    return (f"{before} {mention.text}", statement.mention.text if statement else "", sentence, text)

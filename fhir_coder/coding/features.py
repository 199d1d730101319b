"""What the ranker sees of each code, named in clinical words. Every feature is a number, 0 or 1 where it says "is" or "in"."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from itertools import pairwise

from fhir_coder.coding import kinds, lines, rivals, wording
from fhir_coder.coding.candidates import content_words
from fhir_coder.coding.finer import is_more_told
from fhir_coder.coding.kinds import is_symptom
from fhir_coder.coding.support import ASSESSMENT_SECTIONS, PLAN_SECTIONS, Offers, Pillar
from fhir_coder.model import Assertion, Assertions, Presence, Section, SectionKind
from terminology.codebook import Codebook
from terminology.detail import is_unspecified, says_more

_OWN: tuple[str, ...] = (
    "in_assessment",
    "in_plan",
    "in_chief_complaint",
    "in_present_illness",
    "in_past_history",
    "in_exam_or_results",
    "in_review_of_systems",
    "in_body",
    "is_head_of_problem",
    "is_start_of_statement",
    "is_addressed",
    "statement_share",
    "head_share",
    "mentions",
    "lexicon_match",
    "title_match",
    "retrieved_only",
    "lexical_score",
    "dense_score",
    "lead_over_next",
    "is_symptom",
    "symptom_beside_diagnosis",
    "symptom_without_diagnosis",
    "is_status",
    "is_status_head",
    "is_history_offer",
    "is_external_cause",
    "external_cause_with_injury",
    "is_injury",
    "is_unspecified",
    "detail_left_open",
    "detail_told_beside",
    "specified_sibling",
    "negated_elsewhere",
    "uncertain_elsewhere",
    "without_assessment_section",
    "in_conclusion",
    "match_length",
)
FEATURES: tuple[str, ...] = (*_OWN, *wording.NAMES, *lines.NAMES, *rivals.NAMES, *kinds.NAMES)
"""All features, in the order in which a vector has them."""

MEANING = 4
"""Raised when a feature keeps its name and comes to mean something else: a ranker is bound to names and meaning."""

HISTORY_SECTIONS = frozenset(
    {SectionKind.PAST_MEDICAL_HISTORY, SectionKind.PAST_SURGICAL_HISTORY, SectionKind.PROBLEM_LIST, SectionKind.SOCIAL_HISTORY}
)
_COMPLAINT_SECTIONS = frozenset({SectionKind.CHIEF_COMPLAINT, SectionKind.REASON_FOR_VISIT})
_ILLNESS_SECTIONS = frozenset({SectionKind.HISTORY_OF_PRESENT_ILLNESS, SectionKind.INTERVAL_HISTORY, SectionKind.SUBJECTIVE})
_FINDING_SECTIONS = frozenset(
    {SectionKind.PHYSICAL_EXAM, SectionKind.RESULTS, SectionKind.OBJECTIVE, SectionKind.VITALS, SectionKind.PROCEDURE}
)
# MEAT (monitored, evaluated, assessed, treated): an industry convention, used as a feature and never as a rule.
_ADDRESSED = re.compile(
    r"\b(?:continue|start|increase|decrease|refill|prescri\w+|refer\w*|order\w*|recheck|monitor|follow|stable|controlled|uncontrolled|improv\w+|"
    r"worsen\w*|treat\w*|advis\w+|recommend\w*|counsel\w*|discuss\w*|inject\w+|therapy|mg)\b",
    re.IGNORECASE,
)
# "Of unspecified eye" leaves a detail open that most notes tell; "hypothyroidism, unspecified" or "Unspecified dementia" is a plain name.
_DETAIL_OPEN = re.compile(r"\bunspecified (?!organism\b)[a-z]")
_PARAGRAPH = 300
"""How far (code points) behind a sentence the words of its problem are looked for."""

# What ends the head of a problem statement.
_HEAD_END = re.compile(r"[,;:(]|\s[-–—]+\s|\.\s")

PLACES = frozenset(name for name in FEATURES if name.startswith("in_")) | {
    "is_head_of_problem",
    "is_start_of_statement",
    "is_addressed",
    "statement_share",
    "head_share",
    "is_status_head",
    "without_assessment_section",
    "in_conclusion",
}


def code_features(offers: Offers, assertions: Assertions, codebook: Codebook, weighs_place: bool = True) -> dict[str, dict[str, float]]:
    """The feature values of every code that something speaks for; without ``weighs_place`` those of ``PLACES`` are 0."""
    reader = _Reader(offers, assertions, codebook)
    found = {code: reader.features(code, pillars) for code, pillars in offers.pillars.items()}
    if weighs_place:
        return found
    return {code: {name: 0.0 if name in PLACES else value for name, value in values.items()} for code, values in found.items()}


class _Reader:
    """Facts about the whole encounter, computed once for all its codes, from the notes that diagnoses are coded from where there are some: what
    a nurse's note denies or lacks says nothing of the provider's diagnoses."""

    def __init__(self, offers: Offers, assertions: Assertions, codebook: Codebook) -> None:
        self._codebook = codebook
        self._wording, self._rivals = wording.Wording(assertions, codebook), rivals.Rivals(offers, assertions, codebook)
        self._texts = {note.id: note.text for note in assertions.encounter.notes}
        self._lines = lines.Lines(self._texts)
        notes = {note.id for note in assertions.encounter.notes if note.supplies_diagnoses} or self._texts.keys()
        sections = [section for section in assertions.mentions.sections.sections if section.note_id in notes]
        found = {section.kind for section in sections}
        self._has_assessment = bool(found & ASSESSMENT_SECTIONS) and not _concludes_here_and_there(sections)
        # Where the note says what it comes to: in the assessment, without one in the plan, without either in the text itself.
        has_plan = SectionKind.PLAN in found or SectionKind.ORDERS in found
        self._conclusion = ("in_assessment",) if self._has_assessment else ("in_assessment", "in_plan" if has_plan else "in_body")
        self._negated, self._uncertain = _unasserted(one for one in assertions.assertions if one.mention.note_id in notes)
        self._codes = tuple(offers.pillars)
        self._has_diagnosis = any(self._is_definitive(code, pillars) for code, pillars in offers.pillars.items())
        self._has_injury = any(code[0] in "ST" for code in offers.pillars)

    def features(self, code: str, pillars: tuple[Pillar, ...]) -> dict[str, float]:
        """All of ``FEATURES`` for one code."""
        values = self._places(pillars) | self._match(pillars) | self._kind(code, pillars) | kinds.kind_features(code)
        values |= self._wording.features(code, pillars) | self._lines.features(pillars) | self._rivals.features(code, pillars)
        stems = {pillar.candidate.code for pillar in pillars} | {code}
        values["negated_elsewhere"] = math.log1p(sum(self._negated[stem] for stem in stems))
        values["uncertain_elsewhere"] = math.log1p(sum(self._uncertain[stem] for stem in stems))
        values["without_assessment_section"] = float(not self._has_assessment)
        values["in_conclusion"] = max(values[place] for place in self._conclusion)
        return {name: round(float(values[name]), 6) for name in FEATURES}

    def _is_definitive(self, code: str, pillars: tuple[Pillar, ...]) -> bool:
        """A diagnosis proper, named in the assessment or as a problem."""
        if is_symptom(self._codebook, code) or code[0] in "VWXYZ":
            return False
        return any(
            p.assertion.mention.section in ASSESSMENT_SECTIONS or p.statement
            for p in pillars
            if not p.candidate.source.startswith("retrieval:")
        )

    def _places(self, pillars: tuple[Pillar, ...]) -> dict[str, float]:
        kinds = {pillar.assertion.mention.section for pillar in pillars}
        return {
            "in_assessment": float(bool(kinds & ASSESSMENT_SECTIONS)),
            "in_plan": float(bool(kinds & (PLAN_SECTIONS - ASSESSMENT_SECTIONS))),
            "in_chief_complaint": float(bool(kinds & _COMPLAINT_SECTIONS)),
            "in_present_illness": float(bool(kinds & _ILLNESS_SECTIONS)),
            "in_past_history": float(bool(kinds & HISTORY_SECTIONS)),
            "in_exam_or_results": float(bool(kinds & _FINDING_SECTIONS)),
            "in_review_of_systems": float(SectionKind.REVIEW_OF_SYSTEMS in kinds),
            "in_body": float(SectionKind.BODY in kinds),
            "is_head_of_problem": float(any(pillar.statement for pillar in pillars)),
            "is_start_of_statement": float(any(_starts_statement(pillar) for pillar in pillars)),
            "is_addressed": float(any(self._is_addressed(pillar) for pillar in pillars)),
            "statement_share": max(_statement_share(pillar) for pillar in pillars),
            "head_share": max(_head_share(pillar) for pillar in pillars),
            "mentions": math.log1p(len(pillars)),
        }

    def _is_addressed(self, pillar: Pillar) -> bool:
        mention = pillar.assertion.mention
        if mention.section not in PLAN_SECTIONS:
            return False
        return bool(_ADDRESSED.search(self._texts[mention.note_id][mention.end : mention.end + 300]))

    def _match(self, pillars: tuple[Pillar, ...]) -> dict[str, float]:
        candidates = [pillar.candidate for pillar in pillars]
        retrieved = [candidate for candidate in candidates if candidate.source.startswith("retrieval:")]
        return {
            "lexicon_match": float(any(c.source.startswith("lexicon:") for c in candidates)),
            "title_match": float(any(c.source and not c.source.startswith(("lexicon:", "retrieval:")) for c in candidates)),
            "retrieved_only": float(len(retrieved) == len(candidates)),
            "lexical_score": max(c.lexical or 0.0 for c in candidates),
            "dense_score": max((c.dense or 0.0 for c in retrieved), default=0.0),
            "lead_over_next": max(c.score for c in candidates),
            "match_length": math.log1p(max(len(p.assertion.mention.text.split()) for p in pillars)),
        }

    def _kind(self, code: str, pillars: tuple[Pillar, ...]) -> dict[str, float]:
        symptom = is_symptom(self._codebook, code)
        status, cause = code.startswith("Z"), code[0] in "VWXY"
        unspecified = is_unspecified(self._codebook.title(code))
        return {
            "is_symptom": float(symptom),
            "symptom_beside_diagnosis": float(symptom and self._has_diagnosis),
            "symptom_without_diagnosis": float(symptom and not self._has_diagnosis),
            "is_status": float(status),
            "is_status_head": float(status and any(pillar.statement for pillar in pillars)),
            "is_history_offer": float(all(pillar.is_history for pillar in pillars)),
            "is_external_cause": float(cause),
            "external_cause_with_injury": float(cause and self._has_injury),
            "is_injury": float(code[0] in "ST"),
            "is_unspecified": float(unspecified),
            "detail_left_open": float(bool(_DETAIL_OPEN.search(self._codebook.title(code)))),
            "detail_told_beside": float(unspecified and is_more_told(self._codebook, code, self._around(pillars))),
            "specified_sibling": float(any(says_more(self._codebook, other, code) for other in self._codes)),
        }

    def _around(self, pillars: tuple[Pillar, ...]) -> str:
        """The sentences of the mentions and what follows each."""
        mentions = {(one.note_id, one.sentence_start): one.sentence_end for one in (pillar.assertion.mention for pillar in pillars)}
        return "\n".join(self._texts[note][start : end + _PARAGRAPH] for (note, start), end in sorted(mentions.items()))


def _concludes_here_and_there(sections: Sequence[Section]) -> bool:
    """Whether conclusions stand between other sentences, as in a letter: cut from text under no heading that goes on behind them."""
    return any(one.kind in ASSESSMENT_SECTIONS and not one.title and two.kind is SectionKind.BODY for one, two in pairwise(sections))


def _unasserted(assertions: Iterable[Assertion]) -> tuple[Counter[str], Counter[str]]:
    """How often each dictionary code is denied and how often it is only possible."""
    negated: Counter[str] = Counter()
    uncertain: Counter[str] = Counter()
    for assertion in assertions:
        if assertion.presence is Presence.ABSENT:
            negated.update(assertion.mention.codes)
        elif assertion.presence is Presence.POSSIBLE:
            uncertain.update(assertion.mention.codes)
    return negated, uncertain


def _starts_statement(pillar: Pillar) -> bool:
    return pillar.statement is not None and pillar.assertion.mention.start - pillar.statement.mention.start <= 12


def _statement_share(pillar: Pillar) -> float:
    """How much of the problem statement (by characters) the matched words are."""
    if pillar.statement is None:
        return 0.0
    return min(1.0, len(pillar.assertion.mention.text) / max(1, len(pillar.statement.mention.text)))


def _head_share(pillar: Pillar) -> float:
    """How much of the head of the problem statement the matched words are, without words of course and place; what follows a comma or dash behind them
    ("COPD, stable", "Anemia - iron studies") is not what the problem is."""
    if pillar.statement is None:
        return 0.0
    mention, whole = pillar.assertion.mention, pillar.statement.mention
    ending = _HEAD_END.search(whole.text, max(0, mention.end - whole.start))
    known = len(content_words(mention.text))
    return min(1.0, known / max(1, known, len(content_words(whole.text[: ending.start() if ending else None]))))


def as_vector(features: Mapping[str, float]) -> list[float]:
    """The values in the order of ``FEATURES``."""
    return [features[name] for name in FEATURES]


def features_version() -> str:
    """What the features mean and which they are: the number of ``MEANING`` and a hash of the names, recorded with every encounter."""
    return f"{MEANING}@{sha256(' '.join(FEATURES).encode()).hexdigest()[:12]}"

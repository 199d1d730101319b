"""Finding mentions: dictionary terms and problem statements, each with the sentence it stands in.

The dictionary is injected, so reading knows nothing of the code set. What the dictionary cannot judge alone is judged here: a term that is
meant only in an assessment, or only for one sex or age.
"""

from __future__ import annotations

import operator
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from fhir_coder.gestation import find_weeks
from fhir_coder.model import Encounter, Mention, Mentions, Note, Section, SectionKind, Sections
from fhir_coder.reading.body_mass import MeasuredTerm, find_body_mass
from fhir_coder.reading.demographics import stated_age, stated_sex
from fhir_coder.reading.drug_effects import find_drug_effects
from fhir_coder.reading.drug_use import find_long_term_use
from fhir_coder.reading.encounter_reasons import find_encounter_reasons
from fhir_coder.reading.injuries import find_burnt_surface, find_injuries
from fhir_coder.reading.mechanism import CLAIMING, SOURCE, TELLING, find_claims, find_mechanisms
from fhir_coder.reading.mechanism_rules import told_kind
from fhir_coder.reading.problems import STATING, Statement, find_statements
from fhir_coder.reading.scores import find_scores
from fhir_coder.reading.sentences import Sentence, find_sentences
from fhir_coder.reading.told_statuses import find_told_statuses
from fhir_coder.reading.turned_down import is_turned_down

_NOT_A_LETTER = re.compile(r"[^a-z0-9]+")
_AGE = re.compile(r"(?:age)?\s*(<=|>=|<|>)\s*(\d{1,3})")
_COMPARE: dict[str, Callable[[int, int], bool]] = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_APART = (SOURCE, "drug:")
_FIRST_OWN_WEEK = 8
_ONLY_IN = {"assessment": STATING | {SectionKind.PROBLEM_LIST}}


class FoundTerm(Protocol):
    """A dictionary term found in a text: what reading needs of ``index.open``'s TermMatch."""

    @property
    def start(self) -> int:
        """First code point."""

    @property
    def end(self) -> int:
        """One past the last code point."""

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes or stems the term means together."""

    @property
    def source(self) -> str:
        """Id of the dictionary entry."""

    @property
    def section_only(self) -> str:
        """``assessment``, or empty for anywhere."""

    @property
    def sex(self) -> str:
        """``female``, ``male`` or empty."""

    @property
    def age(self) -> str:
        """A bound in completed years such as ``<18``, or empty."""


FindTerms = Callable[[str], Sequence[FoundTerm]]


@dataclass(frozen=True, slots=True)
class SectionSentences:
    """A section with its sentences and their first offsets."""

    section: Section
    sentences: tuple[Sentence, ...]

    def sentence_around(self, start: int, end: int) -> Sentence | None:
        """The sentence that holds the whole span, or None."""
        position = bisect_right(self.sentences, start, key=lambda sentence: sentence.start) - 1
        if position < 0 or end > self.sentences[position].end:
            return None
        return self.sentences[position]


def find_mentions(sections: Sections, find_terms: FindTerms) -> Mentions:
    """Find every mention in the encounter's notes, in order of note and offset.

    A term that crosses the end of a sentence or section, or stands in a heading, is no mention. Terms with one and the same span are one
    mention with the codes of all.
    """
    mentions: list[Mention] = []
    for note in sections.encounter.notes:
        own = [section for section in sections.sections if section.note_id == note.id]
        scores = tuple(find_scores(note.text))
        measured = (*scores, *find_body_mass(note.text), *find_burnt_surface(note.text), *_of_gestation(note.text))
        told = (*measured, *find_encounter_reasons(note.text, tuple(own)), *find_told_statuses(note.text))
        terms = (*_outside(find_terms(note.text), scores), *told)
        terms = (*terms, *_of_medicines(note.text, own, terms))
        mentions.extend(_note_mentions(note, own, _admissible(terms, note, sections.encounter)))
    return Mentions(sections, tuple(mentions))


def _of_medicines(text: str, sections: Sequence[Section], terms: Sequence[FoundTerm]) -> Iterator[FoundTerm]:
    """What the note tells of medicines: long-term use, and their effects on the conditions that the terms name."""
    yield from find_long_term_use(text, sections)
    conditions = [(term.start, term.end) for term in terms if any(code[0] <= "R" for code in term.codes)]
    yield from find_drug_effects(text, sections, conditions)


def _of_gestation(text: str) -> Iterator[FoundTerm]:
    """The weeks of a pregnancy as their status code: Z3A.01 below eight, then one code for each week."""
    for start, end, weeks in find_weeks(text):
        code = f"Z3A.{weeks:02d}" if weeks >= _FIRST_OWN_WEEK else "Z3A.01"
        yield MeasuredTerm(start, end, (code,), source="measure:gestation", sex="female", age="age>=10")


def _outside(terms: Iterable[FoundTerm], scores: Sequence[FoundTerm]) -> Iterator[FoundTerm]:
    """The terms that are no part of a score's name: a Glasgow coma scale of 15 is no coma."""
    return (term for term in terms if not any(score.start <= term.start and term.end <= score.end for score in scores))


def _note_mentions(note: Note, sections: Sequence[Section], terms: Iterable[FoundTerm]) -> list[Mention]:
    by_start = sorted(terms, key=lambda term: (term.start, term.end))
    starts = [term.start for term in by_start]
    mentions: list[Mention] = []
    for section in sections:
        inside: list[FoundTerm] = by_start[bisect_left(starts, section.body_start) : bisect_left(starts, section.end)]
        whole = SectionSentences(section, find_sentences(note.text, section.body_start, section.end))
        inside = _with_injuries(note.text, whole, _with_mechanisms(note.text, whole, inside))
        mentions.extend(_term_mentions(note, whole, inside))
        mentions.extend(_statement_mentions(note, whole, [term for term in inside if not term.source.startswith("drug:")]))
    return sorted(mentions, key=lambda mention: (mention.start, mention.end, not mention.is_problem_statement))


def _with_mechanisms(text: str, whole: SectionSentences, terms: list[FoundTerm]) -> list[FoundTerm]:
    """The terms with the external causes that the section tells; a dictionary phrase of the same kind in the same sentence says less."""
    told = find_mechanisms(text, whole.sentences) if whole.section.kind in TELLING else ()
    if whole.section.kind in CLAIMING:
        told = tuple(find_claims(text, whole.sentences))
    if not told:
        return terms
    known = {(_sentence_start(whole, term), term.kind) for term in told}
    kept = [term for term in terms if (_sentence_start(whole, term), told_kind(term.codes)) not in known]
    return sorted((*kept, *told), key=lambda term: (term.start, term.end))


def _with_injuries(text: str, whole: SectionSentences, terms: list[FoundTerm]) -> list[FoundTerm]:
    """The terms with the injuries put together from kind and place. Where a dictionary phrase of the same category shares their words, the one
    that says more stands, and of equals the one put together: it holds the side and the finger wherever they stand."""
    kept, told = terms, []
    for one in find_injuries(text, whole.section.kind, whole.sentences):
        rivals = [term for term in kept if term.start < one.end and one.start < term.end and _category(term) == _category(one)]
        if any(_detail(term) > _detail(one) for term in rivals):
            continue
        told.append(one)
        kept = [term for term in kept if term not in rivals]
    return sorted((*kept, *told), key=lambda term: (term.start, term.end)) if told else terms


def _category(term: FoundTerm) -> str:
    return term.codes[0][:3]


def _detail(term: FoundTerm) -> int:
    """How much a code of an injury says: its digits, without a last one that says "other" or "unspecified"."""
    return len(term.codes[0].rstrip("089."))


def _sentence_start(whole: SectionSentences, term: FoundTerm) -> int:
    sentence = whole.sentence_around(term.start, term.end)
    return -1 if sentence is None else sentence.start


def _admissible(terms: Iterable[FoundTerm], note: Note, encounter: Encounter) -> Iterator[FoundTerm]:
    """Terms whose sex and age conditions the patient meets; the note tells what the record lacks, and an unknown sex or age excludes nothing."""
    gender = encounter.patient.gender or stated_sex(note.text)
    age = encounter.age if encounter.age is not None else stated_age(note.text)
    for term in terms:
        if not term.source.startswith("reason:") and is_turned_down(term.codes, note.text, term.start, term.end):
            continue
        is_other_sex = bool(term.sex) and gender in ("female", "male") and term.sex != gender
        if not is_other_sex and _is_age_met(term.age, age):
            yield term


def _is_age_met(condition: str, age: int | None) -> bool:
    """Whether the age meets every bound of the condition (``age>=12 age<18``)."""
    bounds = [_AGE.fullmatch(bound) for bound in condition.split()]
    return age is None or all(_COMPARE[bound.group(1)](age, int(bound.group(2))) for bound in bounds if bound)


def _term_mentions(note: Note, whole: SectionSentences, terms: Iterable[FoundTerm]) -> Iterator[Mention]:
    # "Twisted his ankle" names a sprain and tells its cause, "nonadherence" a status and which medicine: two mentions of one span.
    by_span: dict[tuple[int, int, str], list[FoundTerm]] = {}
    for term in terms:
        if whole.section.kind in _ONLY_IN.get(term.section_only, (whole.section.kind,)):
            kind = next((prefix for prefix in _APART if term.source.startswith(prefix)), "")
            by_span.setdefault((term.start, term.end, kind), []).append(term)
    for (start, end, _), same in by_span.items():
        sentence = whole.sentence_around(start, end)
        if sentence is not None:
            meant = _as_written(same, note.text[start:end])
            codes = tuple(dict.fromkeys(code for term in meant for code in term.codes))
            # What a rule read from the words around says more than the dictionary, which knows the words alone.
            sources = tuple(dict.fromkeys(sorted((term.source for term in meant), key=lambda one: not one.startswith("reason:"))))
            yield _mention(note, whole.section, sentence, start, end, codes, sources)


def _as_written(same: list[FoundTerm], surface: str) -> list[FoundTerm]:
    """Of the entries that claim a span, those whose phrase is written as in the note, if any: plural endings are the same to the dictionary,
    yet "pulmonary nodules" has another code than "pulmonary nodule"."""
    words = _NOT_A_LETTER.sub("-", surface.lower()).strip("-")
    written = [term for term in same if term.source.rsplit(":", 1)[-1].partition("@")[0] == words]
    return [*written, *(term for term in same if term.source.startswith("reason:"))] if written else same


def _statement_mentions(note: Note, whole: SectionSentences, terms: Sequence[FoundTerm]) -> Iterator[Mention]:
    starts = [term.start for term in terms]

    def has_term(start: int, end: int) -> bool:
        return any(term.end <= end for term in terms[bisect_left(starts, start) : bisect_left(starts, end)])

    for statement in find_statements(note.text, whole.section, whole.sentences, has_term):
        yield _statement_mention(note, whole.section, statement)


def _statement_mention(note: Note, section: Section, statement: Statement) -> Mention:
    return _mention(note, section, statement.sentence, statement.start, statement.end, (), (), is_statement=True)


def _mention(
    note: Note,
    section: Section,
    sentence: Sentence,
    start: int,
    end: int,
    codes: tuple[str, ...],
    sources: tuple[str, ...],
    *,
    is_statement: bool = False,
) -> Mention:
    return Mention(
        note_id=note.id,
        start=start,
        end=end,
        text=note.text[start:end],
        section=section.kind,
        sentence_start=sentence.start,
        sentence_end=sentence.end,
        codes=codes,
        sources=sources,
        is_problem_statement=is_statement,
    )

"""Problem statements: the words in an assessment or plan that say what a problem is.

The head of a problem is a numbered item ("1. Hypertension."), a ``#`` line, a bullet where bullets are not beneath a head, or a short line
of its own. "Hypertension: stable, continue lisinopril" keeps its head; "left elbow pain, possible UCL sprain" is two statements, while
"migraine, with aura" is one. An assessment without heads is a narrative, and what it says the patient has is its statement. The words this
is decided by are data (``problem_words.toml``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from fhir_coder.model import Section, SectionKind
from fhir_coder.reading.conclusions import concluded
from fhir_coder.reading.problem_words import ProblemWords, load_words, names_disorder
from fhir_coder.reading.sentences import MARKER, Sentence

MAX_STATEMENT = 120
"""Longest statement in code points: beyond it, retrieval sees a story and not a problem."""

MAX_HEAD_WORDS = 16

STATING = frozenset({SectionKind.ASSESSMENT, SectionKind.PLAN, SectionKind.ASSESSMENT_AND_PLAN, SectionKind.DIAGNOSES})

Span = tuple[int, int]

_SEPARATOR = re.compile(r"\s*(?:\s/\s|[,;]\s*(?:and\b|but\b|&)\s*|[,;](?!\d)\s*|\band\b\s*|&\s*)", re.IGNORECASE)
_DASH = re.compile(r"\s+[-–—]+\s+|\s*--+\s*|\s*[–—]\s*")
_ARROW = re.compile(r"\s*(?:->|=>|→)\s*")
_CODE_LEAD = re.compile(r"\s*[\[(]?[A-TV-Z]\d[0-9A-Z](?:\.[0-9A-Z]{1,4})?[\])]?\s*[-:–.]?\s+(?=[A-Za-z])")
_CODE_TAIL = re.compile(r"\s*[\[(](?:HCC|CMS[/-]HCC|ICD[^\])]{0,30}|[A-TV-Z]\d[0-9A-Z.]{1,6})[\])]\s*$")
_TIED = re.compile(r"\b(?:with|due to|secondary to|involving|of|between|from|in)\b", re.IGNORECASE)
_CLAUSE_END = re.compile(
    r"[.;:]|,?\s+(?:who|which|that|since|status post|and (?:he|she|we|i|will|is|has)|but|although|for which|at this time)\b", re.IGNORECASE
)
_PURPOSE = re.compile(r"\b(?:for|to)\b", re.IGNORECASE)  # "antibiotics to prevent infection" is an action
_PERSON = re.compile(r"\d+[- ]?(?:year|yr|y/?o|month|week|day)|(?:pleasant|male|female|man|woman|patient|case|visit|note)\b", re.IGNORECASE)
# Who the patient is comes before the problem: "34 y/o G1P0 at 32w0d with preeclampsia".
_PERSON_LEAD = re.compile(
    r"\s*(?:(?:this is )?an?\s+)?\d{1,3}[\s-]*(?:years?|yrs?|y/?o|months?|m/?o|weeks?|wks?|days?|f|m)\b[^.;:]{0,80}?\bwith\b(?:\s+(?:an?\s+)?|$)",
    re.IGNORECASE,
)
_EDGE = ' \t\n.,;:-–—*#•_=·"“”'
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9'/-]*")


@dataclass(frozen=True, slots=True)
class Statement:
    """A problem statement: ``text[start:end]`` within the sentence."""

    start: int
    end: int
    sentence: Sentence


def find_statements(text: str, section: Section, sentences: Sequence[Sentence], has_term: Callable[[int, int], bool]) -> list[Statement]:
    """The problem statements of one section, in order; none unless the section states problems.

    ``has_term(start, end)`` says whether a dictionary term lies within the span; ``sentences`` are those of the section.
    """
    if section.kind not in STATING:
        return []
    reader = _StatementReader(text, section.kind, has_term, load_words())
    return reader.read(sentences)


class _StatementReader:
    def __init__(self, text: str, kind: SectionKind, has_term: Callable[[int, int], bool], words: ProblemWords) -> None:
        self.text = text
        self.kind = kind
        self.has_term = has_term
        self.words = words

    def read(self, sentences: Sequence[Sentence]) -> list[Statement]:
        if self.kind is SectionKind.PLAN:
            return [statement for sentence, head in self._heads(sentences) for statement in self._parts(sentence, head)]
        said = {one: spans for one in sentences if not one.is_item and (spans := concluded(self.text, one.start, one.end))}
        heads = [(one, head) for one, head in self._heads(sentences) if one not in said or self._begins_line(one)]
        found = [statement for sentence, head in heads for statement in self._parts(sentence, head)]
        found = found or [one for one in self._from_narrative(sentences) if one.sentence not in said]
        for more in (self._concluded(said), self._within_paragraphs(sentences)):
            known = {statement.sentence for statement in found}
            found += [statement for statement in more if statement.sentence not in known]
        return sorted(found, key=lambda statement: statement.start)

    def _concluded(self, said: Mapping[Sentence, list[Span]]) -> list[Statement]:
        """What sentences of a letter say the patient has."""
        return [part for sentence, spans in said.items() for span in spans for part in self._parts(sentence, span)]

    def _within_paragraphs(self, sentences: Sequence[Sentence]) -> list[Statement]:
        """Problems listed sentence after sentence on one line ("Hypothyroidism. IBS-D. Continue levothyroxine."), where no list marks them."""
        if any(MARKER.match(self.text, sentence.start, sentence.end) for sentence in sentences):
            return []
        following = [sentence for sentence in sentences[1:] if not self._begins_line(sentence)]
        heads = [(s, self._head(s.start, s.end, is_short=True, needs_disorder=True)) for s in following]
        return [part for sentence, head in heads if head is not None and self.has_term(*head) for part in self._parts(sentence, head)]

    def _heads(self, sentences: Sequence[Sentence]) -> Iterator[tuple[Sentence, Span]]:
        """Sentences that are the head of a problem, with the span of the head."""
        has_head_above = False
        for sentence, following in zip_longest(sentences, sentences[1:]):  # the last has none following
            marker = MARKER.match(self.text, sentence.start, sentence.end)
            is_bullet = self._is_bullet(sentence)
            if is_bullet and has_head_above:
                continue
            if marker is None and sentence is not sentences[0] and not self._begins_line(sentence):
                continue
            is_titled = marker is None and following is not None and self._is_bullet(following)
            needs_disorder = self.kind is SectionKind.PLAN or (
                (marker is None or is_bullet) and self.kind is SectionKind.ASSESSMENT_AND_PLAN
            )
            head = self._head(
                marker.end() if marker else sentence.start,
                sentence.end,
                is_short=marker is None or is_bullet,
                needs_disorder=needs_disorder and not is_titled,
            )
            if head is not None:
                has_head_above = has_head_above or not is_bullet
                yield sentence, head

    def _is_bullet(self, sentence: Sentence) -> bool:
        marker = MARKER.match(self.text, sentence.start, sentence.end)
        return marker is not None and marker.group("bullet") is not None

    def _begins_line(self, sentence: Sentence) -> bool:
        line_start = self.text.rfind("\n", 0, sentence.start) + 1
        before = self.text[line_start : sentence.start].strip()
        return not before or before.endswith((":", ":,", "**"))

    def _head(self, start: int, end: int, *, is_short: bool, needs_disorder: bool) -> Span | None:
        """The head within an item, or None. ``is_short``: unmarked lines and bullets must not be sentences."""
        start, end = self._after_lead(start, end)
        code = _CODE_LEAD.match(self.text, start, end)
        start = code.end() if code else start
        person = _PERSON_LEAD.match(self.text, start, end)
        start = person.end() if person else start
        start, end = self._trim(start, self._head_end(start, end))
        words = self.text[start:end].lower()
        if start >= end or words in self.words.labels or self.words.opening.match(self.text, start, end):
            return None
        if self._is_sentence(words):
            return None if is_short else self._narrative_span(start, end)
        if len(words.split()) > MAX_HEAD_WORDS and is_short:
            return None
        if self.kind is SectionKind.PLAN and _PURPOSE.search(self.text, start, end):
            return None
        return None if needs_disorder and not self._names_disorder(start, end) else (start, end)

    def _after_lead(self, start: int, end: int) -> Span:
        """Skip a label whose text is the problem ("Diagnosis: gout")."""
        colon = self.text.find(":", start, end)
        if colon > 0 and self.text[start:colon].strip(_EDGE).lower() in self.words.leads:
            return colon + 1, end
        return start, end

    def _head_end(self, start: int, end: int) -> int:
        colon = self.text.find(":", start, end)
        ends = [end if colon < 0 else colon]
        for pattern in (_DASH, _ARROW):
            found = pattern.search(self.text, start + 1, end)
            if found:
                ends.append(found.start())
        return min(*ends, self._comma_before_action(start, end))

    def _comma_before_action(self, start: int, end: int) -> int:
        for separator in _SEPARATOR.finditer(self.text, start, end):
            if separator.start() > start and self.words.opening.match(self.text, separator.end(), end):
                return separator.start()
        return end

    def _is_sentence(self, words: str) -> bool:
        return any(word in self.words.verbs for word in words.split())

    def _names_disorder(self, start: int, end: int) -> bool:
        if self.has_term(start, end):
            return True
        return names_disorder(self.text, start, end)

    def _parts(self, sentence: Sentence, head: Span) -> Iterator[Statement]:
        """The head as one statement, or several where separate problems are joined by commas, semicolons or "and"."""
        start, end = head
        for separator in _SEPARATOR.finditer(self.text, start, end):
            if separator.start() <= start or not self._separates(start, separator, end):
                continue
            yield from self._statement(sentence, start, separator.start())
            start = separator.end()
        yield from self._statement(sentence, start, end)

    def _separates(self, start: int, separator: re.Match[str], end: int) -> bool:
        if self.has_term_across(start, separator, end):
            return False
        following = _SEPARATOR.search(self.text, separator.end(), end)
        right_end = following.start() if following and following.start() > separator.end() else end
        if not (self._names_disorder(start, separator.start()) and self._names_disorder(separator.end(), right_end)):
            return False
        if "," in separator.group() or ";" in separator.group():
            return not self.words.qualifying.match(self.text, separator.end(), right_end) or self._has_own_term(separator.end(), right_end)
        return _TIED.search(self.text, start, separator.start()) is None

    def has_term_across(self, start: int, separator: re.Match[str], end: int) -> bool:
        """Whether one dictionary term spans the separator ("nausea and vomiting")."""
        whole = self.has_term(start, end)
        return whole and not self.has_term(start, separator.start()) and not self.has_term(separator.end(), end)

    def _has_own_term(self, start: int, end: int) -> bool:
        """A qualifier such as "left" may begin a second problem ("hypertension, left knee pain")."""
        first = _WORD.match(self.text, start, end)
        return first is not None and first.group().lower() in _PLACES | _COURSES and self.has_term(start, end)

    def _statement(self, sentence: Sentence, start: int, end: int) -> Iterator[Statement]:
        start, end = self._trim(start, end)
        end = self._shorten(start, end)
        if sum(character.isalpha() for character in self.text[start:end]) > 1 and not self._is_only_course(start, end):
            yield Statement(start, end, sentence)

    def _is_only_course(self, start: int, end: int) -> bool:
        """Words that say how things go, or what was looked at, but name no problem ("Stable on CT"); a dictionary term always names one."""
        return not self.has_term(start, end) and all(word.lower() in self.words.courses for word in _WORD.findall(self.text, start, end))

    def _trim(self, start: int, end: int) -> Span:
        while start < end and self.text[start] in _EDGE:
            start += 1
        code = _CODE_TAIL.search(self.text[start:end])
        end = start + code.start() if code else end
        while end > start and self.text[end - 1] in _EDGE:
            end -= 1
        return start, end

    def _shorten(self, start: int, end: int) -> int:
        if end - start <= MAX_STATEMENT:
            return end
        limit = start + MAX_STATEMENT
        breaks = [self.text.rfind(mark, start + 20, limit) for mark in (", ", "; ", " with ")]
        cut = max(breaks) if max(breaks) > 0 else self.text.rfind(" ", start, limit)
        return self._trim(start, cut if cut > start else limit)[1]

    def _from_narrative(self, sentences: Sequence[Sentence]) -> list[Statement]:
        """What the first sentence that names a problem says the patient has."""
        for sentence in sentences[:4]:
            span = self._narrative_span(sentence.start, sentence.end)
            if span is not None:
                return list(self._parts(sentence, span))
        return []

    def _narrative_span(self, start: int, end: int) -> Span | None:
        for found in self.words.narrative.finditer(self.text, start, end):
            if _PERSON.match(self.text, found.end(), end):
                continue
            clause = _CLAUSE_END.search(self.text, found.end(), end)
            span = self._trim(found.end(), clause.start() if clause else end)
            if span[0] < span[1] and self._names_disorder(*span):
                return span
        return None


_PLACES = frozenset({"left", "right", "bilateral", "upper", "lower"})
_COURSES = frozenset(
    {"acute", "chronic", "recurrent", "severe", "mild", "moderate", "subacute", "type", "stage", "generalized", "persistent", "primary"}
)

"""Whether the notes of an encounter show that a condition was dealt with: monitored, evaluated, assessed in words, or treated.

The convention is called MEAT in the trade; guideline IV.J is what it stands for: conditions that require or affect the care of this visit are
coded, and one that a list carries along from note to note is not. The words are in ``care_words.toml``, the medicines in ``treatments.tsv``, what is
not asked about in ``care_exemptions.tsv``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from functools import cache, cached_property

from fhir_coder.code_ranges import CodeRanges, parse_ranges
from fhir_coder.model import Assertions, Authority, Evidence, SectionKind
from fhir_coder.treatments import names_treatment
from terminology.knowledge import knowledge_of, table_rows

_ASSESSMENTS = frozenset({SectionKind.ASSESSMENT, SectionKind.ASSESSMENT_AND_PLAN, SectionKind.DIAGNOSES, SectionKind.BODY})
_LISTS = frozenset(
    {
        SectionKind.PAST_MEDICAL_HISTORY,
        SectionKind.PAST_SURGICAL_HISTORY,
        SectionKind.PROBLEM_LIST,
        SectionKind.SOCIAL_HISTORY,
        SectionKind.ADMINISTRATIVE,
    }
)
_STORIES = frozenset({SectionKind.HISTORY_OF_PRESENT_ILLNESS, SectionKind.INTERVAL_HISTORY, SectionKind.SUBJECTIVE})
_PLANS = frozenset({SectionKind.PLAN, SectionKind.ORDERS, SectionKind.INSTRUCTIONS, SectionKind.ASSESSMENT_AND_PLAN})
_NUMBER = re.compile(r"[ \t]*(?:#|problem )?(\d{1,2})[.):]", re.IGNORECASE)
_EVERYTHING = re.compile(
    r"\bcontinue (?:all |other |the |her |his |their )?(?:current|same|home|present|chronic|existing|other)?\s?(?:medications?|meds|medicines|regimen|treatment|management)\b",
    re.IGNORECASE,
)


class Care:
    """Reads what the provider's notes of one encounter say around the words for a condition."""

    def __init__(self, assertions: Assertions) -> None:
        encounter = assertions.encounter
        self._texts = {note.id: note.text for note in encounter.notes if note.supplies_diagnoses}
        self._reports = {note.id for note in encounter.notes if note.authority is Authority.REPORT}  # what a study found was evaluated
        self._sections = [one for one in assertions.mentions.sections.sections if one.note_id in self._texts]
        self._sentences = {(one.note_id, one.start): one for one in assertions.mentions.mentions}
        self._problems = [one for one in assertions.mentions.mentions if one.is_problem_statement]
        plans = [self._texts[one.note_id][one.body_start : one.end] for one in self._sections if one.kind in _PLANS]
        self._treats_all = any(_EVERYTHING.search(plan) for plan in plans)

    @cached_property
    def _all_words(self) -> str:
        return "\n".join(self._text_of(kind) for kind in SectionKind if kind is not SectionKind.ALLERGIES)

    def deals_with(self, code: str, evidence: Sequence[Evidence]) -> bool:
        """Whether the visit dealt with the condition; also true where that is not asked: statuses, symptoms, injuries, systemic disease."""
        if _exempt().cover(code):
            return True
        own = [one for one in evidence if one.note_id in self._texts]
        if not own or any(one.note_id in self._reports for one in own) or any(self._shows_care(one) for one in own):
            return True
        return names_treatment(self._all_words, code)

    def _text_of(self, kind: SectionKind) -> str:
        return "\n".join(self._texts[one.note_id][one.start : one.end] for one in self._sections if one.kind is kind)

    def _shows_care(self, one: Evidence) -> bool:
        if one.section in _LISTS:
            return bool(_words("care", "measure").search(self._line(one)))
        if one.section in _STORIES:
            return bool(_words("care", "course", "measure").search(self._line(one)))
        if one.section in _ASSESSMENTS:
            return self._treats_all or self._has_plan_item(one) or bool(_words("care", "course", "measure").search(self._block(one)))
        return True  # the complaint, the plan itself, examined, measured, done

    def _line(self, one: Evidence) -> str:
        """The sentence or item around the words, the words themselves taken out: "controlled" in the name of a disease is no care."""
        text = self._texts[one.note_id]
        start, end = self._bounds(one)
        return f"{text[start : one.start]} \n {text[one.end : end]}"

    def _block(self, one: Evidence) -> str:
        """From the sentence around the words to the next problem, no further than the section."""
        start, least = self._bounds(one)
        section = next(s for s in self._sections if s.note_id == one.note_id and s.start <= one.start < s.end)
        nexts = (p.sentence_start for p in self._problems if p.note_id == one.note_id and p.sentence_start >= least)
        end = min(nexts, default=section.end)
        text = self._texts[one.note_id]
        return f"{text[start : one.start]} \n {text[one.end : min(end, section.end)]}"

    def _bounds(self, one: Evidence) -> tuple[int, int]:
        """Where the sentence or item around the words begins and ends; their line where no mention tells."""
        mention = self._sentences.get((one.note_id, one.start))
        if mention:
            return mention.sentence_start, mention.sentence_end
        text = self._texts[one.note_id]
        end = text.find("\n", one.end)
        return text.rfind("\n", 0, one.start) + 1, len(text) if end < 0 else end

    def _has_plan_item(self, one: Evidence) -> bool:
        """Whether a plan of its own, under a heading of its own, has an item of the same number as the item in which the words stand."""
        text = self._texts[one.note_id]
        number = _NUMBER.match(text, text.rfind("\n", 0, one.start) + 1)
        if number is None:
            return False
        plans = [s for s in self._sections if s.note_id == one.note_id and s.kind in _PLANS and not s.start <= one.start < s.end]
        item = re.compile(rf"^[ \t]*(?:#|problem )?{number.group(1)}[.):]", re.IGNORECASE | re.MULTILINE)
        return any(item.search(text[plan.body_start : plan.end]) for plan in plans)


@cache
def _words(*lists: str) -> re.Pattern[str]:
    """One pattern for the words of these lists of ``care_words.toml``."""
    table = tomllib.loads(knowledge_of("fhir_coder").joinpath("care_words.toml").read_text(encoding="utf-8"))
    return re.compile(rf"(?<!\w)(?:{'|'.join(part for name in lists for part in table[name])})", re.IGNORECASE)


@cache
def _exempt() -> CodeRanges:
    """Codes that are not asked about."""
    rows = table_rows("fhir_coder", "care_exemptions.tsv")
    return CodeRanges(reference for row in rows for reference in parse_ranges(row["codes"]))

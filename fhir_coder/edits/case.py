"""What every edit is given: the codes in claim order, the patient, the release, and where there are some, the note and the service lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from fhir_coder.edits.exclusions import Exclusion, find_exclusions
from fhir_coder.edits.lists import Lists, shipped_lists
from fhir_coder.edits.side_family import side_family
from fhir_coder.edits.validity import CodeFault, InvalidCode, diagnose
from fhir_coder.model import Assertion, CodedEncounter, Encounter, Evidence, Mention, ServiceLine
from terminology.codebook import Codebook
from terminology.history import NO_HISTORY, CodeHistory
from terminology.laterality import side
from terminology.release import Release


@dataclass(frozen=True)
class EditCase:
    """The facts of one encounter or claim.

    ``codes`` stand in claim order exactly as given; ``release_status`` is "covered", "earlier", "later", "gap" or "undated" (see
    :class:`terminology.release.ReleaseChoice`). ``coded`` is None when only codes are known, ``services`` when no claim lines are. ``history`` is what
    other releases know of codes that were given; the engine's own come from the release and need none. ``lists`` are those on age, sex and manifestations that the site goes by.
    """

    codes: tuple[str, ...]
    birth_date: date | None
    gender: str
    service_date: date | None
    release: Release
    release_status: str
    coded: CodedEncounter | None = None
    services: tuple[ServiceLine, ...] | None = None
    history: CodeHistory = NO_HISTORY
    lists: Lists = field(default_factory=shipped_lists)

    @property
    def codebook(self) -> Codebook:
        """The questions that the release answers."""
        return self.release.codebook

    @property
    def encounter(self) -> Encounter | None:
        """The encounter whose notes were coded, or None."""
        return self.coded.encounter if self.coded else None

    @cached_property
    def known(self) -> tuple[str, ...]:
        """The codes that the release knows, canonical, in claim order, each once. Edits of the tabular list work on these."""
        return tuple(dict.fromkeys(code for code in map(self.codebook.normalize, self.codes) if code))

    @property
    def first_listed(self) -> str | None:
        """The first-listed diagnosis in canonical form, or None when there is none or the release does not know it."""
        return self.codebook.normalize(self.codes[0]) if self.codes else None

    def invalid(self, fault: CodeFault) -> Iterator[InvalidCode]:
        """The codes that have this fault, each once."""
        return (one for one in self._invalid if one.fault is fault)

    @cached_property
    def _invalid(self) -> tuple[InvalidCode, ...]:
        diagnosed = (diagnose(code, self.codebook) for code in dict.fromkeys(self.codes))
        return tuple(one for one in diagnosed if one is not None)

    @cached_property
    def titles(self) -> Mapping[str, str]:
        """The full title of every known code."""
        return {code: self.codebook.title(code) for code in self.known}

    @cached_property
    def stems(self) -> Mapping[str, str]:
        """Every stem with the known code that it stands for: of several that differ by the seventh character, the one that sorts first."""
        return {self.codebook.stem(code): code for code in sorted(self.known, reverse=True)}

    @cached_property
    def exclusions(self) -> tuple[Exclusion, ...]:
        """The pairs of known codes that an Excludes1 note parts."""
        return tuple(find_exclusions(self.codebook, self.known))

    @cached_property
    def side_families(self) -> Mapping[str, Mapping[str, str]]:
        """For every known code, side to stem of the codes for the same condition; empty where sides do not matter."""
        return {code: side_family(self.codebook, code) if side(title) else {} for code, title in self.titles.items()}

    @cached_property
    def age_days(self) -> int | None:
        """Age in days on the date of service; negative when birth follows service; None when either date is unknown."""
        if self.birth_date is None or self.service_date is None:
            return None
        return (self.service_date - self.birth_date).days

    @cached_property
    def age_years(self) -> int | None:
        """Completed years on the date of service, or None when either date is unknown."""
        if self.birth_date is None or self.service_date is None:
            return None
        born, served = self.birth_date, self.service_date
        return served.year - born.year - ((served.month, served.day) < (born.month, born.day))

    def evidence_for(self, code: str) -> tuple[Evidence, ...]:
        """The words that the assignment of a code rests on; empty without a note."""
        return self._evidence.get(code, ())

    def sentence_of(self, evidence: Evidence) -> str:
        """The sentence (or list item) around the evidence; the evidence itself when no mention tells its bounds."""
        for mention in self._mentions.get(evidence.note_id, ()):
            if mention.sentence_start <= evidence.start and evidence.end <= mention.sentence_end:
                return self._note_texts[evidence.note_id][mention.sentence_start : mention.sentence_end]
        return evidence.text

    @cached_property
    def statements(self) -> tuple[Assertion, ...]:
        """What the notes assert of conditions, whatever they assert: notes that diagnoses may be coded from (guideline I.B.14)."""
        notes = {note.id for note in self.encounter.notes if note.supplies_diagnoses} if self.encounter else set()
        return tuple(one for one in self._assertions() if one.mention.note_id in notes)

    def statements_on(self, evidence: Evidence) -> tuple[Assertion, ...]:
        """The statements whose words overlap these."""
        of_note = self._statements_by_note.get(evidence.note_id, ())
        return tuple(one for one in of_note if one.mention.start < evidence.end and evidence.start < one.mention.end)

    def words_of(self, mention: Mention) -> Evidence:
        """The words of a mention as evidence."""
        return Evidence(mention.note_id, mention.start, mention.end, mention.text, self._note_hashes[mention.note_id], mention.section)

    def around(self, mention: Mention) -> tuple[str, str]:
        """The text of the sentence before and behind a mention."""
        text = self._note_texts[mention.note_id]
        return text[mention.sentence_start : mention.start], text[mention.end : mention.sentence_end]

    @cached_property
    def documented(self) -> Mapping[str, Evidence]:
        """Codes that the notes assert as present, current and the patient's own but that were not assigned, with their words; notes that
        diagnoses may be coded from (guideline I.B.14)."""
        found: dict[str, Evidence] = {}
        for assertion in self.statements:
            if assertion.is_codable:
                for code in map(self.codebook.normalize, assertion.mention.codes):
                    if code and not self._is_coded(code):
                        found.setdefault(code, self.words_of(assertion.mention))
        return found

    def _is_coded(self, code: str) -> bool:
        """Whether the code, or one below it (a stem waits for its seventh character), is among the codes."""
        return code in self._coded

    @cached_property
    def _coded(self) -> frozenset[str]:
        return frozenset(one for known in self.known for one in (known, *self.codebook.ancestors(known)))

    @cached_property
    def _evidence(self) -> Mapping[str, tuple[Evidence, ...]]:
        assignments = self.coded.assignments if self.coded else ()
        return {one.code: one.evidence for one in assignments}

    @cached_property
    def _statements_by_note(self) -> Mapping[str, tuple[Assertion, ...]]:
        by_note: dict[str, list[Assertion]] = {}
        for one in self.statements:
            by_note.setdefault(one.mention.note_id, []).append(one)
        return {note_id: tuple(statements) for note_id, statements in by_note.items()}

    @cached_property
    def _note_texts(self) -> Mapping[str, str]:
        return {note.id: note.text for note in self.encounter.notes} if self.encounter else {}

    @cached_property
    def _note_hashes(self) -> Mapping[str, str]:
        return {note.id: note.sha256 for note in self.encounter.notes} if self.encounter else {}

    @cached_property
    def _mentions(self) -> Mapping[str, tuple[Mention, ...]]:
        by_note: dict[str, list[Mention]] = {}
        for assertion in self._assertions():
            by_note.setdefault(assertion.mention.note_id, []).append(assertion.mention)
        return {note_id: tuple(mentions) for note_id, mentions in by_note.items()}

    def _assertions(self) -> Iterator[Assertion]:
        if self.coded:
            yield from self.coded.assertions.assertions

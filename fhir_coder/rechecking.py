"""The compliance edits on the codes as a reviewer has them now: all of them where the notes can be had, at every change of the codes.

The notes are read once for each coding. Where an edit cannot be run again, what it blocked at the coding goes on blocking. What was turned away and what found no code stays as the coding recorded it, less what the reviewer has
coded or settled since.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Protocol

from fhir_coder.coding.policy import CodingPolicy
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.registry import Edit, all_edits
from fhir_coder.edits.run import case_of, check_codes, finding_key
from fhir_coder.exchange import ReleaseUse
from fhir_coder.kept_readings import KeptReadings
from fhir_coder.linking import linked
from fhir_coder.model import (
    Assertions,
    CodeAssignment,
    CodedEncounter,
    Encounter,
    Evidence,
    Finding,
    Patient,
    Rejection,
    Severity,
)
from fhir_coder.pipeline import Coder, release_use
from fhir_coder.record.again import EncounterAgain, NotReplayable
from fhir_coder.store.records import StoredEncounter
from terminology.history import CodeHistory
from terminology.release import Catalogue, ReleaseChoice

BY_PERSON = 1.0
"""What stands for the probability of a code that a person chose, towards the edits alone: they ask after the details of what is established, and
for a person's choice it is. No probability was estimated, so none is shown, written back or counted."""
MISSING_S = 60.0
"""How long it is remembered that a text cannot be had, so that an EHR that is down does not hold up every keystroke."""

RECORDED = "Blocking findings of edits that could not be run again stand as the coding recorded them."


@dataclass(frozen=True, slots=True)
class ReviewedCode:
    """One code as the reviewer has it. ``lines`` are the service lines (from 1) that it is the reason for, None where nobody changed what the EHR
    says of that; ``probability`` is the coder's, None for a code that a person added or put in the place of another."""

    code: str
    evidence: tuple[Evidence, ...] = ()
    lines: tuple[int, ...] | None = None
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Reviewed:
    """The codes in claim order, and the problems (words that found no code) that the reviewer decided not to code."""

    codes: tuple[ReviewedCode, ...]
    settled: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Rechecked:
    """The findings that people see (none of edits in shadow), by severity, edit and codes. ``not_run`` are the ids of edits that lacked their input,
    ``missing`` sentences on why, and on what of the encounter is not certain."""

    findings: tuple[Finding, ...]
    not_run: tuple[str, ...]
    release: ReleaseUse
    missing: tuple[str, ...] = ()

    @property
    def is_blocked(self) -> bool:
        """Whether a finding is blocking."""
        return any(finding.severity is Severity.BLOCKING for finding in self.findings)


class HasEncounter(Protocol):
    """Where an encounter is had again, as the person who asks may: :class:`fhir_coder.record.again.EncounterSource`."""

    def encounter(self, coding: StoredEncounter) -> EncounterAgain:
        """With the texts of its notes. Raises NotReplayable."""

    def facts(self, coding: StoredEncounter) -> Encounter:
        """Without them. Raises NotReplayable."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known of the encounter of a coding: its facts, what its notes say (None: some text cannot be had) and why something is missing.

    ``texts`` are the notes by id and hash, ``rejected`` and ``uncoded`` those of the coding with their words, ``findings`` what the edits say that
    look at no code.
    """

    facts: Encounter | None
    assertions: Assertions | None = None
    missing: tuple[str, ...] = ()
    texts: Mapping[tuple[str, str], str] = field(default_factory=dict)
    rejected: tuple[Rejection, ...] = ()
    uncoded: tuple[Evidence, ...] = ()
    findings: tuple[Finding, ...] = ()


class Rechecker:
    """Runs the edits for reviewers. Whoever calls has made sure that this person may see the coding: a text that was read for one person
    serves the next."""

    def __init__(self, coder: Coder, policy: CodingPolicy, kept: KeptReadings[Reading]) -> None:
        self._coder = coder
        self._policy = policy
        self._kept = kept

    def recheck(self, coding: StoredEncounter, reviewed: Reviewed, source: HasEncounter) -> Rechecked:
        """Every edit that has its input, by the release of the coding. Raises nothing because a text is missing."""
        choice = release_of(self._coder.catalogue, coding)
        reading = self._reading(coding, choice, source)
        case = self._case(coding, reviewed, reading, choice)
        edits = _edits_about_codes if reading.assertions else all_edits
        found, not_run = check_codes(case, self._coder.severities, edits())
        recorded = still_blocking(coding, reviewed, not_run)
        findings = sorted((*found, *reading.findings, *recorded), key=finding_key)
        shown = tuple(finding for finding in findings if finding.severity is not Severity.SHADOW)
        missing = (*reading.missing, RECORDED) if recorded else reading.missing
        return Rechecked(shown, not_run, release_use(choice), missing)

    def assertions(self, coding: StoredEncounter, source: HasEncounter) -> Assertions | None:
        """What the notes of the coding say; None where some of their words cannot be had."""
        return self._reading(coding, release_of(self._coder.catalogue, coding), source).assertions

    def _reading(self, coding: StoredEncounter, choice: ReleaseChoice, source: HasEncounter) -> Reading:
        key = _key(coding, choice)
        found = self._kept.find(key)
        if found is None:
            found = self._read(coding, choice, source)
            self._kept.put(key, found, None if found.assertions else MISSING_S)
        return found

    def _read(self, coding: StoredEncounter, choice: ReleaseChoice, source: HasEncounter) -> Reading:
        try:
            again = source.encounter(coding)
        except NotReplayable as error:
            missing = error.reasons
        else:
            return self._whole(coding, choice, again)
        try:
            return Reading(source.facts(coding), missing=missing)
        except NotReplayable as error:
            return Reading(None, missing=(*missing, *error.reasons))

    def _whole(self, coding: StoredEncounter, choice: ReleaseChoice, again: EncounterAgain) -> Reading:
        assertions = self._coder.read(again.encounter, choice.release, self._policy)
        texts = {(note.id, note.sha256): note.text for note in again.encounter.notes}
        rejected = tuple(replace(one, evidence=_words(one.evidence, texts)) for one in coding.rejected)
        case = case_of(CodedEncounter(assertions, choice.release.id, ()), choice.release, choice.status)
        findings, _ = check_codes(case, self._coder.severities, [edit for edit in all_edits() if not edit.is_about_codes])
        return Reading(again.encounter, assertions, again.caveats, texts, rejected, _words(coding.uncoded, texts), findings)

    def _case(self, coding: StoredEncounter, reviewed: Reviewed, reading: Reading, choice: ReleaseChoice) -> EditCase:
        history, lists = CodeHistory(self._coder.catalogue), self._coder.lists
        services = linked(reading.facts.services, [(one.code, one.lines) for one in reviewed.codes]) if reading.facts else None
        if reading.assertions is not None:
            coded = _coded(reviewed, reading, reading.assertions, choice)
            return replace(case_of(coded, choice.release, choice.status), services=services, history=history, lists=lists)
        patient = reading.facts.patient if reading.facts else Patient()
        return EditCase(
            codes=tuple(one.code for one in reviewed.codes),
            birth_date=patient.birth_date,
            gender=patient.gender,
            service_date=coding.service_date,
            release=choice.release,
            release_status=choice.status,
            services=services,
            history=history,
            lists=lists,
        )


def still_blocking(coding: StoredEncounter, reviewed: Reviewed, not_run: Collection[str]) -> tuple[Finding, ...]:
    """The blocking findings of the coding, by edits that cannot be run now, that nothing the reviewer did has answered.

    A finding about codes is answered once one of those that the coding assigned does not stand any more; one about words alone, once a code that
    the coding did not assign rests on them.
    """
    assigned = {one.code for one in coding.assignments}
    gone = assigned - {one.code for one in reviewed.codes}
    coded = [words for one in reviewed.codes if one.code not in assigned for words in one.evidence]
    answered = [*reviewed.settled, *coded]
    blocking = [one for one in coding.findings if one.severity is Severity.BLOCKING and one.edit in not_run]
    return tuple(one for one in blocking if not gone & set(one.codes) and not _is_coded(one, answered))


def _is_coded(finding: Finding, answered: Collection[Evidence]) -> bool:
    """Whether each of the words of a finding that names no code has been answered."""
    return not finding.codes and bool(finding.evidence) and all(_is_answered(one, answered) for one in finding.evidence)


@cache
def _edits_about_codes() -> tuple[Edit, ...]:
    return tuple(edit for edit in all_edits() if edit.is_about_codes)


def release_of(catalogue: Catalogue, coding: StoredEncounter) -> ReleaseChoice:
    """The release of the coding; where it is not loaded any more, the one that now holds for the date of service."""
    try:
        return ReleaseChoice(catalogue.get(coding.release_id), coding.release_status)
    except KeyError:
        return catalogue.for_date(coding.service_date)


def _key(coding: StoredEncounter, choice: ReleaseChoice) -> Hashable:
    return coding.tenant, coding.id, choice.release.id, choice.release.sha256, tuple(note.sha256 for note in coding.notes)


def _coded(reviewed: Reviewed, reading: Reading, assertions: Assertions, choice: ReleaseChoice) -> CodedEncounter:
    """The coding with the reviewer's codes in place of its own."""
    codebook = choice.release.codebook
    assignments = tuple(
        CodeAssignment(
            code=one.code,
            display=codebook.title(one.code) if one.code in codebook else "",
            probability=BY_PERSON if one.probability is None else one.probability,
            rank=rank,
            evidence=_words(one.evidence, reading.texts),
        )
        for rank, one in enumerate(reviewed.codes, 1)
    )
    answered = [*reviewed.settled, *(words for one in reviewed.codes for words in one.evidence)]
    taken = {codebook.normalize(one.code) or one.code for one in reviewed.codes}
    return CodedEncounter(
        assertions,
        choice.release.id,
        assignments,
        rejected=tuple(one for one in reading.rejected if one.code not in taken),
        uncoded=tuple(words for words in reading.uncoded if not _is_answered(words, answered)),
    )


def _words(evidence: Iterable[Evidence], texts: Mapping[tuple[str, str], str]) -> tuple[Evidence, ...]:
    """Evidence with the words that its offsets name; they stay as given where the note is not the one that was coded."""
    found = ((one, texts.get((one.note_id, one.sha256))) for one in evidence)
    return tuple(one if text is None else replace(one, text=text[one.start : one.end]) for one, text in found)


def _is_answered(problem: Evidence, answered: Iterable[Evidence]) -> bool:
    """Whether a code rests on words of the problem, or the reviewer settled it."""
    return any(one.note_id == problem.note_id and one.start < problem.end and problem.start < one.end for one in answered)

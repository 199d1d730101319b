"""The edits on a reviewer's codes: the same as on a coding's own, at every change, and without the notes as far as that goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pytest

from fhir_coder.coding.policy import outpatient
from fhir_coder.edits.registry import all_edits
from fhir_coder.exchange import CodingResult, Intake
from fhir_coder.kept_readings import KeptReadings
from fhir_coder.model import Authority, Encounter, Evidence, Finding, Note, Patient, Severity
from fhir_coder.pipeline import Coder
from fhir_coder.rechecking import Rechecked, Rechecker, Reviewed, ReviewedCode
from fhir_coder.record.again import EncounterAgain, EncounterSource, NotReplayable
from fhir_coder.record.rereading import NoteReader
from fhir_coder.service import ServiceLine
from fhir_coder.store.records import StoredEncounter
from fhir_coder.store.start import open_stores
from tests.store.conftest import KEY
from tests.stores import store_in

TEXT = """Chief complaint: right knee pain for two months.

Vitals: BP 128/76. BMI 31.4.

Assessment and plan:
1. Knee pain, right. Start physical therapy.
2. Type 2 diabetes with CKD stage 3b. Continue metformin.
3. Flombuzzle syndrome, stable.
"""
NOTE = Note("n1", TEXT, authority=Authority.PROVIDER, is_signed=True)
LINE = ServiceLine("http://www.ama-assn.org/go/cpt", "99214", "Procedure/1")
ENCOUNTER = Encounter("e1", (NOTE,), Patient("p1", date(1968, 3, 2), "female"), date(2026, 5, 4), services=(LINE,), is_claimed=True)


def evidence(words: str) -> Evidence:
    start = TEXT.index(words)
    return Evidence("n1", start, start + len(words), "", NOTE.sha256)


@dataclass
class Source:
    """Counts how often the encounter is had again."""

    inner: EncounterSource
    asked: int = 0

    def encounter(self, coding: StoredEncounter) -> EncounterAgain:
        self.asked += 1
        return self.inner.encounter(coding)

    def facts(self, coding: StoredEncounter) -> Encounter:
        return self.inner.facts(coding)


def no_facts(coding: StoredEncounter) -> Intake:
    raise NotReplayable("no EHR has the facts")


def source() -> Source:
    return Source(EncounterSource(NoteReader(lambda tenant, ehr: None), no_facts))


Store = Callable[[str], StoredEncounter]


@pytest.fixture(scope="module")
def stored(coder: Coder, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The coding of the note, kept with a key or without."""
    disposition, release = coder.code_encounter(ENCOUNTER, outpatient())
    result = CodingResult(Intake(ENCOUNTER), disposition, release, {"resourceType": "Bundle", "type": "collection"}, is_inline=True)

    def store(key: str) -> StoredEncounter:
        folder: Path = tmp_path_factory.mktemp("store")
        repository = open_stores(store_in(folder), key).repository
        found = repository.get("default", repository.save("default", "", result))
        repository.close()
        assert found
        return found

    return store


@pytest.fixture
def rechecker(coder: Coder) -> Rechecker:
    return Rechecker(coder, outpatient(), KeptReadings(later=lambda seconds, work: None))


def unchanged(coding: StoredEncounter) -> Reviewed:
    return Reviewed(tuple(ReviewedCode(one.code, one.evidence, probability=one.probability) for one in coding.assignments))


def edits(rechecked: Rechecked) -> set[str]:
    return {finding.edit for finding in rechecked.findings}


def bare(findings: tuple[Finding, ...]) -> list[tuple[str, tuple[str, ...], str, tuple[Evidence, ...]]]:
    return [(one.edit, one.codes, one.detail, one.evidence) for one in findings if one.severity is not Severity.SHADOW]


def test_unchanged_codes_find_what_the_coding_found(stored: Store, rechecker: Rechecker) -> None:
    coding = stored(KEY)
    again = rechecker.recheck(coding, unchanged(coding), source())
    assert coding.findings and bare(again.findings) == bare(coding.findings)
    assert (again.not_run, again.missing) == ((), ())


def test_the_notes_are_read_once(stored: Store, rechecker: Rechecker) -> None:
    coding, asked = stored(KEY), source()
    for _ in range(3):
        rechecker.recheck(coding, unchanged(coding), asked)
    assert asked.asked == 1


def test_a_code_that_a_person_adds_is_checked_by_the_notes(stored: Store, rechecker: Rechecker) -> None:
    """FCE-302 compares the side of a code with the words that the person selected for it."""
    coding = stored(KEY)
    left, right = (Reviewed((ReviewedCode(code, (evidence("Knee pain, right"),)),)) for code in ("M25.562", "M25.561"))
    assert "FCE-302" in edits(rechecker.recheck(coding, left, source()))
    assert "FCE-302" not in edits(rechecker.recheck(coding, right, source()))


def test_a_persons_code_counts_as_established(stored: Store, rechecker: Rechecker) -> None:
    """Its details are asked for; those of a code that the coder holds for unlikely are not."""
    coding, words = stored(KEY), (evidence("Type 2 diabetes with CKD"),)
    by_person = Reviewed((ReviewedCode("J45.909", words),))
    unlikely = Reviewed((ReviewedCode("J45.909", words, probability=0.1),))
    assert "FCE-805" in edits(rechecker.recheck(coding, by_person, source()))
    assert "FCE-805" not in edits(rechecker.recheck(coding, unlikely, source()))


def test_order_decides_as_given(stored: Store, rechecker: Rechecker) -> None:
    coding = stored(KEY)
    first = Reviewed((ReviewedCode("Y92.009"), ReviewedCode("M25.561")))
    assert "FCE-501" in edits(rechecker.recheck(coding, first, source()))
    assert "FCE-501" not in edits(rechecker.recheck(coding, Reviewed(first.codes[::-1]), source()))


def test_a_problem_is_coded_once_a_code_rests_on_it_or_it_is_settled(stored: Store, rechecker: Rechecker) -> None:
    coding = stored(KEY)
    assert coding.uncoded, "the note has a problem that no dictionary knows"
    reviewed = unchanged(coding)
    assert "FCE-601" in edits(rechecker.recheck(coding, reviewed, source()))
    coded = Reviewed((*reviewed.codes, ReviewedCode("R69", coding.uncoded)))
    assert "FCE-601" not in edits(rechecker.recheck(coding, coded, source()))
    assert "FCE-601" not in edits(rechecker.recheck(coding, replace(reviewed, settled=coding.uncoded), source()))


def test_links_to_service_lines_are_the_reviewers(stored: Store, rechecker: Rechecker) -> None:
    coding = stored(KEY)
    codes = [ReviewedCode("M25.561"), ReviewedCode("E11.22")]
    assert "FCE-512" in edits(rechecker.recheck(coding, Reviewed(tuple(codes)), source()))
    linked = Reviewed((replace(codes[0], lines=(1,)), codes[1]))
    found = rechecker.recheck(coding, linked, source())
    assert "FCE-512" not in edits(found)
    assert [one.codes for one in found.findings if one.edit == "FCE-514"] == [("E11.22",)]


def test_an_unknown_code_is_found_not_raised(stored: Store, rechecker: Rechecker) -> None:
    found = rechecker.recheck(stored(KEY), Reviewed((ReviewedCode("Q99.99X"), ReviewedCode("E11.2"))), source())
    assert {"FCE-101", "FCE-102"} <= edits(found) and found.is_blocked


def test_without_texts_the_edits_on_codes_run_and_the_others_are_named(stored: Store, rechecker: Rechecker) -> None:
    coding, asked = stored(""), source()
    reviewed = Reviewed((ReviewedCode("E11.2"), ReviewedCode("M25.561", lines=(1,))))
    for _ in range(2):
        found = rechecker.recheck(coding, reviewed, asked)
    assert "FCE-102" in edits(found)
    assert {edit.id for edit in all_edits() if edit.needs == "note" and edit.holds_on(coding.service_date)} <= set(found.not_run)
    assert found.missing and TEXT[:20] not in " ".join(found.missing)
    assert asked.asked == 1, "an EHR that has nothing is not asked at every change"


def test_what_cannot_be_had_is_tried_again_after_a_minute(stored: Store, coder: Coder) -> None:
    now = [0.0]
    rechecker = Rechecker(coder, outpatient(), KeptReadings(clock=lambda: now[0], later=lambda seconds, work: None))
    coding, asked = stored(""), source()
    rechecker.recheck(coding, unchanged(coding), asked)
    now[0] = 61.0
    rechecker.recheck(coding, unchanged(coding), asked)
    assert asked.asked == 2


def test_a_coding_of_a_release_that_is_gone_is_checked_by_its_date(stored: Store, rechecker: Rechecker) -> None:
    coding = replace(stored(KEY), release_id="1999-10-01")
    found = rechecker.recheck(coding, unchanged(coding), source())
    assert found.release.id == "2026-04-01"


def contradicted(coding: StoredEncounter, severity: Severity = Severity.BLOCKING) -> StoredEncounter:
    """The coding, with a finding that the words contradict its first code."""
    code = coding.assignments[0].code
    return replace(coding, findings=(Finding("FCE-610", "statement-conflict", severity, (code,), "It is contradicted."),))


def test_what_blocked_the_coding_blocks_while_its_words_cannot_be_had(stored: Store, rechecker: Rechecker) -> None:
    """It was found when they could: that they are away answers nothing."""
    coding = contradicted(stored(""))
    found = rechecker.recheck(coding, unchanged(coding), source())
    assert "FCE-610" in found.not_run and found.is_blocked
    assert [one for one in found.findings if one.edit == "FCE-610"] == list(coding.findings)
    assert "as the coding recorded them" in found.missing[-1]


def test_what_blocked_a_code_that_is_gone_blocks_no_more(stored: Store, rechecker: Rechecker) -> None:
    coding = contradicted(stored(""))
    others = Reviewed(unchanged(coding).codes[1:])
    assert "FCE-610" not in edits(rechecker.recheck(coding, others, source()))


def test_only_what_blocked_and_cannot_run_again_is_taken_from_the_coding(stored: Store, rechecker: Rechecker) -> None:
    advisory, readable = contradicted(stored(""), Severity.ADVISORY), contradicted(stored(KEY))
    assert "FCE-610" not in edits(rechecker.recheck(advisory, unchanged(advisory), source()))
    assert "FCE-610" not in edits(rechecker.recheck(readable, unchanged(readable), source()))


def test_a_problem_without_code_blocks_until_a_code_rests_on_its_words(stored: Store, rechecker: Rechecker) -> None:
    coding = stored("")
    problem = Finding("FCE-601", "uncoded-problem", Severity.BLOCKING, (), "No code was found.", "", coding.uncoded)
    coding, reviewed = replace(coding, findings=(problem,)), unchanged(coding)
    assert coding.uncoded and rechecker.recheck(coding, reviewed, source()).is_blocked
    coded = Reviewed((*reviewed.codes, ReviewedCode("R69", coding.uncoded)))
    assert not rechecker.recheck(coding, coded, source()).is_blocked

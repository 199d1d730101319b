"""A past coding, done again on what it was made with, in a process of its own; and what differs today, with its cause."""

from __future__ import annotations

import json
import shutil
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from fhir_coder.coding.policy import CodingPolicy, every_mention, outpatient
from fhir_coder.coding.ranker import shipped_ranker
from fhir_coder.confidence import Curve
from fhir_coder.disposition import Policy
from fhir_coder.edits.lists import LISTS_FOLDER, LOADED_FILE, Lists, lists_at
from fhir_coder.errors import EhrUnavailable
from fhir_coder.exchange import Artifacts, CodingResult, Configuration, Intake
from fhir_coder.model import Encounter, Note, Patient, RecordedDiagnosis
from fhir_coder.pipeline import Coder
from fhir_coder.record.again import FACTS_CHANGED, NotReplayable
from fhir_coder.record.answer import Answer, answer_kept
from fhir_coder.record.archive import Archive, Source
from fhir_coder.record.artifacts import KNOWLEDGE, ArtifactKeeper, archive_folder
from fhir_coder.record.replay import Basis, Replay, Replayer
from fhir_coder.record.replay_page import replay_document, replay_page
from fhir_coder.record.rereading import NoteReader
from fhir_coder.record.rerun import Job, Run, code_job, job_of, rerun
from fhir_coder.record.trail_document import trail_document
from fhir_coder.record.trail_page import trail_page
from fhir_coder.record.workspace import Workspace, laid_out
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.engine import open_engine
from fhir_coder.store.records import StoredEncounter
from fhir_coder.store.repository import Repository
from fhir_coder.store.upgrade import upgrade
from index.manifest import read_manifest
from index.open import open_index
from terminology.knowledge import knowledge_files
from terminology.lexicon import Lexicon
from terminology.release import Catalogue
from tests.ehr.conftest import FakeEhr, document
from tests.record.conftest import build, index_in, lexicon, release_in
from tests.store.conftest import KEY
from tests.stores import store_in

TEXT = "ASSESSMENT AND PLAN\n1. HTN, controlled. Continue lisinopril.\n2. Enlarged prostate. Continue tamsulosin.\n"
ENCOUNTER = Encounter(
    "e1",
    (Note("d1", TEXT, "DocumentReference/d1", version="3"),),
    Patient("p1", date(1950, 1, 1), "male"),
    date(2026, 5, 1),
    reference="Encounter/e1",
    recorded=(RecordedDiagnosis("I10", "Condition/1"),),
)
SETTINGS = Configuration("outpatient", 0.4, "none", Policy().pass_probability, {})


@dataclass
class House:
    """A data folder with a small release, and a store beside it."""

    data: Path
    policy: CodingPolicy = field(default_factory=outpatient)
    review: Policy = field(default_factory=Policy)

    @property
    def archive(self) -> Archive:
        return Archive(archive_folder(self.data))

    def coder(self) -> Coder:
        """The coder of what is installed now."""
        release, folder = release_in(self.data), index_in(self.data)
        index = open_index(folder, release, Lexicon((), read_manifest(folder).lexicon_sha256))
        keep = ArtifactKeeper(self.data, self.archive).keep
        return Coder(
            Catalogue([release]), lambda _: index, {self.policy.name: shipped_ranker(self.policy.name)}, self.review, {}, keep, self.lists()
        )

    def lists(self) -> Lists:
        return lists_at(self.data / LISTS_FOLDER / LOADED_FILE)

    def code(self, key: str = KEY, encounter: Encounter = ENCOUNTER, **changes: Any) -> StoredEncounter:
        """Code and keep."""
        coder = self.coder()
        disposition, release = coder.code_encounter(encounter, self.policy)
        artifacts, configuration = coder.artifacts(coder.catalogue.newest, self.policy), coder.configuration(self.policy)
        result = CodingResult(
            Intake(encounter), disposition, release, {"resourceType": "Bundle"}, artifacts=artifacts, configuration=configuration
        )
        store = self.store(key)
        found = store.get("default", store.save("default", "main", replace(result, **changes)))
        store.close()
        assert found is not None
        return found

    def store(self, key: str = KEY) -> Repository:
        engine = open_engine(store_in(self.data))
        upgrade(engine)
        return Repository(engine, Cipher(key))

    def today(self, _: StoredEncounter) -> Basis:
        coder = self.coder()
        return Basis(coder.artifacts(coder.catalogue.newest, self.policy), replace(SETTINGS, policy=self.policy.name))

    def replayer(self, reader: NoteReader | None = None, **changes: Any) -> Replayer:
        """A replayer that runs in this process, which is quicker and as good where the knowledge is today's."""
        return replace(Replayer(self.archive, reader or NoteReader(nobody), unasked, self.today, run=here), **changes)


@pytest.fixture
def house(data: Path) -> House:
    return House(data)


def here(workspace: Workspace, configuration: Configuration, encounter: str) -> Run:
    return code_job(job_of(workspace, configuration, encounter))


def where_needed(workspace: Workspace, configuration: Configuration, encounter: str) -> Run:
    """In a process of its own where the knowledge is not today's, which this process remembers; else here, as starting one takes seconds."""
    folder = workspace.of(KNOWLEDGE)
    kept = {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    is_todays = kept == {path: file.read_bytes() for path, file in knowledge_files().items()}
    return (here if is_todays else rerun)(workspace, configuration, encounter)


def nobody(tenant: str, ehr: str) -> None:
    """No EHR is configured."""


def unasked(coding: StoredEncounter) -> Intake:
    raise AssertionError("stored facts are not gathered again")


def codes(answer: Answer) -> list[str]:
    return list(answer.codes)


def causes(replay: Replay) -> dict[str, list[str]]:
    """What each cause makes, as sentences."""
    assert replay.today is not None
    return {one.name: [difference.sentence for difference in one.differences] for one in replay.today.causes}


# ------------------------------------------------------------------------------------------------------------------- equal


def test_on_the_same_software_everything_comes_out_as_recorded(house: House) -> None:
    coding = house.code()
    assert codes(answer_kept(coding)) == ["I10", "N40.0"]
    replay = house.replayer(run=rerun).replay(coding, with_today=True)
    assert replay.differences == () and replay.is_equal and replay.is_same_software
    assert replay.today is not None and replay.today.causes == ()
    assert "everything came out as recorded" in replay_page(replay)
    assert replay_document(replay)["equal"] is True


def test_a_coding_made_with_a_calibration_is_replayed_by_it_without_its_file(data: Path) -> None:
    review = Policy("confident", 0.5, Curve(-20.0, 1.0), "default-0123456789ab")
    house = House(data, review=review)
    coding = house.code()
    assert coding.configuration.calibration == review.calibration
    assert any(reason.text == "Calibrated probability below 0.5." for reason in coding.reasons)
    assert house.replayer(run=rerun).replay(coding).is_equal
    plain = replace(coding, configuration=replace(coding.configuration, calibration="", level=0.0))
    assert any("low-probability" in one.name for one in house.replayer().replay(plain).differences)
    assert "calibration      default-0123456789ab" in trail_page(trail_document(coding))


@pytest.mark.soak
def test_case_reports_are_replayed_on_the_phrases_of_then(data: Path) -> None:
    house = House(data, every_mention())
    report = replace(ENCOUNTER, notes=(replace(ENCOUNTER.notes[0], text="A man with arterial hypertension and an enlarged prostate.\n"),))
    coding = house.code(encounter=report)
    assert "I10" in codes(answer_kept(coding))
    assert house.replayer().replay(coding).is_equal
    path = "fhir_coder/coding/case_reports/phrases.tsv"
    other = knowledge_with(house, path, lambda text: "\n".join(line for line in text.splitlines() if "\tI10\t" not in line))
    replay = house.replayer(run=where_needed).replay(replace(coding, artifacts=replace(coding.artifacts, knowledge=other)))
    assert any("I10" in one.name for one in replay.differences)


def test_an_index_rebuilt_with_another_lexicon_changes_no_replay(house: House) -> None:
    coding = house.code()
    build(house.data, lexicon("I15.9"))
    assert codes(answer_kept(house.code())) == ["I15.9", "N40.0"]
    replay = house.replayer().replay(coding, with_today=True)
    assert replay.differences == () and not replay.is_equal
    (cause,) = causes(replay)
    assert cause == "index" and any(one.startswith("codes I10: only before") for one in causes(replay)["index"])
    assert "index alone makes" in replay_page(replay)


def test_a_release_and_index_that_are_gone_from_their_folders_are_still_replayed_on(house: House) -> None:
    coding = house.code()
    for name in ("releases", "index"):
        shutil.rmtree(house.data / name)
    assert house.replayer().replay(coding).is_equal


# ------------------------------------------------------------------------------------------------------------- attribution


def knowledge_with(house: House, path: str, change: Callable[[str], str]) -> str:
    """The digest of today's knowledge with one file changed."""
    contents = {name: file.read_bytes() for name, file in knowledge_files().items()}
    contents[path] = change(contents[path].decode()).encode()
    sources = {name: Source(sha256(content).hexdigest(), lambda content=content: content) for name, content in contents.items()}
    return house.archive.keep("knowledge", "", sources)


@pytest.mark.soak
def test_a_changed_edit_table_is_attributed_to_the_knowledge(house: House) -> None:
    coding = house.code()
    changed = knowledge_with(house, "fhir_coder/edits/age_limits.tsv", lambda text: text + "test\tI10\t0y\t5y\ta test\n")
    today = Basis(replace(coding.artifacts, knowledge=changed), SETTINGS)
    replay = house.replayer(run=where_needed, basis_today=lambda _: today).replay(coding, with_today=True)
    assert replay.differences == ()
    assert list(causes(replay)) == ["knowledge"]
    assert any(one.startswith("findings FCE-401 I10: only after") for one in causes(replay)["knowledge"])


def test_a_coding_made_with_other_knowledge_is_replayed_on_that(house: House) -> None:
    coding = house.code()
    other = knowledge_with(house, "fhir_coder/edits/age_limits.tsv", lambda text: text + "test\tI10\t0y\t5y\ta test\n")
    replay = house.replayer(run=where_needed).replay(replace(coding, artifacts=replace(coding.artifacts, knowledge=other)))
    assert any("FCE-401" in one.name for one in replay.differences)


def test_a_coding_made_with_loaded_lists_is_replayed_on_them(house: House) -> None:
    file = house.data / LISTS_FOLDER / LOADED_FILE
    file.parent.mkdir()
    file.write_text("list\tcode\tsource\nPediatric_Only\tI10\tCMS Definitions of Medicare Code Edits v43 (FY2026)\n", encoding="utf-8")
    coding = house.code()
    assert any("FCE-401" in str(one) for one in answer_kept(coding).findings)
    file.unlink()
    replay = house.replayer(run=where_needed).replay(coding, with_today=True)
    assert replay.differences == ()
    assert any(one.startswith("findings FCE-401 I10: only before") for one in causes(replay)["knowledge"])
    without = house.code()
    file.write_text("list\tcode\tsource\nPediatric_Only\tI10\tv44\n", encoding="utf-8")
    assert house.replayer(run=where_needed).replay(without).is_equal


def test_changes_are_put_in_one_at_a_time(house: House) -> None:
    coding = house.code()
    build(house.data, lexicon("I15.9"))
    changed = knowledge_with(house, "fhir_coder/edits/age_limits.tsv", lambda text: text + "test\tN40\t0y\t5y\ta test\n")

    def today(found: StoredEncounter) -> Basis:
        artifacts = replace(house.today(found).artifacts, knowledge=changed)
        return Basis(artifacts, replace(SETTINGS, passing="confident", pass_probability=0.0))

    replay = house.replayer(run=where_needed, basis_today=today).replay(coding, with_today=True)
    made = causes(replay)
    assert list(made) == ["index", "knowledge", "settings"]
    assert any(one.startswith("codes I10: only before") for one in made["index"])
    assert any("FCE-401 N40.0" in one for one in made["knowledge"])
    assert any("policy-review-all" in one for one in made["settings"])


@pytest.mark.parametrize(
    ("version", "code", "attributed"),
    [
        ("0.0.9", "", "the software: 0.0.9 then, "),
        (None, "000000000000", "another build of"),
        (None, None, "unexplained"),
    ],
    ids=["version", "build", "same"],
)
def test_other_answers_on_the_same_artifacts_are_the_softwares(
    house: House, version: str | None, code: str | None, attributed: str
) -> None:
    coding = house.code()
    answer = replace(answer_kept(coding), disposition={"encounter": ("pass", "confident")})
    then = replace(
        coding,
        engine_version=version or coding.engine_version,
        versions={**coding.versions, **({} if code is None else {"code": code})},
    )
    replay = house.replayer(run=lambda *_: Run(answer)).replay(then)
    assert [one.sentence for one in replay.differences] == ["disposition encounter: review -> pass, not confident -> confident"]
    assert attributed in replay_page(replay) and attributed in replay_document(replay)["attribution"]


def test_what_only_several_changes_make_together_stays_unattributed(house: House) -> None:
    coding = house.code()
    kept = answer_kept(coding)
    other = house.archive.keep("ranker", "outpatient", {"ranker.json": Source(sha256(b"x").hexdigest(), lambda: b"x")})
    settings = replace(SETTINGS, passing="confident")

    def run(workspace: Any, configuration: Configuration, encounter: str) -> Run:
        is_today = configuration == settings and (workspace.of("ranker") / "ranker.json").read_bytes() == b"x"
        return Run(replace(kept, codes={}) if is_today else kept)

    today = Basis(replace(coding.artifacts, ranker=other), settings)
    replay = house.replayer(run=run, basis_today=lambda _: today).replay(coding, with_today=True)
    assert causes(replay) == {"ranker": [], "settings": []}
    assert replay.today is not None and len(replay.today.unattributed) == 2
    assert "not attributed (several changes together): 2" in replay_page(replay)


def test_artifacts_that_this_software_cannot_use_are_said(house: House) -> None:
    coding = house.code()
    other = house.archive.keep("ranker", "outpatient", {"ranker.json": Source(sha256(b"{}").hexdigest(), lambda: b"{}")})
    with pytest.raises(NotReplayable, match="cannot use the kept artifacts"):
        house.replayer().replay(replace(coding, artifacts=replace(coding.artifacts, ranker=other)))


def test_knowledge_that_did_not_exist_then_is_borrowed_and_said(house: House) -> None:
    coding = house.code()
    path = "fhir_coder/edits/side_words.tsv"
    files = {
        name: Source(sha256(file.read_bytes()).hexdigest(), file.read_bytes) for name, file in knowledge_files().items() if name != path
    }
    older = replace(coding, artifacts=replace(coding.artifacts, knowledge=house.archive.keep("knowledge", "", files)))
    replay = house.replayer().replay(older)
    assert replay.is_equal and replay.caveats == (f"{path} did not exist then: today's was used",)


# ----------------------------------------------------------------------------------------------------------- what is missing


def test_missing_artifacts_are_named(house: House) -> None:
    coding = house.code()
    for listing in (archive_folder(house.data) / "index").iterdir():
        listing.unlink()
    with pytest.raises(NotReplayable, match=f"index {coding.artifacts.index[:12]} is not among the kept artifacts"):
        house.replayer().replay(coding)


def test_a_damaged_artifact_is_named(house: House) -> None:
    coding = house.code()
    blob = house.archive.blob(sha256(next((house.data / "releases" / "2026-04-01").glob("tabular-*")).read_bytes()).hexdigest())
    blob.unlink()
    blob.write_bytes(b"other")
    with pytest.raises(NotReplayable, match=r"tabular-[0-9a-f]+\.json\.gz is damaged"):
        house.replayer().replay(coding)


def test_a_coding_of_before_is_refused(house: House) -> None:
    with pytest.raises(NotReplayable, match=r"before artifacts were kept"):
        house.replayer().replay(house.code(artifacts=Artifacts()))


def test_notes_sent_inline_without_storage_are_refused(house: House) -> None:
    with pytest.raises(NotReplayable, match="notes were sent inline and text storage is off"):
        house.replayer().replay(house.code(key="", is_inline=True))


def test_notes_sent_inline_are_replayed_where_text_is_stored(house: House) -> None:
    replay = house.replayer().replay(house.code(is_inline=True))
    assert replay.is_equal and replay.sources == {"d1": "stored"}


# --------------------------------------------------------------------------------------------------- without text storage


def at_ehr(fake: FakeEhr, text: str = TEXT) -> NoteReader:
    statement = {"resourceType": "CapabilityStatement", "status": "active", "date": "2026-01-01", "kind": "instance"}
    statement |= {"fhirVersion": "4.0.1", "format": ["json"]}
    kind = {"type": "DocumentReference", "interaction": [{"code": "read"}, {"code": "vread"}]}
    fake.answers("GET", "metadata", {**statement, "rest": [{"mode": "server", "resource": [kind]}]})
    fake.answers("GET", "DocumentReference/d1/_history/3", document(text))
    fake.answers("GET", "DocumentReference/d1", document("Changed since."))
    return NoteReader(lambda tenant, name: fake.client)


def facts_now(**changes: Any) -> Callable[[StoredEncounter], Intake]:
    """What gathering again gives: the notes and recorded diagnoses are of now."""
    now = replace(ENCOUNTER, notes=(Note("d1", "Changed since."),), recorded=(RecordedDiagnosis("I10", "Condition/9", is_ours=True),))
    return lambda coding: Intake(replace(now, **changes))


def test_without_stored_text_note_and_facts_are_read_again(house: House, ehr: FakeEhr) -> None:
    replay = house.replayer(at_ehr(ehr), gather_again=facts_now()).replay(house.code(key=""))
    assert replay.is_equal and replay.sources == {"d1": "version"} and replay.caveats == ()


def test_a_note_that_changed_is_found_out_by_its_hash(house: House, ehr: FakeEhr) -> None:
    with pytest.raises(NotReplayable, match="note DocumentReference/d1: what the EHR has does not read as the text that was coded"):
        house.replayer(at_ehr(ehr, "Assessment: gout."), gather_again=facts_now()).replay(house.code(key=""))


def test_facts_that_changed_are_said(house: House, ehr: FakeEhr) -> None:
    gather_again = facts_now(patient=Patient("p1", date(1950, 1, 2), "female"))
    replay = house.replayer(at_ehr(ehr), gather_again=gather_again).replay(house.code(key=""))
    assert replay.caveats == (FACTS_CHANGED,) and any("FCE-403" in one.name for one in replay.differences)
    assert "Cause not certain" in replay_page(replay)


def test_facts_that_cannot_be_had_are_said(house: House, ehr: FakeEhr) -> None:
    def down(coding: StoredEncounter) -> Intake:
        raise EhrUnavailable("the EHR cannot be reached")

    with pytest.raises(NotReplayable, match=r"facts .* cannot be read again: the EHR cannot be reached"):
        house.replayer(at_ehr(ehr), gather_again=down).replay(house.code(key=""))


def test_an_encounter_without_an_address_is_refused(house: House, ehr: FakeEhr) -> None:
    coding = house.code(key="", encounter=replace(ENCOUNTER, reference=""))
    with pytest.raises(NotReplayable, match="its facts are not stored"):
        house.replayer(at_ehr(ehr)).replay(coding)


def test_no_words_leave_with_the_outcome(house: House) -> None:
    replay = house.replayer().replay(house.code(), with_today=True)
    assert "lisinopril" not in replay_page(replay) and "lisinopril" not in json.dumps(replay_document(replay))


# ------------------------------------------------------------------------------------------------------------- the process


def test_facts_that_this_version_cannot_read_are_said_without_being_quoted(house: House) -> None:
    coding = replace(house.code(), facts='{"id": "e1", "notes": [], "service_date": "Zwiebelkuchen"}')
    with pytest.raises(NotReplayable, match="do not fit this version: service_date") as caught:
        house.replayer().replay(coding)
    assert "Zwiebelkuchen" not in str(caught.value)


def test_what_fails_in_the_process_is_named_without_its_words(house: House) -> None:
    run = code_job(Job("", "", "", SETTINGS, ""))
    assert run.answer is None and run.failure.startswith("this version of the software cannot use the kept artifacts")
    coding = house.code()
    with laid_out(house.archive, coding.artifacts) as workspace:
        run = here(workspace, SETTINGS, '{"id": "Zwiebelkuchen"}')
    assert run.failure == "this version of the software cannot code the encounter (FactsUnreadable)"


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("import sys; print(sys.stdin.read())", "gave no answer that can be read"),
        ("import sys; print('Enlarged prostate', flush=True); sys.stdout.write(sys.stdin.read())", "gave no answer that can be read"),
        ('print(\'{"answer": {"Enlarged prostate": "Enlarged prostate"}}\')', "gave no answer that can be read"),
        ("", "gave no answer that can be read"),
        ("import sys; sys.exit(sys.stdin.read())", "ended with status 1"),
    ],
    ids=["the job itself", "words before it", "another shape", "nothing", "words on standard error"],
)
def test_what_the_process_says_instead_of_an_answer_is_not_repeated(house: House, program: str, why: str) -> None:
    with pytest.raises(NotReplayable) as refused:
        house.replayer(run=partial(rerun, program=("-c", program))).replay(house.code())
    told = "".join(traceback.format_exception(refused.value))
    assert why in str(refused.value)
    assert "prostate" not in told and "lisinopril" not in told


def test_what_is_printed_while_coding_is_no_part_of_the_answer(house: House) -> None:
    program = (
        "import runpy, sys, fhir_coder.record.answer as module\n"
        "answer_of = module.answer_of\n"
        "module.answer_of = lambda *given: print('Enlarged prostate') or answer_of(*given)\n"
        "runpy.run_module('fhir_coder.record.rerun', run_name='__main__')"
    )
    assert house.replayer(run=partial(rerun, program=("-c", program))).replay(house.code()).differences == ()

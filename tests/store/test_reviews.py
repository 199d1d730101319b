"""Reviews in the store: what is kept, who may decide when, and two at once. On both databases."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Engine, event, text

from fhir_coder.audit.entry import Agent, AgentKind
from fhir_coder.audit.fhir_event import Observer
from fhir_coder.audit.verification import verify
from fhir_coder.errors import Conflict, InvalidContent, ResourceUnknown
from fhir_coder.exchange import CodingResult
from fhir_coder.model import Outcome, Severity
from fhir_coder.store.audit import AuditLog
from fhir_coder.store.cipher import Cipher, new_store_key
from fhir_coder.store.deletion import Deletion
from fhir_coder.store.engine import open_engine
from fhir_coder.store.merging import Merging
from fhir_coder.store.repository import Repository
from fhir_coder.store.reviews import LOCK_S, Checked, Maker, Reviews
from fhir_coder.store.rotation import Rotation
from fhir_coder.store.standing import StandingCodings
from fhir_coder.store.start import open_stores
from fhir_coder.store.upgrade import upgrade
from fhir_coder.store.worklist import Filters, Page, Sort, Worklist
from fhir_coder.worklist.decision import SOFTWARE, Act, Decision, Override, Someone, Span, finding_name
from fhir_coder.worklist.folding import fold
from fhir_coder.worklist.following import Duty, Kind
from fhir_coder.worklist.review import State
from tests.store.conftest import KEY, MARKER, NOTE, coding_result
from tests.store.test_upgrade import OLD_ROW, move
from tests.stores import store_in

ANNA = Maker(Someone("Practitioner/anna", "https://ehr.invalid", "Anna Abel"), "request-1", "192.0.2.7")
BERT = Maker(Someone("Practitioner/bert", "https://ehr.invalid", "Bert Bach"))
ACCEPT = Decision(Act.ACCEPT, "R05.9")
COMMENT = Decision(Act.COMMENT, text=f"About the {MARKER}.")
SIGN = Decision(Act.SIGN_OFF)
CLEAN = Checked()


@dataclass
class Desk:
    """A store with a clock that stands still until it is moved."""

    engine: Engine
    at: datetime = datetime(2026, 5, 2, 8, 30, tzinfo=UTC)
    key: str = KEY
    made: int = field(default=0)

    def __post_init__(self) -> None:
        cipher = Cipher(self.key)
        self.log = AuditLog(self.engine, Observer("coder.example"), self._now)
        self.repository = Repository(self.engine, cipher, self._now)
        self.reviews = Reviews(self.engine, cipher, self.log, self._now)
        self.worklist = Worklist(self.engine, cipher, self._now)

    def _now(self) -> datetime:
        return self.at

    def wait(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    def code(self, encounter: str = "e1", tenant: str = "north", ehr: str = "main", result: CodingResult | None = None) -> str:
        self.wait(60)
        return self.repository.save(tenant, ehr, result or coding_result(f"Encounter/{encounter}" if encounter else ""))

    def decide(self, coding: str, *decisions: Decision, maker: Maker = ANNA, checked: Checked | None = CLEAN) -> None:
        for one in decisions:
            found = self.reviews.find("north", coding)
            assert found is not None
            self.reviews.decide("north", coding, found.review.version, one, maker, checked)

    def listed(self, filters: Filters | None = None, sort: Sort = Sort.OLDEST, page: Page | None = None) -> list[str]:
        found = self.worklist.lines("north", filters or Filters(), sort, page or Page())
        assert page or len(found) == self.worklist.count("north", filters or Filters())
        return [one.coding_id for one in found]

    def scalar(self, query: str) -> Any:
        with self.engine.connect() as connection:
            return connection.scalar(text(query))


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    engine = open_engine(database_url)
    upgrade(engine)
    yield Desk(engine)
    engine.dispose()


EVERY = (
    ACCEPT,
    Decision(Act.REPLACE, "Q87.89", instead="Q87.1", reason="other", text=f"{MARKER} it is."),
    Decision(Act.ADD, "J45.909", spans=(Span("n1", 0, 4, NOTE.sha256),), position=1, lines=(2, 1)),
    Decision(Act.RESTORE, "R50.9"),
    Decision(Act.MOVE, "R05.9", position=1),
    Decision(Act.REJECT, "R50.9", reason="negated"),
    Decision(Act.UNDO, undoes=5),
    Decision(Act.ASK, "R05.9", text=f"How long the {MARKER}?", finding=finding_name("FCE120", ("R05.9",))),
    Decision(Act.RELEASE),
    Decision(Act.ASSIGN, to=BERT.person),
    COMMENT,
    replace(SIGN, overrides=(Override("FCE301 R05.9", "other", f"{MARKER} says so."), Override("FCE120", "payer-rule"))),
)


def test_decisions_are_kept_as_they_were_made_and_lead_to_the_same_review(desk: Desk) -> None:
    coding = desk.code()
    desk.decide(coding, *EVERY[:-1])
    desk.decide(coding, EVERY[-1], checked=Checked(frozenset({"FCE301 R05.9", "FCE120"}), (Severity.BLOCKING,)))
    found = desk.reviews.find("north", coding)
    assert found is not None
    assert tuple(one.decision for one in found.history) == EVERY
    assert [(one.sequence, one.by, one.at) for one in found.history] == [
        (place, ANNA.person, desk.at) for place in range(1, len(EVERY) + 1)
    ]
    assert found.review == fold(found.proposed, found.history)
    assert [one.code for one in found.review.codes] == ["J45.909", "R05.9", "Q87.1"]
    assert [one.spans for one in found.review.codes[1:]] == [found.proposed.codes[0].spans, found.proposed.codes[1].spans]
    (line,) = desk.worklist.lines("north", Filters(states=(State.SIGNED,)))
    assert (line.codes, line.version, line.severity, line.assigned) == (
        ("J45.909", "R05.9", "Q87.1"),
        len(EVERY),
        Severity.BLOCKING,
        BERT.person,
    )


def test_a_review_opens_with_its_coding(desk: Desk) -> None:
    coding = desk.code()
    found = desk.reviews.find("north", coding)
    assert found is not None and (found.review.state, found.review.version, found.lock) == (State.WAITING, 0, None)
    assert [(one.code, one.probability, one.disposition) for one in found.proposed.codes] == [
        ("R05.9", 0.8125, Outcome.PASS),
        ("Q87.89", 0.5, Outcome.REVIEW),
    ]
    assert [(one.code, one.reason, one.by) for one in found.review.rejected] == [("R50.9", "negated", None)]
    (line,) = desk.worklist.lines("north")
    assert (line.codes, line.reasons, line.severity, line.created_at) == (
        ("R05.9", "Q87.89"),
        ("low-probability",),
        Severity.ADVISORY,
        desk.at,
    )
    assert (line.encounter_reference, line.patient_reference, line.service_date) == ("Encounter/e1", "Patient/p1", NOTE_DATE)
    assert desk.reviews.find("north", "nothing") is None and desk.reviews.find("south", coding) is None


NOTE_DATE = coding_result().intake.encounter.service_date


def passed() -> CodingResult:
    result = coding_result("Encounter/e9")
    return replace(result, disposition=replace(result.disposition, outcome=Outcome.PASS))


def test_what_passed_is_not_waited_for(desk: Desk) -> None:
    coding = desk.code(result=passed())
    assert (desk.listed(), desk.listed(Filters(states=(State.PASSED,)))) == ([], [coding])
    desk.decide(coding, Decision(Act.REOPEN, reason="audit-finding"))
    assert desk.listed() == [coding]


# --------------------------------------------------------------------------------------------------------- several people


def test_one_works_on_a_review_and_the_others_are_told_until_when(desk: Desk) -> None:
    coding = desk.code()
    lock = desk.reviews.take("north", coding, ANNA)
    assert (lock.holder, lock.until) == (ANNA.person, desk.at + timedelta(seconds=LOCK_S))
    with pytest.raises(Conflict, match=r"until 08:46 UTC"):
        desk.reviews.take("north", coding, BERT)
    with pytest.raises(Conflict, match="somebody else"):
        desk.decide(coding, ACCEPT, maker=BERT)
    desk.decide(coding, COMMENT, Decision(Act.ASSIGN, to=BERT.person), maker=BERT)
    (line,) = desk.worklist.lines("north")
    assert line.lock == lock
    desk.reviews.let_go("north", coding, BERT)
    desk.decide(coding, ACCEPT, maker=ANNA)
    desk.reviews.let_go("north", coding, ANNA)
    desk.decide(coding, Decision(Act.MOVE, "R05.9", position=2), maker=BERT)


def test_a_lock_is_renewed_by_use_and_over_without(desk: Desk) -> None:
    coding = desk.code()
    desk.reviews.take("north", coding, ANNA)
    desk.wait(LOCK_S - 1)
    desk.decide(coding, ACCEPT)
    desk.wait(LOCK_S - 1)
    with pytest.raises(Conflict):
        desk.reviews.take("north", coding, BERT)
    desk.wait(1)
    assert desk.worklist.lines("north")[0].lock is None
    assert desk.reviews.take("north", coding, BERT).holder == BERT.person
    with pytest.raises(Conflict, match="somebody else"):
        desk.decide(coding, COMMENT, Decision(Act.REJECT, "R05.9", reason="negated"))


@pytest.mark.parametrize(
    "last", [Decision(Act.HOLD, reason="second-opinion"), Decision(Act.ASK, text="Which?"), SIGN], ids=lambda one: one.act
)
def test_what_leaves_nothing_to_do_lets_go(desk: Desk, last: Decision) -> None:
    coding = desk.code()
    desk.decide(coding, ACCEPT, last)
    found = desk.reviews.find("north", coding)
    assert found is not None and found.lock is None


def test_a_decision_is_made_on_what_was_seen(desk: Desk) -> None:
    coding = desk.code()
    desk.reviews.decide("north", coding, 0, ACCEPT, ANNA)
    with pytest.raises(Conflict, match=r"at version 1, you saw 0"):
        desk.reviews.decide("north", coding, 0, Decision(Act.REJECT, "R05.9", reason="negated"), ANNA)
    with pytest.raises(Conflict, match="accepted already"):
        desk.reviews.decide("north", coding, 1, ACCEPT, ANNA)
    found = desk.reviews.find("north", coding)
    assert found is not None and len(found.history) == 1


TWO_AT_ONCE = f"""
import sys
from fhir_coder.errors import Conflict
from fhir_coder.store.reviews import Maker
from fhir_coder.store.start import open_stores
from fhir_coder.worklist.decision import Act, Decision, Someone
from tests.stores import store_in
url, coding, person = sys.argv[1:]
stores = open_stores(url, {KEY!r})
maker = Maker(Someone(person, "https://ehr.invalid"))
print("ready", flush=True)
sys.stdin.readline()
done = 0
for version in range(20):
    try:
        stores.reviews.decide("north", coding, version, Decision(Act.COMMENT, text=person), maker)
        done += 1
    except Conflict:
        pass
stores.close()
print(done, flush=True)
"""


def test_two_processes_decide_on_each_version_once(desk: Desk, database_url: str) -> None:
    coding = desk.code()
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", TWO_AT_ONCE, database_url, coding, person], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for person in ("Practitioner/anna", "Practitioner/bert")
    ]
    for one in processes:
        assert one.stdout and one.stdout.readline() == "ready\n"
    done = [int(one.communicate("go\n", timeout=60)[0]) for one in processes]
    found = desk.reviews.find("north", coding)
    assert found is not None and [one.sequence for one in found.history] == list(range(1, found.review.version + 1))
    assert 0 < found.review.version <= 20, "each of twenty versions was decided on once at the most"
    assert sum(done) == found.review.version == len(list(desk.log.lines("north")))
    assert verify(desk.log.lines("north")).is_whole


# ------------------------------------------------------------------------------------------------------ the software decides

HOLD = Decision(Act.HOLD, reason="source-withdrawn", text=f"The {MARKER} is withdrawn.")


def decide_within(desk: Desk, coding: str, *decisions: Decision, tenant: str = "north") -> bool:
    with desk.engine.execution_options(writes=True).begin() as connection:
        return desk.reviews.decide_within(connection, tenant, coding, lambda review: decisions, [Duty(Kind.EHR, "main")])


def test_what_the_software_decides_is_its_own_and_brings_the_duties_of_a_reopening(desk: Desk) -> None:
    coding = desk.code()
    desk.decide(coding, SIGN)
    assert decide_within(desk, coding, Decision(Act.REOPEN, reason="source-withdrawn"), HOLD)
    found = desk.reviews.find("north", coding)
    assert found is not None and (found.review.state, found.review.version, found.lock) == (State.HELD, 3, None)
    assert [one.by.is_same(SOFTWARE) for one in found.history] == [False, True, True]
    assert (desk.scalar("SELECT count(*) FROM follow_up"), desk.scalar("SELECT sequence FROM follow_up")) == (1, 2)
    line = list(desk.log.lines("north"))[-1].content
    assert '"fhir-coder' in line and "Practitioner" not in line and '"source-withdrawn"' in line and MARKER not in line
    desk.decide(coding, Decision(Act.RELEASE), SIGN)


def test_the_software_decides_nothing_while_a_person_works_and_on_what_is_not_listed_any_more(desk: Desk) -> None:
    coding = desk.code()
    desk.reviews.take("north", coding, ANNA)
    with pytest.raises(Conflict, match="a person works"):
        decide_within(desk, coding, HOLD)
    assert not decide_within(desk, coding), "nothing to decide is nothing to wait for"
    desk.wait(LOCK_S + 1)
    assert not decide_within(desk, coding, HOLD, tenant="south")
    desk.code()  # takes its place
    assert not decide_within(desk, coding, HOLD)
    assert desk.scalar("SELECT count(*) FROM review_decision") == 0


def test_the_newest_coding_of_an_encounter_stands_and_the_one_signed_last(desk: Desk) -> None:
    standing = StandingCodings(desk.engine)
    first = desk.code()
    assert standing.of("north", "main", "Encounter/e1") == (first,)
    desk.decide(first, SIGN)
    second, _ = desk.code(), desk.code("e2")
    desk.decide(second, SIGN)
    desk.code(ehr="other")
    third = desk.code()
    assert standing.of("north", "main", "Encounter/e1") == (third, second)
    assert standing.of("south", "main", "Encounter/e1") == ()


# ------------------------------------------------------------------------------------------------------------- coded again


def test_a_later_coding_of_the_encounter_takes_the_place_of_an_open_one(desk: Desk) -> None:
    first, elsewhere, bare = desk.code(), desk.code(ehr="archive"), desk.code("")
    desk.decide(first, ACCEPT)
    second = desk.code()
    assert desk.listed() == [elsewhere, bare, second]
    found = desk.reviews.find("north", first)
    assert found is not None and found.superseded_by == second
    with pytest.raises(Conflict, match="coded again"):
        desk.decide(first, Decision(Act.REJECT, "Q87.89", reason="negated"))
    desk.decide(first, COMMENT)
    third = desk.code()
    later = [desk.reviews.find("north", one) for one in (second, third)]
    assert [one and (one.supersedes, one.superseded_by) for one in later] == [(first, third), (first, "")]
    desk.decide(third, SIGN)
    assert (desk.listed(Filters(states=(State.SIGNED,))), desk.code() in desk.listed()) == ([third], True)
    assert desk.listed(Filters(states=(State.SIGNED,))) == [third]


def test_of_codings_that_are_kept_at_once_one_stays_open(desk: Desk) -> None:
    """The first is not committed before the second waits for it; each keeps two encounters, the second one's the other way round."""
    encounters, is_kept, may_go_on = ("e1", "e2"), threading.Event(), threading.Event()

    def dawdle(*_: object) -> None:
        is_kept.set()
        may_go_on.wait(20)

    def keep(names: Sequence[str], beside: Callable[..., object] | None = None) -> tuple[str, ...]:
        return desk.repository.save_all("north", "main", [coding_result(f"Encounter/{one}") for one in names], beside)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(keep, encounters, dawdle)
        assert is_kept.wait(20)
        second = pool.submit(keep, encounters[::-1])
        with pytest.raises(TimeoutError):
            second.result(0.5)
        may_go_on.set()
        assert len(first.result(20)) == 2
        later = second.result(20)
    assert sorted(desk.listed()) == sorted(later)


# ------------------------------------------------------------------------------------------------------------------- the list


def result_of(encounter: str, patient: str = "p1", day: int = 1, severity: Severity = Severity.ADVISORY, codes: int = 2) -> CodingResult:
    result = coding_result(f"Encounter/{encounter}")
    seen = result.intake.encounter
    seen = replace(seen, patient=replace(seen.patient, id=patient), service_date=seen.service_date and seen.service_date.replace(day=day))
    report = result.disposition.report
    report = replace(
        report,
        coded=replace(report.coded, assignments=report.coded.assignments[:codes]),
        findings=tuple(replace(one, severity=severity) for one in report.findings),
    )
    disposition = replace(result.disposition, report=report, by_code=result.disposition.by_code[:codes])
    return replace(result, intake=replace(result.intake, encounter=seen), disposition=disposition)


LISTED: dict[str, tuple[Filters, Sort, str]] = {
    "all, the oldest first": (Filters(), Sort.OLDEST, "a b c d"),
    "newest": (Filters(), Sort.NEWEST, "d c b a"),
    "service date": (Filters(), Sort.SERVICE_DATE, "c a b d"),
    "gravest": (Filters(), Sort.SEVERITY, "b c d a"),
    "most codes": (Filters(), Sort.CODES, "b c d a"),
    "patient": (Filters(), Sort.PATIENT, "b d a c"),
    "held": (Filters(states=(State.HELD,)), Sort.OLDEST, "b"),
    "waiting": (Filters(states=(State.WAITING,)), Sort.OLDEST, "a c d"),
    "no state": (Filters(states=()), Sort.OLDEST, ""),
    "mine": (Filters(assigned=ANNA.person), Sort.OLDEST, "c"),
    "another of that id": (Filters(assigned=Someone(ANNA.person.id, "https://other.invalid")), Sort.OLDEST, ""),
    "nobody's": (Filters(is_unassigned=True), Sort.OLDEST, "a b d"),
    "blocking": (Filters(severity=Severity.BLOCKING), Sort.OLDEST, "b"),
    "advisory and worse": (Filters(severity=Severity.ADVISORY), Sort.OLDEST, "b c d"),
    "a reason": (Filters(reason="low-probability"), Sort.OLDEST, "a b c d"),
    "another reason": (Filters(reason="unheard-of"), Sort.OLDEST, ""),
    "an EHR": (Filters(ehr="archive"), Sort.OLDEST, "d"),
    "since": (Filters(since=NOTE_DATE and NOTE_DATE.replace(day=8)), Sort.OLDEST, "b d"),
    "until": (Filters(until=NOTE_DATE and NOTE_DATE.replace(day=8)), Sort.OLDEST, "a b c"),
    "the beginning of a patient": (Filters(search="p1"), Sort.OLDEST, "b d"),
    "a reference": (Filters(search="Encounter/e-c"), Sort.OLDEST, "c"),
    "the middle of an id": (Filters(search="-c"), Sort.OLDEST, ""),
    "a wildcard": (Filters(search="%"), Sort.OLDEST, ""),
    "both": (Filters(search="p1", severity=Severity.BLOCKING, states=(State.HELD,)), Sort.NEWEST, "b"),
}


@pytest.fixture
def full(desk: Desk) -> tuple[Desk, dict[str, str]]:
    made = {
        "a": desk.code(result=result_of("e-a", "p2", day=5, severity=Severity.INFORMATION, codes=1)),
        "b": desk.code(result=result_of("e-b", "p1", day=8, severity=Severity.BLOCKING)),
        "c": desk.code(result=result_of("e-c", "p3", day=2)),
        "d": desk.code(result=result_of("e-d", "p1", day=9), ehr="archive"),
    }
    desk.code("other", tenant="south")
    desk.decide(made["b"], Decision(Act.HOLD, reason="note-incomplete"), checked=None)
    desk.decide(made["c"], Decision(Act.ASSIGN, to=ANNA.person), checked=None)
    return desk, {coding: name for name, coding in made.items()}


def test_the_list_is_filtered_and_sorted(full: tuple[Desk, dict[str, str]]) -> None:
    desk, names = full
    wrong = {}
    for what, (filters, sort, expected) in LISTED.items():
        found = " ".join(names[one] for one in desk.listed(filters, sort))
        if found != expected:
            wrong[what] = found
    assert wrong == {}


def test_the_list_comes_in_pages(full: tuple[Desk, dict[str, str]]) -> None:
    desk, names = full
    pages = [[names[one] for one in desk.listed(page=Page(skip, 3))] for skip in (0, 3, 6)]
    assert pages == [["a", "b", "c"], ["d"], []]
    assert desk.worklist.count("north") == 4 and desk.worklist.count("nowhere") == 0


# ---------------------------------------------------------------------------------------------------- audit, words, retention


def test_each_decision_is_in_the_audit_or_not_made(desk: Desk) -> None:
    coding = desk.code()
    desk.decide(coding, ACCEPT, COMMENT)
    finding = finding_name("FCE120", ("R05.9",))
    desk.decide(coding, replace(SIGN, overrides=(Override(finding, "payer-rule", MARKER),)), checked=Checked(frozenset({finding})))
    with pytest.raises(InvalidContent):
        desk.decide(coding, Decision(Act.REOPEN))
    lines = list(desk.log.lines("north"))
    assert [one.columns["event"] for one in lines] == ["decide", "decide", "sign-off", "override"]
    assert all(one.columns["patient"] == "Patient/p1" for one in lines)
    assert not [one for one in lines for word in (MARKER, "Anna", "R05.9") if word in one.content]
    assert all(part in lines[0].content for part in ("request-1", "192.0.2.7", "Practitioner/anna", coding, '"accept"'))
    assert all(part in lines[3].content for part in ('"FCE120"', '"payer-rule"', coding))


def test_a_sign_off_without_the_findings_is_a_mistake_of_ours(desk: Desk) -> None:
    coding = desk.code()
    with pytest.raises(ValueError, match="findings"):
        desk.decide(coding, SIGN, checked=None)
    with pytest.raises(Conflict, match="FCE120"):
        desk.decide(coding, SIGN, checked=Checked(frozenset({"FCE120"})))


def test_words_and_names_are_sealed_and_take_part_in_a_change_of_the_key(desk: Desk) -> None:
    coding = desk.code()
    desk.decide(coding, *EVERY[:-1])
    stored = [desk.scalar("SELECT words FROM review_decision WHERE sequence = 11"), desk.scalar("SELECT assigned_name FROM review")]
    assert all(one and MARKER not in one and "Bert" not in one for one in stored)
    newer = f"{new_store_key()},{KEY}"
    Rotation(desk.engine, Cipher(newer)).rotate()
    found = Desk(desk.engine, key=newer.split(",")[0]).reviews.find("north", coding)
    assert found is not None and found.review.comments[0].text == COMMENT.text and found.review.assigned == BERT.person


def test_without_a_key_words_are_dropped_and_decisions_stay(database_url: str) -> None:
    engine = open_engine(database_url)
    upgrade(engine)
    desk = Desk(engine, key="")
    coding = desk.code()
    desk.decide(coding, *EVERY[:-1])
    found = desk.reviews.find("north", coding)
    assert found is not None and [one.decision.act for one in found.history] == [one.act for one in EVERY[:-1]]
    assert (found.review.comments[0].text, found.review.comments[0].by.name) == ("", "")
    engine.dispose()


def test_the_files_hold_no_words_of_people(tmp_path: Path) -> None:
    stores = open_stores(store_in(tmp_path), KEY)
    coding = stores.repository.save("north", "", coding_result())
    for version, one in enumerate(EVERY[:-1]):
        stores.reviews.decide("north", coding, version, one, ANNA)
    content = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    stores.close()
    assert b"J45.909" in content and not [word for word in (MARKER, "Abel", "Bach") if word.lower().encode() in content.lower()]


def test_a_review_goes_with_its_coding_and_follows_its_patient(desk: Desk) -> None:
    operator = Agent(AgentKind.OPERATOR, "root")
    first, second = desk.code(), desk.code("e2")
    desk.decide(first, ACCEPT)
    Merging(desk.engine, desk.log).merge("north", "Patient/p1", "Patient/p7", "", "one person", operator)
    assert desk.listed(Filters(search="Patient/p7")) == [first, second]
    Deletion(desk.engine, desk.log).delete("north", "Encounter/e1", "", "asked", operator)
    assert (desk.listed(), desk.reviews.find("north", first)) == ([second], None)
    assert desk.scalar("SELECT count(*) FROM review_decision") == 0


# ---------------------------------------------------------------------------------------------------------- tenants, old stores

USES: dict[str, Callable[[Desk, str], object]] = {
    "find": lambda desk, coding: desk.reviews.find("north", coding),
    "take": lambda desk, coding: desk.reviews.take("north", coding, ANNA),
    "let_go": lambda desk, coding: desk.reviews.let_go("north", coding, ANNA),
    "decide": lambda desk, coding: desk.reviews.decide("north", coding, 0, ACCEPT, ANNA),
    "decide_within": lambda desk, coding: decide_within(desk, coding, HOLD),
    "standing": lambda desk, _: StandingCodings(desk.engine).of("north", "main", "Encounter/e1"),
    "signatures": lambda desk, coding: desk.reviews.signatures("north", coding, 1),
    "is_last_signed": lambda desk, coding: desk.reviews.is_last_signed("north", coding),
    "lines": lambda desk, _: desk.worklist.lines("north", Filters(reason="low-probability")),
    "count": lambda desk, _: desk.worklist.count("north"),
    "newest": lambda desk, _: desk.worklist.newest("north"),
    "again": lambda desk, _: desk.code(),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_every_statement_that_reaches_the_database_names_the_tenant(use: Callable[[Desk, str], object], desk: Desk) -> None:
    coding = desk.code()
    seen: list[tuple[str, str]] = []
    event.listen(desk.engine, "before_cursor_execute", lambda c, cursor, sql, values, *_: seen.append((sql, repr(values))))
    use(desk, coding)
    asked = [
        (sql, values) for sql, values in seen if re.match(r"\s*(?:SELECT|DELETE)", sql) and re.search(r"\sFROM\s+\w*(review|coded)", sql)
    ]
    for sql, values in asked:
        named = set(re.findall(r"(?:FROM|JOIN)\s+(\w+)", sql))
        assert not {table for table in named if not re.search(rf"\b{table}\.tenant = ", sql)} and "'north'" in values, sql
    assert asked


def test_every_method_is_looked_at() -> None:
    assert {name for one in (Reviews, Worklist) for name in vars(one) if not name.startswith("_")} <= set(USES)


@pytest.mark.parametrize("act", [ACCEPT, COMMENT, SIGN], ids=lambda one: one.act)
def test_the_review_of_another_tenant_is_as_unknown_as_one_that_does_not_exist(desk: Desk, act: Decision) -> None:
    coding = desk.code()
    said = []
    for one in (coding, "0" * 32):
        with pytest.raises(ResourceUnknown) as refused:
            desk.reviews.decide("south", one, 0, act, ANNA, CLEAN)
        said.append(str(refused.value))
        with pytest.raises(ResourceUnknown):
            desk.reviews.take("south", one, ANNA)
    assert said[0] == said[1]


OLD_PARTS = (
    OLD_ROW,
    OLD_ROW.replace("(1, 'default', 'old'", "(2, 'default', 'newer'").replace("'review', false", "'pass', true"),
    OLD_ROW.replace("(1, 'default', 'old'", "(3, 'south', 'other'"),
    OLD_ROW.replace("(1, 'default', 'old'", "(4, 'default', 'bare'").replace("Encounter/e1", ""),
    """INSERT INTO assignment (tenant, coded_encounter, position, code, display, probability, disposition, features)
       VALUES ('default', 4, 2, 'I10', 'Hypertension', 0.9, 'pass', '{}'), ('default', 4, 1, 'R05.9', 'Cough', 0.8, 'review', '{}')""",
    """INSERT INTO finding (tenant, coded_encounter, position, edit, name, severity, codes, detail, source)
       VALUES ('default', 4, 0, 'FCE120', 'x', 'advisory', '[]', '', ''), ('default', 4, 1, 'FCE9', 'y', 'shadow', '[]', '', '')""",
    "INSERT INTO reason (tenant, coded_encounter, position, code, text, codes) VALUES ('default', 4, 0, 'low-probability', '', '[]')",
)


def test_codings_of_an_old_store_get_their_reviews(empty_database_url: str) -> None:
    engine = open_engine(empty_database_url)
    move(engine, "0001", command.upgrade)
    with engine.begin() as connection:
        for one in OLD_PARTS:
            connection.execute(text(one))
    upgrade(engine)
    desk = Desk(engine)
    lines = desk.worklist.lines("default", Filters(states=tuple(State)))
    assert [(one.coding_id, one.state) for one in lines] == [("newer", State.PASSED), ("bare", State.WAITING)]
    assert (lines[1].codes, lines[1].severity, lines[1].reasons) == (("R05.9", "I10"), Severity.ADVISORY, ("low-probability",))
    assert lines[1].changed_at == datetime(2026, 5, 2, 8, 30, tzinfo=UTC)
    old = desk.reviews.find("default", "old")
    assert old is not None and old.superseded_by == "newer" and desk.worklist.count("south") == 1
    desk.reviews.decide("default", "bare", 0, ACCEPT, ANNA)
    move(engine, "0007", command.downgrade)
    upgrade(engine)
    assert desk.worklist.count("default") == 1
    engine.dispose()

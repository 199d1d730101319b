"""Second reviews in the store: what is drawn, who may code it, what is blinded, and when a tenant's encounters may pass no more. On both databases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from fhir_coder.audit.entry import Action, Agent, AgentKind, AuditEntry, Success
from fhir_coder.audit.fhir_event import Observer
from fhir_coder.audit.verification import verify
from fhir_coder.errors import Conflict, Forbidden, ResourceUnknown
from fhir_coder.exchange import CodingResult
from fhir_coder.model import Finding, Outcome, Severity
from fhir_coder.sample_settings import AuditSample
from fhir_coder.store.audit import AuditLog
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.engine import open_engine
from fhir_coder.store.passing import Passing
from fhir_coder.store.repository import Repository
from fhir_coder.store.reviews import Maker, Reviews
from fhir_coder.store.second_reviews import LOCK_S, SecondReviews
from fhir_coder.store.worklist import Filters, Sort, Worklist
from fhir_coder.worklist.agreement import Agreement, agreement, compare
from fhir_coder.worklist.decision import Act, Decision, Someone
from fhir_coder.worklist.review import State
from fhir_coder.worklist.second_review import SecondState
from tests.store.conftest import KEY, coding_result

ANNA = Maker(Someone("Practitioner/anna", "https://ehr.invalid", "Anna Abel"), "request-1", "192.0.2.7")
BERT = Maker(Someone("Practitioner/bert", "https://ehr.invalid", "Bert Bach"))
CLEO = Maker(Someone("Practitioner/cleo", "https://ehr.invalid", "Cleo Cole"))
RULE = AuditSample(share=1.0, floor=0.8, least=2, window=3)
MANAGER = Agent(AgentKind.PERSON, "Practitioner/boss", "https://ehr.invalid")
SAME, OTHER = ("R05.9", "Q87.89"), ("J45.909",)


def passed(reference: str) -> CodingResult:
    made = coding_result(reference)
    encounter = replace(made.intake.encounter, reference=reference)
    return replace(made, intake=replace(made.intake, encounter=encounter), disposition=replace(made.disposition, outcome=Outcome.PASS))


class Sample:
    """A store in which everything of the tenant ``north`` that passes is drawn."""

    def __init__(self, url: str) -> None:
        self.engine = open_engine(url)
        self.at, self.drawn = datetime(2026, 5, 2, 8, 30, tzinfo=UTC), list[str]()
        cipher = Cipher(KEY)
        self.log = AuditLog(self.engine, Observer("coder.example"), self.now)
        self.repository = Repository(self.engine, cipher, self.now, self.draw)
        self.reviews = Reviews(self.engine, cipher, self.log, self.now)
        self.second = SecondReviews(self.engine, cipher, self.log, self.now)
        self.passing = Passing(self.engine, cipher, self.log, self.now)

    def now(self) -> datetime:
        return self.at

    def draw(self, tenant: str) -> bool:
        self.drawn.append(tenant)
        return tenant == "north"

    def wait(self, seconds: float = 60) -> None:
        self.at += timedelta(seconds=seconds)

    def code(self, number: int = 1, tenant: str = "north") -> str:
        self.wait()
        return self.repository.save(tenant, "main", passed(f"Encounter/e{number}"))

    def finish(self, coding: str, codes: tuple[str, ...], maker: Maker = ANNA) -> None:
        self.wait()
        self.second.begin("north", coding, maker)
        self.second.finish("north", coding, codes, maker)

    def look(self, maker: Maker, coding: str, event: str = "read-coding", encounter: str = "Encounter/e1") -> None:
        agent = Agent(AgentKind.PERSON, maker.person.id, maker.person.issuer)
        detail = {"coding": coding}
        self.log.record(AuditEntry("north", event, Action.READ, Success.DONE, agent, "Patient/p1", (encounter,), detail=detail))


@pytest.fixture
def sample(database_url: str) -> Iterator[Sample]:
    made = Sample(database_url)
    yield made
    made.engine.dispose()


def test_what_passes_is_drawn_once_and_nothing_else(sample: Sample) -> None:
    coding = sample.code()
    sample.repository.save("north", "main", coding_result("Encounter/e2"))  # goes to review
    other = sample.code(3, tenant="south")
    assert sample.drawn == ["north", "south"]
    assert [one.coding_id for one in sample.second.waiting("north")] == [coding] and sample.second.count_waiting("north") == 1
    assert sample.second.waiting("south") == () and sample.second.find("north", other) is None
    found = sample.second.find("north", coding)
    assert found and (found.state, found.coder, found.until, found.first, found.second) == (SecondState.WAITING, None, None, (), ())


def test_one_codes_it_and_it_is_compared_and_told_without_codes(sample: Sample) -> None:
    coding = sample.code()
    assert sample.second.held_by("north", ANNA.person) == ()
    sample.second.begin("north", coding, ANNA)
    held = sample.second.held_by("north", ANNA.person)
    assert [one.coding_id for one in held] == [coding] and sample.second.held_by("north", BERT.person) == ()
    assert held[0].is_of("another coding", "main", "Encounter/e1")  # every coding of the encounter shows its codes
    assert not held[0].is_of(coding, "other", "Encounter/e1") and not replace(held[0], encounter_reference="").is_of("x", "main", "")
    with pytest.raises(Conflict, match="somebody else"):
        sample.second.begin("north", coding, BERT)
    with pytest.raises(Conflict, match="do not have"):
        sample.second.finish("north", coding, SAME, BERT)
    found = sample.second.finish("north", coding, ("Q87.89", "J45.909"), ANNA)
    assert (found.both, found.only_first, found.only_second) == (("Q87.89",), ("R05.9",), ("J45.909",))
    assert not found.is_exact and not found.is_first_listed_same
    done = sample.second.find("north", coding)
    assert done and done.coder == ANNA.person and done.first == SAME and done.comparison == found and done.completed_at == sample.at
    assert sample.second.held_by("north", ANNA.person) == ()
    with pytest.raises(Conflict, match="done"):
        sample.second.begin("north", coding, BERT)
    lines = [one.content for one in sample.log.lines("north") if '"second-review"' in one.content]
    assert len(lines) == 1 and not any(code in lines[0] for code in ("R05.9", "Q87.89", "J45.909"))
    assert verify(sample.log.lines("north"), sample.log.start("north")).is_whole


def test_it_can_be_left_to_others_and_is_taken_over_in_time(sample: Sample) -> None:
    coding = sample.code()
    sample.second.begin("north", coding, ANNA)
    sample.second.let_go("north", coding, BERT)  # not Bert's
    with pytest.raises(Conflict):
        sample.second.begin("north", coding, BERT)
    sample.second.let_go("north", coding, ANNA)
    sample.second.begin("north", coding, BERT)
    sample.wait(LOCK_S + 1)
    sample.second.begin("north", coding, ANNA)
    with pytest.raises(Conflict, match="do not have"):
        sample.second.finish("north", coding, SAME, BERT)
    with pytest.raises(ResourceUnknown):
        sample.second.begin("south", coding, ANNA)


SHOWN = {
    "its page": ("read-coding", "Encounter/e1"),
    "its history": ("read-history", "Encounter/e1"),
    "coded through the API": ("code-encounter", "Encounter/e1"),
}


@pytest.mark.parametrize(("event", "encounter"), SHOWN.values(), ids=SHOWN)
def test_who_has_seen_the_codes_is_no_second_coder(sample: Sample, event: str, encounter: str) -> None:
    coding = sample.code()
    sample.look(ANNA, coding if event != "code-encounter" else "0" * 32, event, encounter)
    sample.look(BERT, "1" * 32, event, "Encounter/e17")  # another encounter of the patient, whose id begins alike
    with pytest.raises(Forbidden, match="seen"):
        sample.second.begin("north", coding, ANNA)
    sample.second.begin("north", coding, BERT)
    sample.look(BERT, coding, event, encounter)
    with pytest.raises(Forbidden, match="seen"):  # looked meanwhile
        sample.second.finish("north", coding, SAME, BERT)


def test_who_read_a_report_on_the_encounter_is_no_second_coder_of_it(sample: Sample) -> None:
    """A report names no encounter: whether it told of this one follows from when it was read and of which days."""
    sample.finish(sample.code(), OTHER, BERT)
    other = sample.code(2)

    def read(maker: Maker, span: str) -> None:
        sample.wait()
        agent = Agent(AgentKind.PERSON, maker.person.id, maker.person.issuer)
        sample.log.record(AuditEntry("north", "second-review-report", Action.READ, Success.DONE, agent, detail={"span": span}))

    read(ANNA, "2026-05-01/2026-05-02")
    read(CLEO, "2026-04-01/2026-05-01")
    again = sample.code()
    read(CLEO, "2026-05-01/2026-05-02")  # while it waits, a report does not tell of it
    with pytest.raises(Forbidden, match="seen"):
        sample.second.begin("north", again, ANNA)
    sample.second.begin("north", again, CLEO)
    sample.second.begin("north", other, ANNA)


def test_who_decided_first_is_no_second_coder(sample: Sample) -> None:
    coding = sample.code()
    sample.reviews.decide("north", coding, 0, Decision(Act.COMMENT, text="Odd."), ANNA)
    with pytest.raises(Forbidden, match="seen"):
        sample.second.begin("north", coding, ANNA)


def test_agreement_below_the_floor_stops_passing_until_it_is_lifted(sample: Sample) -> None:
    codings = [sample.code(number) for number in range(1, 7)]
    sample.finish(codings[0], OTHER)
    standing = sample.passing.judge("north", RULE)
    assert not standing.is_suspended and standing.agreement.on_codes == 0  # fewer than the least
    sample.finish(codings[1], SAME, BERT)
    standing = sample.passing.judge("north", RULE)  # 2 * 2 / (4 + 3)
    assert standing.is_suspended and standing.turn and standing.turn.on_codes == pytest.approx(4 / 7)
    assert not sample.passing.judge("south", RULE).is_suspended
    for coding in codings[2:4]:
        sample.finish(coding, SAME)
    assert sample.passing.judge("north", RULE).agreement.on_codes == 1  # the window holds the newest three
    assert Passing(sample.engine, Cipher(KEY), sample.log, sample.now).judge("north", RULE).is_suspended  # latched, for every process
    sample.wait()
    sample.passing.lift("north", "Looked at all of them", MANAGER, RULE)
    standing = sample.passing.judge("north", RULE)
    assert not standing.is_suspended and standing.agreement.count == 0  # only what comes after counts
    with pytest.raises(Conflict):
        sample.passing.lift("north", "Again", MANAGER, RULE)
    for coding in codings[4:]:
        sample.finish(coding, OTHER)
    assert sample.passing.judge("north", RULE).is_suspended
    assert [one.is_suspended for one in sample.passing.turns("north")] == [True, False, True]
    assert sample.passing.turns("north")[1].reason == "Looked at all of them"
    events = [one.columns["event"] for one in sample.log.lines("north")]
    assert [one for one in events if one.endswith(("passing", "suspension"))] == ["suspend-passing", "lift-suspension", "suspend-passing"]


def test_lists_show_no_code_of_an_encounter_that_waits(sample: Sample) -> None:
    coding, again = sample.code(), sample.repository.save("north", "other", passed("Encounter/e1"))
    plain = sample.repository.save("north", "main", coding_result("Encounter/e9"))
    worklist = Worklist(sample.engine, Cipher(KEY), sample.now)
    everything = Filters(states=tuple(State))

    def listed() -> dict[str, tuple[str, ...]]:
        return {one.coding_id: one.codes for one in worklist.lines("north", everything)}

    assert listed() == {coding: (), again: (), plain: SAME}
    sample.finish(coding, SAME)
    assert listed() == {coding: SAME, again: (), plain: SAME}


def test_neither_order_nor_filter_of_a_list_tells_of_an_encounter_that_waits(sample: Sample) -> None:
    """What blocks and has the most codes lies last and under no severity while it waits."""
    plain = sample.repository.save("north", "main", coding_result("Encounter/e9"))
    grave = Finding("FCE-102", "incomplete", Severity.BLOCKING, ("R05",), "Incomplete.")
    made = passed("Encounter/e1")
    report = replace(made.disposition.report, findings=(grave,))
    coding = sample.repository.save("north", "main", replace(made, disposition=replace(made.disposition, report=report)))
    worklist = Worklist(sample.engine, Cipher(KEY), sample.now)
    everything = Filters(states=tuple(State))

    def listed(filters: Filters = everything, sort: Sort = Sort.OLDEST) -> list[str]:
        return [one.coding_id for one in worklist.lines("north", filters, sort)]

    grave_ones = replace(everything, severity=Severity.BLOCKING)
    with sample.engine.begin() as connection:
        connection.execute(
            text("UPDATE review SET code_count = 9 WHERE tenant = 'north' AND severity = (SELECT max(severity) FROM review)")
        )
    assert listed(grave_ones) == [] and worklist.count("north", grave_ones) == 0
    assert listed(sort=Sort.SEVERITY) == [plain, coding] and listed(sort=Sort.CODES) == [plain, coding]
    sample.finish(coding, SAME)
    assert listed(grave_ones) == [coding] and worklist.count("north", grave_ones) == 1
    assert listed(sort=Sort.SEVERITY) == [coding, plain] and listed(sort=Sort.CODES) == [coding, plain]


def test_a_second_review_goes_with_its_coding(sample: Sample) -> None:
    coding = sample.code()
    with sample.engine.begin() as connection:
        connection.execute(text("DELETE FROM coded_encounter WHERE tenant = 'north'"))
    assert sample.second.find("north", coding) is None and sample.second.waiting("north") == ()


def test_agreement_is_the_f_measure_over_all_codes() -> None:
    found = agreement([compare(("I10", "E11.9"), ("E11.9", "I10")), compare(("I10",), ("R05.9", "I10")), compare((), ("J45.909",))])
    assert found == Agreement(count=3, exact=1, first_listed=0, both=3, first=3, second=5)
    assert found.on_codes == pytest.approx(6 / 8)
    assert agreement([]).on_codes is None and not agreement([]).is_below(1.0, 0)
    assert found.is_below(0.76, 3) and not found.is_below(0.76, 4) and not found.is_below(0.75, 3)

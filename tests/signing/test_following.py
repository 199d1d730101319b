"""From a signature to the EHR and to billing: once, also after failures, with every attempt in the audit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fhir_coder.audit.entry import Agent, AgentKind, AuditEntry
from fhir_coder.billing.outgoing import State
from fhir_coder.billing_settings import BillingDestination
from fhir_coder.billing_settings import Kind as Form
from fhir_coder.record.again import EncounterSource
from fhir_coder.record.rereading import NoteReader
from fhir_coder.signing.access import Access
from fhir_coder.signing.billing import BillingFollows
from fhir_coder.signing.ehr import EhrFollows
from fhir_coder.signing.following import Following
from fhir_coder.store.follow_ups import FollowUps
from fhir_coder.store.records import StoredEncounter
from fhir_coder.store.reviews import Checked, Maker
from fhir_coder.store.start import Stores, open_stores
from fhir_coder.tenant_settings import EhrSettings, Tenant
from fhir_coder.worklist.decision import Act, Decision, Someone
from fhir_coder.worklist.following import Duty, Kind, Progress
from tests.simulated_ehr import BASE, SimulatedEhr, full_statement
from tests.store.conftest import KEY, coding_result
from tests.stores import store_in
from tests.writeback.practice import code_of, verification

ANNA = Maker(Someone("Practitioner/anna", "https://ehr.invalid", "Anna Abel"))
MAIN = EhrSettings("main", BASE)
NORTH = Tenant("north", (MAIN,), billing=(BillingDestination(Form.CSV, folder="/nowhere"),))


class NoCodes:
    """A release that knows no code: titles are those of the coding, and nothing that is recorded agrees with what is signed."""

    def normalize(self, code: str) -> None:
        return None

    def __contains__(self, code: object) -> bool:
        return False


@dataclass
class Practice:
    """One coding in a store, an EHR in memory, and what follows decisions between them."""

    stores: Stores
    ehr: SimulatedEhr
    at: datetime = datetime(2030, 5, 4, 12, tzinfo=UTC)
    has_access: bool = True
    settings: EhrSettings = MAIN
    told: list[AuditEntry] = field(default_factory=list)
    coding_id: str = ""

    def __post_init__(self) -> None:
        self.store = replace_clock(self.stores, lambda: self.at)
        repository = self.stores.repository
        ehr = EhrFollows(
            repository,
            self.stores.deliveries,
            lambda *_: None,
            lambda *_: self.settings,
            lambda _: NoCodes(),
            self.store.is_overtaken,
            self.stores.reviews.is_last_signed,
        )  # type: ignore[arg-type,return-value]
        performers = {
            Kind.EHR: ehr,
            Kind.BILLING: BillingFollows(self.stores.outbox, self.stores.reviews.signatures, self.store.is_overtaken),
        }
        self.following = Following(
            self.store, repository, self.stores.reviews, performers, {"north": NORTH}, self.told.append, self.stores.deliveries
        )
        self.coding_id = repository.save("north", "main", coding_result("Encounter/e1"))

    def decide(self, decision: Decision) -> None:
        found, coding = self.stores.reviews.find("north", self.coding_id), self.stores.repository.get("north", self.coding_id)
        assert found is not None
        assert coding is not None
        duties = self.following.duties(replace(coding, is_inline=False), decision, found.history)
        self.stores.reviews.decide("north", self.coding_id, found.review.version, decision, ANNA, Checked(), duties)

    def run(self) -> int:
        return self.following.carry_out("north", self.access)

    def access(self, coding: StoredEncounter) -> Access:
        client = self.ehr.client() if self.has_access else None
        source = EncounterSource(NoteReader(lambda *_: None), lambda _: pytest.fail("facts are stored"))
        return Access(client, source, Agent(AgentKind.PERSON, "Practitioner/anna"))

    def progress(self) -> dict[Kind, Progress]:
        return {one.duty.kind: one.progress for one in self.following.of("north", self.coding_id)}

    def statuses(self) -> dict[str, str]:
        return {code_of(one): verification(one) for one in self.ehr.held("Condition")}


def replace_clock(stores: Stores, now: object) -> FollowUps:
    return FollowUps(stores.follow_ups._engine, now, lambda: 0.0)  # type: ignore[arg-type]


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[Practice]:
    stores = open_stores(store_in(tmp_path), KEY)
    yield Practice(stores, SimulatedEhr(full_statement()))
    stores.close()


def test_what_was_signed_stands_at_the_ehr_and_goes_to_billing_once(practice: Practice) -> None:
    practice.decide(Decision(Act.REJECT, "Q87.89", reason="negated"))
    practice.decide(Decision(Act.SIGN_OFF))
    assert practice.progress() == {Kind.EHR: Progress.DUE, Kind.BILLING: Progress.DUE}  # a process that dies here loses nothing
    assert practice.run() == 2
    assert practice.progress() == {Kind.EHR: Progress.DONE, Kind.BILLING: Progress.DONE}
    assert practice.statuses() == {"R05.9": "confirmed"}
    agents = [token["code"] for one in practice.ehr.held("Provenance") for who in one["agent"] for token in who["type"]["coding"]]
    assert "verifier" in agents
    assert [one["status"] for one in practice.ehr.held("Claim")] == ["draft"]
    (sent,) = practice.stores.outbox.entries("north")
    assert (sent.version, sent.state) == (1, State.WAITING)
    writes = list(practice.ehr.writes)
    assert practice.run() == 0
    assert list(practice.ehr.writes) == writes
    assert [one.event for one in practice.told] == ["follow-up", "follow-up-outcome"] * 2


def test_an_ehr_that_is_down_is_tried_again_and_nothing_is_doubled(practice: Practice) -> None:
    practice.has_access = False
    practice.decide(Decision(Act.SIGN_OFF))
    practice.run()
    assert practice.progress() == {Kind.EHR: Progress.FAILED, Kind.BILLING: Progress.DONE}
    practice.has_access, practice.at = True, practice.at + timedelta(minutes=2)
    assert practice.run() == 1
    assert practice.progress()[Kind.EHR] is Progress.DONE
    assert set(practice.statuses()) == {"R05.9", "Q87.89"}
    assert len(practice.ehr.held("Condition")) == 2
    assert len(practice.stores.outbox.entries("north")) == 1


def test_signed_again_after_reopening_takes_back_what_was_rejected_and_is_the_next_version(practice: Practice) -> None:
    practice.decide(Decision(Act.SIGN_OFF))
    practice.run()
    practice.decide(Decision(Act.REOPEN, reason="coding-error"))
    assert practice.run() == 2  # what had not left for billing does not leave, and no Claim is active
    practice.decide(Decision(Act.REJECT, "Q87.89", reason="negated"))
    practice.decide(Decision(Act.SIGN_OFF))
    practice.run()
    assert practice.statuses() == {"R05.9": "confirmed", "Q87.89": "entered-in-error"}
    assert ["clinicalStatus" in one for one in practice.ehr.held("Condition") if code_of(one) == "Q87.89"] == [False]
    assert [one.version for one in practice.stores.outbox.entries("north")] == [1, 2]


def test_a_question_is_a_duty_and_an_uploaded_encounter_has_none_at_an_ehr(practice: Practice) -> None:
    coding = practice.stores.repository.get("north", practice.coding_id)
    assert coding is not None
    assert practice.following.duties(coding, Decision(Act.ASK), ()) == (Duty(Kind.QUERY, "main"),)
    uploaded = replace(coding, ehr="", encounter_reference="")
    assert practice.following.duties(uploaded, Decision(Act.SIGN_OFF), ()) == (Duty(Kind.BILLING, "billing"),)


def test_a_condition_that_somebody_changed_is_left_and_told(practice: Practice) -> None:
    practice.decide(Decision(Act.SIGN_OFF))
    practice.run()
    theirs = next(one for one in practice.ehr.held("Condition") if code_of(one) == "Q87.89")
    practice.ehr.change(f"Condition/{theirs['id']}", clinicalStatus={"coding": [{"code": "resolved"}]})
    practice.decide(Decision(Act.REOPEN, reason="coding-error"))
    practice.decide(Decision(Act.REJECT, "Q87.89", reason="negated"))
    practice.decide(Decision(Act.SIGN_OFF))
    practice.run()
    assert practice.statuses()["Q87.89"] == "confirmed"
    (last,) = [one for one in practice.following.of("north", practice.coding_id) if one.duty.kind is Kind.EHR and one.sequence == 4]
    assert "left as somebody there has them" in last.detail


def test_signed_without_codes_after_reopening_cancels_the_claim_and_voids_the_bill(practice: Practice) -> None:
    practice.decide(Decision(Act.SIGN_OFF))
    practice.run()
    practice.decide(Decision(Act.REOPEN, reason="coding-error"))
    for code in ("R05.9", "Q87.89"):
        practice.decide(Decision(Act.REJECT, code, reason="negated"))
    practice.decide(Decision(Act.SIGN_OFF))
    practice.run()
    assert [one["status"] for one in practice.ehr.held("Claim")] == ["cancelled"]
    assert set(practice.statuses().values()) == {"entered-in-error"}
    first, second = practice.stores.outbox.entries("north")
    assert (first.state, second.version, second.state) == (State.VOID, 2, State.WAITING)


@pytest.mark.parametrize("policy", ["active", "none"])
def test_the_claim_is_as_the_practice_says(practice: Practice, policy: str) -> None:
    practice.settings = replace(MAIN, claim_on_sign_off=policy)
    practice.decide(Decision(Act.SIGN_OFF))
    practice.run()
    assert [one["status"] for one in practice.ehr.held("Claim")] == ([policy] if policy == "active" else [])

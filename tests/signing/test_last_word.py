"""The last signature is what the EHR and billing hold, in whatever order earlier ones are carried out."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from fhir_coder.billing.outgoing import State as Billed
from fhir_coder.store.start import open_stores
from fhir_coder.worklist.decision import Act, Decision
from fhir_coder.worklist.following import Kind, Progress
from fhir_coder.writeback.names import name_of
from tests.signing.conftest import Practice, open_practice, statement
from tests.signing.test_signing import REJECT_DIABETES, REOPEN, SIGN
from tests.simulated_ehr import SimulatedEhr
from tests.store.conftest import KEY
from tests.store.conftest import database_url as database_url
from tests.store.conftest import shelf_of_postgresql as shelf_of_postgresql


@pytest.fixture
def anywhere(database_url: str, tmp_path: Path) -> Iterator[Practice]:
    made = open_practice(tmp_path, SimulatedEhr(statement()), database_url)
    yield made
    made.stores.close()


def claimed(practice: Practice) -> list[str]:
    return [one["diagnosisCodeableConcept"]["coding"][0]["code"] for one in practice.one("Claim")["diagnosis"]]


def test_two_at_once_do_each_duty_once(anywhere: Practice, database_url: str) -> None:
    """As two processes would: each with connections of its own."""
    other = Practice(open_stores(database_url, KEY), anywhere.ehr, anywhere.settings, anywhere.coding_id)
    anywhere.decide(REJECT_DIABETES, SIGN)
    start = Barrier(2)

    def run(practice: Practice) -> int:
        start.wait()
        return practice.following.carry_out("default", practice.access)

    with ThreadPoolExecutor(2) as pool:
        done = sum(pool.map(run, (anywhere, other)))
    other.stores.close()
    stands = anywhere.following.of("default", anywhere.coding_id)
    assert done == 2 and [(one.progress, one.attempts) for one in stands] == [(Progress.DONE, 1)] * 2
    assert anywhere.conditions() == {"I10": "confirmed", "E11.9": "entered-in-error"} and claimed(anywhere) == ["I10"]
    names = [name_of(one) for kind in ("Condition", "Claim", "Task", "Provenance") for one in anywhere.ehr.held(kind)]
    assert len(names) == len(set(names))
    assert [one.version for one in anywhere.stores.outbox.entries("default")] == [1]


def test_one_duty_tried_by_two_at_once_writes_once(anywhere: Practice, database_url: str) -> None:
    """The first was taken for lost and was not: both are at it when the other comes."""
    other = Practice(open_stores(database_url, KEY), anywhere.ehr, anywhere.settings, anywhere.coding_id)
    anywhere.decide(REJECT_DIABETES, SIGN)
    duty = anywhere.stores.follow_ups.claim("default")
    assert duty is not None and duty.duty.kind is Kind.EHR
    start = Barrier(2)

    def perform(practice: Practice) -> Progress:
        start.wait()
        return practice.following._performed("default", duty, practice.access).progress

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(perform, (anywhere, other))) == [Progress.DONE] * 2
    other.stores.close()
    assert anywhere.conditions() == {"I10": "confirmed", "E11.9": "entered-in-error"}
    names = [name_of(one) for kind in ("Condition", "Claim", "Task", "Provenance") for one in anywhere.ehr.held(kind)]
    assert len(names) == len(set(names))


def test_a_signature_that_is_carried_out_late_does_not_undo_the_next_one(anywhere: Practice) -> None:
    def sign_again() -> None:
        anywhere.decide(REOPEN, REJECT_DIABETES, SIGN)
        anywhere.follow()

    anywhere.meanwhile = [sign_again]
    anywhere.decide(SIGN)
    stands = [(one.sequence, one.progress) for one in anywhere.follow() if one.duty.kind is Kind.EHR]
    assert stands == [(1, Progress.OVERTAKEN), (2, Progress.OVERTAKEN), (4, Progress.DONE)]
    assert anywhere.conditions() == {"I10": "confirmed", "E11.9": "entered-in-error"} and claimed(anywhere) == ["I10"]
    waiting = [one.version for one in anywhere.stores.outbox.entries("default", (Billed.WAITING,))]
    assert waiting == [2]


def test_a_late_hand_over_to_billing_is_overtaken_and_left_to_nobody(anywhere: Practice) -> None:
    anywhere.decide(SIGN)
    late = [anywhere.stores.follow_ups.claim("default") for _ in range(2)][-1]
    assert late is not None and late.duty.kind is Kind.BILLING
    anywhere.decide(REOPEN, REJECT_DIABETES, SIGN)
    anywhere.follow()
    outcome = anywhere.following._performed("default", late, anywhere.access)
    assert outcome.progress is Progress.OVERTAKEN
    assert [one.version for one in anywhere.stores.outbox.entries("default")] == [2]


def test_what_failed_for_an_earlier_coding_does_not_undo_a_later_signature(anywhere: Practice) -> None:
    anywhere.has_access = False
    anywhere.decide(SIGN)
    assert anywhere.follow()[0].progress is Progress.FAILED
    earlier, anywhere.has_access = anywhere.code_again("I10"), True
    anywhere.decide(SIGN)
    anywhere.follow()
    before = anywhere.conditions(), claimed(anywhere)
    assert claimed(anywhere) == ["I10"]
    anywhere.following.carry_out("default", anywhere.access, earlier, is_asked=True)
    assert (anywhere.conditions(), claimed(anywhere)) == before
    stands = {one.duty.kind: one.progress for one in anywhere.following.of("default", earlier)}
    assert stands == {Kind.EHR: Progress.OVERTAKEN, Kind.BILLING: Progress.DONE}


def test_reopening_keeps_what_had_not_left_from_billing(anywhere: Practice) -> None:
    anywhere.decide(SIGN)
    anywhere.follow()
    anywhere.decide(REOPEN)
    done = anywhere.follow()[-1]
    assert (done.progress, done.detail) == (Progress.DONE, "reopened before it left")
    assert anywhere.stores.outbox.claim("default", "billing", lambda signed, correction: b"x") is None
    anywhere.decide(REJECT_DIABETES, SIGN)
    anywhere.follow()
    leaving = anywhere.stores.outbox.claim("default", "billing", lambda signed, correction: b"x")
    assert leaving is not None and (leaving.outgoing.version, leaving.outgoing.frequency) == (2, "1")


def test_what_left_stays_with_billing_until_it_is_signed_again(anywhere: Practice) -> None:
    anywhere.decide(SIGN)
    anywhere.follow()
    assert anywhere.stores.outbox.claim("default", "billing", lambda signed, correction: b"x") is not None
    anywhere.decide(REOPEN)
    assert anywhere.follow()[-1].detail == "reopened: nothing waits for billing"
    assert [one.state for one in anywhere.stores.outbox.entries("default")] == [Billed.SENDING]


@pytest.mark.parametrize("policy", ["draft", "active"])
def test_a_claim_that_a_signature_voided_stands_again_when_it_is_signed_with_codes(tmp_path: Path, policy: str) -> None:
    practice = open_practice(tmp_path, SimulatedEhr(statement()), claim_on_sign_off=policy)
    practice.decide(SIGN)
    practice.follow()
    practice.decide(REOPEN, REJECT_DIABETES, Decision(Act.REJECT, "I10", reason="not-documented"), SIGN)
    practice.follow()
    assert practice.one("Claim")["status"] == "cancelled"
    practice.decide(REOPEN, Decision(Act.RESTORE, "I10"), SIGN)
    done = [one for one in practice.follow() if one.duty.kind is Kind.EHR][-1]
    assert (done.progress, done.detail) == (Progress.DONE, "")
    assert practice.one("Claim")["status"] == policy and claimed(practice) == ["I10"]
    assert practice.conditions()["I10"] == "confirmed"
    practice.stores.close()


def test_a_voided_claim_that_somebody_changed_stays_cancelled_and_is_told(tmp_path: Path) -> None:
    practice = open_practice(tmp_path, SimulatedEhr(statement()))
    practice.decide(REJECT_DIABETES, Decision(Act.REJECT, "I10", reason="not-documented"), SIGN)
    practice.follow()
    practice.ehr.change(f"Claim/{practice.one('Claim')['id']}", enterer={"reference": "Practitioner/biller"})
    practice.decide(REOPEN, Decision(Act.RESTORE, "I10"), SIGN)
    done = [one for one in practice.follow() if one.duty.kind is Kind.EHR][-1]
    assert practice.one("Claim")["status"] == "cancelled" and "1 left as somebody there has them" in done.detail
    practice.stores.close()

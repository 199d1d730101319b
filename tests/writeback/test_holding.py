"""What waits for sign-off: whatever the EHR could not take back, unless the site says otherwise."""

from __future__ import annotations

import pytest

from fhir_coder.model import Outcome
from tests.simulated_ehr import SimulatedEhr, full_statement
from tests.writeback.practice import Practice

NO_UPDATE = full_statement(without={"Condition": ("update",)})
WRITTEN = ["Condition 201", "Claim 201", "Task 201", "Provenance 201"]


@pytest.mark.parametrize(
    ("setting", "without", "expected"),
    [
        (None, {}, WRITTEN),
        (None, {"Condition": ("update",)}, ["Condition 202", "Claim 201", "Task 201", "Provenance 202"]),
        (None, {"Claim": ("update",)}, ["Condition 201", "Claim 202", "Task 201", "Provenance 201"]),
        (None, {"Task": ("update",)}, ["Condition 201", "Claim 201", "Task 501", "Provenance 201"]),
        (None, {"Provenance": ("update",)}, WRITTEN),
        (True, {"Condition": ("update",), "Claim": ("update",), "Task": ("update",)}, WRITTEN),
        (False, {}, ["Condition 202", "Claim 202", "Task 201", "Provenance 202"]),
        (False, {"Task": ("update",)}, ["Condition 202", "Claim 202", "Task 501", "Provenance 202"]),
        (None, {"Condition": ("update", "create")}, ["Condition 501", "Claim 201", "Task 201", "Provenance 424"]),
    ],
)
@pytest.mark.parametrize("transaction", [False, True])
def test_what_is_held(setting: bool | None, without: dict[str, tuple[str, ...]], expected: list[str], transaction: bool) -> None:
    ehr = SimulatedEhr(full_statement(without=without, transaction=transaction))
    assert Practice(ehr, write_before_review=setting).code("I10").statuses == expected


def test_what_is_held_says_so_and_the_task_is_about_the_encounter() -> None:
    ehr = SimulatedEhr(full_statement())
    coding = Practice(ehr, write_before_review=False).code("I10")
    assert coding.response("Condition")["status"] == "202 Held until sign-off"
    assert [(one["severity"], one["code"]) for one in coding.issues("Condition")] == [("information", "informational")]
    (task,) = ehr.held("Task")
    assert task["focus"] == {"reference": "Encounter/e1"}
    assert task["input"][0]["valueCodeableConcept"]["coding"][0]["code"] == "I10"


@pytest.mark.parametrize("setting", [None, False])
def test_sign_off_delivers_what_was_held(setting: bool | None) -> None:
    ehr = SimulatedEhr(full_statement(without={"Condition": ("update",)}))
    practice = Practice(ehr, write_before_review=setting)
    practice.code("I10", "E11.9")
    assert ehr.held("Condition") == []
    signed = practice.code("I10", "E11.9", is_signed_off=True)
    assert signed.statuses[:2] == ["Condition 201", "Condition 201"]
    assert {one for one in signed.statuses if one.startswith("Provenance")} == {"Provenance 201"}
    assert [len(ehr.held(kind)) for kind in ("Condition", "Claim", "Task", "Provenance")] == [2, 1, 1, 2]
    again = practice.code("I10", "E11.9", is_signed_off=True)
    assert {one[-3:] for one in again.statuses} == {"200"}


def test_sign_off_asks_for_no_review() -> None:
    ehr = SimulatedEhr(full_statement())
    coding = Practice(ehr).code("I10", is_signed_off=True)
    assert coding.statuses == ["Condition 201", "Claim 201", "Task 204", "Provenance 201"]
    assert ehr.held("Task") == []


def test_an_encounter_that_passes_waits_for_nobody() -> None:
    coding = Practice(SimulatedEhr(NO_UPDATE), write_before_review=False).code("I10", outcome=Outcome.PASS)
    assert coding.statuses == ["Condition 201", "Claim 201", "Provenance 201"]


def test_what_was_written_under_another_setting_stands() -> None:
    ehr = SimulatedEhr(NO_UPDATE)
    Practice(ehr, write_before_review=True).code("I10")
    coding = Practice(ehr, remembers=False, write_before_review=False).code("I10", "E11.9")
    assert coding.statuses[:2] == ["Condition 200", "Condition 202"]

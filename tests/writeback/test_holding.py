"""What waits for sign-off: whatever the EHR could not take back, unless the site says otherwise."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from fhir_coder.exchange import CodingResult, ReleaseUse
from fhir_coder.fhir.writer import write_json
from fhir_coder.model import Outcome
from fhir_coder.store.start import open_stores
from fhir_coder.writeback.bundle import build_bundle
from fhir_coder.writeback.delivery import deliver
from fhir_coder.writeback.terms import terms_of
from tests.simulated_ehr import SimulatedEhr, full_statement
from tests.stores import store_in
from tests.writeback.practice import Practice, proposal_of

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


@pytest.mark.parametrize("key", [Fernet.generate_key().decode(), ""], ids=["words kept", "words dropped"])
def test_a_proposal_that_was_kept_is_delivered_after_sign_off(key: str, tmp_path: Path) -> None:
    """As the store gives it back, with the receipts of before; dropped words are not among what is delivered."""
    ehr = SimulatedEhr(NO_UPDATE)
    proposal = proposal_of(("I10", "E11.9"))
    bundle = build_bundle(proposal)
    receipt = deliver(bundle, ehr.client(), terms_of(proposal, None))
    release = ReleaseUse("2026-04-01", date(2026, 4, 1), date(2026, 9, 30), "covered")
    store = open_stores(store_in(tmp_path), key).repository
    kept = store.get(
        "default", store.save("default", "main", CodingResult(proposal.intake, proposal.disposition, release, bundle, receipt))
    )
    written = store.written("default", "main", "Encounter/e1")
    store.close()
    assert kept is not None
    assert [one.status[:3] for one in kept.receipts] == ["202", "202", "201", "201", "202", "202"]
    again = {"entry": [{"fullUrl": one.full_url, "resource": one.resource} for one in kept.proposals]}
    signed = deliver(again, ehr.client(), replace(terms_of(proposal, None, written), is_signed_off=True))
    assert [one["response"]["status"][:3] for one in signed["entry"]] == ["201", "201", "200", "200", "201", "201"]
    proposed = [entry["resource"] for entry in bundle["entry"][:2]]
    assert [without_server(one) for one in ehr.held("Condition")] == [
        without_server(one) for one in json.loads(write_json({"l": proposed}))["l"]
    ]


def without_server(resource: dict[str, Any]) -> dict[str, Any]:
    """Without id and version, and numbers as JSON has them."""
    meta = {key: value for key, value in resource["meta"].items() if key not in {"versionId", "lastUpdated"}}
    return {key: value for key, value in resource.items() if key != "id"} | {"meta": meta}


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

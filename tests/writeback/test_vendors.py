"""EHRs that do what their vendors' published CapabilityStatements list: what is written, what is held, what is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.simulated_ehr import Habits, SimulatedEhr, full_statement
from tests.writeback.practice import Coding, Practice, code_of

ENTRIES = ("Condition", "Condition", "Claim", "Task", "Provenance", "Provenance")


def vendor(shared: Path, name: str, **habits: bool) -> SimulatedEhr:
    """An EHR with the metadata of a vendor."""
    path = shared / "fhir" / "vendor" / f"{name}-r4-capability.json"
    return SimulatedEhr(json.loads(path.read_text(encoding="utf-8")), Habits(refuses_unlisted_parameters=True, **habits))


def said(coding: Coding, kind: str) -> list[tuple[str, str, str]]:
    return [(one["severity"], one["code"], one["diagnostics"]) for one in coding.issues(kind)]


@pytest.fixture
def epic(shared: Path) -> SimulatedEhr:
    """Condition: create, read, search, no update. Claim: read, search. Task: read, search, update. Provenance: read. No transaction."""
    return vendor(shared, "epic")


@pytest.fixture
def athenahealth(shared: Path) -> SimulatedEhr:
    """Nothing of what is proposed can be written."""
    return vendor(shared, "athena")


def test_epic_before_review_nothing_is_written_and_conditions_are_held(epic: SimulatedEhr) -> None:
    coding = Practice(epic).code("I10", "E11.9")
    assert coding.statuses == [f"{kind} {status}" for kind, status in zip(ENTRIES, ("202", "202", "501", "501", "501", "501"), strict=True)]
    assert epic.writes == []
    held = "Held until sign-off: the EHR offers no update for Condition, so it could not be withdrawn."
    assert said(coding, "Condition") == [("information", "informational", held)]
    for kind in ("Claim", "Task", "Provenance"):
        assert said(coding, kind) == [("warning", "not-supported", f"The EHR does not offer create for {kind}.")]


def test_epic_at_sign_off_the_conditions_are_created_once_and_read_back(epic: SimulatedEhr) -> None:
    practice = Practice(epic)
    practice.code("I10", "E11.9")
    signed = practice.code("I10", "E11.9", is_signed_off=True)
    assert signed.statuses[:2] == ["Condition 201", "Condition 201"]
    assert [code_of(one) for one in epic.held("Condition")] == ["I10", "E11.9"]
    assert [f"GET Condition/{one['id']}" in epic.calls for one in epic.held("Condition")] == [True, True]
    again = practice.code("I10", "E11.9", is_signed_off=True)
    assert again.statuses[:2] == ["Condition 200", "Condition 200"]
    assert epic.writes == ["POST Condition", "POST Condition"]


def test_epic_where_the_site_writes_before_review_a_dropped_code_can_only_be_named(epic: SimulatedEhr) -> None:
    practice = Practice(epic, write_before_review=True)
    assert practice.code("I10", "E11.9").statuses[:2] == ["Condition 201", "Condition 201"]
    coding = practice.code("I10")
    assert [one["status"] for one in coding.beyond] == ["200 OK"]
    assert "E11.9 is no longer proposed" in coding.beyond[0]["outcome"]["issue"][0]["diagnostics"]
    assert epic.writes == ["POST Condition", "POST Condition"]


def test_epic_that_loses_our_identifier_is_found_by_the_receipt(shared: Path) -> None:
    epic = vendor(shared, "epic", loses_identifier=True)
    practice = Practice(epic, write_before_review=True)
    first = practice.code("I10")
    assert [one["expression"] for one in first.issues("Condition")] == [["Condition.identifier"]]
    assert practice.code("I10").statuses[0] == "Condition 200"
    assert len(epic.held("Condition")) == 1


@pytest.mark.parametrize("write_before_review", [None, True, False])
@pytest.mark.parametrize("is_signed_off", [False, True])
def test_athenahealth_takes_nothing_and_each_entry_says_so(
    athenahealth: SimulatedEhr, write_before_review: bool | None, is_signed_off: bool
) -> None:
    coding = Practice(athenahealth, write_before_review=write_before_review).code("I10", "E11.9", is_signed_off=is_signed_off)
    assert coding.statuses == [f"{kind} 501" for kind in ENTRIES]
    assert athenahealth.calls == ["GET metadata"]
    assert said(coding, "Condition") == [("warning", "not-supported", "The EHR does not offer create for Condition.")]


def test_a_full_server_takes_everything_at_once_and_follows_a_new_coding() -> None:
    ehr = SimulatedEhr(full_statement(transaction=True, conditional=True))
    practice = Practice(ehr)
    assert practice.code("I10", "E11.9").statuses == [f"{kind} 201" for kind in ENTRIES]
    assert ehr.writes == ["POST "]
    coding = practice.code("I10")
    assert coding.statuses == ["Condition 200", "Claim 200", "Task 200", "Provenance 200"]
    assert [coding.response(kind)["status"] for kind in ("Claim", "Task")] == ["200 Updated", "200 Updated"]
    assert [one["status"] for one in coding.beyond] == ["200 Retired", "201 Created"]
    assert ehr.writes == ["POST ", "POST "]

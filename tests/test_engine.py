"""The ends of the line put together: what must have happened before anything is written to the EHR."""

from __future__ import annotations

import base64
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fhir_coder.checking import GivenCodes
from fhir_coder.coding.policy import outpatient
from fhir_coder.disposition import Policy
from fhir_coder.ehr.probe import EhrProbe
from fhir_coder.engine import Engine
from fhir_coder.errors import ConfigurationError
from fhir_coder.exchange import Artifacts, CallerLimits, CodingRequest
from fhir_coder.model import Agreement
from fhir_coder.pipeline import Coder
from fhir_coder.stages import Stage
from fhir_coder.store.start import open_stores
from fhir_coder.tenant_settings import EhrSettings, Tenant
from terminology.release import Catalogue
from tests.simulated_ehr import BASE, Habits, SimulatedEhr, full_statement
from tests.stores import store_in

ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
NOTE = base64.b64encode(b"ASSESSMENT\nEssential hypertension, continue lisinopril.").decode()


@pytest.fixture
def ehr() -> SimulatedEhr:
    """An EHR that takes everything, with one finished visit and its note."""
    return with_records(SimulatedEhr(full_statement()))


def with_records(found: SimulatedEhr) -> SimulatedEhr:
    """The EHR with the visit."""
    patient, visit = {"reference": "Patient/p1"}, {"reference": "Encounter/e1"}
    found.put({"resourceType": "Patient", "id": "p1"})
    found.put(
        {
            "resourceType": "Encounter",
            "id": "e1",
            "status": "finished",
            "class": {"system": ACT_CODE, "code": "AMB"},
            "subject": patient,
            "period": {"start": "2026-05-04T09:00:00-05:00"},
        }
    )
    found.put(
        {
            "resourceType": "DocumentReference",
            "id": "d1",
            "status": "current",
            "docStatus": "final",
            "subject": patient,
            "content": [{"attachment": {"contentType": "text/plain", "data": NOTE}}],
            "context": {"encounter": [visit]},
        }
    )
    return found


def engine(coder: Coder, ehr: SimulatedEhr, folder: Path) -> Engine:
    return Engine(
        coder=coder,
        policy=outpatient(),
        tenants={"default": Tenant("default", (EhrSettings("simulated", BASE, write_before_review=True),))},
        repository=open_stores(store_in(folder), "").repository,
        connect=lambda _: ehr.client(),
        probe=EhrProbe(lambda _: ehr.client()),
        now=lambda: datetime(2026, 5, 4, 12, tzinfo=UTC),
    )


REQUEST = CodingRequest("default", "e1", write_back=True)


def test_what_is_written_is_recorded(coder: Coder, ehr: SimulatedEhr, tmp_path: Path) -> None:
    coding = engine(coder, ehr, tmp_path)
    result = coding.code(REQUEST)
    stored = coding.repository.get("default", result.coding_id)
    assert stored is not None and len(stored.receipts) == len(stored.proposals) == len(ehr.writes)
    assert [one["code"]["coding"][0]["code"] for one in ehr.held("Condition")] == ["I10"]


def test_every_stage_of_a_call_is_observed(coder: Coder, ehr: SimulatedEhr, tmp_path: Path) -> None:
    begun: list[Stage] = []

    def observe(stage: Stage) -> AbstractContextManager[None]:
        begun.append(stage)
        return nullcontext()

    replace(engine(replace(coder, observe=observe), ehr, tmp_path), observe=observe).code(REQUEST)
    assert begun == list(Stage)


def test_nothing_is_written_when_its_artifacts_cannot_be_kept(coder: Coder, ehr: SimulatedEhr, tmp_path: Path) -> None:
    """A full disk found out only after the write would leave codes at the EHR of which there is no record."""

    def refuse(*_: object) -> Artifacts:
        raise ConfigurationError("artifacts cannot be kept")

    with pytest.raises(ConfigurationError):
        engine(replace(coder, keep=refuse), ehr, tmp_path).code(REQUEST)
    assert ehr.writes == []


def test_given_codes_are_checked_without_an_ehr_and_without_a_store(catalogue: Catalogue) -> None:
    def never(*_: Any) -> Any:
        raise AssertionError("nothing may be asked")

    lone = Engine(
        coder=cast(Coder, SimpleNamespace(catalogue=catalogue, severities={"FCE-201": "shadow"}, lists=None)),
        policy=outpatient(),
        tenants={},
        repository=cast(Any, None),
        connect=never,
        probe=cast(Any, None),
        now=never,
    )
    checked = lone.check(GivenCodes(("E11", "E10.9")))
    assert [one.edit for one in checked.findings if one.severity == "blocking"] == ["FCE-102"]
    assert checked.release.status == "undated"


def test_what_the_caller_may_not_write_is_left_and_named(coder: Coder, ehr: SimulatedEhr, tmp_path: Path) -> None:
    limits = CallerLimits(may_fetch_attachments=False, withheld=frozenset({("Claim", "create"), ("Claim", "update"), ("Task", "create")}))
    result = engine(coder, ehr, tmp_path).code(replace(REQUEST, limits=limits))
    assert ehr.held("Condition") and not ehr.held("Claim") and not ehr.held("Task")
    assert any("create Claim, update Claim, create Task" in sentence for sentence in result.intake.warnings)
    assert any("Binary" in sentence for sentence in result.intake.warnings)


def test_what_may_not_be_updated_is_not_changed(coder: Coder, ehr: SimulatedEhr, tmp_path: Path) -> None:
    """A second coding whose code is gone would retire the Condition."""
    coding = engine(coder, ehr, tmp_path)
    coding.code(REQUEST)
    (note,) = ehr.held("DocumentReference")
    content = base64.b64encode(b"Assessment: Acute cystitis without hematuria.").decode()
    ehr.change(f"DocumentReference/{note['id']}", content=[{"attachment": {"contentType": "text/plain", "data": content}}])
    before = ehr.held("Condition")
    coding.code(replace(REQUEST, limits=CallerLimits(withheld=frozenset({("Condition", "update"), ("Condition", "create")}))))
    assert ehr.held("Condition") == before
    coding.code(REQUEST)
    assert ehr.held("Condition") != before


def test_our_own_proposal_is_no_diagnosis_of_a_clinician_where_the_ehr_lost_our_identifier(
    coder: Coder, ehr: SimulatedEhr, tmp_path: Path
) -> None:
    ehr.habits = Habits(loses_identifier=True, drops_tags=True)
    coding = engine(coder, ehr, tmp_path)
    coding.code(REQUEST)
    (first,) = ehr.held("Condition")
    again = coding.code(REQUEST)
    assert [one.agreement for one in again.reconciliation] == [Agreement.ADDED]
    assert [one["resource"]["resourceType"] for one in again.proposal["entry"]].count("Condition") == 1
    assert ehr.held("Condition") == [first]
    assert again.receipt and {one["response"]["status"] for one in again.receipt["entry"]} == {"200 OK"}


def test_a_condition_of_a_clinician_stays_one_where_identifiers_are_lost(coder: Coder, ehr: SimulatedEhr, tmp_path: Path) -> None:
    ehr.habits = Habits(loses_identifier=True)
    coding = engine(coder, ehr, tmp_path)
    theirs = {
        "resourceType": "Condition",
        "id": "theirs",
        "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "I10"}]},
        "subject": {"reference": "Patient/p1"},
        "encounter": {"reference": "Encounter/e1"},
    }
    ehr.put(theirs)
    for _ in range(2):
        result = coding.code(REQUEST)
        assert [one.agreement for one in result.reconciliation] == [Agreement.AGREED]
    assert len(ehr.held("Condition")) == 1


def test_nothing_passes_while_second_reviews_say_so_and_the_record_tells_it(coder: Coder, ehr: SimulatedEhr, tmp_path: Path) -> None:
    asked: list[str] = []

    def may_pass(tenant: str) -> bool:
        asked.append(tenant)
        return len(asked) == 1

    made = replace(engine(replace(coder, review=Policy("confident", 0.0)), ehr, tmp_path), may_pass=may_pass)
    results = [made.code(CodingRequest("default", "e1")) for _ in range(2)]
    told = [{reason.code for reason in one.disposition.reasons} for one in results]
    assert "audit-sample" not in told[0] and "audit-sample" in told[1] and asked == ["default"] * 2
    stored = [made.repository.get("default", one.coding_id) for one in results]
    assert [one.configuration.passing for one in stored if one] == ["confident", "suspended"]

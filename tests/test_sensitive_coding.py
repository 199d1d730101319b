"""Sensitive documents and self-pay from the EHR to the store and back: nothing of what is excluded is written, kept, logged or answered."""

from __future__ import annotations

import base64
import json
import logging
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fhir_coder.api.render import render_result
from fhir_coder.engine import Engine
from fhir_coder.exchange import CodingRequest, CodingResult
from fhir_coder.fhir.writer import write_json
from fhir_coder.pipeline import Coder
from fhir_coder.record.trail_document import trail_document
from fhir_coder.record.trail_page import trail_page
from fhir_coder.sensitive_settings import read_sensitive
from fhir_coder.store.start import open_stores
from fhir_coder.tenant_settings import Tenant
from tests.simulated_ehr import TYPES, SimulatedEhr, full_statement
from tests.store.conftest import KEY
from tests.stores import store_in
from tests.test_engine import engine

Resource = dict[str, Any]
WORD = "Zyxwomarker"
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
REQUEST = CodingRequest("default", "e1", write_back=True)
SELF_PAY = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/coverage-selfpay", "code": "pay"}]}


def labelled(*codes: tuple[str, str]) -> Resource:
    return {"meta": {"security": [{"system": system, "code": code} for system, code in codes]}}


def note(name: str, text: str, **changes: Any) -> Resource:
    data = base64.b64encode(text.encode()).decode()
    return {
        "resourceType": "DocumentReference",
        "id": name,
        "status": "current",
        "docStatus": "final",
        "subject": {"reference": "Patient/p1"},
        "content": [{"attachment": {"contentType": "text/plain", "data": data}}],
        "context": {"encounter": [{"reference": "Encounter/e1"}]},
    } | changes


@pytest.fixture
def ehr() -> SimulatedEhr:
    """An EHR that offers Consent too, with one finished visit."""
    found = SimulatedEhr(full_statement(types=(*TYPES, "Consent", "Account")))
    found.put({"resourceType": "Patient", "id": "p1"})
    found.put(
        {
            "resourceType": "Encounter",
            "id": "e1",
            "status": "finished",
            "class": {"system": ACT, "code": "AMB"},
            "subject": {"reference": "Patient/p1"},
            "period": {"start": "2026-05-04T09:00:00-05:00"},
        }
    )
    found.put(note("d1", "ASSESSMENT\nEssential hypertension, continue lisinopril."))
    return found


def coding_with(coder: Coder, ehr: SimulatedEhr, folder: Path, key: str = "", rules: Mapping[str, Any] | None = None) -> Engine:
    made = engine(coder, ehr, folder)
    tenants = {name: replace(one, sensitive=read_sensitive(**(rules or {}))) for name, one in made.tenants.items()}
    assert isinstance(tenants["default"], Tenant)
    return replace(made, tenants=tenants, repository=open_stores(store_in(folder), key).repository)


def codes(ehr: SimulatedEhr) -> list[str]:
    return [one["code"]["coding"][0]["code"] for one in ehr.held("Condition")]


def security(resource: Resource) -> list[str]:
    return [one["code"] for one in resource.get("meta", {}).get("security", ())]


def answered(result: CodingResult) -> str:
    return write_json(render_result(result, include_text=True)).decode()


def kept(folder: Path) -> str:
    with closing(sqlite3.connect(folder / "store.sqlite")) as store:
        return "\n".join(store.iterdump())


SECRETS: dict[str, Resource] = {
    "psychotherapy": note("secret", f"ASSESSMENT\nAsthma, {WORD}.", description=f"Psychotherapy note about {WORD}"),
    "part 2": note("secret", f"ASSESSMENT\nAsthma, {WORD}.", **labelled((ACT, "42CFRPart2"))),
}


@pytest.mark.parametrize("key", ["", KEY], ids=["no key", "key"])
@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_an_excluded_note_leaves_no_trace_but_its_address(
    coder: Coder, ehr: SimulatedEhr, tmp_path: Path, secret: Resource, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    ehr.put(secret)
    coding = coding_with(coder, ehr, tmp_path, key)
    with caplog.at_level(logging.DEBUG):
        result = coding.code(REQUEST)
    stored = coding.repository.get("default", result.coding_id)
    assert stored is not None and codes(ehr) == ["I10"]
    written = json.dumps([ehr.held(kind) for kind in ("Condition", "Claim", "Task", "Provenance")], default=str)
    page = trail_page(trail_document(stored, with_words=True))
    for place in (written, answered(result), kept(tmp_path), page, stored.facts, caplog.text):
        assert WORD not in place
    assert "note secret was not read because it is sensitive" in answered(result).replace("Note", "note")
    assert "unreadable secret: sensitive" in page
    assert "unreadable-note" in {one.code for one in result.disposition.reasons}


def test_a_consent_at_the_ehr_lets_part_2_be_read_and_its_label_is_carried_on(coder: Coder, ehr: SimulatedEhr, tmp_path: Path) -> None:
    ehr.put(note("secret", "ASSESSMENT\nAsthma.", **labelled((CONFIDENTIALITY, "R"), (ACT, "42CFRPart2"))))
    ehr.put(
        {
            "resourceType": "Consent",
            "id": "c1",
            "status": "active",
            "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]},
            "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
            "patient": {"reference": "Patient/p1"},
            "policyRule": {"coding": [{"system": ACT, "code": "42CFRPart2"}]},
            "provision": {"type": "permit"},
        }
    )
    result = coding_with(coder, ehr, tmp_path).code(REQUEST)
    found = {one["code"]["coding"][0]["code"]: security(one) for one in ehr.held("Condition")}
    assert found == {"I10": ["AIAST"], "J45.909": ["AIAST", "R", "42CFRPart2"]}
    (claim,), (task,) = ehr.held("Claim"), ehr.held("Task")
    assert security(claim) == ["AIAST", "R", "42CFRPart2"] and security(task) == ["R", "42CFRPart2"]
    assert sorted(map(security, ehr.held("Provenance"))) == [[], ["R", "42CFRPart2"]]
    assert "sensitive-document" in {one.code for one in result.disposition.reasons}


def test_a_label_that_is_set_later_reaches_what_was_written_before(coder: Coder, ehr: SimulatedEhr, tmp_path: Path) -> None:
    coding = coding_with(coder, ehr, tmp_path)
    coding.code(REQUEST)
    ehr.change("DocumentReference/d1", **labelled((CONFIDENTIALITY, "R")))
    coding.code(REQUEST)
    assert [security(one) for one in ehr.held("Condition")] == [["AIAST", "R"]]


@pytest.mark.parametrize("passing", ["none", "confident"])
def test_what_is_restricted_never_passes(coder: Coder, ehr: SimulatedEhr, tmp_path: Path, passing: str) -> None:
    ehr.change("DocumentReference/d1", **labelled((CONFIDENTIALITY, "R")))
    made = coding_with(coder, ehr, tmp_path)
    result = replace(made, coder=replace(coder, review=replace(coder.review, passing=passing, pass_probability=0.0))).code(REQUEST)
    reason = next(one for one in result.disposition.reasons if one.code == "sensitive-document")
    assert reason.text == "Marked sensitive, for a person to look at: DocumentReference/d1: restricted (R)."
    assert not result.disposition.is_confident


COVERAGE = {
    "resourceType": "Coverage",
    "id": "own",
    "status": "active",
    "type": SELF_PAY,
    "beneficiary": {"reference": "Patient/p1"},
    "payor": [{"reference": "Patient/p1"}],
}
PAID = replace(REQUEST, context=(COVERAGE,))
"""The call for a visit that the patient pays."""


def test_a_visit_that_the_patient_pays_gets_no_claim(coder: Coder, ehr: SimulatedEhr, tmp_path: Path) -> None:
    coding = coding_with(coder, ehr, tmp_path)
    result = coding.code(PAID)
    assert codes(ehr) == ["I10"] and ehr.held("Claim") == []
    assert {one["resource"]["resourceType"] for one in result.proposal["entry"]} == {"Condition", "Task", "Provenance"}
    (task,) = ehr.held("Task")
    assert task["focus"] == {"reference": "Encounter/e1"}
    why = "Coverage/own says that the patient pays (45 CFR 164.522(a)(1)(vi))"
    assert f"no Claim is proposed: {why}" in answered(result)
    stored = coding.repository.get("default", result.coding_id)
    assert stored is not None and stored.billing_withheld == why
    assert f"no claim: {why}" in trail_page(trail_document(stored))


def test_a_draft_claim_of_an_earlier_coding_is_cancelled(coder: Coder, ehr: SimulatedEhr, tmp_path: Path) -> None:
    coding = coding_with(coder, ehr, tmp_path)
    coding.code(REQUEST)
    assert [one["status"] for one in ehr.held("Claim")] == ["draft"]
    result = coding.code(PAID)
    assert [one["status"] for one in ehr.held("Claim")] == ["cancelled"]
    assert result.receipt is not None and "200 Retired" in {one["response"]["status"] for one in result.receipt["entry"]}
    assert [one["focus"]["reference"] for one in ehr.held("Task")] == ["Encounter/e1"]
    before = len(ehr.writes)
    coding.code(PAID)
    assert len(ehr.writes) == before  # a third coding has nothing to do


def test_a_claim_that_somebody_worked_on_is_left_and_told(coder: Coder, ehr: SimulatedEhr, tmp_path: Path) -> None:
    coding = coding_with(coder, ehr, tmp_path)
    coding.code(REQUEST)
    (claim,) = ehr.held("Claim")
    ehr.change(f"Claim/{claim['id']}", status="active")
    result = coding.code(PAID)
    assert [one["status"] for one in ehr.held("Claim")] == ["active"]
    assert "withdraw it by hand" in json.dumps(result.receipt, default=str)


def test_without_a_date_a_self_pay_visit_is_looked_at_like_any_other(coder: Coder, ehr: SimulatedEhr, tmp_path: Path) -> None:
    ehr.change("Encounter/e1", period=None)
    result = coding_with(coder, ehr, tmp_path).code(PAID)
    assert "service-date-unknown" in {one.code for one in result.disposition.reasons}

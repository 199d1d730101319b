"""How a self-pay restriction is known, and that an insurer's coverage is claimed where there is none."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_coder.exchange import CallerLimits
from tests.ehr.conftest import FakeEhr, encounter, metadata, searchset
from tests.ehr.test_sensitive import ACT, PLAIN, coded, consent, labelled, purpose, secret, take

Resource = dict[str, Any]
SELF_PAY = coded("pay", "http://terminology.hl7.org/CodeSystem/coverage-selfpay")
INSURED = coded("EHCPOL", ACT)
POLICY = coded("hipaa-self-pay", "http://terminology.hl7.org/CodeSystem/consentpolicycodes")


def coverage(name: str, kind: Resource | None = None, **changes: Any) -> Resource:
    return (
        {"resourceType": "Coverage", "id": name, "status": "active", "beneficiary": {"reference": "Patient/p1"}}
        | ({"type": kind} if kind else {})
        | changes
    )


def account(*ranked: tuple[str, int], **changes: Any) -> Resource:
    covers = [{"coverage": {"reference": f"Coverage/{name}"}, "priority": priority} for name, priority in ranked]
    return {"resourceType": "Account", "id": "a1", "status": "active", "coverage": covers} | changes


IN_ACCOUNT = {"encounter": encounter(account=[{"reference": "Account/a1"}])}
OWN, PLAN = coverage("own", SELF_PAY), coverage("plan", INSURED)
DENIAL = {"type": "deny", "purpose": purpose("HPAYMT")}
OVER = {"type": "permit", "period": {"end": "2020-12-31"}}
OF_ANOTHER = DENIAL | {"data": [{"meaning": "instance", "reference": {"reference": "Encounter/e2"}}]}

CASES: dict[str, tuple[dict[str, Any], str, str]] = {
    "an insurer": ({"context": (PLAN,)}, "", "Coverage/plan"),
    "nothing known": ({}, "", ""),
    "self-pay coverage": ({"context": (OWN,)}, "Coverage/own", ""),
    "by payment typology": ({"context": (coverage("own", coded("81", "https://nahdo.org/sopt")),)}, "Coverage/own", ""),
    "the patient is the payor": ({"context": (coverage("own", payor=[{"reference": "Patient/p1"}]),)}, "Coverage/own", ""),
    "cancelled": ({"context": (coverage("own", SELF_PAY, status="cancelled"), PLAN)}, "", "Coverage/plan"),
    "over before the visit": ({"context": (coverage("own", SELF_PAY, period={"end": "2026-04-30"}), PLAN)}, "", "Coverage/plan"),
    "beside an insurer of the same rank": ({"context": (OWN, PLAN)}, "Coverage/own", ""),
    "after an insurer": ({"context": (coverage("own", SELF_PAY, order=2), coverage("plan", INSURED, order=1))}, "", "Coverage/plan"),
    "the account names the insurer": ({"context": (OWN, PLAN, account(("plan", 1), ("own", 2))), **IN_ACCOUNT}, "", "Coverage/plan"),
    "the account names the patient": ({"context": (OWN, PLAN, account(("own", 1), ("plan", 2))), **IN_ACCOUNT}, "Coverage/own", ""),
    "label of the account": ({"context": (PLAN, account(**labelled("HIPAASelfPay"))), **IN_ACCOUNT}, "Account/a1", ""),
    "label of the encounter": ({"context": (PLAN,), "encounter": encounter(**labelled("HIPAASelfPay"))}, "Encounter/e1", ""),
    "consent by policy": ({"context": (PLAN, consent(policyRule=POLICY))}, "Consent/c1", ""),
    "agreement to pay": ({"context": (PLAN, consent(policyRule=POLICY, scope=coded("treatment")))}, "", "Coverage/plan"),
    "consent denies payment": ({"context": (PLAN, consent(policyRule=coded("OPTIN", ACT), provision=DENIAL))}, "Consent/c1", ""),
    "consent denies payment in a part": (
        {"context": (PLAN, consent(policyRule=coded("OPTIN", ACT), provision={"type": "permit", "provision": [DENIAL, OVER]}))},
        "Consent/c1",
        "",
    ),
    "consent denied payment in a part that is over": (
        {"context": (PLAN, consent(policyRule=coded("OPTIN", ACT), provision={"type": "permit", "provision": [OVER | DENIAL]}))},
        "",
        "Coverage/plan",
    ),
    "consent opts out of payment": (
        {"context": (PLAN, consent(policyRule=coded("OPTOUT", ACT), provision={"purpose": purpose("HPAYMT")}))},
        "Consent/c1",
        "",
    ),
    "consent of a caller who is bound to the patient": (
        {"context": (PLAN, consent(policyRule=POLICY)), "limits": CallerLimits(patient="p1")},
        "Consent/c1",
        "",
    ),
    "for another visit": ({"context": (PLAN, consent(policyRule=coded("OPTIN", ACT), provision=OF_ANOTHER))}, "", "Coverage/plan"),
}


@pytest.mark.parametrize(("given", "because", "claimed"), CASES.values(), ids=CASES)
def test_whether_a_claim_may_be_made(given: dict[str, Any], because: str, claimed: str) -> None:
    found = take(PLAIN, **given).encounter
    assert (found.self_pay.startswith(because) if because else found.self_pay == "") and found.coverage == claimed
    assert found.is_claimed is (not because)


@pytest.mark.parametrize(
    ("held", "because", "claimed"), [((OWN,), "Coverage/own", ""), ((coverage("other", INSURED),), "", "Coverage/plan")]
)
def test_a_plan_that_was_sent_does_not_hide_what_the_ehr_knows(
    ehr: FakeEhr, held: tuple[Resource, ...], because: str, claimed: str
) -> None:
    ehr.answers("GET", "metadata", metadata(Coverage="patient"))
    ehr.answers("GET", "Coverage", searchset(*(one | {"payor": [{"reference": "Organization/payor"}]} for one in held)))
    found = take(PLAIN, ehr=ehr, context=(PLAN,)).encounter
    assert (found.self_pay.startswith(because) if because else found.self_pay == "") and found.coverage == claimed


def test_the_rule_is_told_and_a_label_on_an_excluded_note_counts() -> None:
    intake = take(PLAIN, secret(**labelled("PSYTHPN", "HIPAASelfPay")))
    assert intake.encounter.self_pay == "DocumentReference/secret carries the label HIPAASelfPay (45 CFR 164.522(a)(1)(vi))"
    assert f"no Claim is proposed: {intake.encounter.self_pay}" in intake.warnings

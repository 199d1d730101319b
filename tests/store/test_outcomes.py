"""Outcomes from the store: what was proposed beside what was signed, by tenant and moment, with no word opened. On both databases."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from fhir_coder.exchange import CodingResult, Resource
from fhir_coder.model import Outcome, Severity
from fhir_coder.outcomes.outcome import FinalCode
from fhir_coder.outcomes.specialty import specialty_of
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.outcomes import Outcomes
from fhir_coder.store.reviews import Checked
from fhir_coder.worklist.decision import Act, Decision, Override
from fhir_coder.worklist.review import Origin, State, Verdict
from tests.store.conftest import KEY, MARKER, coding_result
from tests.store.test_reviews import ANNA, BERT, CLEAN, SIGN, Desk, desk

__all__ = ["desk"]

REPLACE = Decision(Act.REPLACE, "Q87.89", instead="Q87.1", reason="more-specific", text=f"{MARKER} it is.")
ROLE: Resource = {
    "resourceType": "PractitionerRole",
    "id": "r1",
    "practitioner": {"reference": "Practitioner/dr"},
    "specialty": [{"coding": [{"code": "207R00000X", "display": "Internal  Medicine"}], "text": MARKER}],
}
VISIT: Resource = {"resourceType": "Encounter", "id": "e1", "serviceType": {"coding": [{"code": "124"}], "text": MARKER}}


def told(*resources: Resource, provider: str = "Practitioner/dr", reference: str = "Encounter/e1") -> CodingResult:
    """A coding whose intake knows these resources."""
    result = coding_result(reference)
    encounter = replace(result.intake.encounter, provider=provider)
    named = {f"{one['resourceType']}/{one['id']}": one for one in resources}
    return replace(result, intake=replace(result.intake, encounter=encounter, resources=named))


def passed(reference: str) -> CodingResult:
    result = coding_result(reference)
    return replace(result, disposition=replace(result.disposition, outcome=Outcome.PASS, reasons=()))


def outcomes(desk: Desk) -> Outcomes:
    return Outcomes(desk.engine, Cipher(KEY))


def test_what_was_signed_stands_beside_what_was_proposed(desk: Desk) -> None:
    coding = desk.code(result=told(ROLE))
    queued = desk.at
    desk.wait(3600)
    desk.decide(coding, REPLACE, Decision(Act.RESTORE, "R50.9"), Decision(Act.MOVE, "R50.9", position=1))
    desk.reviews.let_go("north", coding, ANNA)
    desk.decide(
        coding,
        replace(SIGN, overrides=(Override("FCE301 R05.9", "other", f"{MARKER} says so."),)),
        maker=BERT,
        checked=Checked(frozenset({"FCE301 R05.9"})),
    )
    (found,) = outcomes(desk).signed("north")
    assert (found.tenant, found.coding_id, found.encounter_reference) == ("north", coding, "Encounter/e1")
    assert (found.created_at, found.signed_at, found.turnaround_s) == (queued, queued + timedelta(seconds=3600), 3600)
    assert (found.provider, found.specialty, found.disposition) == ("Practitioner/dr", "Internal Medicine", Outcome.REVIEW)
    assert (found.decided_by, found.times_signed, found.decisions) == (BERT.person, 1, 4)
    assert [(one.code, one.probability, one.rank, one.features) for one in found.proposed] == [
        ("R05.9", 0.8125, 1, {"lexical": 1.0}),
        ("Q87.89", 0.5, 2, {}),
    ]
    assert found.final == (
        FinalCode("R50.9", Origin.RESTORED, Verdict.ACCEPTED, "", 0.25),
        FinalCode("R05.9", Origin.PROPOSED, Verdict.OPEN, "", 0.8125),
        FinalCode("Q87.1", Origin.REPLACED, Verdict.ACCEPTED, "Q87.89", None),
    )
    assert [(one.code, one.reason) for one in found.rejected] == [("Q87.89", "more-specific")]
    assert (found.replaced, found.unseen, found.is_blind) == ((("Q87.89", "Q87.1"),), ("R05.9",), False)
    assert [(one.edit, one.severity, one.codes) for one in found.edits] == [("FCE120", Severity.ADVISORY, ("R05.9",))]
    assert [(one.finding, one.reason) for one in found.overrides] == [("FCE301 R05.9", "other")]
    assert MARKER not in repr(found)


def test_only_the_sign_off_in_force_counts(desk: Desk) -> None:
    coding = desk.code()
    desk.decide(coding, SIGN)
    assert [one.is_blind for one in outcomes(desk).signed("north")] == [True]
    desk.wait(60)
    desk.decide(coding, Decision(Act.REOPEN, reason="addendum"))
    desk.reviews.let_go("north", coding, ANNA)
    assert list(outcomes(desk).signed("north")) == []
    desk.wait(60)
    desk.decide(coding, Decision(Act.REJECT, "Q87.89", reason="not-documented"), SIGN, maker=BERT)
    (found,) = outcomes(desk).signed("north")
    assert (found.signed_at, found.decided_by, found.times_signed, found.final_codes) == (desk.at, BERT.person, 2, ("R05.9",))


def test_moments_are_bounds_of_which_the_second_is_excluded(desk: Desk) -> None:
    """In another offset than the one that was saved."""
    signed = []
    for number in range(3):
        coding = desk.code(f"e{number}")
        desk.decide(coding, SIGN)
        signed.append((desk.at, coding))
    since, until = (moment.astimezone(datetime.strptime("-0500", "%z").tzinfo) for moment, _ in signed[:2])
    assert [one.coding_id for one in outcomes(desk).signed("north", since, until)] == [signed[0][1]]
    assert [one.coding_id for one in outcomes(desk).signed("north", until)] == [signed[1][1], signed[2][1]]
    assert [one.coding_id for one in outcomes(desk).coded("north", since, until)] == [signed[0][1]]


def test_what_passed_and_what_was_coded(desk: Desk) -> None:
    old, let_pass, waiting = desk.code("e1"), desk.code("e2", result=passed("Encounter/e2")), desk.code("e1")
    reopened = desk.code("e3", result=passed("Encounter/e3"))
    desk.decide(reopened, Decision(Act.REOPEN, reason="audit-finding"), SIGN)
    assert [one.coding_id for one in outcomes(desk).passed("north")] == [let_pass]
    assert [(one.coding_id, one.disposition) for one in outcomes(desk).signed("north")] == [(reopened, Outcome.PASS)]
    lines = list(outcomes(desk).coded("north"))
    assert [(one.coding_id, one.disposition, one.state) for one in lines] == [
        (let_pass, Outcome.PASS, State.PASSED),
        (waiting, Outcome.REVIEW, State.WAITING),
        (reopened, Outcome.PASS, State.SIGNED),
    ]
    assert old not in {one.coding_id for one in lines} and lines[0].created_at.tzinfo is UTC


def test_more_codings_than_one_statement_takes(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fhir_coder.store.outcomes.TOGETHER", 2)
    codings = [desk.code(f"e{number}") for number in range(5)]
    for one in codings:
        desk.decide(one, SIGN)
    assert [one.coding_id for one in outcomes(desk).signed("north")] == codings
    assert all(len(one.final) == len(one.proposed) == 2 for one in outcomes(desk).signed("north"))


USES: dict[str, Callable[[Outcomes], Any]] = {
    "signed": lambda store: list(store.signed("north")),
    "passed": lambda store: list(store.passed("north")),
    "coded": lambda store: list(store.coded("north")),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_every_statement_names_the_tenant(use: Callable[[Outcomes], Any], desk: Desk) -> None:
    for tenant in ("north", "south"):
        desk.code("e1", tenant)
        desk.code("e2", tenant, result=passed("Encounter/e2"))
    coding = desk.code("e3")
    desk.reviews.decide("north", coding, 0, SIGN, ANNA, CLEAN)
    seen: list[str] = []
    event.listen(desk.engine, "before_cursor_execute", lambda c, cursor, sql, values, *_: seen.append(sql))
    use(outcomes(desk))
    asked = [sql for sql in seen if re.match(r"\s*SELECT", sql) and re.search(r"\sFROM\s+\w", sql)]
    for sql in asked:
        assert all(re.search(rf"\b{table}\.tenant = ", sql) for table in re.findall(r"(?:FROM|JOIN)\s+(\w+)", sql)), sql
    assert asked and {name for name in vars(Outcomes) if not name.startswith("_")} == set(USES)


def other(role: Resource, **members: Any) -> Resource:
    return role | {"id": "r2"} | members


CARDIOLOGY = [{"coding": [{"code": "207RC0000X"}]}]
NAMED: dict[str, tuple[CodingResult, str]] = {
    "the role of the provider": (told(ROLE, VISIT), "Internal Medicine"),
    "the role that is the provider first": (
        told(ROLE, other(ROLE, specialty=CARDIOLOGY), provider="PractitionerRole/r2"),
        "207RC0000X",
    ),
    "another role of the person": (told(ROLE, other(ROLE, specialty=[]), provider="PractitionerRole/r2"), "Internal Medicine"),
    "somebody else's role": (told(other(ROLE, practitioner={"reference": "Practitioner/x"})), ""),
    "the service of the visit": (told(VISIT), "124"),
    "the visit without a provider": (told(ROLE, VISIT, provider=""), "124"),
    "words only": (told(other(ROLE, specialty=[{"text": MARKER}])), ""),
    "nothing": (coding_result(), ""),
}


@pytest.mark.parametrize(("result", "specialty"), NAMED.values(), ids=NAMED)
def test_the_specialty_is_the_roles_or_the_visits(result: CodingResult, specialty: str) -> None:
    assert specialty_of(result.intake) == specialty

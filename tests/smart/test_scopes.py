"""Scopes in both spellings, what the operations need, and what a grant is bound to."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_coder.errors import Forbidden, InsufficientScope, Unauthenticated
from fhir_coder.exchange import CodingRequest
from fhir_coder.smart.context import Grant, bound, read_grant, require_patient
from fhir_coder.smart.scopes import WRITES, Operation, parse_scopes, require_scopes, withheld_writes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("system/Encounter.read", [("system", "Encounter", "rs")]),
        ("user/Encounter.write", [("user", "Encounter", "cdu")]),
        ("patient/*.*", [("patient", "*", "cdrsu")]),
        ("system/*.read", [("system", "*", "rs")]),
        ("system/Encounter.rs", [("system", "Encounter", "rs")]),
        ("user/Condition.cruds", [("user", "Condition", "cdrsu")]),
        ("user/Condition.r user/Condition.s", [("user", "Condition", "r"), ("user", "Condition", "s")]),
        ("openid fhirUser launch launch/patient offline_access", []),
        ("system/Condition.rs?category=encounter-diagnosis", []),
        ("system/Condition.rs?", []),
        ("system/Condition.sr", []),  # letters out of order may be refused, says SMART
        ("system/Condition.", []),
        ("system/Condition", []),
        ("system/Condition.rx", []),
        ("system/Condition.READ", []),
        ("System/Condition.read", []),
        ("group/Condition.read", []),
        ("system/condition.read", []),
        ("xsystem/Condition.read", []),
        ("system/Condition.read\nsystem/Claim.read", []),
        ("system/Condition.rs?\n", []),
        ("", []),
    ],
)
def test_scopes_are_read(text: str, expected: list[tuple[str, str, str]]) -> None:
    assert [(one.level, one.type, "".join(sorted(one.letters))) for one in parse_scopes(text)] == expected


@pytest.mark.parametrize(
    ("operation", "text", "is_enough"),
    [
        (Operation.CODE_ENCOUNTER, "system/Encounter.r system/DocumentReference.rs", True),
        (Operation.CODE_ENCOUNTER, "user/Encounter.read user/DocumentReference.read", True),
        (Operation.CODE_ENCOUNTER, "system/*.read", True),
        (Operation.CODE_ENCOUNTER, "system/Encounter.r user/DocumentReference.r system/DocumentReference.s", True),
        (Operation.CODE_ENCOUNTER, "system/Encounter.r system/DocumentReference.r", False),
        (Operation.CODE_ENCOUNTER, "system/Encounter.s system/DocumentReference.rs", False),
        (Operation.CODE_ENCOUNTER, "system/DocumentReference.rs", False),
        (Operation.CODE_ENCOUNTER, "system/Encounter.write system/DocumentReference.write", False),
        (Operation.CODE_ENCOUNTER, "system/Encounter.r system/DocumentReference.rs?category=clinical-note", False),
        (Operation.CODE_ENCOUNTER, "system/Claim.r", False),
        (Operation.CHECK_CODING, "system/Claim.r", True),
        (Operation.CHECK_CODING, "user/Condition.read", True),
        (Operation.CHECK_CODING, "system/Claim.s", False),
        (Operation.CHECK_CODING, "system/Encounter.r system/DocumentReference.rs", False),
    ],
)
def test_what_an_operation_needs(operation: Operation, text: str, is_enough: bool) -> None:
    if is_enough:
        require_scopes(parse_scopes(text), operation)
        return
    with pytest.raises(InsufficientScope) as caught:
        require_scopes(parse_scopes(text), operation)
    assert 'error="insufficient_scope", scope="system/' in caught.value.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("system/*.*", set()),
        ("system/*.write", set()),
        ("system/Condition.cu system/Claim.cu system/Task.cu system/Provenance.c", set()),
        ("system/Condition.c system/Claim.write system/Task.cruds system/Provenance.write", {("Condition", "update")}),
        ("system/*.read", {(kind, interaction) for kind, _, interaction in WRITES}),
    ],
)
def test_what_write_back_must_leave(text: str, left: set[tuple[str, str]]) -> None:
    assert withheld_writes(parse_scopes(text)) == left


@pytest.mark.parametrize(
    ("claims", "count", "patient"),
    [
        ({"scope": "patient/Encounter.r"}, 0, ""),
        ({"scope": "patient/Encounter.r", "patient": "p1"}, 1, "p1"),
        ({"scope": "user/Encounter.r", "patient": "p1"}, 1, "p1"),
        ({"scope": ["user/Encounter.r", 7]}, 1, ""),
        ({"scope": 7}, 0, ""),
        ({}, 0, ""),
    ],
)
def test_scopes_of_a_patient_count_only_with_the_patient(claims: dict[str, Any], count: int, patient: str) -> None:
    grant = read_grant(claims)
    assert (len(grant.scopes), grant.patient) == (count, patient)


@pytest.mark.parametrize("name", ["patient", "encounter"])
@pytest.mark.parametrize("value", [7, "", "Patient/p1", "a b", ["p1"], True, "p1\n"])
def test_a_context_that_is_no_id_makes_the_token_invalid(name: str, value: Any) -> None:
    with pytest.raises(Unauthenticated):
        read_grant({name: value})


@pytest.mark.parametrize("coding", [CodingRequest("t", "e2"), CodingRequest("t", encounter={"id": "e2"}), CodingRequest("t", encounter={})])
def test_a_token_of_one_encounter_opens_no_other(coding: CodingRequest) -> None:
    with pytest.raises(Forbidden):
        bound(coding, Grant((), encounter="e1"))


def test_a_request_is_bound_to_what_the_token_allows() -> None:
    limits = bound(CodingRequest("t", "e1"), Grant(parse_scopes("user/Binary.r user/*.c user/*.u"), "p1", "e1")).limits
    assert (limits.patient, limits.may_fetch_attachments, limits.withheld) == ("p1", True, frozenset())
    assert bound(CodingRequest("t", "e1"), Grant(())).limits.may_fetch_attachments is False


@pytest.mark.parametrize("patient", ["p2", ""])
def test_what_is_not_certainly_of_the_patient_is_refused(patient: str) -> None:
    require_patient(Grant(()), patient)
    with pytest.raises(Forbidden):
        require_patient(Grant((), "p1"), patient)

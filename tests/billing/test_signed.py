"""The value that is signed: written down and read back, named by its version, refused where no claim can hold it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from fhir_coder.billing.signed import BilledPatient, Diagnosis, ServiceLine, SignedEncounter, read, written
from fhir_coder.errors import InvalidContent
from tests.billing.signing import FAMILY, SIGNED, version


@pytest.mark.parametrize(
    "signed",
    [SIGNED, version(3, is_void=True, diagnoses=(), lines=()), replace(SIGNED, patient=BilledPatient("Patient/1", "7"), lines=())],
    ids=["whole", "void", "bare"],
)
def test_it_comes_back_as_it_was(signed: SignedEncounter) -> None:
    assert read(written(signed)) == signed


def test_its_control_number_is_of_the_version_and_of_nothing_else() -> None:
    same = replace(SIGNED, diagnoses=(Diagnosis("R05.1"),), lines=(), signed_by="Practitioner/other")
    others = [version(2), replace(SIGNED, review="r2"), replace(SIGNED, tenant="south")]
    assert same.control_number == SIGNED.control_number
    assert len({one.control_number for one in (SIGNED, *others)}) == 4
    assert len(SIGNED.control_number) == 20 and SIGNED.control_number.isalnum()


REFUSED: dict[str, dict[str, Any]] = {
    "version 0": {"version": 0},
    "no zone": {"signed_at": datetime(2026, 5, 2)},
    "no diagnosis": {"diagnoses": (), "lines": ()},
    "thirteen diagnoses": {"diagnoses": tuple(Diagnosis(f"R{n}") for n in range(10, 23))},
    "five pointers": {
        "diagnoses": tuple(Diagnosis(f"R{n}") for n in range(10, 20)),
        "lines": (ServiceLine("9", pointers=(1, 2, 3, 4, 5)),),
    },
    "a pointer to nothing": {"lines": (ServiceLine("9", pointers=(4,)),)},
    "a pointer from 0": {"lines": (ServiceLine("9", pointers=(0,)),)},
}


@pytest.mark.parametrize("members", REFUSED.values(), ids=REFUSED.keys())
def test_what_no_claim_holds_is_refused(members: dict[str, Any]) -> None:
    with pytest.raises(InvalidContent):
        replace(SIGNED, **members)


def test_names_do_not_stand_in_its_representation() -> None:
    assert FAMILY not in repr(SIGNED)

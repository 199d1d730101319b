"""The CSV: a row for each diagnosis, read back by a parser of RFC 4180, and nothing in it that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from fhir_coder.billing.csv_file import COLUMNS, csv_file
from fhir_coder.billing.signed import BilledPatient, Correction, Diagnosis, Frequency, SignedEncounter
from fhir_coder.spreadsheet import defused
from tests.billing.signing import SIGNED, version


def rows(signed: SignedEncounter, correction: Correction | None = None) -> list[dict[str, str]]:
    text = csv_file(signed, correction).decode()
    assert text.endswith("\r\n") and text.splitlines()[0] == ",".join(COLUMNS)
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_each_diagnosis_has_a_row_in_claim_order() -> None:
    found = rows(SIGNED)
    assert [(one["position"], one["code"], one["service_lines"]) for one in found] == [
        ("1", "E11.22", "1 2"),
        ("2", "N18.31", "1"),
        ("3", "I10", ""),
    ]
    expected = {
        "control_number": SIGNED.control_number,
        "frequency": "1",
        "replaces": "",
        "encounter": "Encounter/e1",
        "patient_id": "MRN-77",
        "birth_date": "1980-06-02",
        "service_date": "2026-05-01",
        "provider_id": "1234567893",
        "provider_is_npi": "true",
        "release": "2026-04-01",
        "procedures": "99214-25-GT G0108",
        "signed_by": "Practitioner/coder",
        "signed_at": "2026-05-02T08:30:00+00:00",
    }
    assert all(one[name] == value for one in found for name, value in expected.items())


@pytest.mark.parametrize(("frequency", "is_void"), [(Frequency.REPLACEMENT, False), (Frequency.VOID, True)])
def test_a_version_says_what_it_does_to_the_earlier_one(frequency: Frequency, is_void: bool) -> None:
    found = rows(version(2, is_void=is_void), Correction(frequency, SIGNED.control_number))
    assert {(one["frequency"], one["replaces"], one["version"]) for one in found} == {(frequency.value, SIGNED.control_number, "2")}


def test_a_void_without_diagnoses_has_one_row() -> None:
    signed = version(2, is_void=True, diagnoses=(), lines=())
    (row,) = rows(signed, Correction(Frequency.VOID, SIGNED.control_number))
    assert (row["code"], row["position"], row["frequency"]) == ("", "", "8")


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"])
def test_a_formula_is_text(cell: str) -> None:
    assert defused(cell) == f"'{cell}"
    (row, *_) = rows(replace(SIGNED, patient=BilledPatient("Patient/1", cell, family=cell), signed_by=cell))
    assert row["patient_id"] == row["patient_family"] == row["signed_by"] == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "MRN-7", "1234", "O'Hara", 'say "a", b', "two\r\nlines", "Łukasiewicz"])
def test_other_text_comes_back_as_it_was(cell: str) -> None:
    assert defused(cell) == cell
    (row, *_) = rows(replace(SIGNED, patient=BilledPatient("Patient/1", "7", family=cell), diagnoses=(Diagnosis("I10", cell),), lines=()))
    assert row["patient_family"] == row["description"] == cell

"""The standing of codes: mapped, said to be unmapped, and what age and sex change."""

from __future__ import annotations

from datetime import date

import pytest

from fhir_coder.risk.categories import Mapped
from fhir_coder.risk.report import RiskAssessor
from terminology.codebook import Codebook

MAPPED, UNMAPPED, NOT_FOR_PATIENT = Mapped.MAPPED, Mapped.UNMAPPED, Mapped.NOT_FOR_PATIENT


@pytest.mark.parametrize(
    ("code", "age", "gender", "status", "numbers"),
    [
        ("E11.22", 70, "female", MAPPED, ["37"]),
        ("e1122", 70, "female", MAPPED, ["37"]),
        ("I10", 70, "female", UNMAPPED, []),
        ("XYZ", 70, "female", UNMAPPED, []),
        ("K50.012", 70, "", MAPPED, ["78", "80"]),
        ("C50.911", 49, "female", MAPPED, ["22"]),
        ("C50.911", 50, "female", MAPPED, ["23"]),
        ("C50.911", None, "female", MAPPED, ["23"]),
        ("D66", 70, "female", MAPPED, ["112"]),
        ("D66", 70, "male", MAPPED, ["111"]),
        ("J44.9", 12, "male", NOT_FOR_PATIENT, []),
        ("E11.2", 70, "male", MAPPED, ["37"]),  # a header: whichever code below it is meant
        ("N18.3", 70, "male", UNMAPPED, []),  # 3a and 3b lie in different categories
    ],
)
def test_the_standing_of_a_code(
    assessor: RiskAssessor, codebook: Codebook, code: str, age: int | None, gender: str, status: Mapped, numbers: list[str]
) -> None:
    (placed,) = assessor.assess_codes([code], codebook, date(2026, 5, 1), age, gender).codes
    assert (placed.code, placed.standing.status) == (code, status)
    assert [one.number for one in placed.standing.categories] == numbers


def test_a_category_tells_which_of_the_others_trump_it(assessor: RiskAssessor, codebook: Codebook) -> None:
    report = assessor.assess_codes(["E11.9", "E11.22", "J44.9"], codebook, None, None, "")
    assert [one.standing.categories[0].trumped_by for one in report.codes] == [("37",), (), ()]


def test_a_code_that_a_later_edition_added_is_mapped_from_its_payment_year_on(assessor: RiskAssessor, codebook: Codebook) -> None:
    found = [assessor.assess_codes(["G35.A"], codebook, date(year, 11, 1), 70, "").codes[0].standing.status for year in (2024, 2025)]
    assert found == [UNMAPPED, MAPPED]

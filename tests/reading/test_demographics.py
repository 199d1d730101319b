"""Age, sex and body mass index as notes state them."""

from __future__ import annotations

import pytest

from fhir_coder.reading.body_mass import body_mass_code, find_body_mass
from fhir_coder.reading.demographics import stated_age, stated_sex


@pytest.mark.parametrize(
    ("text", "age", "sex"),
    [
        ("58 y/o man here for blood pressure check. Father had a stroke at 60.", 58, "male"),
        ("27F rolled her ankle", 27, "female"),
        ("A 64-year-old right-handed woman", 64, "female"),
        ("15 mo well child, girl", 1, ""),
        ("4-month-old boy with rash", 0, "male"),
        ("Mr. Hart has gout", None, "male"),
        ("Gout of the foot. Temp 99F 3 days ago", None, ""),
        ("follow up visit", None, ""),
        ("gout / kidney / BP (3 mo)\n65 M", 65, "male"),
        ("6 mo check. 65M", 65, "male"),
    ],
)
def test_stated(text: str, age: int | None, sex: str) -> None:
    assert (stated_age(text), stated_sex(text)) == (age, sex)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Obesity, BMI 33.2", ["Z68.33"]),
        ("BMI of 42", ["Z68.41"]),
        ("Body mass index is 19.4 kg/m2", ["Z68.1"]),
        ("BMI: 27", ["Z68.27"]),
        ("BMI 85th percentile", ["Z68.53"]),
        ("BMI 15.6, 1st percentile, 77% median BMI", ["Z68.1", "Z68.51"]),
        ("BMI 18.2 kg/m2 (75 %, Z= 0.67)", ["Z68.1", "Z68.52"]),
        ("BMI 32.6, 98th %ile (114% of the 95th)", ["Z68.32", "Z68.54"]),
        ("BMI 36 = 125% of the 95th percentile", ["Z68.36", "Z68.55"]),
        ("BMI 41.7 = 148% of 95th %ile", ["Z68.41", "Z68.56"]),
        ("BMI 21, BP 75th percentile", ["Z68.21"]),
        ("BMI 95%", []),
    ],
)
def test_body_mass(text: str, codes: list[str]) -> None:
    assert [code for term in find_body_mass(text) for code in term.codes] == codes


@pytest.mark.parametrize(("units", "code"), [(44, "Z68.41"), (45, "Z68.42"), (55, "Z68.43"), (65, "Z68.44"), (71, "Z68.45")])
def test_bands_of_high_values(units: int, code: str) -> None:
    assert body_mass_code(units) == code

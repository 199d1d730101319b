"""Finer codes: an unspecified code gives way to the one that the words of the problem single out, and to no other."""

from __future__ import annotations

import pytest

from fhir_coder.coding.finer import finer
from terminology.codebook import Codebook


@pytest.mark.parametrize(
    ("code", "texts", "note", "side", "expected"),
    [
        ("J45.40", ("moderate persistent asthma", "in acute exacerbation today"), "", None, "J45.41"),
        ("J45.40", ("moderate persistent asthma", "no exacerbation this year"), "", None, "J45.40"),
        ("J45.40", ("moderate persistent asthma", "prior exacerbation in May"), "", None, "J45.40"),
        ("J45.909", ("asthma", "having a flare"), "", None, "J45.901"),
        ("F17.200", ("tobacco dependence",), "SH: 1 ppd for 20 years", None, "F17.210"),
        ("F17.200", ("tobacco dependence, cigs",), "smokes cigs", None, "F17.210"),
        ("F17.200", ("tobacco dependence",), "never cigarettes", None, "F17.200"),
        ("F17.200", ("tobacco dependence",), "", None, "F17.200"),
        ("C50.912", ("breast cancer", "left breast, UOQ"), "", "left", "C50.412"),
        ("L03.90", ("cellulitis", "of the leg"), "", "left", "L03.116"),
        ("L03.90", ("cellulitis", "of the shin"), "", "right", "L03.115"),
        ("E11.9", ("type 2 diabetes", "told to look out for hypoglycemia"), "", None, "E11.9"),
        ("I10", ("hypertension", "with heart failure"), "", None, "I10"),
        ("M05.9", ("seropositive rheumatoid arthritis", "multiple joints"), "", None, "M05.79"),
    ],
)
def test_finer(codebook: Codebook, code: str, texts: tuple[str, ...], note: str, side: str | None, expected: str) -> None:
    assert finer(codebook, code, texts, note, lambda title: side) == expected


def test_two_that_add_as_much_leave_the_unspecified_code(codebook: Codebook) -> None:
    assert finer(codebook, "C50.912", ("left breast, upper-outer and lower-outer",), "", lambda title: "left") == "C50.912"


def test_whatever_is_told_the_code_stays_in_its_category_and_billable(codebook: Codebook) -> None:
    words = "acute chronic recurrent bilateral severe exacerbation bleeding cigarettes lower leg"
    for stem in codebook.stems()[::97]:
        if codebook.is_billable(stem.code):
            found = finer(codebook, stem.code, (words,), words, lambda title: "left")
            assert found[:3] == stem.code[:3] and codebook.is_billable(found)

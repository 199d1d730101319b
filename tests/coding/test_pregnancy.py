"""Conditions of a pregnant patient: which code of chapter 15 each calls for, whether its own stands beside, and when the weeks do."""

from __future__ import annotations

import pytest

from fhir_coder.coding.pregnancy import complication_of, complications, in_pregnancy
from fhir_coder.coding.ranked_code import RankedCode
from fhir_coder.coding.support import Pillar
from fhir_coder.model import Assertion, Candidate, Mention, SectionKind
from terminology.codebook import Codebook


def test_every_complication_is_billable(codebook: Codebook) -> None:
    assert [row.becomes for row in complications() if not codebook.is_billable(row.becomes)] == []


@pytest.mark.parametrize(
    ("code", "becomes", "is_kept"),
    [
        ("E03.9", "O99.280", True),
        ("E11.9", "O24.119", True),
        ("E66.9", "O99.210", True),
        ("F17.210", "O99.330", True),
        ("F11.20", "O99.320", True),
        ("F41.1", "O99.340", True),
        ("N30.00", "O23.10", False),
        ("S30.1XXA", "O9A.219", True),
    ],
)
def test_what_chapter_15_makes_of_it(code: str, becomes: str, is_kept: bool) -> None:
    row = complication_of(code)
    assert row is not None
    assert (row.becomes, row.is_kept) == (becomes, is_kept)


@pytest.mark.parametrize("code", ["Z34.81", "O24.410", "R10.9", "Z23"])
def test_what_it_leaves_alone(code: str) -> None:
    assert complication_of(code) is None


def told(code: str, source: str = "lexicon:test") -> RankedCode:
    mention = Mention("n", 0, 9, "", SectionKind.HISTORY_OF_PRESENT_ILLNESS, 0, 9, (code,), (source,))
    return RankedCode(code, (Pillar(Assertion(mention), Candidate(0, code, 1.0, source=source), None),), {}, 0.3)


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (["Z34.83"], {"Z34.83": "", "Z3A.32": "I.C.21.c.11"}),
        (["Z33.1", "S93.402A"], {"Z33.1": "", "O9A.219": "I.C.15.a.1", "S93.402A": "", "Z3A.32": "I.C.21.c.11"}),
        (["Z33.1"], {"Z33.1": "", "Z3A.32": "I.C.21.c.11"}),
        (["E03.9"], {"E03.9": "", "O99.280": "I.C.15.a.1", "Z3A.32": "I.C.21.c.11"}),
        (["N30.00"], {"O23.10": "I.C.15.a.1", "Z3A.32": "I.C.21.c.11"}),
        (["O24.410", "Z3A.32"], {"O24.410": "", "Z3A.32": ""}),
        (["Z23"], {"Z23": ""}),
        (["E03.9", "Z39.2"], {"E03.9": "", "Z39.2": ""}),
    ],
)
def test_the_weeks_go_with_what_is_coded_of_the_pregnancy(codebook: Codebook, chosen: list[str], expected: dict[str, str]) -> None:
    ranked = [told("Z3A.32", "measure:gestation"), told("E66.9")]
    found = in_pregnancy([told(code) for code in chosen], ranked, codebook)
    assert {one.code: one.rule for one in found} == expected

"""What our own knowledge names: every table and module is looked at, and a new release shows what it breaks."""

from __future__ import annotations

from pathlib import Path

import pytest

from fhir_coder.named_codes import CODE_COLUMNS, NamedCode, broken_codes, named_codes
from terminology.codebook import Codebook
from terminology.loading.change_lists import AddedCode, Changes
from terminology.loading.overlay import apply_changes
from terminology.notation import CODE
from terminology.tabular import TabularList, parse_tabular

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def tabular() -> TabularList:
    from terminology import embedded

    return parse_tabular(embedded.read_embedded())


@pytest.fixture(scope="module")
def named() -> tuple[NamedCode, ...]:
    return tuple(named_codes())


@pytest.mark.parametrize(
    ("place", "code", "is_reported"),
    [
        ("fhir_coder/always_review.tsv", "T36", False),
        ("fhir_coder/edits/age_limits.tsv", "Z68.1", False),
        ("fhir_coder/edits/only_first_listed.tsv", "Z52.9", False),
        ("fhir_coder/combinations.tsv", "I13.0", True),
        ("fhir_coder/combinations.tsv", "N18.4", False),
        ("fhir_coder/coding/companions.tsv", "E08", False),
        ("fhir_coder/coding/history_codes.tsv", "Z85.01", True),
        ("fhir_coder/coding/side_exceptions.tsv", "M17.0", True),
        ("fhir_coder/reading/body_mass.py", "Z68.45", True),
        ("terminology/lexicon/terms/cardiology.tsv", "I42.0", True),
    ],
)
def test_codes_of_every_kind_are_found_with_their_line(named: tuple[NamedCode, ...], place: str, code: str, is_reported: bool) -> None:
    found = [one for one in named if one.place.split(":")[0] == place and one.code == code]
    assert found
    for one in found:
        assert one.is_reported is is_reported
        line = (ROOT / place).read_text(encoding="utf-8").splitlines()[int(one.place.split(":")[1]) - 1]
        assert code in line


def test_no_column_with_codes_is_overlooked() -> None:
    for table in [*(ROOT / "fhir_coder").rglob("*.tsv")]:
        rows = [line.split("\t") for line in table.read_text(encoding="utf-8").splitlines() if line.strip() and not line.startswith("#")]
        padded = [row + [""] * (len(rows[0]) - len(row)) for row in rows[1:]]
        for column, cells in zip(rows[0], zip(*padded, strict=True), strict=False):
            filled = [cell for cell in cells if cell]
            codes = sum(bool(CODE.match(cell)) for cell in filled)
            assert column in CODE_COLUMNS | {"source"} or codes <= len(filled) / 2, f"{table.name}: {column}"


def test_what_a_release_breaks_is_named_with_its_consequence(tabular: TabularList, codebook: Codebook) -> None:
    added = {
        "I42.00": AddedCode("Dilated cardiomyopathy, unspecified", True),
        "I42.81": AddedCode("Arrhythmogenic cardiomyopathy", True),
        "I42.89": AddedCode("Other cardiomyopathies not elsewhere classified", True),
        "Z68.18": AddedCode("Body mass index [BMI] 18.4 or less, adult", True),
        "Z68.19": AddedCode("Body mass index [BMI] 18.5-19.9, adult", True),
    }
    headers = frozenset({"I42.0", "I42.8", "Z68.1"})
    after = Codebook(apply_changes(tabular, Changes(added, frozenset({"Z52.9"}), headers)))
    broken = {(one.named.code, one.fault, one.detail) for one in broken_codes(codebook, after)}
    assert ("I42.0", "header", "completed by rule: I42.00") in broken
    assert ("I42.8", "header", "cannot be completed by rule: I42.81, I42.89") in broken
    assert ("Z68.1", "header", "completed by the measured value: Z68.18, Z68.19") in broken
    assert ("Z52.9", "deleted", "is not in the later release") in broken
    assert list(broken_codes(codebook, codebook)) == []

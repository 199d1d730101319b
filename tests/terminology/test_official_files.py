"""The loader's proof: official tabular lists expand to exactly the codes that were published."""

from __future__ import annotations

import unicodedata
from datetime import date
from pathlib import Path

import pytest

from terminology.codebook import Codebook
from terminology.installation import release_from_xml

DAY = date(2020, 10, 1)


def open_file(folder: Path, name: str) -> Codebook:
    path = folder / "terminology" / name
    if not path.is_file():
        pytest.skip(f"{name} is not here")
    return release_from_xml(path.read_bytes(), name, DAY, DAY).codebook


def plain(title: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFKD", title) if not unicodedata.combining(letter))


def test_the_2021_list_gives_every_row_of_the_2021_order_file(shared: Path) -> None:
    book = open_file(shared, "FY2021/icd10cm_tabular_2021.xml")
    rows = (shared / "terminology/FY2021/icd10cm-order-Jan-2021.txt").read_text(encoding="utf-8", errors="replace").splitlines()
    official = {row[6:13].strip(): (row[14] == "1", row[77:].strip()) for row in rows}
    ours = {code.replace(".", ""): (book.is_billable(code), book.title(code)) for code in book.codes()}
    assert len(official) == 95_358
    assert ours.keys() == official.keys()
    assert {code for code in ours if ours[code][0] != official[code][0]} == set()
    retitled = {code for code in ours if ours[code][1] != official[code][1]}
    assert len(retitled) <= 134
    assert {code for code in retitled if plain(ours[code][1]) != plain(official[code][1])} == set()


def test_the_april_2025_list_gives_the_published_counts(shared: Path) -> None:
    book = open_file(shared, "FY2025/icd10cm-tabular-April-2025.xml")
    assert (len(book), book.billable_count) == (97_584, 74_260)


def test_the_embedded_release_gives_the_published_counts(codebook: Codebook) -> None:
    assert (len(codebook), codebook.billable_count) == (98_186, 74_719)
    assert len(list(codebook.codes())) == 98_186
    assert sum(1 for _ in codebook.billable_codes()) == 74_719

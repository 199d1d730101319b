"""The lexicon in releases it was not written for: no code outside the release, none that cannot be completed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from official_files import BODY, tabular

from fhir_coder.commands.terminology import _print_left_out
from terminology.codebook import Codebook
from terminology.installation import release_from_xml
from terminology.lexicon import LexiconEntry, check_against
from terminology.lexicon.carry_over import carry_over, left_out
from terminology.lexicon.loader import Lexicon
from terminology.tabular import parse_tabular

BOOK = Codebook(parse_tabular(tabular(body=BODY).encode()))


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (("I10",), ("I10",)),
        (("I42.0",), ("I42.0",)),
        (("I42.00",), ("I42.0",)),  # not yet subdivided
        (("I42.011",), ("I42.0",)),
        (("I42",), ("I42",)),  # completed by its unspecified child
        (("I42.1",), None),  # its header had other children already
        (("S23.41",), ("S23.41",)),
        (("S23.411",), ("S23.41",)),
        (("S23.4",), None),  # no rule chooses among its children
        (("Z99.9",), None),
        (("I10", "I42.00"), ("I10", "I42.0")),
        (("I10", "Z99.9"), None),
        (("I42.00", "I42.01"), ("I42.0",)),
    ],
)
def test_an_entry_keeps_the_meaning_it_can_have(codes: tuple[str, ...], expected: tuple[str, ...] | None) -> None:
    carried = carry_over([LexiconEntry("x:y", "y", codes)], BOOK)
    assert [one.codes for one in carried] == ([expected] if expected else [])


def test_what_is_left_out_is_named_with_its_reason_and_never_offered() -> None:
    entries = [
        LexiconEntry(f"x:{phrase}", phrase, codes) for phrase, codes in [("a", ("I10", "Z99.9")), ("b", ("S23.4",)), ("c", ("I10",))]
    ]
    assert [(code, reason, [one.phrase for one in named]) for code, reason, named in left_out(entries, BOOK)] == [
        ("S23.4", "became a header that no rule completes", ["b"]),
        ("Z99.9", "is not in the release", ["a"]),
    ]
    assert [one.phrase for one in carry_over(entries, BOOK)] == ["c"]


def test_loading_a_release_names_the_phrases_it_no_longer_offers(capsys: pytest.CaptureFixture[str]) -> None:
    release = release_from_xml(tabular(body=BODY).encode(), "later", date(2027, 1, 1), date(2027, 12, 31))
    _print_left_out(release)
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("  not offered: E11.9 is not in the release (") and "endocrinology.tsv:" in line for line in lines)
    assert not any(" I10 " in line for line in lines)


def test_nothing_changes_in_the_release_the_lexicon_is_written_for(codebook: Codebook, lexicon: Lexicon) -> None:
    entries = lexicon.entries
    assert carry_over(entries, codebook) == entries


def test_an_old_release_carries_most_of_it(shared: Path, lexicon: Lexicon) -> None:
    path = shared / "terminology/FY2021/icd10cm_tabular_2021.xml"
    if not path.is_file():
        pytest.skip("the list of FY2021 is not here")
    book = release_from_xml(path.read_bytes(), "2021", date(2021, 1, 1), date(2021, 9, 30)).codebook
    carried = carry_over(lexicon.entries, book)
    assert check_against(Lexicon(carried, "0"), book) == []
    assert len(carried) > 0.9 * len(lexicon.entries)

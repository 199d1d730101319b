"""What loaded releases know of a code that another does not have: deleted, not yet effective, divided, and what replaced it."""

from __future__ import annotations

from datetime import date

import pytest

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.run import check_codes
from terminology.codebook import Codebook
from terminology.history import NO_HISTORY, CodeHistory, Standing, successors
from terminology.release import Catalogue, Release
from terminology.tabular import parse_tabular

_SEVENTH = '<sevenChrDef><extension char="A">initial</extension><extension char="D">later</extension></sevenChrDef>'


def _diag(code: str, title: str, inside: str = "") -> str:
    return f"<diag><name>{code}</name><desc>{title}</desc>{inside}</diag>"


def _book(*diags: str) -> Codebook:
    return Codebook(
        parse_tabular(
            "<ICD10CM.tabular><version>2026</version><chapter><name>19</name><desc>X (S00-T88)</desc>"
            '<sectionIndex><sectionRef first="S30" last="T78" id="S30-T78">X</sectionRef></sectionIndex>'
            f'<section id="S30-T78"><desc>X</desc>{"".join(diags)}</section></chapter></ICD10CM.tabular>'.encode()
        )
    )


OLD = _book(
    _diag("S30", "Wall", _diag("S30.1", "Bruise of wall") + _SEVENTH),
    _diag("S50", "Food", _diag("S50.1", "Milk") + _diag("S50.9", "Food")),
    _diag("S60", "Heart"),
    _diag("S70", "Gone whole"),
)
NEW = _book(
    _diag("S30", "Wall", _diag("S30.1", "Wall", _diag("S30.11", "Bruise of wall") + _diag("S30.12", "Bruise of groin")) + _SEVENTH),
    _diag("S50", "Food", _diag("S50.2", "Milk, baked") + _diag("S50.3", "Milk, raw") + _diag("S50.9", "Food")),
    _diag("S60", "Heart", _diag("S60.0", "Heart, left") + _diag("S60.1", "Heart, right")),
)


def _release(start: date, end: date, book: Codebook) -> Release:
    return Release(start.isoformat(), "test", start, end, start.isoformat(), book)


FIRST = _release(date(2024, 10, 1), date(2025, 9, 30), OLD)
SECOND = _release(date(2025, 10, 1), date(2026, 9, 30), NEW)
HISTORY = CodeHistory(Catalogue([FIRST, SECOND]))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("S30.1XXA", ("S30.11XA",)),  # the title went to one of the new codes, with the same seventh character
        ("S50.1", ("S50.2", "S50.3")),  # no title says which: all that are new beside it
        ("S70", ()),  # nothing is left above it
        ("nothing", ()),
    ],
)
def test_what_took_the_place_of_a_deleted_code(code: str, expected: tuple[str, ...]) -> None:
    assert successors(code, OLD, NEW) == expected


def test_a_deleted_code_was_valid_until_the_last_day_of_its_release() -> None:
    assert HISTORY.standing("S50.1", SECOND) == Standing(date(2025, 9, 30), None, ("S50.2", "S50.3"))


def test_a_correction_within_the_year_ends_a_code_the_day_before_it() -> None:
    spring = _release(date(2025, 4, 1), date(2025, 9, 30), NEW)
    assert CodeHistory(Catalogue([FIRST, spring])).standing("S50.1", spring).valid_to == date(2025, 3, 31)


def test_a_code_of_a_later_release_is_not_yet_effective() -> None:
    assert HISTORY.standing("S50.2", FIRST) == Standing(None, date(2025, 10, 1))


def test_a_code_of_no_release_is_unknown() -> None:
    assert HISTORY.standing("S50.77", SECOND) == NO_HISTORY.standing("S50.1", SECOND) == Standing()


def test_a_code_that_was_divided_was_billable_until() -> None:
    assert HISTORY.billable_until("S60", SECOND) == date(2025, 9, 30)
    assert HISTORY.billable_until("S50", SECOND) is None


@pytest.mark.parametrize(
    ("code", "release", "said"),
    [
        ("S30.1XXA", SECOND, "was deleted: valid for dates of service until 2025-09-30. Replaced by S30.11XA."),
        ("S50.2", FIRST, "is not yet effective: valid for dates of service from 2025-10-01. Consider S50.1, S50.9."),
        ("S70", SECOND, "was deleted: valid for dates of service until 2025-09-30."),
        ("S50.77", SECOND, "is not a code of ICD-10-CM release 2025-10-01. Consider S50.2, S50.3, S50.9."),
        ("S60", SECOND, "is a heading and not billable after 2025-09-30. Consider S60.0, S60.1."),
        ("S50", SECOND, "is a heading and not billable. Consider S50.2, S50.3, S50.9."),
    ],
)
def test_the_edits_tell_which_it_is(code: str, release: Release, said: str) -> None:
    findings, _ = check_codes(EditCase((code,), None, "", None, release, "covered", history=HISTORY), {})
    details = [one.detail for one in findings if one.edit in {"FCE-101", "FCE-102"}]
    assert details == [f"{code} {said}"]

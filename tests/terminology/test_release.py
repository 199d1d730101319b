"""Releases: chosen by date of service, compiled whole or not at all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terminology.installation import install_release, open_catalogue
from terminology.release import Catalogue, Release
from terminology.tabular import TabularError
from terminology.verification import verify

TINY = b"""<ICD10CM.tabular><version>2030</version><chapter><name>9</name><desc>Circulatory</desc><section id="I10-I16"><desc>Hypertensive</desc>
<diag><name>I10</name><desc>Essential  (primary)
 hypertension</desc><excludes1/></diag></section></chapter></ICD10CM.tabular>"""


@pytest.mark.parametrize(
    ("day", "status"),
    [
        (date(2026, 4, 1), "covered"),
        (date(2026, 9, 30), "covered"),
        (date(2026, 3, 31), "earlier"),
        (date(2026, 10, 1), "later"),
        (None, "undated"),
    ],
)
def test_the_embedded_release_by_date_of_service(catalogue: Catalogue, day: date | None, status: str) -> None:
    choice = Catalogue([catalogue.get("2026-04-01")]).for_date(day)
    assert (choice.release.id, choice.status) == ("2026-04-01", status)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2020, 12, 31), ("2021-01-01", "earlier")),
        (date(2021, 1, 1), ("2021-01-01", "covered")),
        (date(2021, 9, 30), ("2021-01-01", "covered")),
        (date(2021, 10, 1), ("2021-01-01", "gap")),
        (date(2024, 9, 30), ("2021-01-01", "gap")),
        (date(2024, 10, 1), ("2024-10-01", "covered")),
        (date(2025, 3, 31), ("2024-10-01", "covered")),
        (date(2025, 4, 1), ("2025-04-01", "covered")),
        (date(2025, 9, 30), ("2025-04-01", "covered")),
        (date(2025, 10, 1), ("2025-04-01", "gap")),
        (date(2026, 9, 30), ("2026-04-01", "covered")),
        (date(2026, 10, 1), ("2026-10-01", "covered")),
        (date(2027, 9, 30), ("2026-10-01", "covered")),
        (date(2027, 10, 1), ("2026-10-01", "later")),
        (None, ("2026-10-01", "undated")),
    ],
)
def test_each_side_of_every_boundary(release: Release, day: date | None, expected: tuple[str, str]) -> None:
    choice = Catalogue(many(release)).for_date(day)
    assert (choice.release.id, choice.status) == expected


def many(release: Release) -> list[Release]:
    bounds = [("2021-01-01", "2021-09-30"), ("2024-10-01", "2025-09-30"), ("2025-04-01", "2025-09-30"), ("2026-04-01", "2026-09-30")]
    bounds.append(("2026-10-01", "2027-09-30"))
    return [
        replace(release, id=first, effective_from=date.fromisoformat(first), effective_to=date.fromisoformat(last))
        for first, last in bounds
    ]


def test_an_update_cuts_the_dates_that_the_annual_edition_serves(release: Release) -> None:
    catalogue = Catalogue(many(release))
    assert catalogue.spans(catalogue.get("2024-10-01")) == ((date(2024, 10, 1), date(2025, 3, 31)),)
    assert catalogue.spans(catalogue.get("2025-04-01")) == ((date(2025, 4, 1), date(2025, 9, 30)),)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bounds=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 40)), min_size=1, max_size=6, unique_by=lambda one: one[0]))
def test_the_spans_are_the_days_on_which_a_release_is_chosen(release: Release, bounds: list[tuple[int, int]]) -> None:
    start = date(2026, 1, 1)
    releases = [
        replace(release, id=str(first), effective_from=start + timedelta(first), effective_to=start + timedelta(first + length))
        for first, length in bounds
    ]
    catalogue = Catalogue(releases)
    for day in (start + timedelta(n) for n in range(110)):
        choice = catalogue.for_date(day)
        serving = [one.id for one in releases if any(first <= day <= last for first, last in catalogue.spans(one))]
        assert serving == ([choice.release.id] if choice.status == "covered" else [])


def test_the_embedded_release_verifies(release: Release) -> None:
    assert verify(release) == []


def test_a_release_is_installed_once_by_many(tmp_path: Path) -> None:
    def install(_: int) -> Path:
        return install_release(tmp_path, TINY, "tiny", date(2030, 1, 1), date(2030, 12, 31))

    with ThreadPoolExecutor(4) as pool:
        homes = set(pool.map(install, range(8)))
    assert homes == {tmp_path / "2030-01-01"}
    assert [path.name for path in tmp_path.iterdir()] == ["2030-01-01"]


def test_an_installed_release_opens_beside_the_embedded_one(tmp_path: Path) -> None:
    install_release(tmp_path / "releases", TINY, "tiny", date(2030, 1, 1), date(2030, 12, 31))
    opened = open_catalogue(tmp_path)
    assert [one.id for one in opened.releases] == ["2026-04-01", "2030-01-01"]
    assert opened.newest.codebook.title("I10") == "Essential (primary) hypertension"


def test_a_half_written_release_is_made_again(tmp_path: Path) -> None:
    home = tmp_path / "releases" / "2026-04-01"
    home.mkdir(parents=True)
    (home / "manifest.json").write_text('{"format": 1', encoding="utf-8")
    assert len(open_catalogue(tmp_path).newest.codebook) == 98_186


def test_a_damaged_release_is_named(tmp_path: Path) -> None:
    home = install_release(tmp_path / "releases", TINY, "tiny", date(2030, 1, 1), date(2030, 12, 31))
    next(home.glob("tabular-*.json.gz")).write_bytes(b"damaged")
    with pytest.raises(ValueError, match="2030-01-01 is damaged: run `fhir-coder terminology remove 2030-01-01`"):
        open_catalogue(tmp_path)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not xml",
        b"<other/>",
        b"<ICD10CM.tabular/>",
        b'<!DOCTYPE x [<!ENTITY a "b">]>' + TINY,
        ('<!DOCTYPE x [<!ENTITY a "b">]>' + TINY.decode()).encode("utf-16"),
        TINY.replace(b"<name>9</name>", b""),
        TINY.replace(b"<name>I10</name>", b"<name>hypertension</name>"),
    ],
    ids=["empty", "text", "other", "no-chapters", "doctype", "doctype-utf16", "no-number", "no-code"],
)
def test_a_file_that_is_no_tabular_list_changes_nothing(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(TabularError):
        install_release(tmp_path, data, "bad", date(2030, 1, 1), date(2030, 12, 31))
    assert list(tmp_path.iterdir()) == []

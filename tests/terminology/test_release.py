"""Releases: chosen by date of service, compiled whole or not at all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest

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


def test_a_date_between_two_releases_is_later_than_the_first(release: Release) -> None:
    newer = Release("2027-10-01", "next", date(2027, 10, 1), date(2028, 3, 31), "0", release.codebook)
    choice = Catalogue([newer, release]).for_date(date(2027, 1, 1))
    assert (choice.release.id, choice.status) == (release.id, "later")


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
    (home / "tabular.json.gz").write_bytes(b"damaged")
    with pytest.raises(ValueError, match="2030-01-01 is damaged"):
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

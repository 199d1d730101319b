"""Lists of changes on top of a release: read in every shape, applied at the right place, proved against themselves."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from official_files import tabular

from terminology.codebook import Codebook
from terminology.loading.archive import SourceFile, read_sources
from terminology.loading.change_lists import AddedCode, Changes, read_changes
from terminology.loading.failure import LoadError
from terminology.loading.load import Loader
from terminology.loading.overlay import CAVEAT, apply_changes
from terminology.loading.preparation import LoadRequest
from terminology.release import Release
from terminology.tabular import TabularList, parse_tabular

BASE = parse_tabular(tabular().encode())


def changed(base: TabularList = BASE, **changes: object) -> Codebook:
    return Codebook(apply_changes(base, Changes(**changes)))  # type: ignore[arg-type]


def added(*codes: tuple[str, str, bool | None]) -> dict[str, AddedCode]:
    return {code: AddedCode(title, flag) for code, title, flag in codes}


NEW_CARDIOMYOPATHY = added(
    ("I42.00", "Dilated cardiomyopathy, unspecified", True), ("I42.01", "Familial-genetic dilated cardiomyopathy", True)
)


def test_a_billable_code_becomes_a_header_above_new_codes() -> None:
    book = changed(added=NEW_CARDIOMYOPATHY, headers=frozenset({"I42.0"}))
    assert book.is_header("I42.0")
    assert book.children("I42.0") == ("I42.00", "I42.01")
    assert book.title("I42.01") == "Familial-genetic dilated cardiomyopathy"
    assert [note[1] for note in book.own_notes("I42.0")] == ["Congestive cardiomyopathy"]


def test_a_new_code_takes_the_seventh_characters_of_the_codes_above_it() -> None:
    variants = added(
        ("S23.43", "Sprain of xiphoid", False),
        ("S23.43XA", "Sprain of xiphoid, initial encounter", True),
        ("S23.43XD", "Sprain of xiphoid, subsequent encounter", True),
        ("S23.43XS", "Sprain of xiphoid, sequela", True),
    )
    book = changed(added=variants)
    assert dict(book.seventh_characters("S23.43")) == {"A": "initial encounter", "D": "subsequent encounter", "S": "sequela"}
    assert book.children("S23.4")[-1] == "S23.43"
    assert changed(added=added(("S23.43", "Sprain of xiphoid", False))).billable_under("S23.43") == ("S23.43XA", "S23.43XD", "S23.43XS")


def test_the_seventh_characters_that_the_list_spells_out_are_the_only_ones() -> None:
    one = added(("S23.43", "Sprain of xiphoid", False), ("S23.43XA", "Sprain of xiphoid, initial encounter", True))
    assert changed(added=one).billable_under("S23.43") == ("S23.43XA",)
    other = added(("I11", "Hypertensive heart disease", False), ("I11.XXX1", "Hypertensive heart disease, fetus 1", True))
    assert dict(changed(added=other).seventh_characters("I11")) == {"1": "fetus 1"}


def test_a_seven_character_code_of_its_own_is_a_child() -> None:
    book = changed(
        added=added(("I42.0X1", "Dilated cardiomyopathy, one", False), ("I42.0X11", "Quite another thing", True)),
        headers=frozenset({"I42.0"}),
    )
    assert book.children("I42.0X1") == ("I42.0X11",)


def test_new_categories_find_their_section() -> None:
    book = changed(added=added(("I1A", "Other hypertension", True), ("I43", "Cardiomyopathy elsewhere", True), ("I6A", "After all", True)))
    assert [book.section(code).id for code in ("I1A", "I43", "I6A")] == ["I10-I1A", "I30-I5A", "I30-I5A"]
    assert list(book.printed_codes())[:2] == ["I10", "I1A"]


def test_deleted_codes_go_with_their_variants() -> None:
    book = changed(deleted=frozenset({"S23.420", "S23.420A", "S23.420D", "S23.420S"}))
    assert "S23.420A" not in book
    assert book.children("S23.42") == ("S23.421",)
    assert "S23.420D" not in changed(deleted=frozenset({"S23.420"}))
    alone = changed(deleted=frozenset({"S23.420S"}))
    assert (alone.is_billable("S23.420A"), "S23.420S" in alone, "S23.421S" in alone) == (True, False, True)


def test_a_new_title_reaches_the_full_codes() -> None:
    book = changed(retitled={"S23.421": "Sprain of costal cartilage", "S23.421A": "Sprain of costal cartilage, initial encounter"})
    assert book.title("S23.421A") == "Sprain of costal cartilage, initial encounter"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"added": added(("I10", "x", True))}, "I10 is to be added, but the release below has it"),
        ({"added": added(("I42.0", "x", None))}, "I42.0 is to be added"),
        ({"added": added(("K99.1", "x", True))}, "neither the release nor the list has its category K99"),
        ({"added": added(("Z99", "x", True))}, "no section has a place for it"),
        ({"added": NEW_CARDIOMYOPATHY | added(("I42.02", "x", False))}, r"1 codes not billable as the list says \(I42.02\)"),
        ({"added": added(("S23.43", "x", True))}, "not billable as the list says"),
        ({"deleted": frozenset({"I99"})}, "I99 is to be deleted, but the release below has no such code"),
        ({"deleted": frozenset({"S23.41XB"})}, "no such code"),
        ({"deleted": frozenset({"S23.42"})}, "S23.42 is to be deleted, but not S23.420, S23.421 below it"),
        ({"deleted": frozenset({"S23.420", "S23.421"})}, r"3 codes there without being listed as added \(S23.42XA, S23.42XD, S23.42XS\)"),
        ({"deleted": frozenset({"I42.0", "I42.9"})}, r"headers that would become billable \(I42\)"),
        ({"headers": frozenset({"I42.0"})}, r"1 codes listed as headers and yet billable or unknown \(I42.0\)"),
        ({"retitled": {"I99": "x"}}, "I99 is to be retitled"),
        ({"retitled": {"S23.421A": "something else"}}, "not titled as the list says"),
        ({"added": added(("S23.421X", "x", True))}, r"3 codes lost without being listed as deleted \(S23.421A, S23.421D, S23.421S\)"),
    ],
)
def test_lists_that_do_not_fit_are_refused(changes: dict, message: str) -> None:
    with pytest.raises(LoadError, match=message):
        changed(**changes)


LISTS = {
    "comma": ("added.csv", "code,codeDotted,billable,longTitle\nI4200,I42.00,true,\"Dilated cardiomyopathy, unspecified\"\n"),
    "semicolon": ("New_Codes.csv", "Valid;Code;Description\n1;I42.00;Dilated cardiomyopathy, unspecified\n"),
    "tab": ("codes-added.txt", "I4200\t1\tDilated cardiomyopathy, unspecified\n"),
    "bar": ("added.txt", "ICD-10-CM Code|Short Title|Long Title|Billable\nI4200|DCM|Dilated cardiomyopathy, unspecified|Y\n"),
    "addenda": ("addenda_2030.txt", "Add:       I4200    1 Dilated cardiomyopathy, unspecified\nNo change: I10  1 x\n"),
    "order addenda": (
        "icd10cm_order_addenda_2030.txt",
        f"Add:         00123 I4200   1 {'Dilated cardiomyopathy unsp':<60} Dilated cardiomyopathy, unspecified\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("name", "text"), LISTS.values(), ids=LISTS.keys())
def test_lists_are_read_in_every_shape(name: str, text: str) -> None:
    changes = read_changes([SourceFile(name, b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())])
    assert dict(changes.added) == {"I42.00": AddedCode("Dilated cardiomyopathy, unspecified", True)}


def test_lists_without_titles_may_be_written_anyhow() -> None:
    sources = [
        SourceFile("deleted.txt", b"S23420\nS23.420A\n\n"),
        SourceFile("billable-to-header.txt", b"code\nI420\n"),
        SourceFile("revised.csv", "code;oldTitle;newLongTitle\nI42.9;Kardiomyopathie;Cardiomyopathy n\xe4her\n".encode("cp1252")),
        SourceFile("addenda.txt", b"Delete: I429 1 Cardiomyopathy\nRevise from: I10 1 Old\nRevise to: I10 0 Hypertension\n"),
        SourceFile("readme.txt", b"nothing of interest"),
    ]
    changes = read_changes(sources)
    assert changes.deleted == {"S23.420", "S23.420A", "I42.9"}
    assert changes.headers == {"I42.0", "I10"}
    assert dict(changes.retitled) == {"I42.9": "Cardiomyopathy näher", "I10": "Hypertension"}
    assert [source.name for source, _ in changes.sources] == ["deleted.txt", "billable-to-header.txt", "revised.csv", "addenda.txt"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("deleted.txt", "S23420\nhypertension\n", "deleted.txt: line 2 names no"),
        ("added.csv", "I42.00,1\n", "line 1 gives I42.00 no title"),
    ],
)
def test_a_broken_list_is_named_with_its_line(name: str, text: str, message: str) -> None:
    with pytest.raises(LoadError, match=message):
        read_changes([SourceFile(name, text.encode())])


# ---------------------------------------------------------------------------------------------------------------- loaded as a release


def loader(data: Path) -> Loader:
    return Loader(data, lambda release: None, lambda stage, done, total: None)


def folder_with(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


CHANGES = {"added.csv": 'I42.00,true,"Dilated cardiomyopathy, unspecified"\n', "headers.txt": "I42.0\n"}


def test_the_base_is_the_newest_before_or_the_one_that_is_named(tmp_path: Path) -> None:
    loading = loader(tmp_path / "data")
    loading.load(LoadRequest(folder_with(tmp_path / "whole", {"a.xml": tabular()})))
    changes = folder_with(tmp_path / "changes", CHANGES)
    overlay = loading.load(LoadRequest(changes, date(2030, 10, 1)))
    assert (overlay.release.title, overlay.release.caveat) == ("ICD-10-CM FY2031, codes only", CAVEAT)
    assert overlay.release.effective_to == date(2031, 9, 30)
    assert any("applied to ICD-10-CM FY2030 (2029-10-01)" in remark for remark in overlay.remarks)
    named = loading.load(LoadRequest(changes, date(2030, 4, 1), base="2029-10-01"))
    assert named.release.sha256 == overlay.release.sha256
    for request, message in (
        (LoadRequest(changes), "--from"),
        (LoadRequest(changes, date(2030, 10, 1), base="2001-01-01"), "no release 2001-01-01 is loaded"),
        (LoadRequest(changes, date(2029, 10, 1), base="2029-10-01"), "does not begin before"),
        (LoadRequest(changes, date(2020, 10, 1)), "no loaded release begins before"),
        (LoadRequest(changes, date(2030, 10, 1), date(2030, 9, 1)), "before it begins"),
    ):
        with pytest.raises(LoadError, match=message):
            loading.load(request)


def test_the_changes_of_fy2027_on_april_2026(shared: Path, release: Release) -> None:
    folder = shared / "terminology" / "FY2027"
    if not folder.is_dir():
        pytest.skip("the changes of FY2027 are not here")
    changes = read_changes(read_sources(folder))
    assert (len(changes.added), len(changes.deleted), len(changes.headers), len(changes.retitled)) == (238, 21, 15, 4)
    from terminology import embedded

    book = Codebook(apply_changes(parse_tabular(embedded.read_embedded()), changes))
    assert (len(book), book.billable_count) == (98_186 + 238 - 21, 74_719 + 190 - 15 - 15)
    assert all(book.is_header(code) and release.codebook.is_billable(code) for code in ("D69.1", "I42.0", "I49.8", "M72.2"))
    assert dict(book.seventh_characters("O31.40"))["9"] == "other fetus"
    assert [book.section(code).id for code in ("J4B", "K6A", "QA1")] == ["J40-J4A", "K65-K68", "QA0"]

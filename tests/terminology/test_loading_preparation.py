"""From files to a proved release: roles by content, service dates by name, the order file, schemas, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import official_files as made
import pytest
from official_files import Content, order, tabular, zipped

from terminology.codebook import Codebook
from terminology.loading.failure import LoadError
from terminology.loading.preparation import LoadRequest, Preparation, prepare
from terminology.loading.service_dates import infer_effect
from terminology.loading.vocabulary_tools import VocabularyTools
from terminology.vocabulary import IndexedPhrase, Vocabulary


def quiet(stage: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


def write(folder: Path, files: Mapping[str, Content]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def prepared(folder: Path, files: Mapping[str, Content], tools: VocabularyTools | None = None) -> Preparation:
    return prepare(LoadRequest(write(folder, files)), (), quiet, tools=tools)


def compile_fake(tables: Mapping[str, bytes], codebook: Codebook) -> Vocabulary:
    if b"broken" in tables.get("drug", b""):
        raise ValueError("the table is broken")
    return Vocabulary(tuple(IndexedPhrase(name, ("I10",), name, (name,)) for name in sorted(tables)), "5" * 64)


FAKE = VocabularyTools(compile_fake, lambda vocabulary: b"", lambda data: Vocabulary((), ""))


def test_everything_of_one_release_is_recognised_by_content(tmp_path: Path) -> None:
    files = {
        "a.xml": tabular(),
        "b.txt": order(),
        "c.xml": made.DRUGS,
        "d.xml": made.NEOPLASMS,
        "e.xml": made.INDEX,
        "f.xml": made.EXTERNAL,
        "g.xsd": made.SCHEMA,
        "h.xml": "<other/>",
        "i.txt": "A000    Cholera due to Vibrio cholerae 01, biovar cholerae\n",
    }
    found = prepared(tmp_path, {"official.zip": zipped({"inner.zip": zipped(files)})}, FAKE)
    roles = {source.name[-5]: source.role for source in found.prepared.sources}
    assert roles == {
        "a": "tabular list", "b": "order file", "c": "drug table", "d": "neoplasm table", "e": "alphabetic index", "f": "external cause index",
        "g": "schema",
    }  # fmt: skip
    release = found.prepared.release
    assert (release.id, release.effective_to, release.title) == ("2029-10-01", date(2030, 9, 30), "ICD-10-CM FY2030")
    assert (len(release.codebook), release.codebook.billable_count) == (made.CODES, made.BILLABLE)
    assert release.vocabulary is not None
    assert [phrase.table for phrase in release.vocabulary.phrases] == ["drug", "external", "index", "neoplasm"]
    said = "\n".join(found.remarks)
    assert "official.zip/inner.zip/a.xml: tabular list, valid by its schema" in said
    assert "ignored: official.zip/inner.zip/h.xml, official.zip/inner.zip/i.txt" in said
    assert f"the expansion equals the order file: {made.CODES} codes" in said


def test_titles_are_those_of_the_order_file(tmp_path: Path) -> None:
    body = made.BODY.replace("Dilated cardiomyopathy", "Dilated cardiomyopàthy").replace("initial encounter", "initial encoùnter")
    found = prepared(tmp_path, {"a_2030.xml": tabular(body=body), "b.txt": order()})
    assert found.prepared.release.codebook.title("I42.0") == "Dilated cardiomyopathy"
    assert any("1 titles taken from it" in remark for remark in found.remarks)
    assert any("3 titles of full codes differ" in remark and "S23.41XA" in remark for remark in found.remarks)


def test_what_decides_the_content_decides_the_identity(tmp_path: Path) -> None:
    alone = prepared(tmp_path / "1", {"a.xml": tabular()}).prepared.release.sha256
    with_schema = prepared(tmp_path / "2", {"a.xml": tabular(), "b.xsd": made.SCHEMA}).prepared.release.sha256
    with_order = prepared(tmp_path / "3", {"a.xml": tabular(), "b.txt": order()}).prepared.release.sha256
    with_words = prepared(tmp_path / "4", {"a.xml": tabular(), "b.xml": made.DRUGS}, FAKE).prepared.release.sha256
    assert alone == with_schema
    assert len({alone, with_order, with_words}) == 3


def test_one_file_twice_is_one_file(tmp_path: Path) -> None:
    assert prepared(tmp_path, {"a.xml": tabular(), "copy.xml": tabular()}).prepared.sources[0].name == "a.xml"


ROWS = list(made.ORDER)
REFUSED: dict[str, tuple[dict[str, Content], str]] = {
    "nothing": ({"a.txt": "hello"}, "neither an ICD-10-CM tabular list"),
    "tables only": ({"a.xml": made.DRUGS}, "neither an ICD-10-CM tabular list"),
    "two editions": ({"a.xml": tabular(), "b.xml": tabular("2031")}, "two files are the tabular list: a.xml and b.xml"),
    "not well-formed": ({"a.xml": tabular()[:-5]}, r"a.xml: not well-formed XML \(line"),
    "doctype": ({"a.xml": tabular().replace("?>", '?><!DOCTYPE x [<!ENTITY a "b">]>', 1)}, "a.xml: has a DOCTYPE"),
    "external doctype": ({"a.xml": tabular().replace("?>", '?><!DOCTYPE x SYSTEM "file:///etc/passwd">', 1)}, "a.xml: has a DOCTYPE"),
    "entities in a table": ({"a.xml": tabular(), "b.xml": '<!DOCTYPE x [<!ENTITY a "b">]><ICD10CM.index/>'}, "b.xml: has a DOCTYPE"),
    "no chapters": ({"a.xml": tabular(body="")}, "a.xml: the tabular list has no chapters"),
    "no codes": ({"a.xml": tabular(body="<chapter><name>1</name></chapter>")}, "a.xml: has no codes"),
    "no code": ({"a.xml": tabular().replace("<name>I10</name>", "<name>hypertension</name>")}, "no ICD-10-CM code for its name"),
    "a code twice": ({"a.xml": tabular().replace("<name>I42.9</name>", "<name>I42.0</name>")}, r"codes stand twice \(I42.0\)"),
    "a code elsewhere": ({"a.xml": tabular().replace("<name>I42.9</name>", "<name>I43.9</name>")}, "I43.9 does not belong where it stands"),
    "a code on top": ({"a.xml": tabular().replace("<name>I10</name>", "<name>I10.1</name>")}, "I10.1 does not belong"),
    "order lacks": ({"a.xml": tabular(), "b.txt": order(ROWS[1:])}, r"release: 1 codes are only in the tabular list \(I10\)"),
    "order has more": ({"a.xml": tabular(), "b.txt": order([*ROWS, ("I11", 0, "x y")])}, r"1 codes are only in the order file \(I11\)"),
    "order flags": ({"a.xml": tabular(), "b.txt": order([("I10", 0, "x y"), *ROWS[1:]])}, r"1 codes are billable in one and headers in the other \(I10\)"),
    "order row": ({"a.xml": tabular(), "b.txt": order() + "what is this\n"}, f"b.txt: line {made.CODES + 1} is no row"),
    "order twice": ({"a.xml": tabular(), "b.txt": order([*ROWS, ROWS[0]])}, "names I10 again"),
    "order of another year": ({"tabular_2030.xml": tabular(), "order_2029.txt": order()}, "order_2029.txt: is of 2029, the tabular list of 2030"),
    "invalid by schema": ({"a.xml": tabular("soon"), "b.xsd": made.SCHEMA}, "a.xml: not valid by b.xsd"),
    "schema that fetches": (
        {"a.xml": tabular(), "b.xsd": made.SCHEMA.replace("<xsd:element", '<xsd:include schemaLocation="http://192.0.2.1/x.xsd"/><xsd:element', 1)},
        "b.xsd: imports other schemas",
    ),
    "schema that is none": ({"a.xml": tabular(), "b.xsd": made.SCHEMA.replace("xsd:gYear", "xsd:nothing")}, "b.xsd: not an XML schema"),
    "no year": ({"a.xml": tabular("")}, "do not tell which year .* --from"),
    "two updates": ({"tabular-April.xml": tabular(), "order-Jan.txt": order()}, "more than one update .April, January.; .* --from"),
    "broken table": ({"a.xml": tabular(), "b.xml": made.DRUGS.replace("Aspirin", "broken")}, "index tables cannot be read: the table is broken"),
}  # fmt: skip


@pytest.mark.parametrize(("files", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_trusted_is_refused_in_one_sentence(tmp_path: Path, files: dict[str, Content], message: str) -> None:
    with pytest.raises(LoadError, match=message) as refused:
        prepared(tmp_path, files, FAKE)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("version", "names", "first", "title"),
    [
        ("2027", ["icd10cm_tabular_2027.xml"], date(2026, 10, 1), "ICD-10-CM FY2027"),
        ("2027", ["icd10cm-tabular_-2027.xml"], date(2026, 10, 1), "ICD-10-CM FY2027"),
        ("2025", ["icd10cm-tabular-April-2025.xml", "icd-10-cm-eindex-2025.xml"], date(2025, 4, 1), "ICD-10-CM FY2025, April 2025 update"),
        ("2026", ["icd10c-tabular-April-1-2026.xml"], date(2026, 4, 1), "ICD-10-CM FY2026, April 2026 update"),
        ("2021", ["icd10cm_tabular_2021.xml", "icd10cm-order-Jan-2021.txt"], date(2021, 1, 1), "ICD-10-CM FY2021, January 2021 update"),
        ("2026", ["april-1-2026-code-tables.zip/icd10cm_tabular_2026.xml"], date(2026, 4, 1), "ICD-10-CM FY2026, April 2026 update"),
        ("2027", ["october-1-2026.xml", "icd10cm_order_2027.txt"], date(2026, 10, 1), "ICD-10-CM FY2027"),
        ("", ["icd10cm_tabular_2024.xml"], date(2023, 10, 1), "ICD-10-CM FY2024"),
        ("2026", ["aprilia_2026.xml"], date(2025, 10, 1), "ICD-10-CM FY2026"),
    ],
)
def test_service_dates_are_read_from_version_and_names(version: str, names: list[str], first: date, title: str) -> None:
    effect = infer_effect(version, names, None, None)
    assert (effect.first, effect.title) == (first, title)
    assert (effect.last.month, effect.last.day) == (9, 30)


def test_given_dates_count_and_must_be_in_order() -> None:
    effect = infer_effect("2026", ["a-April.xml", "b-Jan.txt"], date(2026, 2, 15), date(2026, 3, 1))
    assert (effect.first, effect.last, effect.title) == (date(2026, 2, 15), date(2026, 3, 1), "ICD-10-CM FY2026, from 2026-02-15")
    with pytest.raises(LoadError, match="before it begins"):
        infer_effect("2026", [], date(2026, 2, 15), date(2026, 2, 14))


def test_an_index_without_its_title_is_told_by_its_codes(tmp_path: Path) -> None:
    untitled = made.EXTERNAL.replace("<title>EXTERNAL CAUSE of INJURIES INDEX</title>", "")
    found = prepared(tmp_path, {"a.xml": tabular(), "b.xml": untitled})
    assert [source.role for source in found.prepared.sources] == ["tabular list", "external cause index"]


# ------------------------------------------------------------------------------------------------------------------ official files


@pytest.mark.parametrize(
    ("folder", "release_id", "counts", "roles"),
    [
        ("FY2021", "2021-01-01", (95_358, 72_621), {"tabular list", "order file"}),
        pytest.param(
            "FY2025",
            "2025-04-01",
            (97_584, 74_260),
            {"tabular list", "alphabetic index", "external cause index", "neoplasm table", "drug table", "schema"},
            marks=pytest.mark.soak,
        ),
    ],
)
def test_official_files_are_recognised_and_proved(
    shared: Path, folder: str, release_id: str, counts: tuple[int, int], roles: set[str]
) -> None:
    path = shared / "terminology" / folder
    if not path.is_dir():
        pytest.skip(f"{folder} is not here")
    found = prepare(LoadRequest(path), (), quiet).prepared
    assert found.release.id == release_id
    assert (len(found.release.codebook), found.release.codebook.billable_count) == counts
    assert {source.role for source in found.sources} == roles

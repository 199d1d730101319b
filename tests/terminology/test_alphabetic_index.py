"""The official index tables are read as they are printed: modifiers, references, pairs, dashes, columns; hostile files get one error."""

from __future__ import annotations

import pytest

from terminology.vocabulary.alphabetic_index import IndexTerm, parse_alphabetic_index
from terminology.vocabulary.drug_neoplasm_tables import Behavior, Intent, parse_code_table
from terminology.vocabulary.index_xml import IndexTableError


def index_of(terms: str) -> bytes:
    return f"<ICD10CM.index><version>2029</version><letter><title>A</title>{terms}</letter></ICD10CM.index>".encode()


@pytest.mark.parametrize(
    ("xml", "expected"),
    [
        (
            "<mainTerm><title>Zoster<nemod>(left) (old (healed))</nemod> NEC</title><code>B02.9</code></mainTerm>",
            IndexTerm("Zoster NEC", ("left", "old (healed)"), code="B02.9"),
        ),
        (
            "<mainTerm><title>Amyloid\n heart<nemod>(disease)</nemod></title><code> E85.4</code><manif>I43</manif></mainTerm>",
            IndexTerm("Amyloid heart", ("disease",), code="E85.4", manifestation="I43"),
        ),
        (
            "<mainTerm><title>cystic <nemod>(bile) duct (common)</nemod></title></mainTerm>",
            IndexTerm("cystic duct", ("bile", "common")),
        ),
        ("<mainTerm><title>Ulcer<nemod>(s)</nemod></title></mainTerm>", IndexTerm("Ulcer")),
        (
            "<mainTerm><title>Agony</title><see> Pain,  acute </see></mainTerm>",
            IndexTerm("Agony", see="Pain, acute"),
        ),
        (
            "<mainTerm><title>Ache</title><seeAlso>Pain</seeAlso><code>R52.-</code></mainTerm>",
            IndexTerm("Ache", see_also="Pain", code="R52.-"),
        ),
        (
            "<mainTerm><title>Choking</title><seecat>T71</seecat></mainTerm>",
            IndexTerm("Choking", category="T71"),
        ),
        ("<mainTerm><title>Bolt</title><subcat>T75.0</subcat></mainTerm>", IndexTerm("Bolt", subcategory="T75.0")),
        (
            '<mainTerm><title>Labor</title><term level="1"><title>false</title><code>O47.9</code></term></mainTerm>',
            IndexTerm("Labor", terms=(IndexTerm("false", code="O47.9"),)),
        ),
    ],
    ids=["modifiers", "pair", "inside", "plural", "see", "see also", "category", "subcategory", "false"],
)
def test_terms_are_read_as_printed(xml: str, expected: IndexTerm) -> None:
    index = parse_alphabetic_index(index_of(xml))
    assert index.version == "2029"
    assert index.terms == (expected,)


def test_paths_hold_every_term_with_those_above() -> None:
    nested = '<term level="1"><title>b</title><term level="2"><title>c</title></term></term><term level="1"><title>d</title></term>'
    index = parse_alphabetic_index(index_of(f"<mainTerm><title>a</title>{nested}</mainTerm>"))
    assert ["".join(term.title for term in path) for path in index.paths()] == ["a", "ab", "abc", "ad"]


def test_a_table_has_a_place_for_every_column() -> None:
    cells = "".join(f'<cell col="{number}">{text}</cell>' for number, text in ((2, "C34.9-"), (3, "C78.0-"), (4, "-"), (7, "--")))
    table = parse_code_table(index_of(f"<mainTerm><title>lung<nemod>(left)</nemod></title><manif>free text</manif>{cells}</mainTerm>"))
    row = table.rows[0]
    assert (row.title, row.modifiers, row.note) == ("lung", ("left",), "free text")
    assert row.codes[Behavior.PRIMARY] == "C34.9-"
    assert row.codes[Behavior.SECONDARY] == "C78.0-"
    assert row.codes[Intent.ASSAULT] == row.codes[Intent.UNDERDOSING] == ""


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not well-formed"),
        (b"<ICD10CM.index><letter>", "not well-formed"),
        (b"<ICD10CM.tabular/>", "not an ICD-10-CM index"),
        (b"<ICD10CM.index/>", "no main terms"),
        (b'<ICD10CM.index isAddenda="true"/>', "addenda"),
        (b'<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/passwd">]><ICD10CM.index>&e;</ICD10CM.index>', "DOCTYPE"),
        (b"<!DOCTYPE ICD10CM.index><ICD10CM.index/>", "DOCTYPE"),
        (index_of("<mainTerm><code>I10</code></mainTerm>"), "no title"),
        (index_of("<mainTerm><title> </title></mainTerm>"), "empty title"),
        (index_of(f"<mainTerm><title>{'word ' * 900}</title></mainTerm>"), "too long a title"),
        (index_of(f"<mainTerm><title>a</title>{'<term><title>b</title>' * 400}{'</term>' * 400}</mainTerm>"), "not well-formed"),
    ],
    ids=["empty", "cut", "tabular", "bare", "addenda", "entity", "doctype", "untitled", "blank", "long", "deep"],
)
def test_other_files_get_one_clear_error(data: bytes, message: str) -> None:
    for parse in (parse_alphabetic_index, parse_code_table):
        with pytest.raises(IndexTableError, match=message):
            parse(data)


@pytest.mark.parametrize("column", ["1", "8", "", "x", "-2", "9" * 5000], ids=["title", "beyond", "none", "letter", "negative", "huge"])
def test_a_cell_in_no_column_is_an_error(column: str) -> None:
    with pytest.raises(IndexTableError, match="no column"):
        parse_code_table(index_of(f'<mainTerm><title>a</title><cell col="{column}">C34</cell></mainTerm>'))

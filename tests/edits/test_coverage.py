"""What the coverage of a release counts as enforced, as naming no code and as not read; and that the embedded release is read whole."""

from __future__ import annotations

import json

import pytest

from fhir_coder.cli import main
from fhir_coder.edits.coverage import ENFORCED_BY, KindCoverage, note_coverage
from fhir_coder.edits.registry import all_edits
from fhir_coder.edits.run import check_codes
from terminology.codebook import Codebook, NoteKind
from terminology.tabular import parse_tabular

pytestmark = pytest.mark.usefixtures("loaded_once")

TABULAR = b"""<?xml version="1.0"?><ICD10CM.tabular><version>2026</version><chapter><name>1</name><desc>One (A00-B99)</desc>
<useAdditionalCode><note>code to identify drug resistance (Z16.-)</note></useAdditionalCode>
<sectionIndex><sectionRef first="A00" last="A01" id="A00-A01">Some</sectionRef></sectionIndex>
<section id="A00-A01"><desc>Some (A00-A01)</desc>
<excludes1><note>local infections - see body system-related chapters</note></excludes1>
<diag><name>A00</name><desc>Cholera</desc>
<includes><note>vibrio</note></includes>
<excludes1><note>carrier (Z22.-)</note><note>acidosis - see categories E08-E10 with acidosis</note></excludes1>
<excludes2><note>typhoid (A01.0)</note></excludes2>
<codeFirst><note>underlying disease, such as:</note><note>gout (M10.-)</note><note>another disease</note></codeFirst>
<codeAlso><note>any of these:</note><note>wound</note></codeAlso>
</diag><diag><name>A01</name><desc>Typhoid</desc></diag></section></chapter></ICD10CM.tabular>"""


@pytest.fixture(scope="module")
def counted() -> dict[NoteKind, KindCoverage]:
    return {one.kind: one for one in note_coverage(Codebook(parse_tabular(TABULAR)))}


def test_lines_that_name_codes_are_enforced_and_the_others_listed(counted: dict[NoteKind, KindCoverage]) -> None:
    excludes = counted[NoteKind.EXCLUDES1]
    assert (excludes.lines, excludes.enforced) == (3, 1)
    assert [(one.owner, one.text.split()[0]) for one in excludes.without_code] == [("A00-A01", "local")]
    assert [(one.owner, one.text.split()[0]) for one in excludes.unread] == [("A00", "acidosis")]


def test_notes_of_a_chapter_count_once(counted: dict[NoteKind, KindCoverage]) -> None:
    assert (counted[NoteKind.USE_ADDITIONAL].lines, counted[NoteKind.USE_ADDITIONAL].enforced) == (1, 1)


def test_words_that_open_a_list_are_enforced_with_a_line_of_it(counted: dict[NoteKind, KindCoverage]) -> None:
    first = counted[NoteKind.CODE_FIRST]
    assert (first.lines, first.enforced, [one.text for one in first.without_code]) == (3, 2, ["another disease"])
    also = counted[NoteKind.CODE_ALSO]
    assert (also.enforced, [one.text for one in also.without_code]) == (0, ["any of these:", "wound"])


def test_kinds_that_ask_for_nothing_are_counted_and_not_listed(counted: dict[NoteKind, KindCoverage]) -> None:
    for kind in (NoteKind.EXCLUDES2, NoteKind.INCLUDES):
        assert (counted[kind].lines, counted[kind].enforced, counted[kind].edits) == (1, 0, ())
        assert counted[kind].without_code == counted[kind].unread == ()


def test_every_edit_named_goes_by_its_kind_of_note(build_case) -> None:
    examples = {
        NoteKind.EXCLUDES1: ["E10.9", "E11.9"],
        NoteKind.CODE_FIRST: ["N18.30", "E11.22"],
        NoteKind.USE_ADDITIONAL: ["E11.22"],
        NoteKind.CODE_ALSO: ["J44.9"],
        NoteKind.SEVENTH_NOTE: ["S52.501"],
    }
    assert set(examples) == set(ENFORCED_BY)
    for kind, codes in examples.items():
        edits = [edit for edit in all_edits() if edit.id in ENFORCED_BY[kind]]
        assert len(edits) == len(ENFORCED_BY[kind])
        assert check_codes(build_case({"codes": codes}), {}, edits)[0], kind


def test_hardly_a_code_of_the_embedded_release_is_left_unread(codebook: Codebook) -> None:
    unread = [line for one in note_coverage(codebook) for line in one.unread]
    assert [line.owner for line in unread] == ["E87.2"]  # "see categories E08-E10 ... with ketoacidosis"


def test_the_command_counts_and_lists(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["edits", "coverage", "--release", "2026-04-01", "--list"]) == 0
    out = capsys.readouterr().out
    assert "excludes1" in out
    assert "E87.2  diabetic acidosis" in out
    assert main(["edits", "coverage", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {one["kind"]: one["enforced"] for one in told["notes"]}["excludes1"] > 5000
    assert main(["edits", "coverage", "--release", "1999-01-01"]) == 2

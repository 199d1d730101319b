"""Every document of the zoo reads as its neighbour file says, or is refused for the reason that the manifest gives."""

from __future__ import annotations

import pytest
from invariants import check_note
from zoo_manifest import FOLDER, Exhibit, exhibits

from fhir_coder.note import Note
from fhir_coder.notes.formats import Unreadable, read_note
from fhir_coder.reading.sections import cut_note

EXHIBITS = exhibits()


@pytest.mark.parametrize("exhibit", EXHIBITS, ids=lambda exhibit: exhibit.name)
def test_document(exhibit: Exhibit) -> None:
    if exhibit.outcome != "text":
        with pytest.raises(Unreadable) as refused:
            read_note(exhibit.data, exhibit.content_type)
        assert (refused.value.reason, refused.value.detail) == (exhibit.outcome, exhibit.said)
        return
    note = read_note(exhibit.data, exhibit.content_type)
    assert note.text == exhibit.text
    assert tuple(hint.title for hint in note.hints if hint.title) == exhibit.hints
    assert " / ".join(note.warnings) == exhibit.said
    check_note(note)


def test_the_manifest_is_complete() -> None:
    files = {path.name for path in FOLDER.iterdir()} - {"manifest.tsv"}
    expected = {exhibit.name for exhibit in EXHIBITS} | {f"{exhibit.name}.expected" for exhibit in EXHIBITS if exhibit.outcome == "text"}
    assert files == expected
    assert len(EXHIBITS) >= 60


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("rtf-word.rtf", ["assessment-and-plan"]),
        ("rtf-sections.rtf", ["chief-complaint", "physical-exam", "assessment", "plan"]),
        ("rtf-textedit.rtf", ["assessment", "plan"]),
        ("rtf-epic.rtf", ["problem-list", "assessment-and-plan"]),
        ("pdf-one-column.pdf", ["body", "history-of-present-illness", "assessment-and-plan"]),
        ("pdf-two-columns.pdf", ["body", "history-of-present-illness", "assessment", "plan"]),
        ("pdf-rotated.pdf", ["assessment", "plan"]),
        ("html-pre.html", ["history-of-present-illness", "assessment"]),
        ("xhtml-fhir-div.xhtml", ["assessment"]),
        ("cda-progress-note.xml", ["history-of-present-illness", "vitals", "assessment-and-plan", "problem-list"]),
    ],
)
def test_sections_are_found_in_what_was_read(name: str, kinds: list[str]) -> None:
    exhibit = next(one for one in EXHIBITS if one.name == name)
    note = read_note(exhibit.data, exhibit.content_type)
    assert [section.kind.value for section in cut_note(Note("n", note.text, hints=note.hints))] == kinds

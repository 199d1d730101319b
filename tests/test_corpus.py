"""The notes of ``corpus/`` can be trusted as data: whole lines, unique notes, billable codes, and a guideline and words of the note for each.

Failures name the note and the code, never the text of a note.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from terminology.codebook import Codebook

CORPUS = Path(__file__).resolve().parents[1] / "corpus"
FILES = sorted(CORPUS.glob("outpatient_*.jsonl"))
FIELDS = ["id", "style", "specialty", "text", "codes", "reference", "left"]
# A reason begins with a paragraph of the Official Guidelines ("IV.J", "I.C.4.a and I.A.15") or with the entry of the tabular list whose note
# it follows ("N40.1 instruction", "tabular F02 code first", "Excludes1 at Z00").
GUIDELINE = r"(?:I\.[ABC]\.\d{1,2}(?:\.[a-z])?(?:\.\d{1,2})?(?:\.[a-z])?(?:\.\d)?|II\.[A-K]|III\.[A-C]|IV\.[A-Q])"
ENTRY = r"(?:tabular |Excludes1 at )?(?P<entry>[A-Z]\d[0-9A-Z](?:\.[0-9A-Z]{1,4})?)"
REASON = re.compile(rf"(?:{GUIDELINE}|{ENTRY})(?:[ /][^:]+)?: \S")


def read_notes(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


NOTES = {path.name: read_notes(path) for path in FILES}
ALL = [note for notes in NOTES.values() for note in notes]


def named(note: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Reference codes and traps of a note, each with a name for failures."""
    return [(f"{note['id']} {one['code']}", one) for one in note["reference"] + note["left"]]


NAMED = [(name, one, note["text"]) for note in ALL for name, one in named(note)]


def plain(text: str) -> str:
    """A note without case, punctuation and line breaks: two that differ in no more are the same note."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def test_there_are_training_and_held_out_notes_enough() -> None:
    assert len(ALL) >= 250
    assert {"train" in name for name in NOTES} == {True, False}
    assert all(name.startswith(("outpatient_train", "outpatient_held_out")) for name in NOTES)


def test_the_table_of_the_readme_counts_the_notes() -> None:
    told = re.findall(r"^\| `(outpatient_\w+\.jsonl)` \| (\d+) \|", (CORPUS / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert {name: int(count) for name, count in told} == {name: len(notes) for name, notes in NOTES.items()}


@pytest.mark.parametrize("name", NOTES)
def test_every_line_has_the_fields(name: str) -> None:
    assert [note.get("id") for note in NOTES[name] if list(note) != FIELDS] == []
    assert [note["id"] for note in NOTES[name] if not all(note[field] for field in FIELDS[:-1])] == []
    kinds = [(name, sorted(one)) for name, one, _ in NAMED]
    assert [name for name, keys in kinds if keys != ["code", "evidence", "reason"]] == []


def test_ids_are_unique_over_all_files() -> None:
    assert [name for name, count in Counter(note["id"] for note in ALL).items() if count > 1] == []


def test_no_note_stands_twice() -> None:
    texts: dict[str, list[str]] = {}
    for note in ALL:
        texts.setdefault(plain(note["text"]), []).append(note["id"])
    assert [names for names in texts.values() if len(names) > 1] == []


def test_no_long_sentence_is_shared_between_training_and_held_out() -> None:
    """A held-out note that repeats a training note in part would be known beforehand."""

    def sentences(kind: str) -> set[str]:
        found = {
            plain(part) for name, notes in NOTES.items() if kind in name for note in notes for part in re.split(r"[.\n]", note["text"])
        }
        return {sentence for sentence in found if len(sentence.split()) >= 12}

    assert len(sentences("train") & sentences("held_out")) == 0


def test_codes_are_the_reference_in_order_and_once() -> None:
    assert [note["id"] for note in ALL if note["codes"] != [one["code"] for one in note["reference"]]] == []
    assert [note["id"] for note in ALL if len(set(note["codes"])) != len(note["codes"])] == []


def test_codes_and_traps_are_billable_as_written(codebook: Codebook) -> None:
    wrong = [name for name, one, _ in NAMED if not codebook.is_billable(one["code"]) or codebook.normalize(one["code"]) != one["code"]]
    assert wrong == []


def test_a_trap_is_not_a_code_of_the_note() -> None:
    assert [note["id"] for note in ALL if {one["code"] for one in note["left"]} & set(note["codes"])] == []


def test_evidence_is_words_inside_the_note() -> None:
    def is_bad(span: list[int], text: str) -> bool:
        return len(span) != 2 or not 0 <= span[0] < span[1] <= len(text) or not text[span[0] : span[1]].strip()

    assert [name for name, one, text in NAMED if not one["evidence"] or any(is_bad(span, text) for span in one["evidence"])] == []
    assert [name for name, one, _ in NAMED if any(left >= right for left, right in combinations(map(tuple, one["evidence"]), 2))] == []


def test_every_reason_begins_with_a_guideline_or_a_tabular_note(codebook: Codebook) -> None:
    read = [(name, REASON.match(one["reason"])) for name, one, _ in NAMED]
    assert [name for name, found in read if found is None] == []
    entries = [(name, found["entry"]) for name, found in read if found and found["entry"]]
    assert [name for name, entry in entries if entry not in codebook] == []


@pytest.mark.parametrize(
    "reason", ["chronic condition", "IV: assessed", "IV.J", "IV.J: ", "V.J: assessed", "I.C: assessed", "tabular: symptom"]
)
def test_a_reason_without_its_paragraph_is_found(reason: str) -> None:
    assert REASON.match(reason) is None


def test_the_second_reading_covers_the_held_out_notes_with_billable_codes(codebook: Codebook) -> None:
    second = read_notes(CORPUS / "second_reading.jsonl")
    assert [note["id"] for note in second] == [note["id"] for name, notes in NOTES.items() if "held_out" in name for note in notes]
    assert [note["id"] for note in second if note["codes"] != [one["code"] for one in note["reference"]]] == []
    assert [code for note in second for code in note["codes"] if not codebook.is_billable(code)] == []

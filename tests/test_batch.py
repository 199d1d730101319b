"""Lines of JSON: what is read, and how bad lines are named."""

from __future__ import annotations

from datetime import date

import pytest

from fhir_coder.batch import codes_field, encounter_from, read_lines
from fhir_coder.errors import InvalidContent


def test_lines_are_numbered_and_bad_ones_say_why(tmp_path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(b'{"id":"a","text":"x"}\n\nnot json\n[1]\n\xff\xfe\n' + b"[" * 100_000 + b"\n")
    problems = {line.number: line.problem for line in read_lines(path)}
    assert problems == {1: "", 3: "not JSON", 4: "not a JSON object", 5: "not UTF-8", 6: "not JSON"}


def test_a_line_becomes_an_encounter() -> None:
    row = {
        "id": "v1",
        "text": "HTN.\r\nStable.",
        "birthDate": "1960-05-02",
        "gender": "female",
        "serviceDate": "2026-05-01",
        "noteType": "11506-3",
    }
    encounter = encounter_from(row, 1)
    assert encounter.notes[0].text == "HTN.\nStable."
    assert (encounter.age, encounter.patient.gender, encounter.service_date) == (65, "female", date(2026, 5, 1))


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({}, "text"),
        ({"text": "  "}, "text"),
        ({"text": 7}, "text"),
        ({"text": "x", "birthDate": "02.05.1960"}, "birthDate"),
        ({"text": "x", "serviceDate": 20260501}, "serviceDate"),
        ({"text": "x", "gender": "f"}, "gender"),
        ({"text": "x", "noteType": 1}, "noteType"),
    ],
)
def test_a_wrong_field_is_named(row, field: str) -> None:
    with pytest.raises(InvalidContent, match=field):
        encounter_from(row, 1)


@pytest.mark.parametrize("codes", [None, "I10", [1], {"I10": 1}])
def test_codes_are_a_list_of_strings(codes) -> None:
    with pytest.raises(InvalidContent, match="codes"):
        codes_field({"codes": codes})

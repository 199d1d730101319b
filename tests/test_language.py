"""Telegraphic English is English; other languages are found, whatever the script; a line in another language does not tip a note."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from fhir_coder.language import Language, detect_language

SAMPLES = json.loads((Path(__file__).parent / "language_samples.json").read_text(encoding="utf-8"))
CASES = [(verdict, name, text) for verdict, texts in SAMPLES.items() for name, text in texts.items()]
SHARED = Path(os.environ.get("FHIR_CODER_TEST_SHARED", Path(__file__).resolve().parents[2] / "shared"))


@pytest.mark.parametrize(("verdict", "name", "text"), CASES, ids=[name for _, name, _ in CASES])
def test_verdict(verdict: str, name: str, text: str) -> None:
    assert detect_language(text) is Language(verdict)


@pytest.mark.parametrize("verdict", ["english", "other"])
def test_case_and_line_breaks_change_nothing(verdict: str) -> None:
    for text in SAMPLES[verdict].values():
        assert detect_language(text.replace(". ", ".\n\n")) is Language(verdict)
        assert detect_language(text.upper()) is Language(verdict)


def test_a_foreign_note_behind_an_english_one_is_found() -> None:
    visit, foreign = SAMPLES["english"]["visit"], SAMPLES["other"]["Spanish"]
    assert detect_language(visit + "\n\n" + foreign) is Language.OTHER


def test_the_verdict_is_repeatable() -> None:
    text = SAMPLES["english"]["Latin words"]
    assert {detect_language(text) for _ in range(20)} == {Language.ENGLISH}


def english_notes(name: str) -> Iterator[str]:
    path = SHARED / "eval" / name
    if not path.exists():
        pytest.skip(f"{name} is not at hand")
    for line in path.read_text(encoding="utf-8").splitlines():
        yield json.loads(line)["text"]


@pytest.mark.parametrize("name", ["mtsamples_unlabelled.jsonl", "aci_icd_dev_a.jsonl"])
def test_no_false_alarm_on_english_notes(name: str) -> None:
    assert [text[:40] for text in english_notes(name) if detect_language(text) is Language.OTHER] == []

"""Phrases of a note as mentions: where a run of words begins and ends."""

from __future__ import annotations

from fhir_coder.model import PHRASE_KNOWN, PHRASE_RUN, Encounter, Note
from fhir_coder.reading.mentions import find_mentions
from fhir_coder.reading.phrases import add_phrases, runs
from fhir_coder.reading.sections import find_sections
from fhir_coder.reading.sentences import find_sentences


def cut(text: str) -> list[str]:
    return [text[start:end] for sentence in find_sentences(text, 0, len(text)) for start, end in runs(text, sentence)]


def test_a_run_ends_at_punctuation_and_breaking_words() -> None:
    assert cut("He presented with fever, dry cough and the nausea.") == ["fever", "dry cough", "nausea"]


def test_a_linked_run_gives_its_parts_too() -> None:
    assert cut("tumor of the left kidney") == ["tumor of the left kidney", "tumor", "left kidney"]


def test_a_long_run_gives_its_last_words() -> None:
    assert cut("large painful left inguinal lymph node") == ["large painful left inguinal lymph node", "inguinal lymph node"]


def test_runs_and_known_phrases_become_mentions_without_codes() -> None:
    text = "No fever. Dry cough."
    read = find_mentions(find_sections(Encounter("e", (Note("n", text),))), lambda text: ())
    crossing = (text.index("fever"), text.index("cough"))
    added = add_phrases(read, lambda text: [(3, 8), crossing]).mentions
    assert [(one.text, one.sources, one.codes) for one in added] == [
        ("fever", (PHRASE_KNOWN,), ()),
        ("fever", (PHRASE_RUN,), ()),
        ("Dry cough", (PHRASE_RUN,), ()),
    ]

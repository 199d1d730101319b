"""External causes as histories tell them: the examples are in ``mechanisms.tsv``."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from fhir_coder.model import Encounter, Experiencer, Note, Presence, Temporality
from fhir_coder.reading.assertion import assert_mentions
from fhir_coder.reading.mentions import find_mentions
from fhir_coder.reading.sections import find_sections

EXAMPLES = Path(__file__).with_name("mechanisms.tsv")


def examples() -> list[tuple[str, str]]:
    lines = (line for line in EXAMPLES.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#"))
    return [(row["told"], row["codes"]) for row in csv.DictReader(lines, delimiter="\t")]


def told(text: str) -> list[str]:
    """The codes of what a note tells to have happened to the patient."""
    encounter = Encounter("e", (Note("n", text),))
    assertions = assert_mentions(find_mentions(find_sections(encounter), lambda _: ())).assertions
    return sorted(
        code
        for one in assertions
        if (one.presence, one.experiencer, one.temporality) == (Presence.PRESENT, Experiencer.PATIENT, Temporality.CURRENT)
        for code in one.mention.codes
        if code[0] in "VWXY"
    )


@pytest.mark.parametrize(("text", "codes"), examples(), ids=[text for text, _ in examples()])
def test_what_is_told_has_its_codes(text: str, codes: str) -> None:
    assert told(text) == sorted(codes.replace("-", "").split())

"""A name with half a letter in it, which JSON of an EHR can hold, leaves like any other and holds up nothing behind it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fhir_coder.billing.csv_file import csv_file
from fhir_coder.billing.dft import Addressed, dft_message
from fhir_coder.billing.outgoing import Render
from fhir_coder.billing.signed import read, written
from tests.billing.signing import MADE_AT, SIGNED

FORMS: dict[str, Render] = {
    "csv": csv_file,
    "dft": lambda signed, correction: dft_message(signed, correction, Addressed(), MADE_AT),
}


@pytest.mark.parametrize("form", FORMS)
def test_half_a_letter_becomes_a_question_mark(form: str) -> None:
    kept = read(written(replace(SIGNED, patient=replace(SIGNED.patient, family="Zwie\ud800bel"))))
    assert b"Zwie?bel" in FORMS[form](kept, None)

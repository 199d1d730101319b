"""What the provider of an upload is called."""

from __future__ import annotations

import pytest

from fhir_coder.uploaded_provider import called, id_by_name

ABEL = f"Practitioner/{id_by_name('Dr. Ada Abel')}"


@pytest.mark.parametrize(
    ("reference", "name", "words"),
    [
        (ABEL, "Dr. Ada Abel", "Dr. Ada Abel"),
        (ABEL, "", f"name not kept ({ABEL[20:26]})"),
        ("Practitioner/1234567893", "Dr. Ada Abel", "Dr. Ada Abel (1234567893)"),
        ("Practitioner/1234567893", "", "Practitioner/1234567893"),
        ("Practitioner/upload-desk", "", "Practitioner/upload-desk"),
        ("not told", "", "not told"),
    ],
)
def test_a_provider_is_called_by_name_where_one_is_kept(reference: str, name: str, words: str) -> None:
    assert called(reference, name) == words

"""The index of the installed release, where one is built; the excerpt serves all other tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from test_code_index import PHRASES

from index.code_index import CodeIndex
from index.manifest import ManifestMismatch
from index.open import index_folder, open_index


@pytest.fixture(scope="module")
def full() -> CodeIndex:
    data = os.environ.get("FHIR_CODER_DATA", "")
    if not data or not (Path(data) / "index").is_dir():
        pytest.skip("no index in the folder named by FHIR_CODER_DATA")
    from terminology.installation import open_catalogue

    release = open_catalogue(Path(data)).newest
    try:
        return open_index(index_folder(Path(data), release), release)
    except ManifestMismatch as stale:
        pytest.skip(str(stale))


def test_clinicians_phrases_find_their_codes_among_all_stems(full: CodeIndex) -> None:
    results = full.search([phrase for phrase, _ in PHRASES], 10)
    missed = [
        phrase
        for (phrase, code), hits in zip(PHRASES, results, strict=True)
        if not any(code == hit.code or (code.startswith(hit.code) and len(hit.code) > 4) for hit in hits)
    ]
    assert len(missed) <= len(PHRASES) // 10, missed


def test_terms_of_a_plain_assessment_are_found(full: CodeIndex) -> None:
    text = "Essential (primary) hypertension. Right knee pain. Crohn's disease. Low back pain, unspecified"
    codes = [match.codes[0] for match in full.find_terms(text)]
    assert codes[0] == "I10"
    assert codes[1].startswith("M25.56")
    assert codes[-1] == "M54.50"
